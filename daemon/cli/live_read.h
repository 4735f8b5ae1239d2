#pragma once

// The connector's read actions, answered by the site: what `"live": true` asks for. As few requests
// as the question allows; nothing is written to the mirror, which only helps to name spaces where
// it is there. Needs the configuration. Blocks; the calling thread is the network thread meanwhile.
// Errors: kUsage (no such space, page, version; drafts cannot be listed), those of the site.

#include "daemon/cli/globals.h"
#include "daemon/query/answers.h"
#include "daemon/query/read_request.h"

namespace cli {

store::Result<querying::Json> read_live(const GlobalOptions& globals,
                                        const querying::ReadRequest& request);

}  // namespace cli
