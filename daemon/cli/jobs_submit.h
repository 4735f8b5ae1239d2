#pragma once

// Into the edit queue: reading, checking and queueing of batches and single actions; what would be
// sent. Errors are told on `err`; the functions return the program's exit code. Any thread.

#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "config/config.h"
#include "daemon/cli/globals.h"
#include "daemon/cli/row_json.h"
#include "store/jobs.h"

namespace cli {

struct SubmitArgs {
  std::string file;  // - is standard input
  bool dry_run = false;
  bool again = false;
  std::optional<std::int64_t> max_deletes;
  std::string on_conflict;  // empty = the configuration's
};

int run_jobs_submit(const GlobalOptions& globals, const SubmitArgs& args, std::istream& in,
                    std::ostream& out, std::ostream& err);

// The [jobs] table of the configuration, its defaults where --db is enough to go on.
store::Result<config::JobsConfig> jobs_config(const GlobalOptions& globals);
// Whether the connection of the configuration can write on behalf of users.
bool can_impersonate(const GlobalOptions& globals);

// A file or standard input, whole, within the bound of a batch.
store::Result<std::string> read_input(const std::string& file, std::istream& in);

// `file:line: field: text`, one a line; `problems` as the queue answers them.
void print_problems(const std::string& file, const Json& problems, std::ostream& err);

// That nothing was queued, and for scripts why, on `out`. The exit code.
int refuse_batch(const std::string& file, const Json& problems, const GlobalOptions& globals,
                 std::ostream& out, std::ostream& err);

// What each job would send, and what it changes.
void print_dry_run(const Json& effects, const GlobalOptions& globals, std::ostream& out);

// "12 jobs queued (101 to 112)", or that the same is there already and since when.
void print_accepted(const Json& accepted, const GlobalOptions& globals, std::ostream& out);

}  // namespace cli
