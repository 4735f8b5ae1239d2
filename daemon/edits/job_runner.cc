#include "daemon/edits/job_runner.h"

#include <fmt/format.h>

#include <algorithm>

#include "daemon/base/log.h"
#include "daemon/edits/job_attempt.h"

namespace edits {

namespace {

using store::JobState;
using store::JobUpdate;

constexpr std::chrono::milliseconds kFirstHeldPause{5'000};
constexpr std::chrono::milliseconds kLongestHeldPause{300'000};
constexpr std::size_t kCandidates = 64;

}  // namespace

JobRunner::JobRunner(JobRunnerDeps deps, JobRunnerOptions options)
    : deps_(deps), options_(std::move(options)), tasks_(deps.io), changed_(deps.io) {}

JobRunner::~JobRunner() = default;

void JobRunner::stop() {
  stopping_ = true;
  woken_ = true;
  changed_.notify_all();
}

void JobRunner::wake() {
  ask_again_at_ = {};
  held_pause_ = std::chrono::milliseconds(0);
  well();
  woken_ = true;
  changed_.notify_all();
}

void JobRunner::unwell(const std::string& why) {
  const auto now = deps_.clock.steady();
  if (now < resume_at_) return;  // those that were under way together count once
  const auto longest = options_.longest_pause;
  pause_ = pause_.count() == 0 ? options_.first_pause : std::min(pause_ * 2, longest);
  resume_at_ = now + pause_;
  base::edits_log().warn("the site does not answer: trying again in {} ms: {}", pause_.count(),
                         why);
}

void JobRunner::well() {
  pause_ = std::chrono::milliseconds(0);
  resume_at_ = {};
}

void JobRunner::fail(const store::Error& error) {
  if (!fatal_) fatal_ = error;
  woken_ = true;
  changed_.notify_all();
}

void JobRunner::hold(const store::Error& error) {
  if (!held_.empty()) return;
  held_ = error.message;
  const auto now = deps_.clock.steady();
  // The site may know the app, and not whom it signs for: then it is held again at once.
  const bool again = released_at_ && now - *released_at_ < kLongestHeldPause;
  held_pause_ = again ? std::min(std::max(held_pause_ * 2, kFirstHeldPause), kLongestHeldPause)
                      : kFirstHeldPause;
  ask_again_at_ = now + held_pause_;
  base::edits_log().error(
      "the queue is held: {}: no job fails for it, all go on when the site "
      "knows us again",
      error.message);
}

base::Awaitable<void> JobRunner::note_held(std::string reason) {
  store::Batch batch(0, deps_.clock.now());
  batch.meta[std::string(store::kJobsHeldKey)] =
      reason.empty() ? "" : store::to_iso8601(deps_.clock.now()) + " " + reason;
  auto noted = co_await base::commit(deps_.writer, std::move(batch));
  if (!noted) fail(noted.error());
}

// What an earlier process left on its way.
base::Awaitable<store::Result<void>> JobRunner::begin() {
  store::JobFilter filter;
  filter.states = {JobState::kSending};
  auto query = [filter](store::Reader& reader) { return reader.jobs(filter); };
  auto left = co_await read(std::move(query));
  if (!left) co_return store::fail(left.error());
  store::Batch batch(0, deps_.clock.now());
  for (const auto& job : *left) {
    const bool lost = is_draft_create(job);
    JobUpdate update(job.id, {JobState::kSending}, JobState::kInDoubt,
                     "the program ended while it was being sent");
    if (lost) {
      update.error =
          "it may have been created: the site lists no drafts; look for it there, then "
          "retry or cancel it";
      ++totals_.in_doubt;
    } else {
      update.not_before = deps_.clock.now();
    }
    batch.jobs.push_back(std::move(update));
  }
  auto committed = co_await base::commit(deps_.writer, std::move(batch));
  if (!committed) co_return store::fail(committed.error());
  if (!left->empty()) {
    base::edits_log().warn("looking into jobs that were being sent when the last run ended jobs={}",
                           left->size());
  }
  co_return store::Result<void>();
}

base::Awaitable<store::Result<void>> JobRunner::run() {
  if (options_.until_idle) {
    // Nobody waits in the foreground for a site that cannot be asked.
    auto who = co_await deps_.client.who_am_i();
    if (!who) co_return store::fail(who.error());
    account_id_ = who->account_id;
    co_await note_held({});
  }
  auto begun = co_await begin();
  if (!begun) co_return begun;
  while (!stopping_ && !fatal_) {
    woken_ = false;
    if (account_id_.empty() || !held_.empty()) co_await identify();
    if (fatal_ || stopping_) break;
    co_await dispatch();
    if (fatal_ || stopping_) break;
    if (options_.until_idle && in_flight_.empty()) {
      if (!held_.empty()) {
        co_return store::fail(store::ErrorKind::kCredentialsBad, "jobs_held", held_,
                              "mend the credentials, then run the jobs again: none has failed");
      }
      const bool finished = paused_ || co_await idle();
      if (finished) break;
    }
    co_await await_change();
    if (tasks_.canceled()) break;  // by a defect in one of them: join() says which
  }
  co_await tasks_.join();
  if (fatal_) co_return store::fail(*fatal_);
  co_return store::Result<void>();
}

base::Awaitable<bool> JobRunner::idle() {
  auto query = [batch = options_.batch](store::Reader& reader) { return reader.jobs_left(batch); };
  auto left = co_await read(std::move(query));
  if (!left) {
    fail(left.error());
    co_return true;
  }
  co_return !*left;
}

// Who we are: at the start, and again after the site did not know us.
base::Awaitable<void> JobRunner::identify() {
  const auto now = deps_.clock.steady();
  if (now < (held_.empty() ? resume_at_ : ask_again_at_)) co_return;
  auto who = co_await deps_.client.who_am_i();
  if (who) {
    account_id_ = who->account_id;
    if (!std::exchange(held_, {}).empty()) {
      released_at_ = now;
      base::edits_log().warn("the site knows us again: jobs go on");
    }
    co_await note_held({});
  } else if (!held_.empty()) {
    held_pause_ = std::min(std::max(held_pause_ * 2, kFirstHeldPause), kLongestHeldPause);
    ask_again_at_ = deps_.clock.steady() + held_pause_;
  } else if (who.error().kind == store::ErrorKind::kCredentialsBad) {
    hold(who.error());
    co_await note_held(held_);
  } else {
    unwell(who.error().message);
  }
}

base::Awaitable<void> JobRunner::dispatch() {
  const auto room = static_cast<std::size_t>(options_.max_concurrency);
  if (account_id_.empty() || !held_.empty()) co_return;
  if (in_flight_.size() >= room || !deps_.governor.open()) co_return;
  if (deps_.clock.steady() < resume_at_) co_return;
  struct Look {
    Seen seen;
    bool paused = false;
    std::vector<store::JobId> ready;
  };
  auto query = [now = deps_.clock.now(),
                limit = room + kCandidates](store::Reader& reader) -> store::Result<Look> {
    Look look;
    auto version = reader.data_version();  // before the rest, which may be newer
    if (!version) return store::fail(version.error());
    look.seen.data_version = *version;
    auto next = reader.next_job_time(now);
    if (!next) return store::fail(next.error());
    look.seen.next = *next;
    auto pause = reader.jobs_pause();
    if (!pause) return store::fail(pause.error());
    look.paused = *pause && (*pause)->by_user;
    if (look.paused) return look;
    auto ready = reader.ready_jobs(now, limit);
    if (!ready) return store::fail(ready.error());
    look.ready = std::move(*ready);
    return look;
  };
  auto look = co_await read(std::move(query));
  if (!look) {
    fail(look.error());
    co_return;
  }
  seen_ = look->seen;
  if (look->paused != paused_) {
    paused_ = look->paused;
    base::edits_log().warn(paused_ ? "the queue is paused" : "the queue goes on");
  }
  for (const auto id : look->ready) {
    if (in_flight_.size() >= room || stopping_) break;
    if (!in_flight_.insert(id).second) continue;
    tasks_.spawn(work(id));
  }
}

base::Awaitable<void> JobRunner::work(store::JobId id) {
  struct End {
    JobRunner& self;
    store::JobId id;
    ~End() {
      self.in_flight_.erase(id);
      self.woken_ = true;
      self.changed_.notify_all();
    }
  };
  const End end{*this, id};
  auto query = [id](store::Reader& reader) { return reader.job(id, true); };
  auto job = co_await read(std::move(query));
  if (!job) {
    fail(job.error());
    co_return;
  }
  if (!*job) co_return;
  // Somebody may have taken it back since dispatch() looked.
  const auto state = (*job)->state;
  const bool ours = state == JobState::kQueued || state == JobState::kWaiting ||
                    (state == JobState::kInDoubt && (*job)->not_before);
  if (!ours) co_return;
  Attempt attempt(*this, std::move(**job));
  co_await attempt.run();
}

// Until something has happened here, the next one's time has come, or somebody else has changed the
// mirror since dispatch() looked.
base::Awaitable<void> JobRunner::await_change() {
  const auto seen = std::exchange(seen_, std::nullopt);
  while (!woken_ && !stopping_ && !fatal_) {
    auto pause = options_.poll;
    if (seen && seen->next) {
      pause = std::clamp(*seen->next - deps_.clock.now(), std::chrono::milliseconds(1), pause);
    }
    co_await changed_.wait_for(pause);
    if (!seen || woken_) co_return;
    if (seen->next && *seen->next <= deps_.clock.now()) co_return;
    auto query = [](store::Reader& reader) { return reader.data_version(); };
    auto version = co_await read(std::move(query));
    if (!version) fail(version.error());
    if (!version || *version != seen->data_version) co_return;
  }
}

}  // namespace edits
