#include "daemon/base/async.h"

#include <gmock/gmock.h>

#include <atomic>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace base {

using namespace std::chrono_literals;

namespace {

class AsyncTest : public testing::Test {
 protected:
  template <typename Condition>
  bool run_until(Condition condition) {
    const auto end = std::chrono::steady_clock::now() + 20s;
    while (!condition() && std::chrono::steady_clock::now() < end) {
      if (io_.stopped()) io_.restart();
      io_.run_one_for(20ms);
    }
    return condition();
  }
  // Runs a coroutine to its end; what it throws is thrown here.
  void run(Awaitable<void> work) {
    std::optional<std::exception_ptr> end;
    asio::co_spawn(io_, std::move(work), [&end](std::exception_ptr e) { end = e; });
    ASSERT_TRUE(run_until([&] { return end.has_value(); }));
    if (*end) std::rethrow_exception(*end);
  }

  asio::io_context io_{1};
};

template <typename Work>
Awaitable<void> run_into(asio::thread_pool& pool, Work work, std::invoke_result_t<Work&>& out) {
  out = co_await run_on(pool, std::move(work));
}

template <typename Work>
Awaitable<void> run_plain(asio::thread_pool& pool, Work work) {
  co_await run_on(pool, std::move(work));
}

}  // namespace

TEST_F(AsyncTest, WorkRunsOnThePoolAndComesBackToTheNetworkThread) {
  asio::thread_pool pool(2);
  std::thread::id worked_on;
  std::thread::id resumed_on;
  auto whole = [](asio::thread_pool& on, std::thread::id& there,
                  std::thread::id& here) -> Awaitable<void> {
    auto work = [] { return std::this_thread::get_id(); };
    there = co_await run_on(on, std::move(work));
    here = std::this_thread::get_id();
  };
  run(whole(pool, worked_on, resumed_on));
  EXPECT_NE(worked_on, std::this_thread::get_id());
  EXPECT_EQ(resumed_on, std::this_thread::get_id());
}

TEST_F(AsyncTest, WorkMayOwnWhatCannotBeCopiedAndReturnNothing) {
  asio::thread_pool pool(1);
  std::atomic<int> seen = 0;
  auto owned = std::make_unique<int>(7);
  auto work = [owned = std::move(owned), &seen] { seen = *owned; };
  run(run_plain(pool, std::move(work)));
  EXPECT_EQ(seen, 7);
}

TEST_F(AsyncTest, AnExceptionOfTheWorkReachesTheCaller) {
  asio::thread_pool pool(1);
  auto work = [] { throw std::runtime_error("broken"); };
  EXPECT_THROW(run(run_plain(pool, work)), std::runtime_error);
}

TEST_F(AsyncTest, APoolThatIsStoppedTellsWhoWaits) {
  auto pool = std::make_unique<asio::thread_pool>(1);
  std::promise<void> gate;
  auto open = gate.get_future().share();
  asio::post(*pool, [open] { open.wait(); });
  bool ran = false;
  bool told = false;
  auto work = [&ran] { ran = true; };
  const auto on_end = [&told](const std::exception_ptr& e) { told = e != nullptr; };
  asio::co_spawn(io_, run_plain(*pool, work), on_end);
  io_.poll();
  pool->stop();
  gate.set_value();
  pool.reset();
  EXPECT_TRUE(run_until([&] { return told; }));
  EXPECT_FALSE(ran);
}

TEST_F(AsyncTest, CancellationDoesNotLoseWorkThatHasBegun) {
  asio::thread_pool pool(1);
  std::promise<void> gate;
  auto open = gate.get_future().share();
  int result = 0;
  bool ended = false;
  auto work = [open] {
    open.wait();
    return 5;
  };
  asio::cancellation_signal signal;
  const auto on_end = [&ended](const std::exception_ptr&) { ended = true; };
  asio::co_spawn(io_, run_into(pool, std::move(work), result),
                 asio::bind_cancellation_slot(signal.slot(), on_end));
  io_.poll();
  signal.emit(asio::cancellation_type::terminal);
  io_.poll();
  EXPECT_FALSE(ended);
  gate.set_value();
  EXPECT_TRUE(run_until([&] { return ended; }));
  EXPECT_EQ(result, 5);
}

