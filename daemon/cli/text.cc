#include "daemon/cli/text.h"

#include <algorithm>
#include <clocale>
#include <cwchar>

#include "daemon/base/utf8.h"

namespace cli {

namespace {

constexpr std::string_view kEllipsis = "…";

// Of a whole, well-formed character.
wchar_t code_of(std::string_view character) {
  const auto byte = [character](std::size_t at) {
    return static_cast<unsigned char>(character[at]);
  };
  if (character.size() == 1) return static_cast<wchar_t>(byte(0));
  unsigned code = byte(0) & (0x7FU >> character.size());
  for (std::size_t i = 1; i < character.size(); ++i) code = (code << 6) | (byte(i) & 0x3FU);
  return static_cast<wchar_t>(code);
}

// The C library knows the widths of characters, but in a UTF-8 locale only: C.UTF-8 is always
// there, whatever the user's is.
std::size_t width_of(std::string_view character) {
  static const locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  if (utf8 == nullptr) return 1;
  const locale_t before = uselocale(utf8);
  const int width = wcwidth(code_of(character));
  uselocale(before);
  return width < 0 ? 1 : static_cast<std::size_t>(width);
}

}  // namespace

std::size_t columns_of(std::string_view utf8) {
  std::size_t columns = 0;
  base::each_character(utf8,
                       [&columns](std::string_view character) { columns += width_of(character); });
  return columns;
}

std::string cut_to_columns(std::string_view utf8, std::size_t columns) {
  if (columns_of(utf8) <= columns) return std::string(utf8);
  if (columns == 0) return {};
  std::string kept;
  std::size_t used = 0;
  bool full = false;
  base::each_character(utf8, [&](std::string_view character) {
    const auto width = width_of(character);
    full = full || used + width > columns - 1;
    if (full) return;
    used += width;
    kept += character;
  });
  return kept.append(kEllipsis);
}

}  // namespace cli
