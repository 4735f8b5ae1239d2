#include "store/lock.h"

#include <gmock/gmock.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "tests/store/mirror_fixture.h"

namespace store::testing {
namespace {

using ::testing::HasSubstr;

class LockTest : public MirrorTest {
 protected:
  // A child that holds the lock until it is told to end; returns once it has it.
  pid_t start_holder() {
    int pipe[2];
    if (::pipe(pipe) != 0) throw std::runtime_error("no pipe");
    const pid_t child = ::fork();
    if (child == 0) {
      const auto lock = MirrorLock::acquire(path());
      const char byte = lock ? 'y' : 'n';
      if (::write(pipe[1], &byte, 1) != 1) ::_exit(2);
      for (;;) ::pause();
    }
    char byte = 0;
    EXPECT_EQ(::read(pipe[0], &byte, 1), 1);
    EXPECT_EQ(byte, 'y');
    ::close(pipe[0]);
    ::close(pipe[1]);
    return child;
  }
  static void kill_holder(pid_t child) {
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
  }
};

TEST_F(LockTest, SecondProcessIsRefusedAndTheOwnerNamed) {
  const pid_t child = start_holder();
  const auto lock = MirrorLock::acquire(path());
  ASSERT_FALSE(lock.has_value());
  EXPECT_EQ(lock.error().kind, ErrorKind::kBusy);
  EXPECT_EQ(lock.error().name, "mirror_locked");
  EXPECT_EQ(exit_code(lock.error().kind), 7);
  EXPECT_THAT(lock.error().message, HasSubstr(std::to_string(child)));
  EXPECT_THAT(lock.error().message, HasSubstr(path().string()));
  kill_holder(child);
}

TEST_F(LockTest, LockOfAKilledProcessIsFree) {
  kill_holder(start_holder());
  EXPECT_TRUE(MirrorLock::acquire(path()).has_value());
}

TEST_F(LockTest, LockEndsWithItsOwnerAndMovesWithIt) {
  {
    auto lock = MirrorLock::acquire(path());
    ASSERT_TRUE(lock.has_value());
    const MirrorLock moved = std::move(*lock);
    EXPECT_FALSE(MirrorLock::acquire(path()).has_value()) << "in the same process too";
  }
  EXPECT_TRUE(MirrorLock::acquire(path()).has_value());
}

TEST_F(LockTest, FolderThatIsNotThereIsNamed) {
  const auto lock = MirrorLock::acquire(dir_.path() / "absent" / "mirror.db");
  ASSERT_FALSE(lock.has_value());
  EXPECT_EQ(lock.error().kind, ErrorKind::kSystem);
  EXPECT_THAT(lock.error().message, HasSubstr("absent"));
}

TEST_F(LockTest, ALinkInItsPlaceIsNotFollowed) {
  const auto victim = dir_.path() / "victim";
  std::ofstream(victim) << "precious";
  std::filesystem::create_symlink(victim, path().string() + ".lock");
  const auto lock = MirrorLock::acquire(path());
  ASSERT_FALSE(lock.has_value());
  EXPECT_EQ(lock.error().kind, ErrorKind::kSystem);
  EXPECT_EQ(std::filesystem::file_size(victim), 8U);
}

TEST_F(LockTest, ReadersAndWritersDoNotNeedIt) {
  const auto lock = MirrorLock::acquire(path());
  ASSERT_TRUE(lock.has_value());
  write_page(1, make_page(42, 1));
  EXPECT_EQ(page(42).id, 42);
}

}  // namespace
}  // namespace store::testing
