#pragma once

// What is done with the edit queue, as calls with JSON answers: the local service sends them, the
// command line prints them. Each is a short transaction, or reads. Threads: that of Reader and
// queue. Errors are replies (reply.h).

#include <optional>
#include <string>
#include <vector>

#include "daemon/serve/access.h"
#include "daemon/serve/backend.h"
#include "daemon/serve/reply.h"
#include "store/jobs.h"
#include "store/reader.h"

namespace serve {

struct SubmitOptions {
  std::string name;  // of the batch, for people
  bool again = false;
  bool dry_run = false;
  std::optional<std::int64_t> max_deletes;
  std::optional<store::OnConflict> on_conflict;
};

struct Chosen {
  std::vector<store::JobId> jobs;
  std::optional<store::BatchId> batch;  // all of it that can be
};

class QueueCalls {
 public:
  QueueCalls(store::Reader& reader, const BackendOptions& options, const Caller& caller,
             store::Time now)
      : reader_(reader), options_(options), caller_(caller), now_(now) {}

  // Newest first; `before`: only older ones.
  Reply batches(std::int64_t limit, std::optional<store::BatchId> before = {}) const;
  Reply batch(store::BatchId id) const;
  Reply jobs(const store::JobFilter& filter) const;
  Reply job(store::JobId id) const;

  // `queue` may be null for a dry run.
  Reply submit(store::JobQueue* queue, const std::string& text, const SubmitOptions& options) const;
  // One write action, which is not waited for: {jobId, batch, state, notes}.
  Reply submit_action(store::JobQueue& queue, store::JobAction action,
                      const std::string& json) const;
  // What one action would do.
  Reply dry_run(store::JobAction action, const std::string& json) const;
  Reply retry(store::JobQueue& queue, const Chosen& chosen,
              std::optional<store::OnConflict> policy) const;
  Reply cancel(store::JobQueue& queue, const Chosen& chosen) const;
  Reply undo(store::JobQueue* queue, const Chosen& chosen, const SubmitOptions& options) const;
  Reply pause(store::JobQueue& queue, const std::string& reason) const;
  Reply resume(store::JobQueue& queue) const;

 private:
  Reply accepted(const store::JobQueue::Accepted& accepted, const Json& more) const;
  store::Result<std::vector<store::JobId>> ids_of(const Chosen& chosen, const char* verb,
                                                  std::vector<store::JobState> states) const;
  // What a caller gets who may not write as the accounts that these are written for.
  std::optional<Reply> refusal(const std::string& what,
                               const std::vector<store::JobSpec>& jobs) const;
  std::string by() const { return "by " + caller_.name; }

  store::Reader& reader_;
  const BackendOptions& options_;
  const Caller& caller_;
  store::Time now_;
};

// {"jobs": [...]}
Reply jobs_reply(store::Reader& reader, const store::JobFilter& filter);

// kUsage where there is none: cannot `verb`.
store::Result<store::JobBatchRow> batch_of(store::Reader& reader, store::BatchId id,
                                           const char* verb);

}  // namespace serve
