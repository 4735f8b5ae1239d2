#include "daemon/mirror/schedule.h"

#include <algorithm>

namespace mirror {

namespace {
constexpr int kMostDoublings = 16;
constexpr int kJitterShare = 10;
constexpr int kRetryShare = 4;
}  // namespace

Schedule::Schedule(ScheduleOptions options, Steady start, bool whole,
                   std::optional<Duration> since_full, std::uint32_t seed)
    : random_(seed), whole_(whole) {
  incremental_ = {options.interval, start, start};
  full_ = {options.reconcile_interval, start, start};
  if (!since_full) return;
  full_.place = start - *since_full;
  if (*since_full < full_.interval) move_on(full_, start);
}

void Schedule::move_on(Grid& grid, Steady now) {
  if (once()) {
    grid.due = Steady::max();
    return;
  }
  if (grid.place <= now) grid.place += ((now - grid.place) / grid.interval + 1) * grid.interval;
  const auto most = std::min<Duration>(grid.interval / kJitterShare, kMostJitter);
  std::uniform_int_distribution<Duration::rep> jitter(0, most.count());
  grid.due = grid.place + Duration(jitter(random_));
}

Schedule::Duration Schedule::retry_pause() const {
  if (once()) return kRetryOnce;
  const Duration most = whole_ ? full_.interval / kRetryShare : Duration(kLongestRetryAtFirst);
  const auto longest = std::max(incremental_.interval, most);
  auto pause = incremental_.interval;
  for (int i = 1; i < std::min(failures_, kMostDoublings) && pause < longest; ++i) pause *= 2;
  return std::min(pause, longest);
}

Schedule::Steady Schedule::incremental_due() const {
  const bool soon =
      !full_runs_ && full_.due > incremental_.due && full_.due - incremental_.due <= kMostJitter;
  return soon ? full_.due : incremental_.due;
}

std::optional<RunKind> Schedule::due(Steady now) const {
  if (incremental_runs_) return std::nullopt;
  if (!full_runs_ && now >= full_.due) return RunKind::kFull;
  if (whole_ && (asked_ || now >= incremental_due())) return RunKind::kIncremental;
  if (!whole_ && !full_runs_ && asked_) return RunKind::kFull;
  return std::nullopt;
}

Schedule::Steady Schedule::next(Steady now) const {
  if (due(now)) return now;
  if (incremental_runs_) return Steady::max();
  auto at = Steady::max();
  if (!full_runs_) at = std::min(at, full_.due);
  if (whole_) at = std::min(at, incremental_due());
  return at;
}

void Schedule::started(RunKind kind, Steady now) {
  asked_ = false;
  (kind == RunKind::kFull ? full_runs_ : incremental_runs_) = true;
  move_on(incremental_, now);
}

void Schedule::ended(RunKind kind, RunEnd how, Steady now) {
  if (kind == RunKind::kIncremental) {
    incremental_runs_ = false;
    move_on(incremental_, now);
    if (once() && how == RunEnd::kFailed) incremental_.due = now + kRetryOnce;
    return;
  }
  full_runs_ = false;
  if (how == RunEnd::kFailed) {
    ++failures_;
    full_.due = now + retry_pause();
    return;
  }
  failures_ = 0;
  whole_ = whole_ || how == RunEnd::kDone;
  move_on(incremental_, now);
  move_on(full_, now);
}

}  // namespace mirror
