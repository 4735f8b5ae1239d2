#pragma once

// A write action of the connector from a request to its outcome: checked against the mirror, put
// into the edit queue in the caller's name, and awaited. What executes the queue is not this
// module's business. Threads: the server's. A client that goes away while it waits leaves the job
// in the queue.

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
  bool wait = true;  // false: the client asked for `Prefer: respond-async`
  std::chrono::milliseconds at_most{120'000};
};
// From `Prefer`: respond-async, wait=SECONDS.
Waiting waiting_of(const Request& request);

struct WriteResult {
  std::vector<input::Problem> problems;  // not empty: nothing was queued
  bool forbidden = false;                // asUser names an account that the caller may not write as
  store::JobId job = 0;
  // As it is now: at an end, or not (the wait was over, or not wished).
  std::optional<store::Job> outcome;
};

// `action`: create_page, update_page, delete_page. `json`: its input.
base::Awaitable<store::Result<WriteResult>> write_action(Backend& backend, Caller caller,
                                                         std::string action, std::string json,
                                                         Waiting waiting);

}  // namespace serve
