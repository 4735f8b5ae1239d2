#pragma once

// Text of others on its way into a report: one line of UTF-8 that neither steers a terminal nor
// hides anything, with whatever looks like a secret masked. Pure; any thread.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "store/records.h"

namespace audit {

// Control characters, line ends, marks that turn the direction of text or that nobody sees, and
// bytes that are not UTF-8 replaced; white space reduced to single blanks.
std::string one_line(std::string_view text);
// one_line() of the text with its secrets masked (secrets.h), cut to so many bytes, on a character,
// before an ellipsis. For everything of a page that a Finding holds.
std::string shown(std::string_view text, std::size_t longest = 200);

// "1,234"
std::string with_commas(std::int64_t number);
// "1 page", "2 pages"
std::string counted(std::int64_t number, std::string_view one, std::string_view many);

// "2026-03-01"
std::string day_of(store::Time time);

// The length of the UTF-8 character at the front, 0 if there is none.
std::size_t utf8_length(std::string_view text);

}  // namespace audit
