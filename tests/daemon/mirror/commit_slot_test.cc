#include "daemon/mirror/commit_slot.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

namespace mirror {
namespace {

namespace asio = boost::asio;

class CommitSlotTest : public ::testing::Test {
 public:
  CommitSlotTest() {
    auto pattern = (std::filesystem::temp_directory_path() / "confmirror-slot.XXXXXX").string();
    folder = mkdtemp(pattern.data());
    auto opened = store::Writer::open(folder / "mirror.db", {});
    writer = std::move(*opened);
    slot = std::make_unique<CommitSlot>(
        io, *writer, backlog, [this](const store::CommitInfo& info) { pages += info.pages_new; });
  }
  ~CommitSlotTest() override {
    writer.reset();
    std::filesystem::remove_all(folder);
  }

  static store::Batch batch_of(store::Id page_id) {
    store::Batch batch(page_id, store::Time(std::chrono::milliseconds(page_id)));
    store::Page page;
    page.id = page_id;
    page.status = "current";
    page.title = "a page";
    page.space_id = 1;
    page.version.number = 1;
    page.body.emplace("<p>text</p>");
    batch.pages.push_back(std::move(page));
    return batch;
  }
  void run(base::Awaitable<void> work) {
    asio::co_spawn(io, std::move(work), [](std::exception_ptr failure) {
      if (failure) std::rethrow_exception(failure);
    });
    io.restart();
    io.run_for(std::chrono::seconds(20));
  }

  std::filesystem::path folder;
  std::unique_ptr<store::Writer> writer;
  asio::io_context io{1};
  std::int64_t pages = 0;
  std::shared_ptr<Backlog> backlog = std::make_shared<Backlog>(io, 2);
  std::unique_ptr<CommitSlot> slot;
};

TEST_F(CommitSlotTest, PutReturnsWhenTheBatchBeforeIsOnDisk) {
  auto work = [](CommitSlotTest& test) -> base::Awaitable<void> {
    bool first_done = false;
    std::function<void()> then = [&first_done] { first_done = true; };
    auto first = co_await test.slot->put(batch_of(1), std::move(then));
    EXPECT_TRUE(first);
    auto second = co_await test.slot->put(batch_of(2));
    EXPECT_TRUE(second);
    EXPECT_TRUE(first_done);
    EXPECT_GE(test.pages, 1);
    auto drained = co_await test.slot->drain();
    EXPECT_TRUE(drained);
    EXPECT_EQ(test.pages, 2);
  };
  run(work(*this));
  EXPECT_EQ(pages, 2);
}

TEST_F(CommitSlotTest, AnErrorReachesTheNextPutAndThenIsNotCalled) {
  ASSERT_TRUE(writer->close());
  bool called = false;
  auto work = [](CommitSlotTest& test, bool& was_called) -> base::Awaitable<void> {
    std::function<void()> then = [&was_called] { was_called = true; };
    auto first = co_await test.slot->put(batch_of(1), std::move(then));
    EXPECT_TRUE(first);  // it is only on its way
    auto second = co_await test.slot->put(batch_of(2));
    EXPECT_FALSE(second);
    auto drained = co_await test.slot->drain();
    EXPECT_TRUE(drained) << "after an error the slot is empty";
  };
  run(work(*this, called));
  EXPECT_FALSE(called);
  EXPECT_EQ(pages, 0);
}

TEST_F(CommitSlotTest, CommitsAreReportedEvenIfTheSlotHasGone) {
  auto work = [](CommitSlotTest& test) -> base::Awaitable<void> {
    auto first = co_await test.slot->put(batch_of(1));
    EXPECT_TRUE(first);
    test.slot.reset();
  };
  run(work(*this));
  EXPECT_EQ(pages, 1);
}

TEST_F(CommitSlotTest, RoomIsGivenWhenWhatWasHandedOverIsOnDisk) {
  auto work = [](CommitSlotTest& test) -> base::Awaitable<void> {
    auto batch = batch_of(1);
    batch.pages.front().body.emplace(std::string(std::size_t{5} << 20, 'x'));
    auto first = co_await test.slot->put(std::move(batch));
    EXPECT_TRUE(first);
    EXPECT_EQ(test.pages, 0);
    const auto room = co_await test.backlog->room();
    EXPECT_EQ(test.pages, 1);
  };
  run(work(*this));
  EXPECT_EQ(pages, 1);
}

TEST_F(CommitSlotTest, RoomIsGivenAlsoWhenTheCommitFails) {
  ASSERT_TRUE(writer->close());
  bool went_on = false;
  auto work = [](CommitSlotTest& test, bool& passed) -> base::Awaitable<void> {
    auto batch = batch_of(1);
    batch.pages.front().body.emplace(std::string(std::size_t{5} << 20, 'x'));
    auto first = co_await test.slot->put(std::move(batch));
    EXPECT_TRUE(first);
    const auto room = co_await test.backlog->room();
    passed = true;
  };
  run(work(*this, went_on));
  EXPECT_TRUE(went_on);
}

TEST_F(CommitSlotTest, AllConnectionsAndTwoAnswersMoreHaveRoomAndTheNextOneWaits) {
  bool went_on = false;
  auto wait = [](CommitSlotTest& test, bool& passed) -> base::Awaitable<void> {
    const auto room = co_await test.backlog->room();
    passed = true;
  };
  auto work = [&wait](CommitSlotTest& test, bool& passed) -> base::Awaitable<void> {
    std::vector<Backlog::Room> rooms;
    for (int i = 0; i < 4; ++i) {
      auto room = co_await test.backlog->room();
      rooms.push_back(std::move(room));
    }
    asio::co_spawn(test.io, wait(test, passed), asio::detached);
    // What was posted before has run when this comes back.
    co_await asio::post(test.io, asio::use_awaitable);
    co_await asio::post(test.io, asio::use_awaitable);
    EXPECT_FALSE(passed);
    rooms.pop_back();
  };
  run(work(*this, went_on));
  EXPECT_TRUE(went_on);
}

}  // namespace
}  // namespace mirror
