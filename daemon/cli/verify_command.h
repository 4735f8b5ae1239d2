#pragma once

// `confmirror verify`: the mirror beside the live site; a report. Writes nothing to the mirror and
// takes no lock: a sync may run meanwhile. Results on `out`, everything else on `err`; returns the
// exit code of README.md: 0 equal, 1 differences, 4 if part of it could not be compared (which is
// named beside the differences). Runs the network thread on the calling thread.

#include <CLI/App.hpp>
#include <cstddef>
#include <ostream>
#include <string>
#include <vector>

#include "daemon/cli/globals.h"

namespace cli {

struct VerifyArgs {
  std::size_t sample = 100;         // pages whose bodies are compared; the largest number: all
  std::vector<std::string> spaces;  // keys; empty = all that the configuration admits
};

int run_verify(const GlobalOptions& globals, const VerifyArgs& args, std::ostream& out,
               std::ostream& err);

// Adds the sub-command to `app`; it puts its exit code into `exit_code`.
void add_verify_command(CLI::App& app, const GlobalOptions& globals, std::ostream& out,
                        std::ostream& err, int& exit_code);

}  // namespace cli
