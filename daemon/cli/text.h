#pragma once

// Text as a terminal shows it: UTF-8, columns, look-alikes of a mistyped word. Pure. Any thread.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace cli {

// How many columns the text takes: two for a wide (CJK, emoji) character, none for a combining one.
std::size_t columns_of(std::string_view utf8);

// The text if it takes at most `columns`, else as much of its beginning as fits before an ellipsis.
std::string cut_to_columns(std::string_view utf8, std::size_t columns);

// The `most` known words nearest to `word`, without regard to (ASCII) case, nearest first; none
// that is far off.
std::vector<std::string> nearest(std::string_view word, const std::vector<std::string>& known,
                                 std::size_t most = 3);

// `did you mean 'a', 'b' or 'c'?`; empty for none.
std::string did_you_mean(const std::vector<std::string>& words);

// One character of `utf8` at `at`, and how many bytes it has; `valid` is false for one byte that
// begins none.
struct Character {
  char32_t code = 0;
  std::size_t bytes = 1;
  bool valid = false;
};
Character character_at(std::string_view utf8, std::size_t at);

}  // namespace cli
