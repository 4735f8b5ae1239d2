#include "daemon/storage_format/macro.h"

#include <algorithm>
#include <array>

#include "daemon/storage_format/characters.h"
#include "daemon/storage_format/references.h"
#include "daemon/storage_format/tag.h"

namespace storage_format {

namespace {

using FamilyName = std::pair<std::string_view, MacroFamily>;

struct FamilyNames {
  using enum MacroFamily;
  static constexpr auto kAll = std::to_array<FamilyName>({
      {"code", kCode},
      {"noformat", kNoFormat},
      {"info", kAlert},
      {"note", kAlert},
      {"warning", kAlert},
      {"tip", kAlert},
      {"panel", kPanel},
      {"expand", kExpand},
      {"ui-expand", kExpand},
      {"toc", kToc},
      {"jira", kJira},
      {"jiraissues", kJira},
      {"status", kStatus},
      {"children", kChildren},
      {"pagetree", kPageTree},
      {"excerpt", kExcerpt},
      {"multiexcerpt", kExcerpt},
      {"multiexcerpt-macro", kExcerpt},
      {"shared-block", kExcerpt},
      {"excerpt-include", kExcerptInclude},
      {"multiexcerpt-include", kExcerptInclude},
      {"multiexcerpt-include-macro", kExcerptInclude},
      {"include-shared-block", kExcerptInclude},
      {"include", kInclude},
      {"details", kDetails},
      {"detailssummary", kDetailsSummary},
      {"attachments", kAttachments},
      {"view-file", kViewFile},
      {"viewpdf", kViewFile},
      {"viewdoc", kViewFile},
      {"viewxls", kViewFile},
      {"viewppt", kViewFile},
      {"drawio", kDrawIo},
      {"inc-drawio", kDrawIo},
      {"drawio-sketch", kDrawIo},
      {"gliffy", kGliffy},
      {"plantuml", kPlantUml},
      {"plantumlcloud", kPlantUml},
      {"plantumlrender", kPlantUml},
      {"mermaid-macro", kMermaid},
      {"mermaid-cloud", kMermaid},
      {"mermaid", kMermaid},
      {"markdown", kMarkdown},
      {"mohamicorp-markdown", kMarkdown},
      {"markdown-from-url", kEmbed},
      {"html", kHtml},
      {"html-include", kEmbed},
      {"iframe", kEmbed},
      {"widget", kEmbed},
      {"anchor", kAnchor},
      {"section", kUnwrap},
      {"column", kUnwrap},
      {"table-filter", kUnwrap},
      {"table-plus", kUnwrap},
      {"table-joiner", kUnwrap},
      {"ui-tabs", kUnwrap},
      {"ui-steps", kUnwrap},
      {"localtabgroup", kUnwrap},
      {"scroll-ignore", kUnwrap},
      {"align", kUnwrap},
      {"center", kUnwrap},
      {"ui-tab", kTab},
      {"ui-step", kTab},
      {"localtab", kTab},
      {"contentbylabel", kDynamic},
      {"recently-updated", kDynamic},
      {"blog-posts", kDynamic},
      {"tasks-report-macro", kDynamic},
      {"livesearch", kDynamic},
      {"pagetreesearch", kDynamic},
      {"gallery", kDynamic},
      {"contributors", kDynamic},
      {"popular-labels", kDynamic},
      {"spaces", kDynamic},
      {"multimedia", kMedia},
      {"roadmap", kMedia},
      {"calendar", kMedia},
      {"team-calendar", kMedia},
      {"create-from-template", kMedia},
      {"profile", kProfile},
      {"profile-picture", kProfile},
      {"user-profile", kProfile},
      {"mathblock", kMathBlock},
      {"latex", kMathBlock},
      {"eazy-math-block", kMathBlock},
      {"mathinline", kMathInline},
      {"eazy-math-inline", kMathInline},
      {"swagger-open-api", kOpenApi},
      {"openapi", kOpenApi},
      {"unmigrated-wiki-markup", kWikiMarkup},
  });
};

constexpr auto kFamilies = [] {
  auto all = FamilyNames::kAll;
  std::ranges::sort(all, {}, &FamilyName::first);
  return all;
}();

MacroFamily family_of(std::string_view name) {
  const auto found = std::ranges::lower_bound(kFamilies, name, {}, &FamilyName::first);
  if (found != kFamilies.end() && found->first == name) return found->second;
  return name.starts_with("eazy-math") ? MacroFamily::kMathBlock : MacroFamily::kUnknown;
}

// "KEY:Title" or "Title", as old bodies have it.
Reference page_named(std::string_view text) {
  Reference page;
  const auto colon = text.find(':');
  const auto key = text.substr(0, colon == text.npos ? 0 : colon);
  const bool is_key = !key.empty() && std::ranges::all_of(key, [](char c) {
    return is_ascii_letter(c) || is_ascii_digit(c) || c == '~' || c == '_';
  });
  if (is_key && colon + 1 < text.size() && !is_xml_space(text[colon + 1])) {
    page.space_key = key;
    page.title = text.substr(colon + 1);
  } else {
    page.title = text;
  }
  return page;
}

// Some macros write their values for a URL, and say so.
std::string value_in(const Node& parameter) {
  constexpr std::string_view kEncoded = "--uriencoded--";
  const auto raw = raw_text_of(parameter);
  const auto text = trimmed(raw);
  if (!text.starts_with(kEncoded)) return std::string(text);
  std::string spaced(text.substr(kEncoded.size()));
  std::ranges::replace(spaced, '+', ' ');
  return percent_decoded(spaced);
}

bool shows_title(MacroFamily family) {
  switch (family) {
    case MacroFamily::kAnchor:
    case MacroFamily::kToc:
    case MacroFamily::kStatus:
    case MacroFamily::kJira:
    case MacroFamily::kExcerpt:
    case MacroFamily::kMathBlock:
    case MacroFamily::kMathInline:
    case MacroFamily::kUnwrap:
      return false;
    default:
      return true;
  }
}

}  // namespace

Macro::Macro(const Node& node) : node_(node), name_(value_of(node, "ac:name")) {
  family_ = family_of(name_);
  for (const auto& child : node.children) {
    if (child.is("ac:parameter") || child.is("ac:default-parameter")) {
      Parameter parameter{value_of(child, "ac:name"), &child, {}};
      parameter.text = value_in(child);
      if (parameter.text.empty()) {
        for (const auto& found : references_in(child)) {
          if (!parameter.text.empty()) parameter.text += ", ";
          parameter.text += name_of(found);
        }
      }
      parameters_.push_back(std::move(parameter));
    } else if (child.is("ac:rich-text-body") && rich_ == nullptr) {
      rich_ = &child;
    } else if (child.is("ac:plain-text-body") && plain_ == nullptr) {
      plain_ = &child;
    } else if (child.is_element() || (child.is_text() && !is_invisible(child.text))) {
      strays_.push_back(&child);
    }
  }
}

std::string Macro::plain_text() const { return plain_ == nullptr ? "" : raw_text_of(*plain_); }

std::string_view Macro::text(std::string_view parameter) const {
  const auto found = std::ranges::find(parameters_, parameter, &Parameter::name);
  return found == parameters_.end() ? std::string_view() : std::string_view(found->text);
}

std::vector<Reference> Macro::references(const Parameter& parameter) const {
  auto found = references_in(*parameter.node);
  const bool names_page = parameter.name.empty() && (family_ == MacroFamily::kInclude ||
                                                     family_ == MacroFamily::kExcerptInclude);
  if (found.empty() && names_page && !parameter.text.empty()) {
    found.push_back(page_named(parameter.text));
  }
  return found;
}

std::vector<Reference> Macro::references(std::string_view parameter) const {
  const auto found = std::ranges::find(parameters_, parameter, &Parameter::name);
  return found == parameters_.end() ? std::vector<Reference>() : references(*found);
}

std::string_view Macro::title() const {
  return shows_title(family_) ? text("title") : std::string_view();
}

bool is_block_macro(const Macro& macro) {
  using enum MacroFamily;
  if (std::ranges::any_of(macro.strays(), [](const Node* stray) { return breaks_line(*stray); })) {
    return true;
  }
  switch (macro.family()) {
    case kStatus:
    case kJira:
    case kAnchor:
    case kViewFile:
    case kDrawIo:
    case kGliffy:
    case kMathInline:
    case kProfile:
    case kEmbed:
    case kInclude:
    case kDynamic:
    case kMedia:
    case kDetailsSummary:
      return macro.plain_body() != nullptr ||
             (macro.rich_body() != nullptr && breaks_line(*macro.rich_body()));
    case kExcerpt:
    case kUnwrap:
    case kUnknown:
      return macro.plain_body() != nullptr ||
             (macro.rich_body() != nullptr &&
              (!macro.title().empty() ||
               std::ranges::any_of(macro.rich_body()->children, breaks_line)));
    default:
      return true;
  }
}

bool breaks_line(const Node& node) {
  if (!node.is_element()) return false;
  if (is_block_tag(node)) return true;
  switch (tag_of(node)) {
    case Tag::kHidden:
    case Tag::kTemplate:
    case Tag::kPlaceholder:
      return false;
    case Tag::kMacro:
      return is_block_macro(Macro(node));
    case Tag::kImage:
      return child_of(node, "ac:caption") != nullptr;
    default:
      return std::ranges::any_of(node.children, breaks_line);
  }
}

std::string language_of(const Macro& code) {
  using Alias = std::pair<std::string_view, std::string_view>;
  static constexpr auto kAliases = std::to_array<Alias>({
      {"c#", "csharp"},
      {"c++", "cpp"},
      {"js", "javascript"},
      {"py", "python"},
      {"actionscript3", "actionscript"},
      {"html/xml", "xml"},
      {"html and xml", "xml"},
      {"javafx", "java"},
      {"none", ""},
      {"text", ""},
      {"plain text", ""},
  });
  auto language = lower_ascii(trimmed(code.text("language")));
  if (language.empty()) language = lower_ascii(trimmed(code.text("")));
  const auto known = std::ranges::find(kAliases, language, &Alias::first);
  if (known != kAliases.end()) return std::string(known->second);
  constexpr std::size_t kLongest = 30;
  const bool name = language.size() <= kLongest && std::ranges::all_of(language, [](char c) {
                      return is_ascii_letter(c) || is_ascii_digit(c) || c == '+' || c == '#' ||
                             c == '-' || c == '_' || c == '.';
                    });
  return name ? language : std::string();
}

std::string summary_of(const Macro& macro) {
  auto summary = macro.name().empty() ? std::string("?") : macro.name();
  for (const auto& parameter : macro.parameters()) {
    summary += ' ';
    if (!parameter.name.empty()) summary.append(parameter.name).append("=");
    summary += parameter.text;
  }
  return summary;
}

}  // namespace storage_format
