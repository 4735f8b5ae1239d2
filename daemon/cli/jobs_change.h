#pragma once

// What people do to jobs that are in the queue: again, not at all, back, not now. Each is a short
// transaction that the one who executes notices at once. Any thread.

#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "daemon/cli/globals.h"
#include "store/jobs.h"

namespace cli {

struct JobsChangeArgs {
  std::vector<store::JobId> jobs;
  std::optional<store::BatchId> batch;      // all of it that can be
  std::string on_conflict;                  // retry: empty = as it was
  std::optional<std::int64_t> max_deletes;  // undo
  bool dry_run = false;                     // undo
  bool again = false;                       // undo
};

int run_jobs_retry(const GlobalOptions& globals, const JobsChangeArgs& args, std::ostream& out,
                   std::ostream& err);
int run_jobs_cancel(const GlobalOptions& globals, const JobsChangeArgs& args, std::ostream& out,
                    std::ostream& err);
int run_jobs_undo(const GlobalOptions& globals, const JobsChangeArgs& args, std::ostream& out,
                  std::ostream& err);
int run_jobs_pause(const GlobalOptions& globals, const std::string& reason, std::ostream& out,
                   std::ostream& err);
int run_jobs_resume(const GlobalOptions& globals, std::ostream& out, std::ostream& err);

}  // namespace cli
