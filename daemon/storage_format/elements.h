#pragma once

// What is known of storage format's elements, for the normal form and for blocks. Pure; any thread.
// An element that is not known is inline content: nothing in it is taken for insignificant.

#include <string_view>

#include "daemon/storage_format/document.h"

namespace storage_format {

bool is_blank(std::string_view text);  // XML's white space only, or nothing; U+00A0 is text
bool is_blank(const Node& node);       // such a text

// Written anew, added or dropped by the server when it saves a body: identities, no content.
// Source: https://developer.atlassian.com/cloud/confluence/rest/v2/ and bodies sent and read back.
bool is_server_attribute(std::string_view name);

// Stands on lines of its own, whatever is beside it: p, a list, a table, the layout, a macro with
// blocks in it.
bool is_block(const Node& node);
bool is_macro(const Node& node);  // ac:structured-macro or ac:macro
// Holds blocks, inline content or both: a cell, a list item, the body of a macro, the root.
bool is_flow(const Node& node);
// Holds elements only, in between white space says nothing: lists, tables, rows, macros, links.
bool is_structure(const Node& node);
// White space in it is kept as it stands: pre, plain-text bodies, style="white-space: ...".
bool keeps_white_space(const Node& node);
// A text between blocks that only indents the source. `index` is that of a child of `parent`.
bool is_insignificant(const Node& parent, std::size_t index);

}  // namespace storage_format
