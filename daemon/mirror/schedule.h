#pragma once

// When the daemon syncs. Pure: every time is passed in, and comes from a clock that never steps and
// goes on while the machine sleeps, so that neither a wrong wall clock nor a closed laptop makes
// runs come early, late, or in bunches.
//
// 1. Incremental runs follow a grid of `interval`, full runs one of `reconcile_interval` that
//    begins at the last full run. A start is up to a tenth of the interval (at most kMostJitter)
//    behind its place on the grid; the grid itself never drifts.
// 2. One run of each kind at a time. What fell due while the last one ran, or while the machine
//    slept, is one run, not many.
// 3. An incremental run needs what a full one has seen: before the first full run there is none. A
//    full run counts as the incremental one of its time (it follows changes too), which waits for
//    it if it is due within kMostJitter; it waits for one that is under way, and lets those that
//    fall due later run beside it.
// 4. A full run that failed is tried again after `interval`, doubled each time, at most after a
//    quarter of reconcile_interval (before the first whole one, kLongestRetryAtFirst); one that a
//    safety valve stopped waits for its next place. An incremental one that failed waits for its
//    next place anyway.
// 5. ask() makes a run due now: an incremental one where that is possible. While one is under way
//    it is remembered, once.
// 6. interval 0: one run, tried until it succeeds, then only what is asked for.
//
// One owner, no locks.

#include <chrono>
#include <cstdint>
#include <optional>
#include <random>

#include "daemon/base/clock.h"

namespace mirror {

enum class RunKind { kIncremental, kFull };
// A full run is done if it has seen everything.
enum class RunEnd { kDone, kFailed, kStopped };

struct ScheduleOptions {
  std::chrono::milliseconds interval{300'000};  // 0 = once
  std::chrono::milliseconds reconcile_interval{86'400'000};
};

class Schedule {
 public:
  using Steady = base::Clock::Steady;
  using Duration = Steady::duration;

  static constexpr std::chrono::minutes kMostJitter{1};
  // The pause after a failed run where interval is 0.
  static constexpr std::chrono::minutes kRetryOnce{5};
  static constexpr std::chrono::minutes kLongestRetryAtFirst{15};

  // `whole`: a full run has ended before. `since_full`: how long ago; nullopt: one is due.
  Schedule(ScheduleOptions options, Steady start, bool whole, std::optional<Duration> since_full,
           std::uint32_t seed);

  // What is to be started now.
  std::optional<RunKind> due(Steady now) const;
  // When something is due next, if nothing ends or is asked for before; Steady::max() = never.
  Steady next(Steady now) const;

  void started(RunKind kind, Steady now);
  void ended(RunKind kind, RunEnd how, Steady now);
  void ask() { asked_ = true; }

 private:
  struct Grid {
    Duration interval{};
    Steady place{};  // on the grid
    Steady due{};    // with jitter; Steady::max() = not by itself
  };
  // The first place after `now`.
  void move_on(Grid& grid, Steady now);
  bool once() const { return incremental_.interval.count() == 0; }
  Duration retry_pause() const;
  Steady incremental_due() const;

  std::minstd_rand random_;
  Grid incremental_;
  Grid full_;
  bool whole_ = false;  // a full run came to its end
  bool incremental_runs_ = false;
  bool full_runs_ = false;
  bool asked_ = false;
  int failures_ = 0;  // full runs in a row
};

}  // namespace mirror
