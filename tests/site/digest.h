#pragma once

// What the site holds, as JSON Lines that two programs can compare byte by byte: spaces by id, then
// pages by id, each with its versions by number (every one that the API lists, the current one
// too). Purged pages are not there. Keys in this order:
//   {"kind":"space","space_id":"5","space_key":"ENG","status":"current"}
//   {"kind":"page","page_id":"7","space_id":"5","status":"trashed","version":3,"body_sha256":"..."}
//   {"kind":"version","page_id":"7","version":2,"body_sha256":"..."}
// The hash is that of the storage value, UTF-8. The caller holds the content's lock.

#include <string>

#include "tests/site/content.h"

namespace site {

std::string digest_of(const Content& content);

}  // namespace site
