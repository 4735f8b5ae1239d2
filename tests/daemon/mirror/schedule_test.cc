#include "daemon/mirror/schedule.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <vector>

#include "daemon/mirror/pace.h"

namespace mirror {
namespace {

using namespace std::chrono_literals;
using Steady = Schedule::Steady;

struct Start {
  RunKind kind;
  Steady::duration at;  // since the daemon's start
};

// A daemon whose runs take no time but that of the simulated clock.
class ScheduleTest : public ::testing::Test {
 protected:
  static constexpr Steady kStart = Steady(1000h);

  void given(std::optional<Schedule::Duration> since_full, ScheduleOptions options = {},
             std::uint32_t seed = 7) {
    schedule_.emplace(options, kStart, since_full.has_value(), since_full, seed);
  }
  // Runs until `end` after the start; each run takes as long as `length` says.
  void run_until(Steady::duration end, const std::function<Steady::duration(RunKind)>& length,
                 RunEnd how = RunEnd::kDone) {
    while (true) {
      const auto next = schedule_->next(now_);
      if (next == Steady::max() || next > kStart + end) break;
      ASSERT_GE(next, now_);
      now_ = next;
      const auto kind = schedule_->due(now_);
      ASSERT_TRUE(kind) << "next() names a time at which nothing is due";
      start(*kind);
      now_ += length(*kind);
      schedule_->ended(*kind, how, now_);
    }
    now_ = std::max(now_, kStart + end);
  }
  void start(RunKind kind) {
    schedule_->started(kind, now_);
    starts_.push_back({kind, now_ - kStart});
  }
  std::vector<Steady::duration> starts_of(RunKind kind) const {
    std::vector<Steady::duration> times;
    for (const auto& run : starts_) {
      if (run.kind == kind) times.push_back(run.at);
    }
    return times;
  }

