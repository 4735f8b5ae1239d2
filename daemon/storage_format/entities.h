#pragma once

// The 253 named characters of XHTML 1.0 (Latin-1, symbols, special), which storage format uses
// without declaring them. Pure; any thread.
// Source: https://www.w3.org/TR/xhtml1/dtds.html#h-A2

#include <string>
#include <string_view>

namespace storage_format {

// The character that `&name;` stands for; 0 for a name that is not among them.
char32_t entity(std::string_view name);
std::string to_utf8(char32_t character);  // of a code point, which is not checked

}  // namespace storage_format
