#pragma once

// `confmirror db check|backup|compact|restore-check`: care of the mirror file, without network.
// Adds the sub-commands to `app`; results on `out`, diagnostics and progress on `err`, exit code
// (README.md) in `exit_code`.

#include <CLI/App.hpp>
#include <ostream>

#include "daemon/cli/globals.h"

namespace cli {

void add_db_commands(CLI::App& app, const GlobalOptions& globals, std::ostream& out,
                     std::ostream& err, int& exit_code);

}  // namespace cli
