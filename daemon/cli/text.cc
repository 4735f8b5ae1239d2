#include "daemon/cli/text.h"

#include <algorithm>
#include <array>
#include <clocale>
#include <cwchar>
#include <numeric>
#include <utility>

namespace cli {

namespace {

constexpr std::string_view kEllipsis = "…";

// The C library knows the widths of characters, but in a UTF-8 locale only: C.UTF-8 is always
// there, whatever the user's is.
int width_of(char32_t code) {
  static const locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  if (utf8 == nullptr) return 1;
  const locale_t before = uselocale(utf8);
  const int width = wcwidth(static_cast<wchar_t>(code));
  uselocale(before);
  return width < 0 ? 1 : width;
}

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return result;
}

// How many letters must be put in, taken out, replaced or swapped with their neighbour.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before_last;
  std::vector<std::size_t> last(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(last.begin(), last.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, replaced});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], before_last[j - 2] + 1);
      }
    }
    before_last = std::exchange(last, row);
  }
  return last[b.size()];
}

}  // namespace

Character character_at(std::string_view utf8, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(utf8[i]); };
  const unsigned char lead = byte(at);
  if (lead < 0x80) return {lead, 1, true};
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || at + length > utf8.size()) return {};
  char32_t code = lead & (0x7FU >> length);
  for (std::size_t i = at + 1; i < at + length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return {};
    code = (code << 6) | (byte(i) & 0x3FU);
  }
  static constexpr std::array<char32_t, 5> kLeast{0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
  if (code < kLeast[length] || surrogate || code > 0x10FFFF) return {};
  return {code, length, true};
}

std::size_t columns_of(std::string_view utf8) {
  std::size_t columns = 0;
  for (std::size_t at = 0; at < utf8.size();) {
    const auto character = character_at(utf8, at);
    columns += character.valid ? static_cast<std::size_t>(width_of(character.code)) : 1;
    at += character.bytes;
  }
  return columns;
}

std::string cut_to_columns(std::string_view utf8, std::size_t columns) {
  if (columns_of(utf8) <= columns) return std::string(utf8);
  if (columns == 0) return {};
  std::size_t used = 0;
  std::size_t at = 0;
  while (at < utf8.size()) {
    const auto character = character_at(utf8, at);
    const auto width = character.valid ? static_cast<std::size_t>(width_of(character.code)) : 1;
    if (used + width > columns - 1) break;
    used += width;
    at += character.bytes;
  }
  return std::string(utf8.substr(0, at)).append(kEllipsis);
}

std::vector<std::string> nearest(std::string_view word, const std::vector<std::string>& known,
                                 std::size_t most) {
  constexpr std::size_t kLongest = 64;
  if (word.size() > kLongest) return {};
  const std::string wanted = lower(word);
  std::vector<std::pair<std::size_t, std::string>> found;
  for (const auto& candidate : known) {
    if (candidate.size() > kLongest) continue;
    const std::string other = lower(candidate);
    const bool begins = wanted.size() >= 2 && other.starts_with(wanted);
    const auto far = begins ? std::size_t{1} : distance(wanted, other);
    if (far <= std::max<std::size_t>(1, wanted.size() / 3)) found.emplace_back(far, candidate);
  }
  std::sort(found.begin(), found.end());
  if (found.size() > most) found.resize(most);
  std::vector<std::string> words;
  for (auto& [far, candidate] : found) words.push_back(std::move(candidate));
  return words;
}

std::string did_you_mean(const std::vector<std::string>& words) {
  if (words.empty()) return {};
  std::string text = "did you mean ";
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) text += i + 1 == words.size() ? " or " : ", ";
    text += "'" + words[i] + "'";
  }
  return text + "?";
}

}  // namespace cli
