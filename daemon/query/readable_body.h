#pragma once

// A body as lines for people, for comparing one with another. Pure; any thread.

#include <string>
#include <string_view>

namespace querying {

// Blocks on lines of their own, as storage_format/readable.h writes them; of any bytes.
std::string readable_body(std::string_view body);
// The source, with a line for each block element, so that a difference has a place.
std::string storage_lines(std::string_view body);

}  // namespace querying
