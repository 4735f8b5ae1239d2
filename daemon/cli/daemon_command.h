#pragma once

// `confmirror daemon`: the service, until a signal ends it. SIGTERM and SIGINT stop it within ten
// seconds with everything committed (exit 0); SIGHUP and SIGUSR1 as service.h says.

#include <ostream>

#include "daemon/cli/globals.h"

namespace cli {

int run_daemon(const GlobalOptions& globals, std::ostream& err);

}  // namespace cli
