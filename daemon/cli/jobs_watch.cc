#include "daemon/cli/jobs_watch.h"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <map>
#include <thread>
#include <utility>

#include "daemon/cli/interrupt.h"
#include "daemon/cli/jobs_show.h"
#include "daemon/cli/lookup.h"
#include "daemon/cli/report.h"
#include "daemon/cli/terminal.h"
#include "daemon/cli/text.h"
#include "daemon/query/job_json.h"
#include "store/lock.h"

namespace cli {

namespace {

constexpr std::chrono::milliseconds kLook{100};
constexpr std::chrono::milliseconds kShowEvery{1000};

using WatchTime = std::chrono::steady_clock::time_point;

bool somebody_executes(const std::filesystem::path& path) {
  const auto probe = store::MirrorLock::acquire(path);
  return !probe && probe.error().kind == store::ErrorKind::kBusy;
}

bool ended_badly(const store::Job& job) {
  switch (job.state) {
    case store::JobState::kFailed:
    case store::JobState::kConflict:
    case store::JobState::kCanceled:
      return true;
    case store::JobState::kInDoubt:
      return !job.not_before;  // left to a person
    default:
      return job.stuck;
  }
}

std::int64_t bad_ends(const store::JobBatchRow& batch) {
  return batch.in(store::JobState::kFailed) + batch.in(store::JobState::kConflict) +
         batch.in(store::JobState::kCanceled) + batch.in(store::JobState::kInDoubt)-batch.in_look +
         batch.stuck;
}

// Shows a batch while it goes on.
class Watch {
 public:
  Watch(const GlobalOptions& globals, store::Reader& reader, std::ostream& out, std::ostream& err)
      : json_(globals.json),
        quiet_(globals.quiet && !globals.json),
        columns_(terminal_of(out).columns),
        live_(terminal_of(out).is_terminal && !globals.no_progress && !globals.json),
        reader_(reader),
        out_(out),
        err_(err) {}

  store::Result<void> show(const store::JobBatchRow& batch) {
    const auto now = std::chrono::steady_clock::now();
    const bool due = live_ || !shown_at_ || now - *shown_at_ >= kShowEvery;
    if (due) show_at(now, batch);
    return name_bad_ends(batch);
  }
  store::Result<void> finish(const store::JobBatchRow& batch) {
    show_at(std::chrono::steady_clock::now(), batch);
    if (live_ && !quiet_) out_ << "\n" << std::flush;
    live_ = false;
    return name_bad_ends(batch);
  }

 private:
  void show_at(WatchTime now, const store::JobBatchRow& batch) {
    auto text = json_ ? to_line(querying::batch_json(batch))
                      : fmt::format("batch {}: {}", batch.id, states_in_words(batch));
    if (quiet_ || text == shown_) return;
    if (live_) {
      out_ << "\r\033[K" << (columns_ > 1 ? cut_to_columns(text, columns_ - 1) : text);
    } else {
      out_ << text << (json_ ? "" : "\n");
    }
    out_ << std::flush;
    shown_ = std::move(text);
    shown_at_ = now;
  }
  // Those that were not named yet, or have come to another bad end since.
  store::Result<void> name_bad_ends(const store::JobBatchRow& batch) {
    if (bad_ends(batch) == 0) return {};
    store::JobFilter filter;
    filter.batch_id = batch.id;
    filter.states = {store::JobState::kFailed, store::JobState::kConflict,
                     store::JobState::kInDoubt, store::JobState::kBlocked,
                     store::JobState::kCanceled};
    const auto jobs = reader_.jobs(filter);
    if (!jobs) return store::fail(jobs.error());
    for (const auto& job : *jobs) {
      if (!ended_badly(job)) continue;
      auto& named = named_[job.id];
      if (named == job.updated_at) continue;
      named = job.updated_at;
      if (live_) out_ << "\r\033[K" << std::flush;
      if (live_) shown_.clear();  // it is shown again below
      err_ << printable(fmt::format("confmirror: job {} (line {}) {}: {}", job.id, job.line,
                                    job.stuck ? "not tried" : to_string(job.state),
                                    job.stuck ? "what it comes after did not succeed" : job.error))
           << "\n"
           << std::flush;
    }
    if (live_ && shown_.empty()) show_at(std::chrono::steady_clock::now(), batch);
    return {};
  }

  bool json_;
  bool quiet_;
  std::size_t columns_;
  bool live_;
  store::Reader& reader_;
  std::ostream& out_;
  std::ostream& err_;
  std::string shown_;
  std::optional<WatchTime> shown_at_;
  std::map<store::JobId, store::Time> named_;
};

// Tells each reason once, until it is another one.
class Standstill {
 public:
  explicit Standstill(std::ostream& err) : err_(err) {}

