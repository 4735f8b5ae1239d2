#pragma once

// HTML as people paste it, made well-formed where that loses nothing and needs no guess.
//
// Closed: br, hr, img, input, col, wbr; li, p, dt, dd, option and the parts of a table where HTML's
// rules end them. Written as XML wants it: attributes without quotes or a value, names of elements
// and attributes in capitals (not those with a prefix), & and < that begin nothing, ]]>. Everything
// else is a Fault with its position in the input: crossed tags, other elements that stay open,
// script and style, attributes given twice, references whose end HTML guesses, unknown names,
// document types. Input that is well-formed comes back as it is, whatever HTML would make of it;
// what comes back is always well-formed. Pure; any thread; takes as much as document.h's limits.
// Source: https://html.spec.whatwg.org/multipage/parsing.html (optional tags, named references)

#include <string>
#include <string_view>
#include <vector>

#include "daemon/storage_format/document.h"

namespace storage_format {

struct Tidied {
  std::string body;
  std::vector<std::string> changes;  // "line 3, column 5: closed <br>", in order
};

tl::expected<Tidied, Fault> tidy(std::string_view html);

}  // namespace storage_format
