#pragma once

// A macro of a body, taken apart, and the family that decides how it is shown: the rows of section
// 7.3 of the notes on the API ("Macros seen in practice"). Views into the Document. Pure; any
// thread.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/storage_format/document.h"
#include "daemon/storage_format/reference.h"

namespace storage_format {

enum class MacroFamily {
  kUnknown,
  kCode,
  kNoFormat,
  kAlert,  // info, note, warning, tip
  kPanel,
  kExpand,
  kToc,
  kJira,
  kStatus,
  kChildren,
  kPageTree,
  kExcerpt,         // excerpt, multiexcerpt, shared-block
  kExcerptInclude,  // excerpt-include, multiexcerpt-include, include-shared-block
  kInclude,
  kDetails,
  kDetailsSummary,
  kAttachments,
  kViewFile,
  kDrawIo,
  kGliffy,
  kPlantUml,
  kMermaid,
  kMarkdown,
  kHtml,   // html: its text is source
  kEmbed,  // html-include, iframe, widget, markdown-from-url: an address
  kAnchor,
  kUnwrap,   // section, column and what only arranges
  kTab,      // likewise, with a title of its own
  kDynamic,  // what the site makes when somebody looks
  kMedia,    // likewise
  kProfile,
  kMathBlock,
  kMathInline,
  kOpenApi,
  kWikiMarkup,  // unmigrated-wiki-markup
};

class Macro {
 public:
  explicit Macro(const Node& node);

  const std::string& name() const { return name_; }
  MacroFamily family() const { return family_; }
  const Node& node() const { return node_; }
  const Node* rich_body() const { return rich_; }    // nullptr: none
  const Node* plain_body() const { return plain_; }  // nullptr: none
  std::string plain_text() const;                    // of the plain body, as it stands
  // What else stands in it and should not: of a body that is not closed, the rest of the page.
  const std::vector<const Node*>& strays() const { return strays_; }

  struct Parameter {
    std::string_view name;  // "" = the default parameter
    const Node* node = nullptr;
    std::string text;  // trimmed; of a reference, what it names
  };
  const std::vector<Parameter>& parameters() const { return parameters_; }
  // "" where it is absent; the first of several.
  std::string_view text(std::string_view parameter) const;
  bool flag(std::string_view parameter) const { return text(parameter) == "true"; }
  // What a parameter names, if it names something: a page, a file, an address. For include and
  // excerpt-include also where it is text: "KEY:Title".
  std::vector<Reference> references(const Parameter& parameter) const;
  std::vector<Reference> references(std::string_view parameter) const;
  // The title that people see above its body; "" = none.
  std::string_view title() const;

 private:
  const Node& node_;
  std::string name_;
  MacroFamily family_ = MacroFamily::kUnknown;
  const Node* rich_ = nullptr;
  const Node* plain_ = nullptr;
  std::vector<const Node*> strays_;
  std::vector<Parameter> parameters_;
};

// Stands on lines of its own, in Markdown and in HTML.
bool is_block_macro(const Macro& macro);
// A block, or an inline element or a macro with one in it: does not fit into a line.
bool breaks_line(const Node& node);

// Of the macro code, as fences and highlighters know it: "c#" is "csharp"; "" for none.
std::string language_of(const Macro& code);

// "name key=value key=value", for what has no form of its own.
std::string summary_of(const Macro& macro);

}  // namespace storage_format
