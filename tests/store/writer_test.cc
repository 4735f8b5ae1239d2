#include "store/writer.h"

#include <gmock/gmock.h>

#include <atomic>
#include <condition_variable>
#include <fstream>
#include <future>
#include <mutex>

#include "store/upkeep.h"
#include "tests/fault/fault_vfs.h"
#include "tests/store/mirror_fixture.h"

namespace store::testing {
namespace {

using fault::FaultVfs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

constexpr std::chrono::seconds kBound{30};

class WriterTest : public MirrorTest {
 protected:
  using Future = std::future<Result<CommitInfo>>;

  static Batch batch_of(Observation observation, Page page) {
    Batch batch(observation, at(observation));
    batch.pages.push_back(std::move(page));
    return batch;
  }
  // Fails by itself: an encoded body without its neighbour.
  static Batch bad_batch(Observation observation, Id page_id) {
    Batch batch(observation, at(observation));
    batch.pages.push_back(make_page_with_body(page_id, 1));
    PageHistory history = make_history(page_id, 3);
    history.up_to = 0;
    for (PageVersion& version : history.versions) {
      version.encoded.emplace();
      version.encoded->form = EncodedBody::Form::kSame;
      version.encoded->neighbour = 77;
    }
    batch.histories.push_back(std::move(history));
    return batch;
  }
  // Keeps the writer thread in a callback, so that what is submitted meanwhile is taken together.
  class Hold {
   public:
    explicit Hold(Writer& writer) {
      std::promise<void> held;
      auto is_held = held.get_future();
      writer.submit(Batch(0, at(0)), [this, &held](const Result<CommitInfo>&) {
        held.set_value();
        released_.get_future().wait();
      });
      is_held.wait();
    }
    void release() { released_.set_value(); }

