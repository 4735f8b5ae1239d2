// The governor as coroutines wait for it. The event loop is the test's own and turned by hand.

#include "daemon/confluence/governor.h"

#include <gtest/gtest.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <deque>
#include <vector>

namespace confluence {

using namespace std::chrono_literals;
namespace asio = boost::asio;

namespace {

class FakeClock final : public base::Clock {
 public:
  store::Time now() const override {
    return store::Time(1'800'000'000s) +
           std::chrono::duration_cast<std::chrono::milliseconds>(time_ - kStart);
  }
  Steady steady() const override { return time_; }
  void pass(Steady::duration time) { time_ += time; }

 private:
  static constexpr Steady kStart{1000s};
  Steady time_ = kStart;
};

http::Response response(int status, std::string retry_after = {}) {
  http::Response out;
  out.status = status;
  if (!retry_after.empty()) out.headers.add("Retry-After", std::move(retry_after));
  return out;
}

class GovernorTest : public testing::Test {
 protected:
  void SetUp() override { start({}); }

  void start(GovernorOptions options) {
    governor_.reset();
    auto persist = [this](std::optional<store::Time> until, const std::string& reason) {
      persisted_.emplace_back(until, reason);
    };
    governor_.emplace(io_, clock_, options, persist);
  }

  static base::Awaitable<void> take(Governor& governor, Priority priority, std::string name,
                                    GovernorTest& test) {
    auto permit = co_await governor.acquire(priority);
    test.order_.push_back(std::move(name));
    test.permits_.push_back(std::move(permit));
  }
  // A coroutine that asks for a permit and keeps it in permits_.
  void ask(Priority priority, std::string name = {}) {
    asio::co_spawn(io_, take(*governor_, priority, std::move(name), *this), asio::detached);
    turn();
  }
  // What is ready runs; nothing is waited for.
  void turn() {
    if (io_.stopped()) io_.restart();
    io_.poll();
  }
  void answer(std::size_t place, const http::Response& with) {
    permits_.at(place).answered(with);
    turn();
  }