TEST_F(AsyncTest, AnEventLoopThatGoesWhileWorkRunsLeavesNothingBehind) {
  for (int round = 0; round < 200; ++round) {
    asio::thread_pool pool(1);
    std::promise<void> gate;
    auto open = gate.get_future().share();
    int result = 0;
    {
      asio::io_context io(1);
      auto work = [open] {
        open.wait();
        return 5;
      };
      asio::co_spawn(io, run_into(pool, std::move(work), result), asio::detached);
      io.poll();
      if (round % 2 == 0) gate.set_value();  // comes back while the loop goes
    }
    if (round % 2 == 1) gate.set_value();
    pool.join();
    EXPECT_EQ(result, 0);
  }
}

TEST_F(AsyncTest, ManyCoroutinesUseOnePool) {
  asio::thread_pool pool(4);
  std::vector<int> results(500, -1);
  for (int i = 0; i < 500; ++i) {
    auto work = [i] { return i * 2; };
    asio::co_spawn(io_, run_into(pool, work, results[static_cast<std::size_t>(i)]), asio::detached);
  }
  ASSERT_TRUE(run_until([&] { return testing::Value(results, testing::Each(testing::Ge(0))); }));
  EXPECT_EQ(results[499], 998);
}

class SignalTest : public AsyncTest {
 protected:
  static Awaitable<void> wait_and_count(Signal& signal, int& count) {
    co_await signal.wait();
    ++count;
  }
  static Awaitable<void> wait_for_and_count(Signal& signal, std::chrono::milliseconds limit,
                                            int& count) {
    co_await signal.wait_for(limit);
    ++count;
  }
};

TEST_F(SignalTest, EveryoneWhoWaitsIsWokenOnceAndNobodyAfterwards) {
  Signal signal(io_);
  int woken = 0;
  for (int i = 0; i < 3; ++i) asio::co_spawn(io_, wait_and_count(signal, woken), asio::detached);
  io_.poll();
  EXPECT_EQ(woken, 0);
  signal.notify_all();
  signal.notify_all();
  io_.poll();
  EXPECT_EQ(woken, 3);
  io_.restart();
  asio::co_spawn(io_, wait_and_count(signal, woken), asio::detached);
  io_.poll();
  EXPECT_EQ(woken, 3) << "a notification is not remembered";
  signal.notify_all();
  io_.poll();
  EXPECT_EQ(woken, 4);
}

TEST_F(SignalTest, AWaitMayHaveALimit) {
  Signal signal(io_);
  int woken = 0;
  asio::co_spawn(io_, wait_for_and_count(signal, 5ms, woken), asio::detached);
  EXPECT_TRUE(run_until([&] { return woken == 1; }));
  asio::co_spawn(io_, wait_for_and_count(signal, std::chrono::milliseconds::max(), woken),
                 asio::detached);
  io_.restart();
  io_.poll();
  EXPECT_EQ(woken, 1);
  signal.notify_all();
  EXPECT_TRUE(run_until([&] { return woken == 2; }));
}

TEST_F(SignalTest, ASignalThatGoesWakesWhoWaits) {
  std::optional<Signal> signal(std::in_place, io_);
  int woken = 0;
  asio::co_spawn(io_, wait_and_count(*signal, woken), asio::detached);
  io_.poll();
  signal.reset();
  io_.poll();
  EXPECT_EQ(woken, 1);
}

