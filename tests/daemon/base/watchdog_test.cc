#include "daemon/base/watchdog.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <condition_variable>
#include <mutex>

namespace base {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class WatchdogTest : public testing::Test {
 protected:
  int fed_ = 0;
  Watchdog watchdog_{[this] { ++fed_; }};
};

TEST_F(WatchdogTest, IsFedWhileEveryWorkerComesBack) {
  std::vector<Watchdog::Done> asked;
  watchdog_.watch("a", [&asked](Watchdog::Done done) { asked.push_back(std::move(done)); });
  for (int beat = 1; beat <= 5; ++beat) {
    EXPECT_THAT(watchdog_.beat(), IsEmpty());
    EXPECT_EQ(fed_, beat);
    ASSERT_EQ(asked.size(), static_cast<std::size_t>(beat));
    asked.back()();
  }
}

TEST_F(WatchdogTest, IsNotFedWhileOneHangsAndAgainOnceItGoesOn) {
  boost::asio::thread_pool pool(1);
  std::mutex mutex;
  std::condition_variable changed;
  bool hangs = true;
  bool idle = false;
  boost::asio::post(pool, [&] {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return !hangs; });
  });
  watchdog_.watch("pool", [&](Watchdog::Done done) { boost::asio::post(pool, std::move(done)); });
  watchdog_.watch("well", [](const Watchdog::Done& done) { done(); });
  EXPECT_THAT(watchdog_.beat(), IsEmpty());
  for (int i = 0; i < 3; ++i) EXPECT_THAT(watchdog_.beat(), ElementsAre("pool"));
  EXPECT_EQ(fed_, 1);
  {
    const std::lock_guard lock(mutex);
    hangs = false;
    changed.notify_all();
  }
  boost::asio::post(pool, [&] {
    const std::lock_guard lock(mutex);
    idle = true;
    changed.notify_all();
  });
  {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return idle; });
  }
  EXPECT_THAT(watchdog_.beat(), IsEmpty());
  EXPECT_EQ(fed_, 2);
  pool.join();
}

TEST_F(WatchdogTest, ALawfulSilenceIsExcused) {
  bool full = true;
  Watchdog::Done kept;
  watchdog_.watch(
      "writer", [&kept](Watchdog::Done done) { kept = std::move(done); }, [&full] { return full; });
  for (int i = 0; i < 4; ++i) EXPECT_THAT(watchdog_.beat(), IsEmpty());
  full = false;
  EXPECT_THAT(watchdog_.beat(), ElementsAre("writer"));
  kept();
  EXPECT_THAT(watchdog_.beat(), IsEmpty());
}

TEST_F(WatchdogTest, AConditionIsAskedAtEachBeat) {
  bool alive = true;
  watchdog_.watch_condition("sync", [&alive] { return alive; });
  EXPECT_THAT(watchdog_.beat(), IsEmpty());
  alive = false;
  EXPECT_THAT(watchdog_.beat(), ElementsAre("sync"));
  EXPECT_THAT(watchdog_.beat(), ElementsAre("sync"));
  EXPECT_EQ(fed_, 1);
}

}  // namespace
}  // namespace base
