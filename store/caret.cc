#include "store/caret.h"

#include <locale.h>

#include <algorithm>
#include <clocale>
#include <cwchar>

#include "store/fold.h"

namespace store {
namespace {

constexpr std::size_t kMostBefore = 60;  // characters before the fault, and after it

struct Shown {
  std::string text;
  std::size_t columns = 0;
};

std::size_t columns_of_code(std::uint32_t code) {
  static const locale_t kUtf8 = ::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  if (kUtf8 == nullptr) return 1;
  const locale_t before = ::uselocale(kUtf8);
  const int width = ::wcwidth(static_cast<wchar_t>(code));
  ::uselocale(before);
  return width < 0 ? 1 : static_cast<std::size_t>(width);
}

// C0, DEL, C1, and the marks that turn the direction of text or end a line.
bool steers(std::uint32_t code) {
  return code < 0x20 || (code >= 0x7f && code < 0xa0) || (code >= 0x2028 && code <= 0x202e) ||
         (code >= 0x2066 && code <= 0x2069);
}

Shown show(std::string_view text) {
  Shown shown;
  while (!text.empty()) {
    const Decoded decoded = decode_utf8(text);
    const std::size_t size = std::max<std::size_t>(decoded.size, 1);
    if (decoded.size == 0 || steers(decoded.code)) {
      shown.text += ' ';
      ++shown.columns;
    } else {
      shown.text += text.substr(0, size);
      shown.columns += columns_of_code(decoded.code);
    }
    text.remove_prefix(size);
  }
  return shown;
}

bool continues(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

// So many characters back from `to`, not before `from`.
std::size_t back_from(std::string_view text, std::size_t from, std::size_t to, std::size_t count) {
  while (to > from && count > 0) {
    --to;
    if (!continues(text[to])) --count;
  }
  return to;
}

std::size_t forward_from(std::string_view text, std::size_t from, std::size_t to,
                         std::size_t count) {
  while (from < to && count > 0) {
    ++from;
    while (from < to && continues(text[from])) ++from;
    --count;
  }
  return from;
}

}  // namespace

std::string caret_under(std::string_view text, std::size_t offset) {
  offset = std::min(offset, text.size());
  while (offset > 0 && offset < text.size() && continues(text[offset])) --offset;
  const std::size_t newline = offset == 0 ? text.npos : text.rfind('\n', offset - 1);
  const std::size_t line = newline == text.npos ? 0 : newline + 1;
  const std::size_t end = std::min(text.find('\n', offset), text.size());
  const std::size_t from = back_from(text, line, offset, kMostBefore);
  const std::size_t to = forward_from(text, offset, end, kMostBefore);
  const Shown before = show(text.substr(from, offset - from));
  std::string out = "\n" + before.text + show(text.substr(offset, to - offset)).text + "\n";
  return out.append(before.columns, ' ') + "^";
}

}  // namespace store
