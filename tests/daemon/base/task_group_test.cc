#include "daemon/base/task_group.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>

namespace base {
namespace {

namespace asio = boost::asio;

base::Awaitable<void> wait_for_ever(base::Signal& never, bool& ended) {
  struct End {
    bool& ended;
    ~End() { ended = true; }
  };
  const End end{ended};
  co_await never.wait();
}

base::Awaitable<void> fail_with(std::exception_ptr failure) {
  co_await base::sleep_for(std::chrono::milliseconds(1));
  std::rethrow_exception(failure);
}

class TaskGroupTest : public ::testing::Test {
 protected:
  // What join() threw, "" if nothing.
  std::string join() {
    auto joined = [](TaskGroup& tasks, std::string& thrown) -> base::Awaitable<void> {
      try {
        co_await tasks.join();
      } catch (const std::exception& e) {
        thrown = e.what();
      }
    };
    std::string what;
    asio::co_spawn(io, joined(*group, what), asio::detached);
    io.restart();
    io.run_for(std::chrono::seconds(20));
    EXPECT_EQ(group->running(), 0U);
    return what;
  }

  asio::io_context io{1};
  base::Signal never{io};
  std::unique_ptr<TaskGroup> group = std::make_unique<TaskGroup>(io);
};

TEST_F(TaskGroupTest, CancelEndsWhatWaitsAndJoinIsSilent) {
  bool first = false;
  bool second = false;
  group->spawn(wait_for_ever(never, first));
  group->spawn(wait_for_ever(never, second));
  group->cancel();
  EXPECT_EQ(join(), "");
  EXPECT_TRUE(first && second);
}

TEST_F(TaskGroupTest, NothingStartsAfterCancel) {
  bool ended = false;
  group->cancel();
  group->spawn(wait_for_ever(never, ended));
  EXPECT_EQ(group->running(), 0U);
  EXPECT_EQ(join(), "");
}

TEST_F(TaskGroupTest, AnExceptionEndsTheOthersAndIsRethrownOnce) {
  bool ended = false;
  group->spawn(wait_for_ever(never, ended));
  group->spawn(fail_with(std::make_exception_ptr(std::runtime_error("a defect"))));
  EXPECT_EQ(join(), "a defect");
  EXPECT_TRUE(ended);
  EXPECT_EQ(join(), "");
}

TEST_F(TaskGroupTest, AnAbortThatNobodyAskedForIsNotSilent) {
  const boost::system::system_error aborted(asio::error::operation_aborted);
  group->spawn(fail_with(std::make_exception_ptr(aborted)));
  EXPECT_NE(join(), "");
}

TEST_F(TaskGroupTest, TheGroupMayGoWhileItsCancelIsOnItsWay) {
  group->cancel();
  group.reset();
  io.run();
}

}  // namespace
}  // namespace base
