#pragma once

// How an ac:emoticon reads: its fallback, else the character that its id names, else the one of
// Confluence's old names ("tick"), else ":name:". Pure; any thread.

#include <string>

#include "daemon/storage_format/document.h"

namespace storage_format {

std::string emoji_text(const Node& emoticon);

}  // namespace storage_format
