#pragma once

// The edit queue as plain values, and its way in for processes that do not execute it.
//
// A job is one write to the site: what to send, its state, what became of it. A batch is what was
// handed in together. Whoever executes jobs holds the mirror's lock and changes them through the
// Writer (Batch::jobs); everyone else who may write to the file uses a JobQueue, whose calls are
// short transactions of their own beside the Writer, and on the disk when they return.
//
// States: `queued`, `waiting` (not before a time), `blocked` (on another job), `sending` (from
// before the request leaves until its outcome is known), `in_doubt` (it may have been applied: it
// is looked into, or left to a person where that is not possible), and the ends `done`, `failed`,
// `conflict`, `canceled`. A blocked job whose cause came to no good end is `stuck` until that is
// retried.
//
// JobQueue: one thread at a time. Errors: kUsage (no such job, not in that state), kSystem (cannot
// open or write), kStoreBad.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/error.h"
#include "store/records.h"

namespace store {

using JobId = std::int64_t;
using BatchId = std::int64_t;

enum class JobState {
  kQueued,
  kWaiting,
  kBlocked,
  kSending,
  kInDoubt,
  kDone,
  kFailed,
  kConflict,
  kCanceled
};
std::string_view to_string(JobState state);
std::optional<JobState> parse_job_state(std::string_view text);
bool is_end(JobState state);

enum class JobAction {
  kCreatePage,
  kUpdatePage,
  kDeletePage,
  kRestorePage,  // from the trash; undo only
  kMovePage      // back below its former parent; undo only
};
std::string_view to_string(JobAction action);  // create_page, ...
std::optional<JobAction> parse_job_action(std::string_view text);

enum class OnConflict { kFail, kRebase, kOverwrite };
std::string_view to_string(OnConflict policy);
std::optional<OnConflict> parse_on_conflict(std::string_view text);

// What is to be done, as it was handed in.
struct JobSpec {
  std::int64_t line = 1;           // of the file, from 1
  std::optional<std::string> ref;  // its name in the batch
  JobAction action = JobAction::kUpdatePage;
  std::optional<Id> page_id;  // none: a create
  std::optional<Id> space_id;
  std::optional<Id> parent_id;  // of a create or a move; none: the site decides
  std::string title;
  std::string status = "current";  // current or draft
  std::string representation = "storage";
  std::optional<std::int32_t> base_version;  // the version that an update was made from
  std::string body;
  std::string message;  // for the version
  std::string as_user;  // account id on whose behalf it is written; "" = the connection's own
  bool minor_edit = false;
  OnConflict on_conflict = OnConflict::kFail;
  std::optional<Time> not_before;
  std::optional<JobId> undo_of;
  // Places in the batch (from 0), lower than its own, of the jobs that must be done before;
  // parent_place creates the parent.
  std::vector<std::size_t> after;
  std::optional<std::size_t> parent_place;
};

struct Job : JobSpec {
  JobId id = 0;
  BatchId batch_id = 0;
  JobState state = JobState::kQueued;
  bool stuck = false;
  int attempts = 0;
  std::optional<JobId> parent_job;
  std::optional<std::int32_t> sent_version;
  std::optional<Time> sent_at;
  std::string mark;  // in its version message
  Time created_at{};
  Time updated_at{};
  std::string error;
  std::string result;  // JSON
};

// A page as it was when it mattered to a job.
struct JobImage {
  std::string kind;  // before, base, theirs, sent
  std::int32_t version = 0;
  std::string status;
  std::string title;
  std::optional<Id> parent_id;
  std::optional<std::string> parent_type;
  std::string author_id;     // of that version
  std::vector<Id> children;  // pages, in their order
  std::string body;
};

// A step of a job. It happens only if the job is in one of `from`; CommitInfo::jobs_moved tells.
struct JobUpdate {
  JobUpdate(JobId job, std::vector<JobState> from_states, JobState to_state, std::string why)
      : id(job), from(std::move(from_states)), to(to_state), reason(std::move(why)) {}

  JobId id;
  std::vector<JobState> from;
  JobState to;
  std::string reason;  // for people and the audit; may be ""
  std::optional<Time> not_before;
  std::optional<std::int32_t> sent_version;  // set: an attempt is about to leave
  bool attempt = false;                      // counts one
  bool uncount = false;                      // takes one back: it was refused before processing
  std::optional<Id> page_id;                 // that a create brought
  std::string error;                         // replaces the last one
  std::string result;                        // "" = unchanged
  std::vector<JobImage> images;
};

struct JobEvent {
  Time at{};
  JobState state = JobState::kQueued;
  std::string reason;
};

// A step of any job of a batch, with its own number; those of one batch ascend.
struct BatchEvent : JobEvent {
  std::int64_t id = 0;
  JobId job_id = 0;
};

struct JobBatchRow {
  BatchId id = 0;
  std::string name;
  std::string submitted_by;
  Time submitted_at{};
  std::optional<BatchId> undo_of;
  // How many of its jobs are in each state; stuck ones are among the blocked.
  std::vector<std::pair<JobState, std::int64_t>> states;
  std::int64_t jobs = 0;
  std::int64_t stuck = 0;
  std::int64_t in_look = 0;  // in_doubt ones that are being looked into

  std::int64_t in(JobState state) const;
  // Nothing of it will happen by itself any more.
  bool ended() const;
};

struct JobFilter {
  std::optional<BatchId> batch_id;
  std::vector<JobState> states;  // empty = all
  JobId after = 0;               // by ascending id
  std::int64_t limit = -1;       // -1 = all
};

// Why nothing is sent.
struct JobsPause {
  std::string reason;
  bool by_user = false;  // ends by `resume` alone; else when the site knows us again
  Time since{};
};
// In the mirror's meta: when and why. The second is the executor's own.
inline constexpr std::string_view kJobsPausedKey = "jobs_paused";
inline constexpr std::string_view kJobsHeldKey = "jobs_held";

class JobQueue {
 public:
  // The mirror must be there. A file of an older schema is brought forward.
  static Result<std::unique_ptr<JobQueue>> open(const std::filesystem::path& mirror);
  ~JobQueue();
  JobQueue(const JobQueue&) = delete;
  JobQueue& operator=(const JobQueue&) = delete;

  struct Submission {
    std::string name;
    Sha256 digest{};
    std::string submitted_by;
    std::optional<BatchId> undo_of;
    bool again = false;  // queue it though the same was handed in before
    std::vector<JobSpec> jobs;
  };
  struct Accepted {
    BatchId batch_id = 0;
    std::vector<JobId> job_ids;  // in the order of the submission
    bool known = false;          // the same was handed in before: that batch, nothing was queued
  };
  // All of it, in one transaction, or nothing.
  Result<Accepted> submit(const Submission& submission, Time now);

  // What was done to each of the jobs that were named.
  struct Changed {
    std::vector<JobId> changed;
    std::vector<std::pair<JobId, std::string>> refused;  // and why
  };
  // Jobs that have not been sent: queued, waiting, blocked; and those in_doubt that were left to a
  // person.
  Result<Changed> cancel(const std::vector<JobId>& jobs, const std::string& reason, Time now);
  // Failed, conflicting, canceled and in_doubt ones are queued once more, with a new policy if one
  // is given.
  Result<Changed> retry(const std::vector<JobId>& jobs, std::optional<OnConflict> policy,
                        const std::string& reason, Time now);
  Result<void> pause(const std::string& reason, Time now);
  Result<void> resume();

 private:
  class Impl;
  explicit JobQueue(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace store
