#pragma once

// Shows where in a text that somebody typed the fault is: its line, and below it a caret under the
// character at that byte. Wide characters count as two columns, as a terminal shows them; what
// could steer one is blank. Pure; any thread.

#include <cstddef>
#include <string>
#include <string_view>

namespace store {

// "\n<line>\n<blanks>^", to be put behind a message. A long line is shown around the fault. An
// `offset` beyond the end points behind the last character.
std::string caret_under(std::string_view text, std::size_t offset);

}  // namespace store
