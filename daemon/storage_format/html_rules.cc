#include "daemon/storage_format/html_rules.h"

#include <algorithm>
#include <array>
#include <utility>

#include "daemon/storage_format/entities.h"

namespace storage_format {

namespace {

template <typename... Names>
bool is_one(std::string_view name, Names... names) {
  return ((name == names) || ...);
}

bool ends_paragraph(std::string_view start) {
  return is_one(start, "p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "dl", "table", "div",
                "blockquote", "pre", "hr", "address", "article", "aside", "center", "details",
                "fieldset", "figure", "form", "header", "footer", "main", "nav", "section", "li",
                "dt", "dd");
}

}  // namespace

bool is_void(std::string_view name) {
  return is_one(name, "br", "hr", "img", "input", "col", "wbr");
}

bool is_foreign(std::string_view name) {
  return is_one(name, "script", "style", "textarea", "title", "iframe", "xmp", "plaintext",
                "noscript", "noembed", "noframes", "template", "meta", "link", "base", "area",
                "embed", "source", "track", "param", "frame", "frameset", "listing", "html", "head",
                "body");
}

bool has_optional_end(std::string_view name) {
  return is_one(name, "li", "p", "dt", "dd", "option", "optgroup", "td", "th", "tr", "thead",
                "tbody", "tfoot");
}

bool is_formatting(std::string_view name) {
  return is_one(name, "a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike",
                "strong", "tt", "u", "span", "sub", "sup", "del", "ins", "p");
}

bool ends_before(std::string_view open, std::string_view start) {
  if (open == "p") return ends_paragraph(start);
  if (open == "li") return start == "li";
  if (is_one(open, "dt", "dd")) return is_one(start, "dt", "dd");
  if (open == "option") return is_one(start, "option", "optgroup");
  if (open == "optgroup") return start == "optgroup";
  const bool section = is_one(start, "thead", "tbody", "tfoot");
  if (is_one(open, "td", "th")) return is_one(start, "td", "th", "tr") || section;
  if (open == "tr") return start == "tr" || section;
  return is_one(open, "thead", "tbody", "tfoot") && section;
}

bool is_boundary(std::string_view open, std::string_view start) {
  // A paragraph in a cell goes with the cell; a block in a cell stays there.
  if (is_one(open, "td", "th")) return !is_one(start, "td", "th", "tr", "thead", "tbody", "tfoot");
  if (is_one(open, "li")) return start != "li";
  if (is_one(open, "dt", "dd")) return !is_one(start, "dt", "dd");
  if (open == "tr") return !is_one(start, "tr", "thead", "tbody", "tfoot");
  if (open == "p") return false;
  return is_one(open, "thead", "tbody", "tfoot") && !is_one(start, "thead", "tbody", "tfoot");
}

std::string_view html_alias(std::string_view name) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 20> kAliases = {{
      {"AMP", "amp"},         {"LT", "lt"},
      {"GT", "gt"},           {"QUOT", "quot"},
      {"COPY", "copy"},       {"REG", "reg"},
      {"TRADE", "trade"},     {"NonBreakingSpace", "nbsp"},
      {"half", "frac12"},     {"centerdot", "middot"},
      {"mldr", "hellip"},     {"bullet", "bull"},
      {"rightarrow", "rarr"}, {"RightArrow", "rarr"},
      {"leftarrow", "larr"},  {"LeftArrow", "larr"},
      {"rsquor", "rsquo"},    {"rdquor", "rdquo"},
      {"pm", "plusmn"},       {"div", "divide"},
  }};
  const auto found =
      std::ranges::find(kAliases, name, &std::pair<std::string_view, std::string_view>::first);
  return found == kAliases.end() ? std::string_view() : found->second;
}

bool is_legacy_name(std::string_view name) {
  constexpr char32_t kLastOfLatin1 = 0xFF;
  if (is_one(name, "AMP", "LT", "GT", "QUOT", "COPY", "REG")) return true;
  const auto character = entity(name);
  return character != 0 && character <= kLastOfLatin1 && name != "apos";
}

bool begins_with_legacy_name(std::string_view text) {
  for (std::size_t size = 2; size <= text.size() && size <= 6; ++size) {
    if (is_legacy_name(text.substr(0, size))) return true;
  }
  return false;
}

}  // namespace storage_format
