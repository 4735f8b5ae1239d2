#pragma once

// A body read as far as it makes sense: any bytes give a tree. Never fails, never throws but for
// want of memory; time and memory are linear in the body. Pure; any thread.
//
// What is well-formed (document.h) gives the very tree that read() gives. Else the body is read as
// XML first, and where tags do not match, as HTML reads them: void elements without a slash,
// optional end tags, crossed and missing end tags, capitals, attributes without quotes. & and <
// that begin nothing, unknown entities and CDATA that never ends are text; other prefixes are
// names; bytes that are no character are U+FFFD. Offsets are those of the body as given; where tags
// had to be guessed, spans need not touch. Beyond a limit nothing is lost either: elements that are
// nested too deep lie side by side, and what is too long, or comes after too many nodes, is one
// text without its tags.

#include <optional>
#include <string_view>

#include "daemon/storage_format/document.h"

namespace storage_format {

struct Forgiven {
  Document document;
  std::optional<Fault> fault;  // of check(): set where the body is not well-formed
};

Forgiven forgive(std::string_view body, const Limits& limits = {});
// The tree alone, for less.
Document read_forgiving(std::string_view body, const Limits& limits = {});

}  // namespace storage_format
