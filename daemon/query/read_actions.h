#pragma once

// The connector's read actions, answered from the mirror: no network. Uses the Reader on the
// calling thread; bodies of at most one answer's pages are in memory. Errors: kUsage for a space,
// page or version that the mirror does not have, and those of the Reader. `live` is not looked at.

#include "daemon/query/answers.h"
#include "daemon/query/read_request.h"
#include "store/reader.h"

namespace querying {

store::Result<Json> answer(store::Reader& reader, const ReadRequest& request);

// What drafts an answer can hold, for the field `note`.
inline constexpr const char* kDraftsNote =
    "the site lists no drafts: these are the drafts that confmirror created; another one is "
    "read by its id with \"live\": true";

inline constexpr const char* kDraftNote =
    "a draft as confmirror wrote it last; with \"live\": true the site is asked";

}  // namespace querying
