#pragma once

// The edit queue at work, as people see it: executing it in the foreground, and watching while
// somebody does. Errors are told on `err`; the functions return the program's exit code. Threads:
// run_jobs_run() blocks its caller, which becomes the network thread.

#include <functional>
#include <optional>
#include <ostream>

#include "daemon/cli/globals.h"
#include "store/jobs.h"

namespace cli {

// 0: everything that ended did so well; 1: something failed, conflicts, is in doubt or was not
// tried; 5: the queue is paused; 7: the daemon executes.
int run_jobs_run(const GlobalOptions& globals, std::optional<store::BatchId> batch,
                 std::ostream& out, std::ostream& err);

// Until the batch has ended; none: the newest.
int run_jobs_watch(const GlobalOptions& globals, std::optional<store::BatchId> batch,
                   std::ostream& out, std::ostream& err);

// Executes the queue as far as that batch needs it; kBusy where another process does.
store::Result<void> execute_batch(const GlobalOptions& globals, std::optional<store::BatchId> batch,
                                  std::ostream& err);
// Waits until the batch has ended, `each` look; kCanceled by a signal.
store::Result<void> await_batch(const GlobalOptions& globals, store::BatchId batch,
                                const std::function<void(const store::JobBatchRow&)>& each,
                                std::ostream& err);

}  // namespace cli
