#pragma once

// Confluence's own API under /wiki, offline: reads are answered from the mirror, writes go through
// the edit queue. Every answer says when the mirror saw what is in it (X-Confmirror-Synced-At), and
// what may be missing (X-Confmirror-Incomplete); small ones have an ETag.

#include "daemon/serve/backend.h"
#include "daemon/serve/router.h"

namespace serve {

// Both must outlive what is routed.
void add_confluence_routes(Router& router, Backend& backend);

}  // namespace serve
