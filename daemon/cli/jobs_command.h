#pragma once

// The options of `jobs` and `action`. `exit_code` is set by whichever runs.

#include <CLI/CLI.hpp>
#include <istream>
#include <ostream>

#include "daemon/cli/globals.h"

namespace cli {

void add_jobs_commands(CLI::App& app, const GlobalOptions& globals, std::istream& in,
                       std::ostream& out, std::ostream& err, int& exit_code);

}  // namespace cli
