#pragma once

// `spaces`, `pages`, `page`, `history`, `diff`, `blame`, `export`: what the mirror holds, without
// network. Adds the sub-commands to `app`; each writes results to `out`, diagnostics to `err`, and
// its exit code (README.md) to `exit_code`.

#include <CLI/App.hpp>
#include <ostream>

#include "daemon/cli/globals.h"

namespace cli {

void add_read_commands(CLI::App& app, const GlobalOptions& globals, std::ostream& out,
                       std::ostream& err, int& exit_code);

}  // namespace cli
