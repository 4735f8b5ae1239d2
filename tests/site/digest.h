#pragma once

// What the site holds, as JSON Lines that two programs can compare byte by byte: spaces by id, then
// nodes (folders, whiteboards, databases, embeds) by id, then pages by id, each with its versions
// by number (every one that the API lists, the current one too). Purged pages are not there,
// and neither are drafts.
// `named` says that the tree above some page needs the node: a mirror cannot know of others. Keys
// in this order:
//   {"kind":"space","space_id":"5","space_key":"ENG","status":"current"}
//   {"kind":"node","node_id":"9","type":"folder","space_id":"5","parent_id":"7",
//    "parent_type":"page","position":1000,"title":"Plans","status":"current","named":true}
//   {"kind":"page","page_id":"7","space_id":"5","status":"trashed","version":3,"body_sha256":"..."}
//   {"kind":"version","page_id":"7","version":2,"body_sha256":"..."}
// The hash is that of the storage value, UTF-8. The caller holds the content's lock.

#include <string>

#include "tests/site/content.h"

namespace site {

std::string digest_of(const Content& content);

// What two sites have in common if the same writes were applied to both: pages by id, drafts and
// trashed ones too, with the hash of the body's normal form (storage_check.h) and no times:
//   {"page_id":"7","status":"current","title":"Plans","space_id":"5","parent_id":"3","version":3,
//    "body_normal_sha256":"..."}
std::string state_digest_of(const Content& content);

}  // namespace site