  std::optional<Schedule> schedule_;
  Steady now_ = kStart;
  std::vector<Start> starts_;
};

auto instantly() {
  return [](RunKind) { return Steady::duration(1s); };
}

TEST_F(ScheduleTest, ForTenHoursRunsStartWhereTheyShouldAndTheGridDoesNotDrift) {
  given(std::nullopt, {5min, 3h});
  run_until(10h,
            [](RunKind kind) -> Steady::duration { return kind == RunKind::kFull ? 40s : 2s; });
  const auto full = starts_of(RunKind::kFull);
  ASSERT_EQ(full.size(), 4U);
  for (std::size_t i = 0; i < full.size(); ++i) {
    EXPECT_GE(full[i], 3h * i);
    EXPECT_LE(full[i], 3h * i + Schedule::kMostJitter);
  }
  // One start in each place, a full one in the place of an incremental one.
  EXPECT_EQ(starts_.size(), 120U);
  std::vector<bool> taken(121);
  for (const auto& run : starts_) {
    const auto place = run.at / 5min;
    const auto behind = run.at - place * 5min;
    EXPECT_LE(behind, Schedule::kMostJitter);
    EXPECT_FALSE(taken.at(static_cast<std::size_t>(place))) << "two runs in one place";
    taken.at(static_cast<std::size_t>(place)) = true;
  }
}

TEST_F(ScheduleTest, StartsAreSpreadByJitter) {
  given(0s, {5min, 24h});
  run_until(5h, instantly());
  std::vector<Steady::duration> behind;
  for (const auto at : starts_of(RunKind::kIncremental)) behind.push_back(at % 5min);
  std::sort(behind.begin(), behind.end());
  EXPECT_GT(behind.back() - behind.front(), 15s);
  EXPECT_EQ(std::adjacent_find(behind.begin() + 1, behind.end()), behind.end());
}

TEST_F(ScheduleTest, WhatWasMissedWhileTheMachineSleptIsOneRun) {
  given(0s, {5min, 24h});
  run_until(1h, instantly());
  const auto before = starts_.size();
  now_ += 8h;  // asleep
  run_until(9h + 12min, instantly());
  const auto since = starts_.size() - before;
  EXPECT_EQ(since, 3U) << "one at once, then the places at 9:05 and 9:10";
}

TEST_F(ScheduleTest, ARunThatTakesLongerThanTheIntervalIsNotFollowedByABunch) {
  given(0s, {5min, 24h});
  run_until(2h, [](RunKind) { return Steady::duration(7min); });
  const auto starts = starts_of(RunKind::kIncremental);
  ASSERT_GT(starts.size(), 10U);
  for (std::size_t i = 1; i < starts.size(); ++i) EXPECT_GE(starts[i] - starts[i - 1], 9min);
}

TEST_F(ScheduleTest, AFullRunIsDueByTheAgeOfTheLastOne) {
  given(23h, {5min, 24h});
  run_until(2h, instantly());
  const auto full = starts_of(RunKind::kFull);
  ASSERT_EQ(full.size(), 1U);
  EXPECT_GE(full[0], 1h);
  EXPECT_LE(full[0], 1h + Schedule::kMostJitter);
}

TEST_F(ScheduleTest, OneThatIsOverdueStartsAtOnceAndTheGridStays) {
  given(30h, {5min, 24h});
  run_until(20h, instantly());
  const auto full = starts_of(RunKind::kFull);
  ASSERT_EQ(full.size(), 2U);
  EXPECT_EQ(full[0], 0s);
  EXPECT_GE(full[1], 18h) << "30 h ago plus 48 h";
  EXPECT_LE(full[1], 18h + Schedule::kMostJitter);
}

TEST_F(ScheduleTest, BeforeTheFirstFullRunThereIsNoOther) {
  given(std::nullopt, {5min, 24h});
  run_until(30min, instantly(), RunEnd::kFailed);
  EXPECT_TRUE(starts_of(RunKind::kIncremental).empty());
  EXPECT_GT(starts_of(RunKind::kFull).size(), 2U);
  schedule_->ask();
  EXPECT_EQ(schedule_->due(now_), RunKind::kFull);
}

TEST_F(ScheduleTest, AFullRunThatFailsIsTriedAgainEverMoreRarelyWhileChangesAreFollowed) {
  given(24h, {5min, 24h});
  run_until(10h, instantly(), RunEnd::kFailed);
  const auto full = starts_of(RunKind::kFull);
  ASSERT_GE(full.size(), 5U);
  EXPECT_LE(full.size(), 9U);
  for (std::size_t i = 2; i < full.size(); ++i) {
    EXPECT_GE(full[i] - full[i - 1] + 1min, full[i - 1] - full[i - 2]);
  }
  EXPECT_GT(starts_of(RunKind::kIncremental).size(), 100U);
}

TEST_F(ScheduleTest, AnInterruptedFullRunIsTakenUpAtOnceAndKeepsNoOtherBack) {
  schedule_.emplace(ScheduleOptions{5min, 24h}, kStart, true, std::nullopt, 7);
  ASSERT_EQ(schedule_->due(now_), RunKind::kFull);
  start(RunKind::kFull);
  schedule_->ended(RunKind::kFull, RunEnd::kFailed, now_);
  run_until(4min, instantly());
  EXPECT_EQ(starts_.size(), 1U);
  run_until(10min + 30s, instantly(), RunEnd::kFailed);
  EXPECT_GE(starts_of(RunKind::kIncremental).size(), 1U);
}

TEST_F(ScheduleTest, AFullRunThatAValveStoppedWaitsForItsNextPlace) {
  given(24h, {5min, 24h});
  run_until(20h, instantly(), RunEnd::kStopped);
  EXPECT_EQ(starts_of(RunKind::kFull).size(), 1U);
  EXPECT_GT(starts_of(RunKind::kIncremental).size(), 200U);
}

TEST_F(ScheduleTest, ChangesAreFollowedBesideAFullRunButNotTwiceAtOnce) {
  given(24h, {5min, 24h});
  ASSERT_EQ(schedule_->due(now_), RunKind::kFull);
  start(RunKind::kFull);
  EXPECT_EQ(schedule_->due(now_), std::nullopt) << "it counts as the incremental one too";
  now_ += 6min;
  ASSERT_EQ(schedule_->due(now_), RunKind::kIncremental);
  start(RunKind::kIncremental);
  now_ += 10min;
  EXPECT_EQ(schedule_->due(now_), std::nullopt);
  EXPECT_EQ(schedule_->next(now_), Steady::max());
  schedule_->ended(RunKind::kIncremental, RunEnd::kDone, now_);
  EXPECT_EQ(schedule_->due(now_), std::nullopt) << "what was missed is not caught up";
  schedule_->ended(RunKind::kFull, RunEnd::kDone, now_);
  EXPECT_GT(schedule_->next(now_), now_);
}

TEST_F(ScheduleTest, AFullRunWaitsForAnIncrementalOne) {
  given(23h + 59min, {5min, 24h});
  start(RunKind::kIncremental);
  now_ += 5min;
  EXPECT_EQ(schedule_->due(now_), std::nullopt);
  schedule_->ended(RunKind::kIncremental, RunEnd::kDone, now_);
  EXPECT_EQ(schedule_->due(now_), RunKind::kFull);
}

TEST_F(ScheduleTest, WhatIsAskedForIsDueAtOnceAndRememberedOnceWhileARunIsUnderWay) {
  given(0s, {5min, 24h});
  start(RunKind::kIncremental);
  schedule_->ask();
  schedule_->ask();
  EXPECT_EQ(schedule_->due(now_), std::nullopt);
  schedule_->ended(RunKind::kIncremental, RunEnd::kDone, now_);
  ASSERT_EQ(schedule_->due(now_), RunKind::kIncremental);
  start(RunKind::kIncremental);
  schedule_->ended(RunKind::kIncremental, RunEnd::kDone, now_);
  EXPECT_EQ(schedule_->due(now_), std::nullopt);
}

TEST_F(ScheduleTest, WithoutAnIntervalThereIsOneRunAndThenOnlyWhatIsAskedFor) {
  given(std::nullopt, {0s, 1h});
  run_until(1min, instantly(), RunEnd::kFailed);
  EXPECT_EQ(starts_.size(), 1U);
  run_until(40h, instantly());
  EXPECT_EQ(starts_.size(), 2U) << "it is tried until it succeeds";
  EXPECT_EQ(schedule_->next(now_), Steady::max());
  schedule_->ask();
  EXPECT_EQ(schedule_->due(now_), RunKind::kIncremental);
}

TEST(PaceTest, TurnsAreSpreadEvenlyAndNotSavedUp) {
  Pace pace;
  const Steady start(100h);
  EXPECT_EQ(pace.take(start), 0s);
  EXPECT_EQ(pace.take(start), 0s) << "no budget";
  pace.set(60);
  EXPECT_EQ(pace.take(start), 0s);
  EXPECT_EQ(pace.take(start), 1min);
  EXPECT_EQ(pace.take(start + 1min), 1min);
  EXPECT_EQ(pace.take(start + 5h), 0s);
  EXPECT_EQ(pace.take(start + 5h), 1min);
}

}  // namespace
}  // namespace mirror
