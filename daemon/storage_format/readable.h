#pragma once

// Blocks as text for people: headings with #, list items with -, tasks with [x], cells with |,
// macros as [macro name key=value] above their body, links as [text](target), images by file name.
// Formatting inside a line is left out, white space is reduced as a browser does. Not Markdown, and
// not to be read back: what differs only in what is left out must be shown as source (diff.h does).
// Not fit for a terminal as it is: it may hold any character that a body may. Pure; any thread.

#include <span>
#include <string>

#include "daemon/storage_format/document.h"

namespace storage_format {

std::string readable_text(const Document& document, const Node& node);
std::string readable_text(const Document& document, std::span<const Node> nodes);

}  // namespace storage_format
