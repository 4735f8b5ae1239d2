#pragma once

// The edit queue as JSON, the same on the command line and in the local service: ids are strings,
// times ISO-8601 UTC, null where there is no value. Uses the Reader on the calling thread. Errors:
// kUsage for a job that is not there, and those of the Reader.

#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "daemon/input/fields.h"
#include "store/jobs.h"
#include "store/reader.h"

namespace querying {

// A job with its text and all that is known of it.
struct JobInFull {
  store::Job job;
  std::vector<store::Job> before;  // those that must be done before it
  std::vector<store::JobEvent> events;
  std::optional<store::JobImage> base;    // what its change was made from,
  std::optional<store::JobImage> theirs;  // and what stood in its way
};
store::Result<JobInFull> find_job(store::Reader& reader, store::JobId id);

nlohmann::ordered_json job_json(const store::Job& job);
nlohmann::ordered_json batch_json(const store::JobBatchRow& batch);
// One job with all that is known of it: its text, its steps, what it waits for, its conflict.
store::Result<nlohmann::ordered_json> job_in_full(store::Reader& reader, store::JobId id);
// A list of {line, field, text}.
nlohmann::ordered_json problems_json(const std::vector<input::Problem>& problems);

}  // namespace querying