   private:
    std::promise<void> released_;
  };
  std::vector<std::string> page_ids() { return rows("SELECT id FROM page ORDER BY id"); }
  void expect_sound() {
    const auto report = check(path(), {});
    ASSERT_TRUE(report.has_value()) << report.error().message;
    EXPECT_THAT(report->findings, IsEmpty());
  }
};

TEST_F(WriterTest, AcknowledgedBatchCanBeReadAtOnceByOthers) {
  write_page(1, make_page_with_body(42, 1));
  EXPECT_EQ(page(42).body->text, body_text(42, 1));
}

TEST_F(WriterTest, CallbackRunsOnTheWriterThreadAfterTheCommit) {
  std::promise<std::pair<std::thread::id, std::size_t>> seen;
  writer().submit(batch_of(1, make_page(42, 1)), [&](const Result<CommitInfo>&) {
    seen.set_value({std::this_thread::get_id(), page_ids().size()});
  });
  const auto [thread, pages] = seen.get_future().get();
  EXPECT_NE(thread, std::this_thread::get_id());
  EXPECT_EQ(pages, 1U);
}

TEST_F(WriterTest, WaitingBatchesShareOneCommit) {
  FaultVfs vfs;
  open();
  write(Batch(0, at(0)));
  std::atomic<int> syncs = 0;
  vfs.set_rule([&](const FaultVfs::Operation& operation) -> std::optional<FaultVfs::Failure> {
    if (operation.kind == FaultVfs::Kind::kSync) ++syncs;
    return std::nullopt;
  });
  Hold hold(writer());
  syncs = 0;
  std::vector<Future> futures;
  for (Id id = 1; id <= 20; ++id) futures.push_back(submit(batch_of(id, make_page(id, 1))));
  hold.release();
  for (Future& future : futures) EXPECT_TRUE(future.get().has_value());
  EXPECT_LE(syncs, 2);
  EXPECT_EQ(page_ids().size(), 20U);
  vfs.set_rule({});
  close();
}

TEST_F(WriterTest, BatchThatFailsAloneTakesNoOtherWithIt) {
  Hold hold(writer());
  Future first = submit(batch_of(1, make_page_with_body(1, 1)));
  Future bad = submit(bad_batch(2, 2));
  Future last = submit(batch_of(3, make_page_with_body(3, 1)));
  hold.release();
  EXPECT_TRUE(first.get().has_value());
  const auto result = bad.get();
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().kind, ErrorKind::kBug);
  EXPECT_TRUE(last.get().has_value());
  EXPECT_THAT(page_ids(), ElementsAre("1", "3"));
  expect_sound();
}

TEST_F(WriterTest, AccountsOfARolledBackBatchAreMadeAgain) {
  Hold hold(writer());
  Batch bad = bad_batch(1, 1);
  bad.pages[0].author_id = "someone-new";
  Page page = make_page(2, 1);
  page.author_id = "someone-new";
  Future failed = submit(std::move(bad));
  Future good = submit(batch_of(2, page));
  hold.release();
  EXPECT_FALSE(failed.get().has_value());
  EXPECT_TRUE(good.get().has_value());
  EXPECT_EQ(this->page(2).author_id, "someone-new");
  expect_sound();
}

TEST_F(WriterTest, CallbackMaySubmitTheNextBatch) {
  std::promise<Result<CommitInfo>> done;
  writer().submit(batch_of(1, make_page(1, 1)), [&](const Result<CommitInfo>&) {
    writer().submit(batch_of(2, make_page(2, 1)),
                    [&](Result<CommitInfo> result) { done.set_value(std::move(result)); });
  });
  EXPECT_TRUE(done.get_future().get().has_value());
  EXPECT_THAT(page_ids(), ElementsAre("1", "2"));
}

TEST_F(WriterTest, CloseWritesWhatIsQueuedAndLeavesAnEmptyWal) {
  Hold hold(writer());
  std::vector<Future> futures;
  for (Id id = 1; id <= 5; ++id) futures.push_back(submit(batch_of(id, make_page(id, 1))));
  auto closed = std::async(std::launch::async, [this] { return writer().close(); });
  hold.release();
  ASSERT_TRUE(closed.get().has_value());
  EXPECT_TRUE(writer().close().has_value()) << "safe to call twice";
  for (Future& future : futures) EXPECT_TRUE(future.get().has_value());
  EXPECT_EQ(page_ids().size(), 5U);
  EXPECT_THAT(rows("SELECT value FROM meta WHERE key='clean'"), ElementsAre("1"));
  EXPECT_EQ(std::filesystem::file_size(path().string() + "-wal"), 0U);
}

TEST_F(WriterTest, OpenMirrorThatWasWrittenToIsNotMarkedClean) {
  write_page(1, make_page(1, 1));
  EXPECT_THAT(rows("SELECT value FROM meta WHERE key='clean'"), ElementsAre("0"));
}

TEST_F(WriterTest, SubmittingAfterCloseIsRefusedAtOnce) {
  ASSERT_TRUE(writer().close().has_value());
  const auto result = submit(batch_of(1, make_page(1, 1))).get();
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().kind, ErrorKind::kCanceled);
}

TEST_F(WriterTest, AbsentFileIsAnErrorWhereNoneMayBeCreated) {
  Writer::Options options;
  options.create = false;
  const auto writer = Writer::open(path(), options);
  ASSERT_FALSE(writer.has_value());
  EXPECT_EQ(writer.error().kind, ErrorKind::kSystem);
  EXPECT_FALSE(std::filesystem::exists(path()));
}

TEST_F(WriterTest, WalIsMovedIntoTheFileWhileWorkGoesOn) {
  open();
  std::uintmax_t largest = 0;
  for (Id id = 1; id <= 12; ++id) {
    Page page = make_page(id, 1);
    page.body = Body(std::string(5 << 20, static_cast<char>('a' + id % 26)));
    write_page(id, page);
    largest = std::max(largest, std::filesystem::file_size(path().string() + "-wal"));
  }
  EXPECT_LT(largest, 30U << 20) << "60 MiB were written";
  EXPECT_GT(std::filesystem::file_size(path()), 30U << 20);
}

