#pragma once

// A write action of the connector from a request to its outcome: checked against the mirror, put
// into the edit queue in the caller's name, and awaited. What executes the queue is not this
// module's business. Threads: the server's. A client that goes away while it waits leaves the job
// in the queue. Errors: those of the Backend; what is wrong with the input is a value.

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "daemon/base/async.h"
#include "daemon/input/fields.h"
#include "daemon/serve/backend.h"
#include "store/jobs.h"

namespace serve {

struct Waiting {
  Waiting() = default;
  bool wait = true;  // false: the client asked for `Prefer: respond-async`
  std::chrono::milliseconds at_most{120'000};
};
// From `Prefer`: respond-async, wait=SECONDS (both: wait so long, then answer as it is).
Waiting waiting_of(const Request& request);

struct WriteResult {
  WriteResult() = default;
  std::vector<input::Problem> problems;  // not empty: nothing was queued
  std::vector<input::Problem> notes;     // what was changed to make it good
  bool forbidden = false;                // asUser names an account that the caller may not write as
  store::BatchId batch = 0;
  store::JobId job = 0;
  // As it is now: at an end, left to a person, or still on its way (the wait was over, or not
  // wished).
  std::optional<store::Job> outcome;
};

// Nothing more will happen to it by itself.
bool is_settled(const store::Job& job);

// `action`: create_page, update_page, delete_page. `json`: its input.
base::Awaitable<store::Result<WriteResult>> write_action(Backend& backend, Caller caller,
                                                         std::string action, std::string json,
                                                         Waiting waiting);

// The same without the wait: checked and queued. The outcome is the job as it was queued.
store::Result<WriteResult> queue_action(store::Reader& reader, store::JobQueue& queue,
                                        const BackendOptions& options, const Caller& caller,
                                        store::JobAction action, const std::string& json,
                                        store::Time now);

// The accounts that these name as asUser and `caller` may not write as, as problems.
std::vector<input::Problem> refused_accounts(const Caller& caller,
                                             const std::vector<store::JobSpec>& jobs,
                                             const BackendOptions& options, bool& forbidden);

}  // namespace serve
