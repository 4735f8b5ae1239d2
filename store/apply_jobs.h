#pragma once

// What becomes of jobs, row by row, inside the transaction that the caller has opened:
//
// 1. A step happens only from the states that it names; each one that happens is a row of
// job_event.
// 2. When a job is done, the jobs that waited for it alone may go, and those that create below its
//    page learn the page's id.
// 3. When one comes to no good end, all that waits for it, however indirectly, is stuck; when it is
//    queued once more, what is stuck for no other reason is free again.
//
// Uses the Db's sticky errors (store/sqlite.h) and belongs to the Db's thread.

#include <string>
#include <vector>

#include "store/blob_codec.h"
#include "store/jobs.h"
#include "store/sqlite.h"

namespace store {

class JobRows {
 public:
  explicit JobRows(Db& db);

  // False: it was in none of those states.
  bool move(const JobUpdate& update, Time now);
  BatchId add_batch(const JobQueue::Submission& submission, Time now);
  // Ids in the order of the submission.
  std::vector<JobId> add_jobs(const JobQueue::Submission& submission, BatchId batch, Time now);
  // Back to the start, with its attempts to itself. False: it is in no state for that.
  bool requeue(JobId job, std::optional<OnConflict> policy, const std::string& reason, Time now);

 private:
  void note(JobId job, JobState state, const std::string& reason, Time now);
  void put_image(JobId job, const JobImage& image);
  void release_dependents(JobId job, Time now);
  void stick_dependents(JobId job);
  void free_dependents(JobId job);
  JobId add_job(const JobSpec& spec, BatchId batch, bool blocked, Time now);

  Db& db_;
  BlobCodec codec_;
  Stmt move_;
  Stmt note_;
  Stmt put_image_;
  Stmt name_parent_;
  Stmt find_ready_;
  Stmt release_;
  Stmt stick_;
  Stmt unstick_;
  Stmt restick_;
  Stmt add_batch_;
  Stmt add_job_;
  Stmt add_body_;
  Stmt add_after_;
  Stmt set_parent_job_;
  Stmt requeue_;
  Stmt state_of_;
};

}  // namespace store
