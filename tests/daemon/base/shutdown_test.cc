#include "daemon/base/shutdown.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <optional>

namespace base {

using namespace std::chrono_literals;

namespace {

class ShutdownTest : public testing::Test {
 protected:
  void listen() {
    shutdown_.emplace(
        io_, [this] { ++stops_; }, [this] { ++cuts_; });
  }
  template <typename Condition>
  bool run_until(Condition condition) {
    const auto end = std::chrono::steady_clock::now() + 10s;
    while (!condition() && std::chrono::steady_clock::now() < end) {
      if (io_.stopped()) io_.restart();
      io_.run_one_for(20ms);
    }
    return condition();
  }

  int stops_ = 0;
  int cuts_ = 0;
  boost::asio::io_context io_{1};
  std::optional<Shutdown> shutdown_;
};

}  // namespace

TEST_F(ShutdownTest, TheFirstSignalStopsAndTheSecondCutsShort) {
  listen();
  EXPECT_FALSE(shutdown_->requested());
  std::raise(SIGTERM);
  ASSERT_TRUE(run_until([&] { return stops_ == 1; }));
  EXPECT_TRUE(shutdown_->requested());
  EXPECT_EQ(cuts_, 0);
  std::raise(SIGINT);
  ASSERT_TRUE(run_until([&] { return cuts_ == 1; }));
  EXPECT_EQ(stops_, 1);
}

TEST_F(ShutdownTest, TwoSignalsAtOnceAreTwo) {
  listen();
  std::raise(SIGINT);
  std::raise(SIGINT);
  ASSERT_TRUE(run_until([&] { return cuts_ == 1; }));
  EXPECT_EQ(stops_, 1);
}

TEST_F(ShutdownTest, AThirdSignalHasTheSystemsOwnEffect) {
  EXPECT_EXIT(
      {
        listen();
        std::raise(SIGTERM);
        run_until([&] { return stops_ == 1; });
        std::raise(SIGTERM);
        run_until([&] { return cuts_ == 1; });
        std::raise(SIGTERM);
        std::_Exit(0);
      },
      testing::KilledBySignal(SIGTERM), "");
}

TEST_F(ShutdownTest, ReleaseGivesSignalsBackAndLetsTheEventLoopEnd) {
  listen();
  io_.poll();
  EXPECT_FALSE(io_.stopped());
  shutdown_->release();
  io_.run_for(10s);
  EXPECT_TRUE(io_.stopped());
  struct sigaction action {};
  sigaction(SIGTERM, nullptr, &action);
  EXPECT_EQ(action.sa_handler, SIG_DFL);
}

TEST_F(ShutdownTest, ASignalThatWasOnItsWayIsNotHeardAfterRelease) {
  listen();
  std::raise(SIGTERM);
  shutdown_->release();
  io_.run_for(100ms);
  EXPECT_EQ(stops_, 0);
}

TEST_F(ShutdownTest, ASignalThatWasOnItsWayIsNotHeardByOneThatIsGone) {
  for (int round = 0; round < 50; ++round) {
    listen();
    std::raise(SIGTERM);
    if (io_.stopped()) io_.restart();
    // The pipe is read, the handler waits in the queue.
    for (int turn = 0; turn < round % 3; ++turn) io_.poll_one();
    shutdown_.reset();
    io_.restart();
    io_.poll();
  }
  EXPECT_EQ(cuts_, 0);
}

TEST_F(ShutdownTest, TheCallbackMayEndTheShutdown) {
  shutdown_.emplace(
      io_,
      [this] {
        ++stops_;
        shutdown_.reset();
      },
      nullptr);
  std::raise(SIGTERM);
  ASSERT_TRUE(run_until([&] { return stops_ == 1; }));
  io_.run_for(10s);
  EXPECT_TRUE(io_.stopped());
}

TEST_F(ShutdownTest, ABrokenPipeIsAnErrorAndNoSignal) {
  listen();
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  ::close(ends[0]);
  EXPECT_EQ(::write(ends[1], "x", 1), -1);
  EXPECT_EQ(errno, EPIPE);
  ::close(ends[1]);
}

}  // namespace base