// --- faults --------------------------------------------------------------------------------------

TEST_F(WriterTest, FullDiskIsAnErrorAndTheMirrorStaysAsItWas) {
  FaultVfs vfs;
  open();
  write_page(1, make_page_with_body(1, 1));
  vfs.set_full(true);
  const auto result = submit(batch_of(2, make_page_with_body(2, 1))).get();
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().kind, ErrorKind::kSystem);
  EXPECT_EQ(result.error().name, "disk_full");
  EXPECT_THAT(page_ids(), ElementsAre("1"));
  vfs.set_full(false);
  write_page(3, make_page_with_body(3, 1));
  EXPECT_THAT(page_ids(), ElementsAre("1", "3"));
  expect_sound();
  close();
  reader_.reset();
}

TEST_F(WriterTest, FullDiskSuspendsTheDaemonsWriterUntilThereIsRoom) {
  FaultVfs vfs;
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::string> states;
  Writer::Options options;
  options.suspend_on_full = true;
  options.on_state = [&](const std::string& state) {
    const std::lock_guard lock(mutex);
    states.push_back(state);
    changed.notify_all();
  };
  open(options);
  write_page(1, make_page_with_body(1, 1));
  vfs.set_full(true);
  Future waiting = submit(batch_of(2, make_page_with_body(2, 1)));
  {
    std::unique_lock lock(mutex);
    ASSERT_TRUE(changed.wait_for(lock, kBound, [&] { return !states.empty(); }));
    EXPECT_THAT(states[0], StartsWith("suspended: "));
    EXPECT_THAT(states[0], HasSubstr("full"));
  }
  EXPECT_EQ(page(1).body->text, body_text(1, 1)) << "readers go on";
  vfs.set_full(false);
  ASSERT_EQ(waiting.wait_for(kBound), std::future_status::ready);
  EXPECT_TRUE(waiting.get().has_value());
  EXPECT_EQ(states.back(), "running");
  EXPECT_THAT(page_ids(), ElementsAre("1", "2"));
  close();
  reader_.reset();
}

TEST_F(WriterTest, ClosingASuspendedWriterGivesUpAndSaysWhy) {
  FaultVfs vfs;
  std::promise<void> suspended;
  Writer::Options options;
  options.suspend_on_full = true;
  options.on_state = [&](const std::string&) { suspended.set_value(); };
  open(options);
  write_page(1, make_page_with_body(1, 1));
  vfs.set_full(true);
  Future waiting = submit(batch_of(2, make_page_with_body(2, 1)));
  ASSERT_EQ(suspended.get_future().wait_for(kBound), std::future_status::ready);
  const auto closed = writer().close();
  EXPECT_FALSE(closed.has_value());
  const auto result = waiting.get();
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().name, "disk_full");
  vfs.set_full(false);
  writer_.reset();
  EXPECT_THAT(page_ids(), ElementsAre("1"));
}

TEST_F(WriterTest, CommitFailureReachesEveryWaiterAndNothingOfTheGroupStays) {
  FaultVfs vfs;
  open();
  write_page(1, make_page_with_body(1, 1));
  Hold hold(writer());
  vfs.set_rule([](const FaultVfs::Operation& operation) -> std::optional<FaultVfs::Failure> {
    if (operation.kind != FaultVfs::Kind::kSync) return std::nullopt;
    return FaultVfs::Failure{SQLITE_IOERR_FSYNC};
  });
  std::vector<Future> futures;
  for (Id id = 2; id <= 4; ++id) futures.push_back(submit(batch_of(id, make_page(id, 1))));
  hold.release();
  for (Future& future : futures) {
    const auto result = future.get();
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error().kind, ErrorKind::kSystem);
  }
  EXPECT_THAT(page_ids(), ElementsAre("1"));
  vfs.set_rule({});
  write_page(5, make_page(5, 1));
  EXPECT_THAT(page_ids(), ElementsAre("1", "5"));
  expect_sound();
  close();
}

