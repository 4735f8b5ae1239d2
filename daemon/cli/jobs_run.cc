#include "daemon/cli/jobs_run.h"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <memory>
#include <thread>
#include <utility>

#include "daemon/base/log.h"
#include "daemon/cli/interrupt.h"
#include "daemon/cli/jobs_show.h"
#include "daemon/cli/lookup.h"
#include "daemon/cli/progress_line.h"
#include "daemon/cli/report.h"
#include "daemon/cli/scope.h"
#include "daemon/cli/site_session.h"
#include "daemon/edits/job_runner.h"
#include "store/lock.h"

namespace cli {

namespace {

using store::JobState;

constexpr std::chrono::milliseconds kLook{100};
constexpr std::chrono::milliseconds kShowEvery{1000};
constexpr std::chrono::milliseconds kLive{200};

bool ended_well(const store::JobBatchRow& batch) { return batch.in(JobState::kDone) == batch.jobs; }

bool live_on(const GlobalOptions& globals) {
  return isatty(STDERR_FILENO) == 1 && !globals.no_progress && !globals.quiet;
}

// Everything of one execution, in the order in which it may go away.
class JobsRun {
 public:
  JobsRun(const GlobalOptions& globals, std::optional<store::BatchId> batch, std::ostream& err)
      : globals_(globals), batch_(batch), err_(err) {}

  store::Result<void> run();
  edits::JobTotals totals() const { return runner_ ? runner_->totals() : edits::JobTotals(); }
  confluence::Usage usage() const {
    return session_ ? session_->client().usage() : confluence::Usage();
  }
  std::chrono::milliseconds elapsed() const {
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() -
                                                                 started_);
  }

 private:
  store::Result<void> open();
  base::Awaitable<void> show_progress();
  std::string line() const;

