#pragma once

// Walking over text that may be anything, one character at a time. Pure, any thread.

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace base {

// The length in bytes of the well-formed UTF-8 character at the front of `text`, 0 if there is
// none.
inline std::size_t character_length(std::string_view text) {
  const auto byte = [text](std::size_t at) {
    return at < text.size() ? static_cast<unsigned char>(text[at]) : 0U;
  };
  if (text.empty()) return 0;
  const auto first = byte(0);
  if (first < 0x80) return 1;
  if (first < 0xC2 || first > 0xF4) return 0;
  const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  for (std::size_t at = 1; at < length; ++at) {
    if ((byte(at) & 0xC0U) != 0x80) return 0;
  }
  const auto second = byte(1);
  const bool overlong = (first == 0xE0 && second < 0xA0) || (first == 0xF0 && second < 0x90);
  const bool beyond = (first == 0xED && second > 0x9F) || (first == 0xF4 && second > 0x8F);
  return overlong || beyond ? 0 : length;
}

// Calls take(std::string_view character) for each; a byte that is not UTF-8 comes as U+FFFD.
template <typename Take>
void each_character(std::string_view text, const Take& take) {
  while (!text.empty()) {
    const auto length = character_length(text);
    take(length == 0 ? std::string_view("\uFFFD") : text.substr(0, length));
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
}

// What a terminal may obey: C0, DEL and, as UTF-8, C1.
inline bool is_control(std::string_view character) {
  const auto first = static_cast<unsigned char>(character[0]);
  return first < 0x20 || first == 0x7f ||
         (first == 0xC2 && static_cast<unsigned char>(character[1]) < 0xA0);
}

}  // namespace base
