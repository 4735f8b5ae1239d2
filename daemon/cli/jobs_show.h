#pragma once

// The edit queue for people: batches, jobs, one job with all that is known of it. Any thread.

#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "daemon/cli/globals.h"
#include "daemon/cli/row_json.h"
#include "daemon/serve/reply.h"
#include "store/jobs.h"

namespace cli {

struct JobsListArgs {
  std::optional<store::BatchId> batch;
  std::vector<std::string> states;
  std::int64_t limit = 50;
};

int run_jobs_list(const GlobalOptions& globals, const JobsListArgs& args, std::ostream& out,
                  std::ostream& err);
int run_jobs_show(const GlobalOptions& globals, store::JobId id, std::ostream& out,
                  std::ostream& err);

// Of a batch as `jobs list --json` has it: "412 done, 3 failed, 20 queued".
std::string states_in_words(const serve::Json& batch);

}  // namespace cli
