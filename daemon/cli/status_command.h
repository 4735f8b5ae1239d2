#pragma once

// `confmirror status`: what the mirror file says about itself. No network. Returns the exit code of
// README.md.

#include <ostream>

#include "daemon/cli/globals.h"

namespace cli {

int run_status(const GlobalOptions& globals, std::ostream& out, std::ostream& err);

}  // namespace cli
