#pragma once

// site_read.h for a command: what `"live": true` asks for where no daemon runs. Needs the
// configuration. Blocks; the calling thread is the network thread meanwhile. Errors: those of
// read_site(), kUsage for the configuration, kRetryAfter where the site asks for a long wait.

#include <string>

#include "daemon/base/async.h"
#include "daemon/cli/globals.h"
#include "daemon/cli/site_session.h"
#include "daemon/query/answers.h"
#include "daemon/query/read_request.h"

namespace cli {

// The same on the session's loop, for the daemon: network thread. Both outlive the coroutine.
base::Awaitable<store::Result<querying::Json>> read_patiently(SiteSession& session,
                                                              std::string site_url,
                                                              querying::ReadRequest request);

store::Result<querying::Json> read_live(const GlobalOptions& globals,
                                        const querying::ReadRequest& request);

}  // namespace cli