  const GlobalOptions& globals_;
  std::optional<store::BatchId> batch_;
  std::ostream& err_;
  config::Config config_;
  std::filesystem::path path_;
  std::optional<store::MirrorLock> lock_;
  std::unique_ptr<store::Reader> reader_;
  std::unique_ptr<store::Writer> writer_;
  std::unique_ptr<SiteSession> session_;
  std::unique_ptr<edits::JobRunner> runner_;
  std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
};

store::Result<void> JobsRun::open() {
  auto config = load_config(globals_);
  if (!config) return store::fail(config.error());
  config_ = std::move(*config);
  path_ = mirror_path(globals_, config_);
  auto lock = store::MirrorLock::acquire(path_);
  if (!lock) return store::fail(lock.error());
  lock_.emplace(std::move(*lock));
  store::Writer::Options options;
  options.create = false;
  options.history = config_.mirror.history;
  auto writer = store::Writer::open(path_, options);
  if (!writer) return store::fail(writer.error());
  writer_ = std::move(*writer);
  auto reader = store::Reader::open(path_);
  if (!reader) return store::fail(reader.error());
  reader_ = std::move(*reader);
  if (auto same = expect_same_site("run jobs", *reader_, config_, path_); !same) return same;
  auto observation = reader_->last_observation();
  if (!observation) return store::fail(observation.error());
  auto session = SiteSession::make(config_, *observation);
  if (!session) return store::fail(session.error());
  session_ = std::move(*session);
  session_->restore_wait(*reader_);
  session_->persist_waits_in(writer_.get());
  return {};
}

std::string JobsRun::line() const {
  const auto t = totals();
  auto text =
      fmt::format("{} done, {} failed, {} in conflict, {} under way, {} requests, {}",
                  with_thousands(t.done), with_thousands(t.failed), with_thousands(t.conflicts),
                  runner_->under_way(), with_thousands(usage().requests), in_words(elapsed()));
  const auto governor = session_->governor().status();
  if (governor.closed_until) {
    text += fmt::format("; the site asks for a wait until {}",
                        store::to_iso8601(*governor.closed_until));
  }
  return text;
}

base::Awaitable<void> JobsRun::show_progress() {
  while (true) {
    co_await base::sleep_for(kLive);
    err_ << "\r\033[K" << line() << std::flush;
  }
}

store::Result<void> JobsRun::run() {
  if (auto opened = open(); !opened) return opened;
  edits::JobRunnerOptions options;
  options.max_concurrency = static_cast<int>(config_.http.max_concurrency);
  options.max_attempts = static_cast<int>(config_.jobs.max_attempts);
  options.until_idle = true;
  options.batch = batch_;
  options.site_url = config_.site.url;
  const edits::JobRunnerDeps deps{session_->io(),   session_->client(), session_->governor(),
                                  *writer_,         *reader_,           session_->reader_thread(),
                                  session_->clock()};
  runner_ = std::make_unique<edits::JobRunner>(deps, std::move(options));
  bool stopped = false;
  session_->on_stop = [this, &stopped] {
    err_ << "confmirror: stopping when what is under way is finished; again to stop at once\n"
         << std::flush;
    stopped = true;
    runner_->stop();
  };
  const bool live = live_on(globals_);
  if (live) session_->background().spawn(show_progress());
  auto outcome = session_->run(runner_->run());
  if (live) err_ << "\r\033[K" << std::flush;
  session_->persist_waits_in(nullptr);
  auto closed = writer_->close();
  if (!closed && outcome) outcome = store::fail(closed.error());
  if (outcome && stopped) {
    return store::fail(store::ErrorKind::kCanceled, "canceled",
                       "interrupted: what was not sent "
                       "stays queued");
  }
  return outcome;
}

// The batch, or the newest.
store::Result<store::JobBatchRow> find_batch(store::Reader& reader,
                                             std::optional<store::BatchId> id) {
  if (!id) {
    auto newest = reader.job_batches(1);
    if (!newest) return store::fail(newest.error());
    if (!newest->empty()) return std::move(newest->front());
    return store::fail(store::ErrorKind::kUsage, "no_batches", "cannot watch: the queue is empty",
                       "'confmirror jobs submit FILE'");
  }
  auto batch = reader.job_batch(*id);
  if (!batch) return store::fail(batch.error());
  if (*batch) return std::move(**batch);
  return store::fail(store::ErrorKind::kUsage, "unknown_batch",
                     fmt::format("cannot watch batch {}: there is none of that number", *id),
                     "'confmirror jobs list' lists them");
}

bool somebody_executes(const std::filesystem::path& path) {
  const auto probe = store::MirrorLock::acquire(path);
  return !probe && probe.error().kind == store::ErrorKind::kBusy;
}

// Shows a batch while it goes on.
class Watch {
 public:
  Watch(const GlobalOptions& globals, std::ostream& out)
      : live_(live_on(globals) && isatty(STDOUT_FILENO) == 1), quiet_(globals.quiet), out_(out) {}

  void show(const store::JobBatchRow& batch) {
    if (quiet_) return;
    auto text = fmt::format("batch {}: {}", batch.id, states_in_words(batch));
    const auto now = std::chrono::steady_clock::now();
    if (text == shown_ || (!live_ && !shown_.empty() && now - shown_at_ < kShowEvery)) return;
    out_ << (live_ ? "\r\033[K" : "") << text << (live_ ? "" : "\n") << std::flush;
    shown_ = std::move(text);
    shown_at_ = now;
  }
  void finish(const store::JobBatchRow& batch) {
    if (quiet_) return;
    auto text = fmt::format("batch {}: {}", batch.id, states_in_words(batch));
    if (live_) {
      out_ << "\r\033[K" << text << "\n";
    } else if (text != shown_) {
      out_ << text << "\n";
    }
  }

 private:
  bool live_;
  bool quiet_;
  std::ostream& out_;
  std::string shown_;
  std::chrono::steady_clock::time_point shown_at_{};
};

store::Result<void> name_bad_ends(store::Reader& reader, store::BatchId batch, std::ostream& err) {
  store::JobFilter filter;
  filter.batch_id = batch;
  filter.states = {JobState::kFailed, JobState::kConflict, JobState::kInDoubt, JobState::kBlocked,
                   JobState::kCanceled};
  const auto jobs = reader.jobs(filter);
  if (!jobs) return store::fail(jobs.error());
  for (const auto& job : *jobs) {
    err << printable(fmt::format("confmirror: job {} (line {}) {}: {}", job.id, job.line,
                                 job.stuck ? "not tried" : to_string(job.state),
                                 job.stuck ? "what it comes after did not succeed" : job.error))
        << "\n";
  }
  return {};
}

}  // namespace

