#pragma once

// Executes the edit queue of a mirror: each job is written to the site once, or known not to be.
//
//  1. An attempt is committed as `sending`, with the number that it makes and the page as it was
//     before, and only then leaves. The answer, the page's new row and the end of the job are one
//     commit.
//  2. What left and was not answered, or not clearly, is `in_doubt` and looked into: an update by
//     version, mark and body, a create by title in the space, a delete by status. Only then is it
//     done, or sent again. The create of a draft cannot be found again: it stays `in_doubt`, for a
//     person. What an earlier process left in `sending` is in doubt too.
//  3. Only a refusal before processing (429, no connection) is repeated without a look, at the time
//     that the site named; it does not count as an attempt.
//  4. 401, 403 and the unnamed 404 are put to the identity canary. If it is red, jobs go back to
//     `queued` and the queue is held until the site knows us again; nothing fails for it.
//  5. Jobs of one page, and of a parent and what is below it, keep their order (store::Reader::
//     ready_jobs); others run side by side, as many as the options say.
//  6. An update that meets another version than the one it was made from is never sent over it
//     unless its policy says how (translate.h).
//  7. Other processes submit, cancel and pause through store::JobQueue; a job is claimed by a
//     conditional step, so that what they did first holds.
//
// Threads: the network thread; the mirror is read on the reader thread. Ownership: refers to
// everything in Deps, all of which outlive it. run() returns when stop() was called and what was
// under way has come to its end, when nothing is left to do (Options::until_idle), or with the
// error that ends it: kStoreBad, kSystem, and with until_idle also kCredentialsBad.

#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "daemon/base/async.h"
#include "daemon/base/clock.h"
#include "daemon/base/task_group.h"
#include "daemon/confluence/client.h"
#include "daemon/edits/translate.h"
#include "store/jobs.h"
#include "store/reader.h"
#include "store/writer.h"

namespace edits {

struct JobRunnerDeps {
  boost::asio::io_context& io;
  confluence::Client& client;
  confluence::Governor& governor;
  store::Writer& writer;
  store::Reader& reader;                    // used on reader_thread only
  boost::asio::thread_pool& reader_thread;  // of one thread
  const base::Clock& clock;
};

struct JobRunnerOptions {
  int max_concurrency = 8;
  int max_attempts = 8;
  bool until_idle = false;              // end when nothing is left that goes by itself
  std::optional<store::BatchId> batch;  // until_idle: nothing of this batch
  std::chrono::milliseconds poll{100};  // how often other processes' changes are looked for
  // Before what failed is tried again: doubled from the first to the longest.
  std::chrono::milliseconds first_pause{1'000};
  std::chrono::milliseconds longest_pause{300'000};
  // A page just made may not be readable at once.
  std::chrono::milliseconds fresh_pause{1'000};
  int fresh_looks = 4;
  std::string site_url;
};

struct JobTotals {
  std::int64_t done = 0;
  std::int64_t failed = 0;
  std::int64_t conflicts = 0;
  std::int64_t in_doubt = 0;  // left to a person
  std::int64_t sent = 0;      // attempts that left
};

class JobRunner {
 public:
  JobRunner(JobRunnerDeps deps, JobRunnerOptions options);
  ~JobRunner();
  JobRunner(const JobRunner&) = delete;
  JobRunner& operator=(const JobRunner&) = delete;

  base::Awaitable<store::Result<void>> run();
  void stop();
  // After stop(): what is under way is given up; it is looked into by the next run.
  void cancel() { tasks_.cancel(); }
  // Looks at the queue, and asks the site who we are again if it did not know us.
  void wake();

  const JobTotals& totals() const { return totals_; }
  // Why nothing is sent; empty = it is.
  const std::string& held() const { return held_; }
  std::size_t under_way() const { return in_flight_.size(); }

 private:
  // The queue as dispatch() last saw it.
  struct Seen {
    std::int64_t data_version = 0;
    std::optional<store::Time> next;  // when the next job's time comes
  };
  class Attempt;  // one job on its way (job_attempt.h)
  friend class Attempt;

  base::Awaitable<store::Result<void>> begin();
  base::Awaitable<void> dispatch();
  base::Awaitable<void> work(store::JobId id);
  base::Awaitable<bool> idle();
  base::Awaitable<void> await_change();
  base::Awaitable<void> identify();
  base::Awaitable<void> note_held(std::string reason);
  void hold(const store::Error& error);
  void fail(const store::Error& error);
  // The site does not answer at all: nothing more is begun for a while, longer each time.
  void unwell(const std::string& why);
  void well();

  template <typename Query>
  base::Awaitable<std::invoke_result_t<Query&, store::Reader&>> read(Query query) {
    auto ask = [this, query = std::move(query)]() mutable { return query(deps_.reader); };
    auto result = co_await base::run_on(deps_.reader_thread, std::move(ask));
    co_return result;
  }

  JobRunnerDeps deps_;
  JobRunnerOptions options_;
  base::TaskGroup tasks_;
  base::Signal changed_;
  std::string account_id_;  // who the site takes us for; empty = not known yet
  std::unordered_map<store::Id, std::string> space_keys_;
  std::unordered_set<store::JobId> in_flight_;
  std::unordered_map<store::JobId, int> looks_;   // that found nothing, of jobs in doubt
  std::unordered_map<store::JobId, int> futile_;  // answers about the page that could not be had
  std::optional<Seen> seen_;
  bool paused_ = false;  // by the user
  std::string held_;
  std::chrono::milliseconds held_pause_{0};
  std::optional<base::Clock::Steady> released_at_;  // when it was held for the last time
  base::Clock::Steady ask_again_at_{};
  std::chrono::milliseconds pause_{0};
  base::Clock::Steady resume_at_{};
  bool woken_ = false;
  bool stopping_ = false;
  std::optional<store::Error> fatal_;
  JobTotals totals_;
};

}  // namespace edits
