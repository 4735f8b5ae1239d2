#pragma once

// Following a batch while somebody executes it. Errors are told on `err`; run_jobs_watch() returns
// the program's exit code. Any thread; await_batch() notes signals while it runs (interrupt.h).

#include <functional>
#include <optional>
#include <ostream>

#include "daemon/cli/globals.h"
#include "store/jobs.h"
#include "store/reader.h"

namespace cli {

// 0: all of it is done; 1: it ended otherwise. None: the newest. By the mirror's file, or through
// the daemon for who may not open that.
int run_jobs_watch(const GlobalOptions& globals, std::optional<store::BatchId> batch,
                   std::ostream& out, std::ostream& err);

// That batch, or the newest; kUsage where there is none: cannot `verb`.
store::Result<store::JobBatchRow> find_batch(store::Reader& reader,
                                             std::optional<store::BatchId> id, const char* verb);

struct AwaitOptions {
  // At first, then whenever the mirror has changed, and once a second.
  std::function<store::Result<void>(const store::JobBatchRow&)> each;
  bool leave_when_unattended = false;  // else that is told, and waited for
};
enum class Awaited { kEnded, kUnattended };
// Until the batch has ended. Tells once why nothing goes on: that the queue is paused or held, that
// nobody executes it. kCanceled by a signal.
store::Result<Awaited> await_batch(const GlobalOptions& globals, store::BatchId batch,
                                   const AwaitOptions& options, std::ostream& err);

}  // namespace cli
