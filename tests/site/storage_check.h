#pragma once

// Whether a body in storage format can be stored: it has to be well-formed XML once it stands
// inside an element that declares the prefixes ac, ri and at, with the named entities of XHTML.
// What the elements mean is not looked at. Pure, any thread. Positions are 1-based rows and columns
// of the body.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace site {

// What is wrong with it, in the site's words: `Error parsing xhtml: Unexpected close tag </br>;
// expected </p>.\n at [row,col {unknown-source}]: [11,7]`.
std::optional<std::string> storage_error(std::string_view body);

// What the site makes of a good body when it stores it: `<x/>` becomes `<x />`, and macros and
// tables get the attributes that they lack: ac:schema-version, ac:macro-id, ac:local-id. The new
// ids are made of `seed`.
std::string rewrite_storage(std::string_view body, std::uint64_t seed);

// The body without what rewriting adds or changes: the three attributes in tags, and blanks before
// `/>`. Bodies that differ in nothing else have the same normal form.
std::string normal_storage(std::string_view body);

}  // namespace site
