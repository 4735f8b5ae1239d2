#include "daemon/cli/jobs_run.h"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <memory>
#include <utility>

#include "daemon/base/log.h"
#include "daemon/cli/jobs_watch.h"
#include "daemon/cli/lookup.h"
#include "daemon/cli/progress_line.h"
#include "daemon/cli/report.h"
#include "daemon/cli/row_json.h"
#include "daemon/cli/scope.h"
#include "daemon/cli/site_session.h"
#include "daemon/cli/standstill.h"
#include "daemon/cli/terminal.h"
#include "daemon/cli/text.h"
#include "daemon/edits/job_runner.h"
#include "store/lock.h"

namespace cli {

namespace {

using store::JobState;

constexpr std::chrono::milliseconds kLive{200};

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
  if (batch_) {
    if (const auto found = find_batch(*reader_, batch_, "run"); !found) {
      return store::fail(found.error());
    }
  }
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
    const auto columns = terminal_of(err_).columns;
    const auto text = line();
    err_ << "\r\033[K" << (columns > 1 ? cut_to_columns(text, columns - 1) : text) << std::flush;
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

// Whether anything came to no good end: in this run, and of the batch at any time.
store::Result<bool> all_well(store::Reader& reader, const edits::JobTotals& totals,
                             std::optional<store::BatchId> id) {
  if (totals.failed + totals.conflicts + totals.in_doubt > 0) return false;
  if (!id) return true;
  const auto batch = find_batch(reader, id, "run");
  if (!batch) return store::fail(batch.error());
  const auto doubts = batch->in(JobState::kInDoubt)-batch->in_look;
  return batch->in(JobState::kFailed) + batch->in(JobState::kConflict) + doubts + batch->stuck == 0;
}

void print_summary(const JobsRun& work, const GlobalOptions& globals, std::ostream& out) {
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
}

}  // namespace

store::Result<void> execute_batch(const GlobalOptions& globals, std::optional<store::BatchId> batch,
                                  std::ostream& err) {
  return JobsRun(globals, batch, err).run();
}

int run_jobs_run(const GlobalOptions& globals, std::optional<store::BatchId> batch,
                 std::ostream& out, std::ostream& err) {
  JobsRun work(globals, batch, err);
  const auto outcome = work.run();
  print_summary(work, globals, out);
  if (!outcome) {
    auto error = outcome.error();
    if (error.kind == store::ErrorKind::kBusy) {
      error.hint =
          "a daemon executes the queue by itself, 'confmirror jobs watch' follows it; after a "
          "sync, "
          "run the jobs again";
    }
    return report(error, err);
  }
  auto reader = open_mirror(globals);
  if (!reader) return report(reader.error(), err);
  const auto why = why_not_sent(**reader);
  if (!why) return report(why.error(), err);
  if (*why) return report(**why, err);
  const auto well = all_well(**reader, work.totals(), batch);
  if (!well) return report(well.error(), err);
  return *well ? 0 : kFindings;
}

}  // namespace cli
