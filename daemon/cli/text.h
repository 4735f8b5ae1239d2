#pragma once

// Text as a terminal shows it: UTF-8, columns. Pure. Any thread.

#include <cstddef>
#include <string>
#include <string_view>

namespace cli {

// How many columns the text takes: two for a wide (CJK, emoji) character, none for a combining one.
std::size_t columns_of(std::string_view utf8);

// The text if it takes at most `columns`, else as much of its beginning as fits before an ellipsis.
std::string cut_to_columns(std::string_view utf8, std::size_t columns);

}  // namespace cli
