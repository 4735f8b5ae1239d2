#include "daemon/audit/text.h"

#include <algorithm>

#include "daemon/audit/secrets.h"

namespace audit {

namespace {

constexpr std::string_view kReplacement = "\uFFFD";
constexpr std::string_view kEllipsis = "\u2026";

char32_t code_point(std::string_view character) {
  const auto byte = [character](std::size_t at) {
    return static_cast<char32_t>(static_cast<unsigned char>(character[at]));
  };
  switch (character.size()) {
    case 1:
      return byte(0);
    case 2:
      return (byte(0) & 0x1F) << 6 | (byte(1) & 0x3F);
    case 3:
      return (byte(0) & 0x0F) << 12 | (byte(1) & 0x3F) << 6 | (byte(2) & 0x3F);
    default:
      return (byte(0) & 0x07) << 18 | (byte(1) & 0x3F) << 12 | (byte(2) & 0x3F) << 6 |
             (byte(3) & 0x3F);
  }
}

bool is_blank(char32_t c) {
  return c == ' ' || (c >= '\t' && c <= '\r') || c == 0x85 || c == 0xA0 || c == 0x2028 ||
         c == 0x2029 || (c >= 0x2000 && c <= 0x200A) || c == 0x3000;
}

// Steers, turns or hides: C0, C1, zero width (but for the joiners, which scripts need), bidi, tags.
bool is_treacherous(char32_t c) {
  return c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0xAD || c == 0x061C || c == 0x180E ||
         c == 0x200B || c == 0x200E || c == 0x200F || (c >= 0x202A && c <= 0x202E) ||
         (c >= 0x2060 && c <= 0x206F) || c == 0xFEFF || (c >= 0xFFF9 && c <= 0xFFFB) ||
         (c >= 0xE0000 && c <= 0xE007F);
}

}  // namespace

std::size_t utf8_length(std::string_view text) {
  if (text.empty()) return 0;
  const auto byte = [text](std::size_t at) {
    return at < text.size() ? static_cast<unsigned char>(text[at]) : 0U;
  };
  const auto first = byte(0);
  if (first < 0x80) return 1;
  if (first < 0xC2 || first > 0xF4) return 0;
  const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  for (std::size_t at = 1; at < length; ++at) {
    if ((byte(at) & 0xC0U) != 0x80) return 0;
  }
  const auto c = code_point(text.substr(0, length));
  const bool overlong = (length == 3 && c < 0x800) || (length == 4 && c < 0x10000);
  return overlong || c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF) ? 0 : length;
}

std::string one_line(std::string_view text) {
  std::string line;
  line.reserve(text.size());
  while (!text.empty()) {
    const auto length = utf8_length(text);
    const auto c = length == 0 ? char32_t{0} : code_point(text.substr(0, length));
    if (is_blank(c)) {
      if (!line.empty() && line.back() != ' ') line += ' ';
    } else {
      const bool bad = length == 0 || is_treacherous(c);
      line.append(bad ? kReplacement : text.substr(0, length));
    }
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  if (!line.empty() && line.back() == ' ') line.pop_back();
  return line;
}

std::string shown(std::string_view text, std::size_t longest) {
  // Blanks first: a line end in the middle must not hide a secret from the eye that looks for it.
  auto line = mask_secrets(one_line(text));
  if (line.size() <= longest) return line;
  auto cut = longest > kEllipsis.size() ? longest - kEllipsis.size() : 0;
  while (cut > 0 && (static_cast<unsigned char>(line[cut]) & 0xC0U) == 0x80) --cut;
  line.resize(cut);
  return line.append(kEllipsis);
}

std::string with_commas(std::int64_t number) {
  auto digits = std::to_string(number);
  const auto first = static_cast<std::ptrdiff_t>(number < 0 ? 1 : 0);
  for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > first; at -= 3) {
    digits.insert(static_cast<std::size_t>(at), 1, ',');
  }
  return digits;
}

std::string counted(std::int64_t number, std::string_view one, std::string_view many) {
  return with_commas(number).append(" ").append(number == 1 ? one : many);
}

std::string day_of(store::Time time) {
  constexpr std::size_t kDay = 10;
  return store::to_iso8601(time).substr(0, kDay);
}

}  // namespace audit
