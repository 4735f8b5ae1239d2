#pragma once

// The edit queue executed in the foreground, where no daemon does it. Errors are told on `err`;
// run_jobs_run() returns the program's exit code. Threads: run_jobs_run() blocks its caller, which
// becomes the network thread.

#include <optional>
#include <ostream>

#include "daemon/cli/globals.h"
#include "store/jobs.h"

namespace cli {

// 0: everything that ended did so well; 1: something failed, conflicts, is in doubt or was not
// tried, of the batch also before; 3: the site does not know us, and nothing failed for it; 5: the
// queue is paused; 7: the daemon executes.
int run_jobs_run(const GlobalOptions& globals, std::optional<store::BatchId> batch,
                 std::ostream& out, std::ostream& err);

// Executes the queue as far as that batch needs it; kBusy where another process does.
store::Result<void> execute_batch(const GlobalOptions& globals, std::optional<store::BatchId> batch,
                                  std::ostream& err);

}  // namespace cli
