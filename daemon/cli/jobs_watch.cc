#include "daemon/cli/jobs_watch.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "daemon/cli/interrupt.h"
#include "daemon/cli/jobs_show.h"
#include "daemon/cli/json_fields.h"
#include "daemon/cli/lookup.h"
#include "daemon/cli/queue_access.h"
#include "daemon/cli/report.h"
#include "daemon/cli/standstill.h"
#include "daemon/cli/terminal.h"
#include "daemon/cli/text.h"
#include "daemon/query/job_json.h"
#include "daemon/serve/parameters.h"
#include "store/lock.h"

namespace cli {

namespace {

constexpr std::chrono::milliseconds kLook{100};
constexpr std::chrono::milliseconds kShowEvery{1000};
constexpr std::chrono::milliseconds kAskAgain{300};

using WatchTime = std::chrono::steady_clock::time_point;

bool somebody_executes(const std::filesystem::path& path) {
  const auto probe = store::MirrorLock::acquire(path);
  return !probe && probe.error().kind == store::ErrorKind::kBusy;
}

using serve::Json;
// Answers as `jobs list --json` does.
using ListJobs = std::function<serve::Reply(const store::JobFilter&)>;

bool ended_badly(const Json& job) {
  const auto state = store::parse_job_state(text(job, "state"));
  if (!state) return false;
  switch (*state) {
    case store::JobState::kFailed:
    case store::JobState::kConflict:
    case store::JobState::kCanceled:
      return true;
    case store::JobState::kInDoubt:
      return text(job, "notBefore").empty();  // left to a person
    default:
      return is_set(job, "notTried");
  }
}

const std::vector<store::JobState>& bad_states() {
  static const std::vector<store::JobState> kStates = {
      store::JobState::kFailed, store::JobState::kConflict, store::JobState::kInDoubt,
      store::JobState::kBlocked, store::JobState::kCanceled};
  return kStates;
}

std::int64_t count_of(const Json& batch, store::JobState state) {
  return number(part(batch, "states"), std::string(to_string(state)).c_str());
}

// A job that is looked into is among them: it is told apart where the jobs are listed.
bool may_have_bad_ends(const Json& batch) {
  if (number(batch, "notTried") > 0) return true;
  return std::ranges::any_of(bad_states(), [&batch](store::JobState state) {
    return state != store::JobState::kBlocked && count_of(batch, state) > 0;
  });
}

bool all_done(const Json& batch) {
  return count_of(batch, store::JobState::kDone) == number(batch, "jobs");
}

// Shows a batch while it goes on.
class Watch {
 public:
  Watch(const GlobalOptions& globals, ListJobs jobs, std::ostream& out, std::ostream& err)
      : json_(globals.json),
        quiet_(globals.quiet && !globals.json),
        columns_(terminal_of(out).columns),
        live_(terminal_of(out).is_terminal && !globals.no_progress && !globals.json),
        jobs_(std::move(jobs)),
        out_(out),
        err_(err) {}

  store::Result<void> show(const Json& batch) {
    const auto now = std::chrono::steady_clock::now();
    const bool due = live_ || !shown_at_ || now - *shown_at_ >= kShowEvery;
    if (due) show_at(now, batch);
    return name_bad_ends(batch);
  }
  store::Result<void> finish(const Json& batch) {
    show_at(std::chrono::steady_clock::now(), batch);
    if (live_ && !quiet_) out_ << "\n" << std::flush;
    live_ = false;
    return name_bad_ends(batch);
  }