store::Result<void> execute_batch(const GlobalOptions& globals, std::optional<store::BatchId> batch,
                                  std::ostream& err) {
  return JobsRun(globals, batch, err).run();
}

store::Result<void> await_batch(const GlobalOptions& globals, store::BatchId batch,
                                const std::function<void(const store::JobBatchRow&)>& each,
                                std::ostream& err) {
  const auto path = resolve_mirror_path(globals);
  if (!path) return store::fail(path.error());
  auto reader = open_mirror(globals);
  if (!reader) return store::fail(reader.error());
  const Interrupt interrupt;
  bool told = false;
  std::optional<std::int64_t> seen;
  while (true) {
    const auto version = (*reader)->data_version();
    if (!version) return store::fail(version.error());
    if (seen != *version) {
      seen = *version;
      const auto now = find_batch(**reader, batch);
      if (!now) return store::fail(now.error());
      if (each) each(*now);
      if (now->ended()) return {};
      if (!told && !somebody_executes(*path)) {
        told = true;
        err << "confmirror: nothing executes the queue: start the daemon, or 'confmirror jobs "
               "run'\n"
            << std::flush;
      }
    }
    if (auto canceled = Interrupt::check(); !canceled) return canceled;
    std::this_thread::sleep_for(kLook);
  }
}

int run_jobs_run(const GlobalOptions& globals, std::optional<store::BatchId> batch,
                 std::ostream& out, std::ostream& err) {
  JobsRun work(globals, batch, err);
  const auto outcome = work.run();
  const auto t = work.totals();
  if (globals.json) {
    Json json;
    json["done"] = t.done;
    json["failed"] = t.failed;
    json["conflicts"] = t.conflicts;
    json["inDoubt"] = t.in_doubt;
    json["sent"] = t.sent;
    json["requests"] = work.usage().requests;
    json["refused"] = work.usage().refused;
    json["seconds"] = static_cast<double>(work.elapsed().count()) / 1000.0;
    out << to_line(json);
  } else if (!globals.quiet && work.usage().requests > 0) {
    out << fmt::format("{} done, {} failed, {} in conflict, {} in doubt; {} requests, {}\n",
                       with_thousands(t.done), with_thousands(t.failed),
                       with_thousands(t.conflicts), with_thousands(t.in_doubt),
                       with_thousands(work.usage().requests), in_words(work.elapsed()));
  }
  if (!outcome) return report(outcome.error(), err);
  auto reader = open_mirror(globals);
  if (!reader) return report(reader.error(), err);
  const auto pause = (*reader)->jobs_pause();
  if (pause && *pause && (*pause)->by_user) {
    return report(store::Error(store::ErrorKind::kStopped, "jobs_paused",
                               fmt::format("the queue is paused since {} {}: nothing more is sent",
                                           store::to_iso8601((*pause)->since), (*pause)->reason),
                               "'confmirror jobs resume' ends that"),
                  err);
  }
  return t.failed + t.conflicts + t.in_doubt == 0 ? 0 : kFindings;
}

int run_jobs_watch(const GlobalOptions& globals, std::optional<store::BatchId> batch,
                   std::ostream& out, std::ostream& err) {
  auto reader = open_mirror(globals);
  if (!reader) return report(reader.error(), err);
  const auto found = find_batch(**reader, batch);
  if (!found) return report(found.error(), err);
  Watch watch(globals, out);
  const auto waited = await_batch(
      globals, found->id, [&watch](const store::JobBatchRow& row) { watch.show(row); }, err);
  const auto last = find_batch(**reader, found->id);
  if (last) watch.finish(*last);
  if (!waited) return report(waited.error(), err);
  if (!last) return report(last.error(), err);
  if (ended_well(*last)) return 0;
  const auto named = name_bad_ends(**reader, last->id, err);
  return named ? kFindings : report(named.error(), err);
}

}  // namespace cli