  FakeClock clock_;
  std::vector<std::pair<std::optional<store::Time>, std::string>> persisted_;
  std::vector<std::string> order_;
  std::deque<Governor::Permit> permits_;
  asio::io_context io_{1};
  std::optional<Governor> governor_;
};

}  // namespace

TEST_F(GovernorTest, AtMostTheConcurrencyIsOutAtOnceAndAPermitIsHandedOnInTheSameTurn) {
  for (int i = 0; i < 12; ++i) ask(Priority::kBodies);
  EXPECT_EQ(permits_.size(), 8U);
  EXPECT_EQ(governor_->status().in_flight, 8);
  EXPECT_EQ(governor_->status().waiting, 4);
  for (std::size_t i = 0; i < 4; ++i) {
    // poll() runs what is ready and never sleeps: there was no timer in between.
    answer(i, response(200));
    EXPECT_EQ(permits_.size(), 9 + i);
  }
  EXPECT_EQ(governor_->status().waiting, 0);
}

TEST_F(GovernorTest, TheUrgentGoFirstAndEqualsInTheirOrder) {
  GovernorOptions one;
  one.max_concurrency = 1;
  start(one);
  ask(Priority::kBodies, "first");
  ask(Priority::kHistory, "h1");
  ask(Priority::kBodies, "b1");
  ask(Priority::kBodies, "b2");
  ask(Priority::kHeadPoll, "p1");
  ask(Priority::kWrite, "w1");
  ask(Priority::kWrite, "w2");
  for (std::size_t i = 0; i < 6; ++i) answer(i, response(200));
  EXPECT_EQ(order_, (std::vector<std::string>{"first", "w1", "w2", "p1", "b1", "b2", "h1"}));
}

TEST_F(GovernorTest, NothingIsGrantedWhileAWaitIsOpen) {
  for (int i = 0; i < 8; ++i) ask(Priority::kBodies);
  ask(Priority::kWrite);
  answer(0, response(429, "600"));
  EXPECT_EQ(permits_.size(), 8U);
  EXPECT_FALSE(governor_->open());
  for (std::size_t i = 1; i < 8; ++i) answer(i, response(200));
  ask(Priority::kWrite);
  EXPECT_EQ(permits_.size(), 8U);
  EXPECT_EQ(governor_->status().waiting, 2);
  ASSERT_TRUE(governor_->status().closed_until);
  EXPECT_EQ(governor_->status().closed_reason, "HTTP 429");
  clock_.pass(599s);
  ask(Priority::kWrite);
  EXPECT_EQ(permits_.size(), 8U);
  clock_.pass(40s);  // and its jitter
  ask(Priority::kWrite);
  EXPECT_EQ(permits_.size(), 12U);  // so long a wait teaches no pace
  EXPECT_TRUE(governor_->open());
  EXPECT_FALSE(governor_->status().closed_until);
}

TEST_F(GovernorTest, AWaitEndsByItself) {
  base::SystemClock clock;
  GovernorOptions options;
  Governor governor(io_, clock, options, nullptr);
  asio::co_spawn(io_, take(governor, Priority::kBodies, "", *this), asio::detached);
  turn();
  permits_.at(0).answered(response(503, "1"));
  asio::co_spawn(io_, take(governor, Priority::kBodies, "", *this), asio::detached);
  turn();
  ASSERT_EQ(permits_.size(), 1U);
  const auto begin = std::chrono::steady_clock::now();
  while (permits_.size() < 2 && std::chrono::steady_clock::now() - begin < 10s) {
    if (io_.stopped()) io_.restart();
    io_.run_one_for(100ms);
  }
  ASSERT_EQ(permits_.size(), 2U);
  EXPECT_GE(std::chrono::steady_clock::now() - begin, 1s);
  EXPECT_LE(std::chrono::steady_clock::now() - begin, 3s);
  permits_.clear();
}

TEST_F(GovernorTest, EveryWaitIsHandedOnToBeKeptAndItsEndToo) {
  ask(Priority::kBodies);
  answer(0, response(429, "600"));
  ASSERT_EQ(persisted_.size(), 1U);
  ASSERT_TRUE(persisted_[0].first);
  EXPECT_GE(*persisted_[0].first, clock_.now() + 600s);
  EXPECT_EQ(persisted_[0].second, "HTTP 429");
  clock_.pass(700s);
  ask(Priority::kBodies);
  ASSERT_EQ(persisted_.size(), 2U);
  EXPECT_FALSE(persisted_[1].first);
}

TEST_F(GovernorTest, ARestoredWaitHoldsAndIsNotPersistedAgain) {
  governor_->restore(clock_.now() + 60s, "HTTP 429");
  EXPECT_TRUE(persisted_.empty());
  ask(Priority::kWrite);
  EXPECT_TRUE(permits_.empty());
  EXPECT_EQ(governor_->status().closed_until, clock_.now() + 60s);
  clock_.pass(61s);
  ask(Priority::kWrite);
  EXPECT_EQ(permits_.size(), 2U);
  ASSERT_EQ(persisted_.size(), 1U);
  EXPECT_FALSE(persisted_[0].first);
}

TEST_F(GovernorTest, ARestoredWaitThatIsOverIsForgotten) {
  governor_->restore(clock_.now() - 60s, "HTTP 429");
  ASSERT_EQ(persisted_.size(), 1U);
  EXPECT_FALSE(persisted_[0].first);
  ask(Priority::kWrite);
  EXPECT_EQ(permits_.size(), 1U);
}

TEST_F(GovernorTest, APermitWithoutAnAnswerCountsAsALostOne) {
  ask(Priority::kBodies);
  EXPECT_EQ(governor_->status().concurrency, 8);
  permits_.clear();
  EXPECT_EQ(governor_->status().in_flight, 0);
  EXPECT_EQ(governor_->status().concurrency, 5);
}

TEST_F(GovernorTest, AWithdrawnPermitIsFreeAtOnceAndTeachesNothing) {
  GovernorOptions one;
  one.max_concurrency = 1;
  start(one);
  ask(Priority::kBodies);
  ask(Priority::kBodies);
  ASSERT_EQ(permits_.size(), 1U);
  permits_[0].withdrawn();
  turn();
  EXPECT_EQ(permits_.size(), 2U);
  EXPECT_EQ(governor_->status().concurrency, 1);
}

TEST_F(GovernorTest, AMovedPermitIsSpentOnce) {
  ask(Priority::kBodies);
  {
    auto moved = std::move(permits_[0]);
    EXPECT_EQ(governor_->status().in_flight, 1);
    moved.answered(response(200));
    EXPECT_EQ(governor_->status().in_flight, 0);
  }
  permits_.clear();
  EXPECT_EQ(governor_->status().in_flight, 0);
  EXPECT_EQ(governor_->status().concurrency, 8);
}

TEST_F(GovernorTest, WhoIsCancelledWhileWaitingLeavesTheQueue) {
  GovernorOptions one;
  one.max_concurrency = 1;
  start(one);
  ask(Priority::kBodies);
  asio::cancellation_signal signal;
  asio::co_spawn(io_, take(*governor_, Priority::kWrite, "gone", *this),
                 asio::bind_cancellation_slot(signal.slot(), asio::detached));
  turn();
  ask(Priority::kBodies, "next");
  signal.emit(asio::cancellation_type::terminal);
  turn();
  EXPECT_EQ(governor_->status().waiting, 1);
  answer(0, response(200));
  EXPECT_EQ(order_.back(), "next");
}

TEST_F(GovernorTest, AGovernorThatGoesEndsTheWaitsAndItsPermitsAreHarmless) {
  for (int i = 0; i < 10; ++i) ask(Priority::kBodies);
  governor_.reset();
  turn();
  EXPECT_EQ(permits_.size(), 8U);
  permits_[0].answered(response(200));
  permits_[1].withdrawn();
  permits_.clear();
  turn();
  EXPECT_TRUE(io_.stopped()) << "nobody waits any more";
}

TEST_F(GovernorTest, AnEventLoopThatEndsTakesTheWaitingWithIt) {
  FakeClock clock;
  std::optional<asio::io_context> io(std::in_place, 1);
  std::optional<Governor> governor(std::in_place, *io, clock, GovernorOptions{}, nullptr);
  std::deque<Governor::Permit> kept;
  auto hold = [](Governor& from, std::deque<Governor::Permit>& to) -> base::Awaitable<void> {
    auto permit = co_await from.acquire(Priority::kBodies);
    to.push_back(std::move(permit));
  };
  for (int i = 0; i < 10; ++i) asio::co_spawn(*io, hold(*governor, kept), asio::detached);
  io->poll();
  EXPECT_EQ(kept.size(), 8U);
  governor.reset();
  io.reset();
  kept.clear();
}

TEST_F(GovernorTest, CapacityIsIdleOnlyWhileNothingHolds) {
  EXPECT_TRUE(governor_->idle_capacity());
  for (int i = 0; i < 8; ++i) ask(Priority::kBodies);
  EXPECT_FALSE(governor_->idle_capacity());
  answer(0, response(200));
  EXPECT_TRUE(governor_->idle_capacity());
  answer(1, response(429, "60"));
  EXPECT_FALSE(governor_->idle_capacity());
}

}  // namespace confluence
