#include "daemon/storage_format/tag.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "daemon/storage_format/characters.h"
#include "daemon/storage_format/elements.h"

namespace storage_format {

namespace {

using TagName = std::pair<std::string_view, Tag>;

constexpr auto kTagNames = std::to_array<TagName>({
    {"p", Tag::kParagraph},
    {"h1", Tag::kHeading},
    {"h2", Tag::kHeading},
    {"h3", Tag::kHeading},
    {"h4", Tag::kHeading},
    {"h5", Tag::kHeading},
    {"h6", Tag::kHeading},
    {"ul", Tag::kList},
    {"menu", Tag::kList},
    {"ol", Tag::kOrderedList},
    {"li", Tag::kItem},
    {"dl", Tag::kDefinitions},
    {"dt", Tag::kTerm},
    {"dd", Tag::kDefinition},
    {"table", Tag::kTable},
    {"thead", Tag::kRows},
    {"tbody", Tag::kRows},
    {"tfoot", Tag::kRows},
    {"tr", Tag::kRow},
    {"td", Tag::kCell},
    {"th", Tag::kHeaderCell},
    {"colgroup", Tag::kColumns},
    {"col", Tag::kColumns},
    {"caption", Tag::kCaption},
    {"blockquote", Tag::kQuote},
    {"pre", Tag::kPreformatted},
    {"hr", Tag::kRule},
    {"br", Tag::kBreak},
    {"div", Tag::kDivision},
    {"section", Tag::kDivision},
    {"article", Tag::kDivision},
    {"aside", Tag::kDivision},
    {"header", Tag::kDivision},
    {"footer", Tag::kDivision},
    {"main", Tag::kDivision},
    {"nav", Tag::kDivision},
    {"figure", Tag::kDivision},
    {"figcaption", Tag::kDivision},
    {"address", Tag::kDivision},
    {"center", Tag::kDivision},
    {"fieldset", Tag::kDivision},
    {"form", Tag::kDivision},
    {"ac:caption", Tag::kDivision},
    {"ac:rich-text-body", Tag::kDivision},
    {"ac:task-body", Tag::kDivision},
    {"details", Tag::kDetails},
    {"summary", Tag::kSummary},
    {"strong", Tag::kStrong},
    {"b", Tag::kStrong},
    {"em", Tag::kEmphasis},
    {"i", Tag::kEmphasis},
    {"cite", Tag::kEmphasis},
    {"dfn", Tag::kEmphasis},
    {"var", Tag::kEmphasis},
    {"u", Tag::kUnderline},
    {"ins", Tag::kUnderline},
    {"s", Tag::kStrike},
    {"del", Tag::kStrike},
    {"strike", Tag::kStrike},
    {"sub", Tag::kSub},
    {"sup", Tag::kSup},
    {"code", Tag::kCode},
    {"tt", Tag::kCode},
    {"kbd", Tag::kCode},
    {"samp", Tag::kCode},
    {"small", Tag::kSmall},
    {"big", Tag::kBig},
    {"mark", Tag::kMark},
    {"q", Tag::kInlineQuote},
    {"span", Tag::kSpan},
    {"font", Tag::kSpan},
    {"abbr", Tag::kSpan},
    {"a", Tag::kAnchor},
    {"img", Tag::kPicture},
    {"time", Tag::kTime},
    {"script", Tag::kHidden},
    {"style", Tag::kHidden},
    {"ac:task-id", Tag::kHidden},
    {"ac:task-uuid", Tag::kHidden},
    {"ac:task-status", Tag::kHidden},
    {"ac:adf-attribute", Tag::kHidden},
    {"ac:adf-mark", Tag::kHidden},
    {"ac:adf-parameter", Tag::kHidden},
    {"ac:parameter", Tag::kHidden},
    {"ac:default-parameter", Tag::kHidden},
    {"ac:structured-macro", Tag::kMacro},
    {"ac:macro", Tag::kMacro},
    {"ac:link", Tag::kLink},
    {"ac:image", Tag::kImage},
    {"ac:task-list", Tag::kTaskList},
    {"ac:task", Tag::kTask},
    {"ac:layout", Tag::kLayout},
    {"ac:layout-section", Tag::kLayout},
    {"ac:layout-cell", Tag::kLayout},
    {"ac:emoticon", Tag::kEmoticon},
    {"ac:placeholder", Tag::kPlaceholder},
    {"ac:adf-extension", Tag::kAdfExtension},
});

constexpr auto kTags = [] {
  auto all = kTagNames;
  std::ranges::sort(all, {}, &TagName::first);
  return all;
}();

void add_raw_text(const Node& node, std::string& out) {
  if (node.is_text()) out += node.text;
  for (const auto& child : node.children) add_raw_text(child, out);
}

bool has_content(const Node& node) {
  if (node.is_text()) return !is_invisible(node.text);
  if (!node.is_element() || tag_of(node) == Tag::kHidden) return false;
  switch (tag_of(node)) {
    case Tag::kMacro:
    case Tag::kLink:
    case Tag::kImage:
    case Tag::kPicture:
    case Tag::kEmoticon:
    case Tag::kTime:
    case Tag::kRule:
      return true;
    default:
      return std::ranges::any_of(node.children, has_content);
  }
}

const Node* descendant(const Node& node, std::string_view name) {
  for (const auto& child : node.children) {
    if (child.is(name)) return &child;
    // An extension in an extension keeps its own.
    if (!child.is_element() || child.is("ac:adf-extension")) continue;
    if (const auto* found = descendant(child, name)) return found;
  }
  return nullptr;
}

}  // namespace

Tag tag_of(const Node& element) {
  const auto found = std::ranges::lower_bound(kTags, element.name, {}, &TagName::first);
  if (found != kTags.end() && found->first == element.name) return found->second;
  return element.name.starts_with("at:") ? Tag::kTemplate : Tag::kUnknown;
}

int heading_level(const Node& heading) { return heading.name[1] - '0'; }

bool is_block_tag(const Node& node) {
  if (!node.is_element()) return false;
  switch (tag_of(node)) {
    case Tag::kParagraph:
    case Tag::kHeading:
    case Tag::kList:
    case Tag::kOrderedList:
    case Tag::kItem:
    case Tag::kDefinitions:
    case Tag::kTerm:
    case Tag::kDefinition:
    case Tag::kTable:
    case Tag::kRows:
    case Tag::kRow:
    case Tag::kCell:
    case Tag::kHeaderCell:
    case Tag::kCaption:
    case Tag::kQuote:
    case Tag::kPreformatted:
    case Tag::kRule:
    case Tag::kDivision:
    case Tag::kDetails:
    case Tag::kSummary:
    case Tag::kTaskList:
    case Tag::kTask:
    case Tag::kLayout:
    case Tag::kAdfExtension:
      return true;
    default:
      return false;
  }
}

bool holds_blocks(const Node& node) {
  return std::ranges::any_of(node.children, [](const Node& child) {
    return is_block_tag(child) || (child.is_element() && holds_blocks(child));
  });
}

const Node* only_paragraph(const Node& cell) {
  const Node* only = nullptr;
  for (const auto& child : cell.children) {
    if (is_blank(child)) continue;
    if (only != nullptr || !child.is("p")) return nullptr;
    only = &child;
  }
  return only;
}

const Node* child_of(const Node& parent, std::string_view name) {
  const auto found =
      std::ranges::find_if(parent.children, [&](const Node& child) { return child.is(name); });
  return found == parent.children.end() ? nullptr : &*found;
}

std::string raw_text_of(const Node& node) {
  std::string out;
  add_raw_text(node, out);
  return out;
}

std::string_view value_of(const Node& element, std::string_view attribute) {
  const auto* value = element.attribute(attribute);
  return value == nullptr ? std::string_view() : std::string_view(*value);
}

const Node* shown_of_adf(const Node& extension) {
  const auto* content = descendant(extension, "ac:adf-content");
  if (content != nullptr && has_content(*content)) return content;
  const auto* fallback = descendant(extension, "ac:adf-fallback");
  return fallback != nullptr ? fallback : content;
}

std::vector<const Node*> strays_of_adf(const Node& extension) {
  std::vector<const Node*> strays;
  for (const auto& child : extension.children) {
    if (child.is_element() ? !child.name.starts_with("ac:adf-")
                           : child.is_text() && !is_invisible(child.text)) {
      strays.push_back(&child);
    }
  }
  return strays;
}

bool is_lines_of_text(const Document& document) {
  const auto& parts = document.root().children;
  bool lines = false;
  for (const auto& part : parts) {
    if (part.is_element() || part.cdata) return false;
    if (!part.is_text()) continue;
    lines = lines || trimmed(part.text).find('\n') != std::string_view::npos;
  }
  return lines;
}

}  // namespace storage_format
