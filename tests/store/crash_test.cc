// A child commits batches and is killed at many points; whatever it was told to be on disk must be
// there afterwards.

#include <gmock/gmock.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/upkeep.h"
#include "tests/fault/fault_vfs.h"
#include "tests/store/mirror_fixture.h"

namespace store::testing {
namespace {

using ::testing::IsEmpty;

constexpr Id kPages = 6;

class CrashTest : public MirrorTest {
 protected:
  // In the child: writes each page in three batches and reports each commit through the pipe, until
  // it is killed.
  [[noreturn]] static void work(const std::filesystem::path& path, int pipe, std::int64_t kill_at) {
    fault::FaultVfs vfs;
    vfs.set_rule([&](const fault::FaultVfs::Operation& operation)
                     -> std::optional<fault::FaultVfs::Failure> {
      if (operation.number == kill_at) ::kill(::getpid(), SIGKILL);
      return std::nullopt;
    });
    auto writer = Writer::open(path, {});
    if (!writer) ::_exit(2);
    Observation observation = 0;
    for (std::int32_t version = 1; version <= 2; ++version) {
      for (Id id = 1; id <= kPages; ++id) {
        ++observation;
        Batch batch(observation, at(observation));
        batch.pages.push_back(make_page_with_body(id, 2 * version));
        if (version == 2) batch.histories.push_back(make_history(id, 4));
        batch.meta["cursor"] = std::to_string(observation);
        std::promise<bool> done;
        (*writer)->submit(std::move(batch), [&](const Result<CommitInfo>& result) {
          done.set_value(result.has_value());
        });
        if (!done.get_future().get()) ::_exit(3);
        const char byte = static_cast<char>(observation);
        if (::write(pipe, &byte, 1) != 1) ::_exit(4);
      }
    }
    const bool closed = (*writer)->close().has_value();
    ::_exit(closed ? 0 : 5);
  }
  struct Outcome {
    bool killed = false;
    Observation acknowledged = 0;
  };
  Outcome run(std::int64_t kill_at) {
    int pipe[2];
    if (::pipe(pipe) != 0) throw std::runtime_error("no pipe");
    const pid_t child = ::fork();
    if (child == 0) {
      ::close(pipe[0]);
      work(path(), pipe[1], kill_at);
    }
    ::close(pipe[1]);
    Outcome outcome;
    char byte = 0;
    while (::read(pipe[0], &byte, 1) == 1) outcome.acknowledged = static_cast<unsigned char>(byte);
    ::close(pipe[0]);
    int status = 0;
    ::waitpid(child, &status, 0);
    outcome.killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
    EXPECT_TRUE(outcome.killed || (WIFEXITED(status) && WEXITSTATUS(status) == 0)) << status;
    return outcome;
  }
};

TEST_F(CrashTest, KilledAtAnyWriteEveryAcknowledgedBatchIsThereAndTheFileIsSound) {
  bool killed = true;
  int crashes = 0;
  for (std::int64_t kill_at = 1; killed; kill_at += 13) {
    const Outcome outcome = run(kill_at);
    killed = outcome.killed;
    crashes += killed ? 1 : 0;
    if (outcome.acknowledged > 0) {
      const auto cursor = *reader().meta("cursor");
      ASSERT_TRUE(cursor.has_value());
      const auto reached = std::stoll(*cursor);
      // One more may have been committed without the child living to say so.
      ASSERT_GE(reached, outcome.acknowledged) << "killed at " << kill_at;
      ASSERT_LE(reached, outcome.acknowledged + 1);
      for (Observation seen = 1; seen <= reached; ++seen) {
        const Id id = (seen - 1) % kPages + 1;
        ASSERT_GE(page(id).version.number, seen > kPages ? 4 : 2);
      }
      const auto report = check(path(), {});
      ASSERT_TRUE(report.has_value()) << report.error().message;
      ASSERT_THAT(report->findings, IsEmpty()) << "killed at " << kill_at;
    }
    reader_.reset();
    open();  // goes on as if nothing had been
    write_page(1000, make_page_with_body(1, 5));
    EXPECT_EQ(version_body(1, 5), body_text(1, 5));
    close();
    reader_.reset();
    for (const char* suffix : {"", "-wal", "-shm"})
      std::filesystem::remove(path().string() + suffix);
  }
  EXPECT_GT(crashes, 20);
}

}  // namespace
}  // namespace store::testing
