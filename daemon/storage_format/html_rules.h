#pragma once

// What tidy needs of HTML's own rules: which elements have no content, which end tags may be left
// out and what ends them, which named references work without a semicolon. Names are in lower
// case. Pure; any thread.
// Source: https://html.spec.whatwg.org/multipage/syntax.html#optional-tags,
// https://html.spec.whatwg.org/multipage/named-characters.html

#include <string_view>

namespace storage_format {

bool is_void(std::string_view name);     // that storage format keeps: br, hr, img, ...
bool is_foreign(std::string_view name);  // whose content is no markup, or that a body has not
bool has_optional_end(std::string_view name);
bool is_formatting(std::string_view name);  // that HTML opens again where tags cross: b, i, a, ...
// An open element ends where another one starts.
bool ends_before(std::string_view open, std::string_view start);
// No element outside of `open` is ended by the start of another.
bool is_boundary(std::string_view open, std::string_view start);
// The name of XHTML 1.0 for one that HTML has besides; "" if there is none.
std::string_view html_alias(std::string_view name);
bool is_legacy_name(std::string_view name);
bool begins_with_legacy_name(std::string_view text);

}  // namespace storage_format
