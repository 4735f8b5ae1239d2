#pragma once

// site_read.h for a command: what `"live": true` asks for where no daemon runs. Needs the
// configuration. Blocks; the calling thread is the network thread meanwhile. Errors: those of
// read_site(), kUsage for the configuration, kRetryAfter where the site asks for a long wait.

#include "daemon/cli/globals.h"
#include "daemon/query/answers.h"
#include "daemon/query/read_request.h"

namespace cli {

store::Result<querying::Json> read_live(const GlobalOptions& globals,
                                        const querying::ReadRequest& request);

}  // namespace cli
