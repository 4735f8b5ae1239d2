#pragma once

// UTF-8, one character at a time, and what Markdown and HTML need to know of a character. Pure; any
// thread. What is not UTF-8, and control characters that XML forbids, count as U+FFFD.

#include <cstddef>
#include <string>
#include <string_view>

namespace storage_format {

inline bool is_xml_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
inline bool is_ascii_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
inline bool is_ascii_digit(char c) { return c >= '0' && c <= '9'; }
bool is_ascii_punctuation(char c);

std::string lower_ascii(std::string_view text);
std::string_view trimmed(std::string_view text);  // of white space and U+00A0 at both ends
// What a reader sees of it is white space: XML's, U+00A0, zero-width spaces, soft hyphens.
bool is_invisible(std::string_view text);

// The length in bytes of the well-formed character at the front; 0 if there is none.
std::size_t character_size(std::string_view text);
// The character at the front, and the one at the back; U+FFFD for bytes that are none, 0 for none.
char32_t first_character(std::string_view text);
char32_t last_character(std::string_view text);

// Whether appending `text` as it stands equals append_clean().
bool is_clean(std::string_view text);
// With U+FFFD for what is no character, and LF for CR LF and CR.
void append_clean(std::string& out, std::string_view text);

// For HTML, within elements and within quotes: & < > " ' as references. Clean.
std::string escaped_html(std::string_view text);

// "%41" as "A"; what is no such escape stays. Clean.
std::string percent_decoded(std::string_view text);
// What a URL cannot hold as it is, as %XX: white space, controls, quotes, <>\^`{|} and bytes above
// ASCII. Escapes that are there stay.
std::string percent_encoded(std::string_view url);
// Everything but letters, digits and -._~ as %XX: a fragment, a segment of a path.
std::string percent_encoded_part(std::string_view text);

}  // namespace storage_format
