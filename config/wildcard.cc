#include <algorithm>

#include "config/config.h"

namespace config {

namespace {

char folded(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// One character is one code point.
std::size_t after_character(std::string_view text, std::size_t at) {
  ++at;
  while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0u) == 0x80u) ++at;
  return at;
}

}  // namespace

// Greedy with one way back, to the last '*': never more than pattern times text steps.
bool matches(std::string_view pattern, std::string_view text) {
  std::size_t p = 0;
  std::size_t t = 0;
  std::size_t star = pattern.npos;
  std::size_t star_text = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      star_text = t;
    } else if (p < pattern.size() && pattern[p] == '?') {
      ++p;
      t = after_character(text, t);
    } else if (p < pattern.size() && folded(pattern[p]) == folded(text[t])) {
      ++p;
      ++t;
    } else if (star != pattern.npos) {
      p = star + 1;
      t = star_text = after_character(text, star_text);
    } else {
      return false;
    }
  }
  return std::all_of(pattern.begin() + static_cast<std::ptrdiff_t>(p), pattern.end(),
                     [](char c) { return c == '*'; });
}

bool admits(const MirrorConfig& mirror, std::string_view key, std::string_view type) {
  const auto fits = [key](const std::string& pattern) { return matches(pattern, key); };
  const auto& include = mirror.include_spaces;
  const auto& exclude = mirror.exclude_spaces;
  if (std::none_of(include.begin(), include.end(), fits)) return false;
  if (std::any_of(exclude.begin(), exclude.end(), fits)) return false;
  const auto& types = mirror.space_types;
  return types.empty() || std::find(types.begin(), types.end(), type) != types.end();
}

}  // namespace config
