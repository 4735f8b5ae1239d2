#include <utility>

#include "store/apply_jobs.h"
#include "store/jobs.h"
#include "store/open.h"
#include "store/sqlite.h"

namespace store {
namespace {

constexpr int kPatienceMs = 30'000;  // with the Writer, which holds the file for a batch at a time

}  // namespace

class JobQueue::Impl {
 public:
  explicit Impl(std::unique_ptr<Db> opened)
      : db(std::move(opened)),
        rows(*db),
        find_batch(*db, "SELECT max(id) FROM job_batch WHERE digest=?"),
        find_jobs(*db, "SELECT id FROM job WHERE batch_id=? ORDER BY id"),
        find_state(*db,
                   "SELECT state, state='in_doubt' AND not_before IS NOT NULL,"
                   " forgotten_at IS NOT NULL FROM job WHERE id=?"),
        put_meta(*db,
                 "INSERT INTO meta(key, value) VALUES(?,?)"
                 " ON CONFLICT(key) DO UPDATE SET value=excluded.value"),
        drop_meta(*db, "DELETE FROM meta WHERE key=?") {}

  struct State {
    JobState state = JobState::kQueued;
    bool looked_into = false;
    bool forgotten = false;
  };
  std::optional<State> state_of(JobId job) {
    Query query = find_state.begin();
    query.bind(job);
    if (!query.row()) return std::nullopt;
    const auto state = parse_job_state(query.view(0));
    if (!state) return std::nullopt;
    return State{*state, query.flag(1), query.flag(2)};
  }
  std::vector<JobId> jobs_of(BatchId batch) {
    std::vector<JobId> ids;
    Query query = find_jobs.begin();
    query.bind(batch);
    while (query.row()) ids.push_back(query.integer(0));
    return ids;
  }
  std::optional<BatchId> known(const Sha256& digest) {
    Query query = find_batch.begin();
    query.bind(digest);
    return query.row() ? query.optional_integer(0) : std::nullopt;
  }
  // `change` says of one job whether it took.
  template <typename Change>
  Result<Changed> each(const std::vector<JobId>& jobs, const char* wanted, Change change) {
    db->adopt_thread();
    Changed result;
    Txn txn(*db, Txn::Mode::kWrite);
    for (const JobId job : jobs) {
      const auto state = state_of(job);
      if (!state) {
        result.refused.emplace_back(job, "there is no such job");
      } else if (state->looked_into) {
        result.refused.emplace_back(job, "it is being looked into: it may have been applied");
      } else if (state->forgotten) {
        result.refused.emplace_back(job,
                                    "its page was forgotten, and what it was to write with it");
      } else if (change(job)) {
        result.changed.push_back(job);
      } else {
        result.refused.emplace_back(
            job, "it is " + std::string(to_string(state->state)) + ", not " + wanted);
      }
    }
    if (auto committed = txn.commit(); !committed) return fail(committed.error());
    return result;
  }

  const std::unique_ptr<Db> db;
  JobRows rows;
  Stmt find_batch;
  Stmt find_jobs;
  Stmt find_state;
  Stmt put_meta;
  Stmt drop_meta;
};

JobQueue::JobQueue(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
JobQueue::~JobQueue() = default;

Result<std::unique_ptr<JobQueue>> JobQueue::open(const std::filesystem::path& mirror) {
  WriteOptions options;
  options.create = false;
  auto db = open_for_writing(mirror, options);
  if (!db) return fail(db.error());
  sqlite3_busy_timeout((*db)->handle(), kPatienceMs);
  return std::unique_ptr<JobQueue>(new JobQueue(std::make_unique<Impl>(std::move(*db))));
}

Result<JobQueue::Accepted> JobQueue::submit(const Submission& submission, Time now) {
  for (std::size_t place = 0; place < submission.jobs.size(); ++place) {
    auto before = submission.jobs[place].after;
    if (const auto parent = submission.jobs[place].parent_place) before.push_back(*parent);
    for (const auto other : before) {
      // Jobs that wait for later ones, and those for them, would wait for ever.
      if (other >= place) {
        return fail(ErrorKind::kBug, "jobs_out_of_order",
                    "cannot queue '" + submission.name + "': a job waits for a later one");
      }
    }
  }
  impl_->db->adopt_thread();
  Accepted accepted;
  Txn txn(*impl_->db, Txn::Mode::kWrite);
  const auto known = submission.again ? std::nullopt : impl_->known(submission.digest);
  if (known) {
    accepted.known = true;
    accepted.batch_id = *known;
    accepted.job_ids = impl_->jobs_of(*known);
  } else {
    accepted.batch_id = impl_->rows.add_batch(submission, now);
    accepted.job_ids = impl_->rows.add_jobs(submission, accepted.batch_id, now);
  }
  if (auto committed = txn.commit(); !committed) return fail(committed.error());
  return accepted;
}

Result<JobQueue::Changed> JobQueue::cancel(const std::vector<JobId>& jobs,
                                           const std::string& reason, Time now) {
  return impl_->each(jobs, "waiting to be sent", [&](JobId job) {
    return impl_->rows.move(
        JobUpdate(job,
                  {JobState::kQueued, JobState::kWaiting, JobState::kBlocked, JobState::kInDoubt},
                  JobState::kCanceled, reason),
        now);
  });
}

Result<JobQueue::Changed> JobQueue::retry(const std::vector<JobId>& jobs,
                                          std::optional<OnConflict> policy,
                                          const std::string& reason, Time now) {
  return impl_->each(jobs, "failed, conflict, canceled or in_doubt",
                     [&](JobId job) { return impl_->rows.requeue(job, policy, reason, now); });
}

Result<void> JobQueue::pause(const std::string& reason, Time now) {
  impl_->db->adopt_thread();
  Txn txn(*impl_->db, Txn::Mode::kWrite);
  {
    const auto value = to_iso8601(now) + " " + reason;
    Query query = impl_->put_meta.begin();
    query.bind(kJobsPausedKey).bind(value).run();
  }
  return txn.commit();
}

Result<void> JobQueue::resume() {
  impl_->db->adopt_thread();
  Txn txn(*impl_->db, Txn::Mode::kWrite);
  for (const std::string_view key : {kJobsPausedKey, kJobsHeldKey}) {
    Query query = impl_->drop_meta.begin();
    query.bind(key).run();
  }
  return txn.commit();
}

}  // namespace store
