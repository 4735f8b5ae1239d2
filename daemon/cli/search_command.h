#pragma once

// `search`: pages by what is in them, best first. What is due for the index is indexed first where
// that is possible (the file may be written, and nobody crawls), else it is said how much is
// missing. What was found is bold on a terminal, unless NO_COLOR is set, and plain elsewhere.

#include <CLI/App.hpp>
#include <ostream>

#include "daemon/cli/globals.h"

namespace cli {

void add_search_command(CLI::App& app, const GlobalOptions& globals, std::ostream& out,
                        std::ostream& err, int& exit_code);

}  // namespace cli