 private:
  void show_at(WatchTime now, const Json& batch) {
    auto line = json_ ? serve::to_line(batch)
                      : fmt::format("batch {}: {}", text(batch, "batch"), states_in_words(batch));
    if (quiet_ || line == shown_) return;
    if (live_) {
      out_ << "\r\033[K" << (columns_ > 1 ? cut_to_columns(line, columns_ - 1) : line);
    } else {
      out_ << line << (json_ ? "" : "\n");
    }
    out_ << std::flush;
    shown_ = std::move(line);
    shown_at_ = now;
  }
  // Those that were not named yet, or have come to another bad end since.
  store::Result<void> name_bad_ends(const Json& batch) {
    if (!may_have_bad_ends(batch)) return {};
    store::JobFilter filter;
    filter.batch_id = serve::number_in_path(text(batch, "batch"));
    filter.states = bad_states();
    const auto reply = jobs_(filter);
    if (const auto error = serve::error_of(reply.body)) return store::fail(*error);
    for (const auto& job : part(reply.body, "jobs")) {
      if (!ended_badly(job)) continue;
      auto& named = named_[text(job, "jobId")];
      const auto updated_at = text(job, "updatedAt");
      if (named == updated_at) continue;
      named = updated_at;
      if (live_) out_ << "\r\033[K" << std::flush;
      if (live_) shown_.clear();  // it is shown again below
      err_ << printable(fmt::format("confmirror: job {} (line {}) {}: {}", text(job, "jobId"),
                                    text(job, "line"),
                                    is_set(job, "notTried") ? "not tried" : text(job, "state"),
                                    is_set(job, "notTried") ? "what it comes after did not succeed"
                                                            : text(job, "error")))
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
  ListJobs jobs_;
  std::ostream& out_;
  std::ostream& err_;
  std::string shown_;
  std::optional<WatchTime> shown_at_;
  std::map<std::string, std::string> named_;  // by number: when it was updated
};

// For who may not open the file.
int watch_served(QueueAccess& access, const GlobalOptions& globals,
                 std::optional<store::BatchId> id, std::ostream& out, std::ostream& err) {
  const auto list = [&access](const store::JobFilter& filter) { return access.jobs(filter); };
  Watch watch(globals, list, out, err);
  Standstill standstill(err);
  const Interrupt interrupt;
  while (true) {
    auto batch = access.batch(id);
    if (const auto error = serve::error_of(batch.body)) return report(*error, err);
    id = serve::number_in_path(text(batch.body, "batch"));
    const bool ended = is_set(batch.body, "ended");
    const auto canceled = Interrupt::check();
    const auto shown = ended || !canceled ? watch.finish(batch.body) : watch.show(batch.body);
    if (!shown) return report(shown.error(), err);
    if (ended) return all_done(batch.body) ? 0 : kFindings;
    if (!canceled) return report(canceled.error(), err);
    if (standstill.is_due()) {
      const auto status = access.status();
      if (const auto error = serve::error_of(status.body)) return report(*error, err);
      standstill.look(why_not_sent(status.body));
    }
    std::this_thread::sleep_for(kAskAgain);
  }
}

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
  return serve::batch_of(reader, *id, verb);
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
      const auto why = why_not_sent(**reader);
      if (!why) return store::fail(why.error());
      standstill.look(*why);
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
  if (!reader) {
    QueueAccess access(globals);
    return access.client() ? watch_served(access, globals, batch, out, err)
                           : report(reader.error(), err);
  }
  const auto found = find_batch(**reader, batch, "watch");
  if (!found) return report(found.error(), err);
  const auto list = [&reader](const store::JobFilter& filter) {
    return serve::jobs_reply(**reader, filter);
  };
  Watch watch(globals, list, out, err);
  AwaitOptions options;
  options.each = [&watch](const store::JobBatchRow& row) {
    return watch.show(querying::batch_json(row));
  };
  const auto waited = await_batch(globals, found->id, options, err);
  const auto last = find_batch(**reader, found->id, "watch");
  if (!last) return report(last.error(), err);
  const auto json = querying::batch_json(*last);
  const auto finished = watch.finish(json);
  if (!waited) return report(waited.error(), err);
  if (!finished) return report(finished.error(), err);
  return all_done(json) ? 0 : kFindings;
}

}  // namespace cli
