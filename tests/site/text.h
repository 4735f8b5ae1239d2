#pragma once

// Text forms that both the content and the protocol need: JSON strings, times, percent-encoding,
// base64, case folding. Pure functions, any thread. Written apart from the mirror's own code on
// purpose: the site must not share its mistakes.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace site {

using Millis = std::int64_t;  // since 1970-01-01T00:00:00Z

// Appends `text` escaped for the inside of a JSON string; UTF-8 stays as it is.
void append_escaped(std::string& out, std::string_view text);
// Appends `text` as a JSON string with its quotes.
void append_quoted(std::string& out, std::string_view text);
void append_number(std::string& out, std::int64_t number);

// `2026-03-01T12:00:00.000Z`
std::string to_iso8601(Millis time);
// `2026-03-01T12:00:00Z`, as in X-RateLimit-Reset.
std::string to_iso8601_seconds(Millis time);
// `Sun, 01 Mar 2026 12:00:00 GMT`
std::string to_http_date(Millis time);
Millis now_millis();

// Everything but unreserved characters becomes %XX.
std::string percent_encode(std::string_view text);
// '+' is a blank, as in a query. A broken escape stays as it is.
std::string percent_decode(std::string_view text);
std::string base64_encode(std::string_view bytes);
// Padding is optional; nullopt: not base64.
std::optional<std::string> base64_decode(std::string_view text);
// Lower case for ASCII and for the Latin-1, Greek and Cyrillic letters; enough for titles and keys
// of this site.
std::string fold_case(std::string_view utf8);
std::string to_hex(std::string_view bytes);
std::string sha256_hex(std::string_view bytes);
// A whole decimal number, nothing else.
std::optional<std::int64_t> parse_number(std::string_view text);

}  // namespace site
