#pragma once

// What an element is, for those who render: text, Markdown, HTML. An element that is not known is
// transparent: what is in it is shown. Pure; any thread.

#include <string>
#include <string_view>
#include <vector>

#include "daemon/storage_format/document.h"

namespace storage_format {

enum class Tag {
  kUnknown,
  kParagraph,
  kHeading,  // h1 to h6: heading_level()
  kList,
  kOrderedList,
  kItem,
  kDefinitions,
  kTerm,
  kDefinition,
  kTable,
  kRows,  // thead, tbody, tfoot
  kRow,
  kCell,
  kHeaderCell,
  kColumns,  // colgroup, col: nothing to see
  kCaption,
  kQuote,
  kPreformatted,
  kRule,
  kBreak,
  kDivision,  // div, section, figure, ...: a block, transparent
  kDetails,
  kSummary,
  kStrong,
  kEmphasis,
  kUnderline,
  kStrike,
  kSub,
  kSup,
  kCode,
  kSmall,
  kBig,
  kMark,
  kInlineQuote,
  kSpan,
  kAnchor,   // a
  kPicture,  // img
  kTime,
  kHidden,    // script, style, template parts, ids: never shown
  kTemplate,  // at:*, likewise
  kMacro,
  kLink,
  kImage,
  kTaskList,
  kTask,
  kLayout,  // ac:layout, its sections and cells
  kEmoticon,
  kPlaceholder,
  kAdfExtension,
};

Tag tag_of(const Node& element);
int heading_level(const Node& heading);
// Stands on lines of its own: like elements.h's is_block(), for rendering.
bool is_block_tag(const Node& node);
// Something in it, at any depth, is such a block.
bool holds_blocks(const Node& node);
// The <p> that is all there is in a cell; nullptr if there is more, or none.
const Node* only_paragraph(const Node& cell);
// The child of that name; nullptr if there is none.
const Node* child_of(const Node& parent, std::string_view name);
// All text in it, as it stands: of a parameter, a plain-text body.
std::string raw_text_of(const Node& node);
// An attribute's value, "" where it is absent.
std::string_view value_of(const Node& element, std::string_view attribute);
// What stands in an ADF extension beside its parts: of one that is not closed, the rest of the
// page.
std::vector<const Node*> strays_of_adf(const Node& extension);
// What of an ADF extension is shown: its content, or the fallback where that is empty; nullptr for
// neither.
const Node* shown_of_adf(const Node& extension);
// The body is no markup but lines of text, as wiki markup of old sites is: its line ends count.
bool is_lines_of_text(const Document& document);

}  // namespace storage_format
