#pragma once

// `confmirror sync`: one synchronisation, then exit. Results on `out`, everything else on `err`;
// returns the exit code of README.md. Runs the network thread on the calling thread.

#include <cstdint>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "daemon/cli/globals.h"

namespace cli {

struct SyncArgs {
  std::vector<std::string> spaces;  // keys; empty = all that the configuration admits
  // Believe what this run (0: the newest that stopped) would have called gone.
  std::optional<std::int64_t> accept_vanished;
  bool reconcile = false;       // look at every page, not only at what changed
  bool full = false;            // fetch every body again, and try what waits in quarantine
  std::string split = "scout";  // none | ends | scout: see mirror::SplitScheme; for measurements
};

int run_sync(const GlobalOptions& globals, const SyncArgs& args, std::ostream& out,
             std::ostream& err);

}  // namespace cli