  store::Result<void> look(store::Reader& reader) {
    const auto why = why_not_sent(reader);
    if (!why) return store::fail(why.error());
    const auto text = *why ? (*why)->message : std::string();
    if (text != told_ && *why) report(**why, err_);
    told_ = text;
    return {};
  }
  void nobody_executes() {
    if (std::exchange(unattended_, true)) return;
    err_ << "confmirror: nothing executes the queue: start the daemon, or 'confmirror jobs run'\n"
         << std::flush;
  }
  bool told_that_nobody_executes() const { return unattended_; }

 private:
  std::ostream& err_;
  std::string told_;
  bool unattended_ = false;
};

}  // namespace

store::Result<store::JobBatchRow> find_batch(store::Reader& reader,
                                             std::optional<store::BatchId> id, const char* verb) {
  if (!id) {
    auto newest = reader.job_batches(1);
    if (!newest) return store::fail(newest.error());
    if (!newest->empty()) return std::move(newest->front());
    return store::fail(store::ErrorKind::kUsage, "no_batches",
                       fmt::format("cannot {}: the queue is empty", verb),
                       "'confmirror jobs submit FILE'");
  }
  auto batch = reader.job_batch(*id);
  if (!batch) return store::fail(batch.error());
  if (*batch) return std::move(**batch);
  return store::fail(store::ErrorKind::kUsage, "unknown_batch",
                     fmt::format("cannot {} batch {}: there is none of that number", verb, *id),
                     "'confmirror jobs list' lists them");
}

store::Result<std::optional<store::Error>> why_not_sent(store::Reader& reader) {
  const auto pause = reader.jobs_pause();
  if (!pause) return store::fail(pause.error());
  if (!*pause) return std::optional<store::Error>();
  const bool by_user = (*pause)->by_user;
  return std::optional(store::Error(
      by_user ? store::ErrorKind::kStopped : store::ErrorKind::kCredentialsBad,
      by_user ? "jobs_paused" : "jobs_held",
      fmt::format("the queue is {} since {}: {}: nothing more is sent", by_user ? "paused" : "held",
                  store::to_iso8601((*pause)->since), (*pause)->reason),
      by_user ? "'confmirror jobs resume' ends that"
              : "mend the credentials ('confmirror check' tries them): no job fails meanwhile"));
}

store::Result<Awaited> await_batch(const GlobalOptions& globals, store::BatchId batch,
                                   const AwaitOptions& options, std::ostream& err) {
  const auto path = resolve_mirror_path(globals);
  if (!path) return store::fail(path.error());
  auto reader = open_mirror(globals);
  if (!reader) return store::fail(reader.error());
  const Interrupt interrupt;
  Standstill standstill(err);
  std::optional<std::int64_t> seen;
  std::optional<WatchTime> looked_at;
  while (true) {
    const auto version = (*reader)->data_version();
    if (!version) return store::fail(version.error());
    const auto now = std::chrono::steady_clock::now();
    const bool due = !looked_at || now - *looked_at >= kShowEvery;
    if (seen != *version || due) {
      seen = *version;
      looked_at = now;
      const auto row = find_batch(**reader, batch, "wait for");
      if (!row) return store::fail(row.error());
      if (options.each) {
        if (auto shown = options.each(*row); !shown) return store::fail(shown.error());
      }
      if (row->ended()) return Awaited::kEnded;
      if (auto told = standstill.look(**reader); !told) return store::fail(told.error());
    }
    // Once only where nobody does: the probe itself holds the lock for a moment.
    if (due && !standstill.told_that_nobody_executes() && !somebody_executes(*path)) {
      if (options.leave_when_unattended) return Awaited::kUnattended;
      standstill.nobody_executes();
    }
    if (auto canceled = Interrupt::check(); !canceled) return store::fail(canceled.error());
    std::this_thread::sleep_for(kLook);
  }
}

int run_jobs_watch(const GlobalOptions& globals, std::optional<store::BatchId> batch,
                   std::ostream& out, std::ostream& err) {
  auto reader = open_mirror(globals);
  if (!reader) return report(reader.error(), err);
  const auto found = find_batch(**reader, batch, "watch");
  if (!found) return report(found.error(), err);
  Watch watch(globals, **reader, out, err);
  AwaitOptions options;
  options.each = [&watch](const store::JobBatchRow& row) { return watch.show(row); };
  const auto waited = await_batch(globals, found->id, options, err);
  const auto last = find_batch(**reader, found->id, "watch");
  if (!last) return report(last.error(), err);
  const auto finished = watch.finish(*last);
  if (!waited) return report(waited.error(), err);
  if (!finished) return report(finished.error(), err);
  return last->in(store::JobState::kDone) == last->jobs ? 0 : kFindings;
}

}  // namespace cli
