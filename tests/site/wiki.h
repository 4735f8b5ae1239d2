#pragma once

// Wiki markup as storage format, as the site converts what was sent with `representation: wiki`:
// headings, paragraphs, bold, italic, monospaced, lists, links, rules and {code}. Everything else
// comes out as escaped text, always well-formed. The real converter knows far more, and how it
// stores the result is not documented. Pure, any thread.

#include <string>
#include <string_view>

namespace site {

std::string wiki_to_storage(std::string_view wiki);

}  // namespace site