TEST_F(SignalTest, CancellationEndsAWait) {
  Signal signal(io_);
  int woken = 0;
  std::exception_ptr failure;
  asio::cancellation_signal cancel;
  const auto on_end = [&failure](const std::exception_ptr& e) { failure = e; };
  asio::co_spawn(io_, wait_and_count(signal, woken),
                 asio::bind_cancellation_slot(cancel.slot(), on_end));
  io_.poll();
  cancel.emit(asio::cancellation_type::terminal);
  io_.poll();
  EXPECT_TRUE(failure);
  EXPECT_EQ(woken, 0);
  signal.notify_all();  // nobody is left in the list
}

TEST_F(SignalTest, AnEventLoopThatGoesTakesTheWaitingWithIt) {
  std::optional<asio::io_context> io(std::in_place, 1);
  Signal signal(*io);
  int woken = 0;
  asio::co_spawn(*io, wait_and_count(signal, woken), asio::detached);
  io->poll();
  io.reset();
  signal.notify_all();
  EXPECT_EQ(woken, 0);
}

TEST_F(AsyncTest, SleepingEndsInTimeAndTheLongestSleepDoesNotOverflow) {
  const auto begin = std::chrono::steady_clock::now();
  run(sleep_for(5ms));
  EXPECT_GE(std::chrono::steady_clock::now() - begin, 5ms);
  asio::cancellation_signal cancel;
  bool ended = false;
  const auto on_end = [&ended](const std::exception_ptr& e) { ended = e != nullptr; };
  asio::co_spawn(io_, sleep_for(asio::steady_timer::duration::max()),
                 asio::bind_cancellation_slot(cancel.slot(), on_end));
  io_.restart();
  io_.poll();
  EXPECT_FALSE(ended);
  cancel.emit(asio::cancellation_type::terminal);
  io_.poll();
  EXPECT_TRUE(ended);
}

// Another loop with a thread of its own, which runs until it goes.
class OtherLoop {
 public:
  OtherLoop() : thread_([this] { io_.run(); }) {}
  ~OtherLoop() {
    io_.stop();
    thread_.join();
  }
  OtherLoop(const OtherLoop&) = delete;
  OtherLoop& operator=(const OtherLoop&) = delete;
  asio::io_context& io() { return io_; }

 private:
  asio::io_context io_{1};
  asio::executor_work_guard<asio::io_context::executor_type> busy_{io_.get_executor()};
  std::thread thread_;
};

template <typename T>
Awaitable<void> ask_into(asio::io_context& other, std::function<void(Promise<T>)> begin, T& out) {
  out = co_await ask_loop<T>(other, std::move(begin));
}

TEST_F(AsyncTest, AnotherLoopIsAskedOnItsThreadAndAnswersOnThisOne) {
  OtherLoop other;
  std::thread::id begun_on;
  std::string answer;
  std::function<void(Promise<std::string>)> begin = [&begun_on](Promise<std::string> promise) {
    begun_on = std::this_thread::get_id();
    promise.put("from there");
  };
  run(ask_into(other.io(), std::move(begin), answer));
  EXPECT_EQ(answer, "from there");
  EXPECT_NE(begun_on, std::thread::id());
  EXPECT_NE(begun_on, std::this_thread::get_id());
}

TEST_F(AsyncTest, APromiseThatIsDroppedEndsTheWaitAsCanceled) {
  OtherLoop other;
  int answer = 0;
  std::function<void(Promise<int>)> begin = [](const Promise<int>&) {};
  try {
    run(ask_into(other.io(), std::move(begin), answer));
    ADD_FAILURE() << "nothing was thrown";
  } catch (const boost::system::system_error& error) {
    EXPECT_EQ(error.code(), asio::error::operation_aborted);
  }
}

TEST_F(AsyncTest, WhatTheOtherLoopFailsWithIsThrownHere) {
  OtherLoop other;
  int answer = 0;
  std::function<void(Promise<int>)> begin = [](Promise<int> promise) {
    promise.put_failure(std::make_exception_ptr(std::runtime_error("no")));
  };
  EXPECT_THROW(run(ask_into(other.io(), std::move(begin), answer)), std::runtime_error);
}

}  // namespace base
