#pragma once

// What the other body formats show of a storage body: coarse, but made of its text. Pure, any
// thread.

#include <string>
#include <string_view>

namespace site {

// `&`, `<`, `>` and `"` as entities.
std::string escape_markup(std::string_view text);
// HTML without the elements that only Confluence knows; the text inside them stays.
std::string to_view(std::string_view storage);
// A document of paragraphs, as JSON text.
std::string to_atlas_doc(std::string_view storage);

}  // namespace site