TEST_F(WriterTest, EveryWriteMayFailHalfwayAndWhatWasAcknowledgedStays) {
  // Once for each write and sync of the same work, until a round gets through without meeting its
  // fault.
  bool met = true;
  int rounds = 0;
  for (std::int64_t victim = 1; met; ++victim, ++rounds) {
    ASSERT_LT(rounds, 500);
    met = false;
    FaultVfs vfs;
    open();
    vfs.reset_count();
    vfs.set_rule([&](const FaultVfs::Operation& operation) -> std::optional<FaultVfs::Failure> {
      if (operation.number != victim) return std::nullopt;
      met = true;
      if (operation.kind == FaultVfs::Kind::kSync) return FaultVfs::Failure{SQLITE_IOERR_FSYNC};
      return FaultVfs::Failure{SQLITE_FULL, true};
    });
    std::vector<std::string> acknowledged;
    for (Id id = 1; id <= 3; ++id) {
      if (submit(batch_of(id, make_page_with_body(id, 1))).get()) {
        acknowledged.push_back(std::to_string(id));
      }
    }
    const auto closed = writer().close();
    EXPECT_TRUE(closed.has_value() || met);
    writer_.reset();
    vfs.power_cut();
    ASSERT_EQ(page_ids(), acknowledged) << "fault at operation " << victim;
    ASSERT_EQ(rows("PRAGMA quick_check"), std::vector<std::string>{"ok"});
    for (const char* suffix : {"", "-wal", "-shm"})
      std::filesystem::remove(path().string() + suffix);
  }
  EXPECT_GT(rounds, 15);
}

TEST_F(WriterTest, PowerCutLosesNothingThatWasAcknowledged) {
  FaultVfs vfs;
  std::vector<std::string> acknowledged;
  for (int round = 0; round < 5; ++round) {
    open();
    for (int i = 0; i < 3; ++i) {
      const Id id = 10 * round + i + 1;
      write_page(id, make_page_with_body(id, 1));
      acknowledged.push_back(std::to_string(id));
    }
    // From here on nothing reaches the disk any more; then the machine is gone.
    vfs.set_rule([](const FaultVfs::Operation&) {
      return FaultVfs::Failure{SQLITE_IOERR_WRITE, true};
    });
    EXPECT_FALSE(submit(batch_of(99, make_page_with_body(99, 1))).get().has_value());
    static_cast<void>(writer().close());
    writer_.reset();
    vfs.power_cut();
    vfs.set_rule({});
    ASSERT_EQ(page_ids(), acknowledged);
    expect_sound();
  }
}

TEST_F(WriterTest, DamageIsStickyAndReachesEveryoneAfter) {
  Batch batch(1, at(1));
  for (Id id = 1; id <= 300; ++id) batch.pages.push_back(make_page(id, 1));
  write(std::move(batch));
  close();
  reader_.reset();
  const auto root = std::stoll(rows("SELECT rootpage FROM sqlite_schema WHERE name='page'").at(0));
  {
    std::fstream file(path(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp((root - 1) * 8192);
    const std::string rubbish(8192, '\x5a');
    file.write(rubbish.data(), static_cast<std::streamsize>(rubbish.size()));
    ASSERT_TRUE(file.good());
  }
  open();
  const auto first = submit(batch_of(1000, make_page(1, 2))).get();
  ASSERT_FALSE(first.has_value());
  EXPECT_EQ(first.error().kind, ErrorKind::kStoreBad);
  const auto second = submit(Batch(1001, at(1001))).get();
  ASSERT_FALSE(second.has_value()) << "even what does not touch the damage";
  EXPECT_EQ(second.error().kind, ErrorKind::kStoreBad);
  const auto closed = writer().close();
  ASSERT_FALSE(closed.has_value());
  EXPECT_EQ(closed.error().kind, ErrorKind::kStoreBad);
}

}  // namespace
}  // namespace store::testing
