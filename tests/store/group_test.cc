// Who may read the mirror: members of its group, who own nothing and may write nothing, while the
// service runs and while it does not. The service is this process under another user; each reader
// is a process that was forked before SQLite had opened anything here.

#include <gmock/gmock.h>
#include <grp.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/lock.h"
#include "store/upkeep.h"
#include "tests/store/mirror_fixture.h"

namespace store::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr uid_t kService = 64001;  // no names needed
constexpr gid_t kGroup = 64001;
constexpr uid_t kPerson = 64002;

std::string read_with_reader(const std::filesystem::path& mirror) {
  auto reader = Reader::open(mirror);
  if (!reader) return "Reader: " + reader.error().message;
  auto counts = (*reader)->counts();
  if (!counts) return "Reader: " + counts.error().message;
  return std::to_string(counts->pages) + " pages";
}

// As `sqlite3 -readonly` opens it.
std::string ask_plainly(const std::filesystem::path& mirror, int flags, const char* sql) {
  sqlite3* db = nullptr;
  std::string answer;
  const auto collect = [](void* text, int, char** values, char**) {
    *static_cast<std::string*>(text) += values[0];
    return 0;
  };
  if (sqlite3_open_v2(mirror.c_str(), &db, flags, nullptr) != SQLITE_OK ||
      sqlite3_exec(db, sql, collect, &answer, nullptr) != SQLITE_OK) {
    answer = std::string("sqlite3: ") + sqlite3_errmsg(db);
  }
  sqlite3_close(db);
  return answer;
}

// A process of a user that reads the mirror when it is told to.
class Visitor {
 public:
  Visitor(std::filesystem::path mirror, bool in_group) : mirror_(std::move(mirror)) {
    if (::pipe(to_) != 0 || ::pipe(from_) != 0) throw std::runtime_error("no pipe");
    pid_ = ::fork();
    if (pid_ != 0) return;
    ::close(to_[1]);
    const gid_t group = kGroup;
    const bool dropped = ::setgroups(in_group ? 1 : 0, &group) == 0 && ::setgid(kPerson) == 0 &&
                         ::setuid(kPerson) == 0;
    for (char command = 0; ::read(to_[0], &command, 1) == 1;) {
      auto answer = dropped ? visit(command) : "cannot become another user";
      answer.resize(kLongest, '\0');
      if (::write(from_[1], answer.data(), answer.size()) < 0) break;
    }
    ::_exit(0);
  }
  ~Visitor() {
    for (const int fd : {to_[0], to_[1], from_[0], from_[1]}) ::close(fd);
    ::waitpid(pid_, nullptr, 0);
  }
  Visitor(const Visitor&) = delete;
  Visitor& operator=(const Visitor&) = delete;

  std::string read() { return ask('r'); }          // through store::Reader
  std::string read_plainly() { return ask('s'); }  // through SQLite alone
  std::string write() { return ask('w'); }

 private:
  static constexpr std::size_t kLongest = 400;  // written at once: less than a pipe's PIPE_BUF

  std::string visit(char command) const {
    if (command == 'r') return read_with_reader(mirror_);
    if (command == 's') {
      return ask_plainly(mirror_, SQLITE_OPEN_READONLY, "SELECT count(*) || ' pages' FROM pages");
    }
    return ask_plainly(mirror_, SQLITE_OPEN_READWRITE, "DELETE FROM page");
  }
  std::string ask(char command) {
    std::string answer(kLongest, '\0');
    if (::write(to_[1], &command, 1) != 1 ||
        ::read(from_[0], answer.data(), answer.size()) != static_cast<ssize_t>(kLongest)) {
      return "the visitor is gone";
    }
    answer.resize(answer.find('\0'));
    return answer;
  }

  std::filesystem::path mirror_;
  int to_[2]{};
  int from_[2]{};
  pid_t pid_ = -1;
};

class GroupTest : public MirrorTest {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can become the users that this is about";
    ASSERT_EQ(::chown(dir_.path().c_str(), kService, kGroup), 0);
    ASSERT_EQ(::chmod(dir_.path().c_str(), 0750), 0);
    member_ = std::make_unique<Visitor>(path(), true);
    stranger_ = std::make_unique<Visitor>(path(), false);
    umask_ = ::umask(077);  // the strictest: modes must not come from there
    became_ = ::setegid(kGroup) == 0 && ::seteuid(kService) == 0;
    ASSERT_TRUE(became_);
  }
  void TearDown() override {
    reader_.reset();
    writer_.reset();
    if (!became_) return;
    ASSERT_EQ(::seteuid(0), 0);
    ASSERT_EQ(::setegid(0), 0);
    ::umask(umask_);
  }
  void given_page(Id id) { write_page(id, make_page_with_body(id, 1)); }
  void expect_member_reads(const std::string& pages) {
    EXPECT_EQ(member_->read(), pages);
    EXPECT_EQ(member_->read_plainly(), pages);
    EXPECT_THAT(member_->write(), HasSubstr("readonly"));
    EXPECT_THAT(stranger_->read(), HasSubstr("Permission denied"));
    EXPECT_THAT(stranger_->read_plainly(), StartsWith("sqlite3: unable to open"));
  }
  mode_t mode(const char* suffix) const {
    struct stat info {};
    EXPECT_EQ(::stat((path().string() + suffix).c_str(), &info), 0) << suffix;
    EXPECT_EQ(info.st_gid, kGroup) << suffix;
    return info.st_mode & 07777U;
  }

  std::unique_ptr<Visitor> member_;
  std::unique_ptr<Visitor> stranger_;
  mode_t umask_ = 0;
  bool became_ = false;
};

TEST_F(GroupTest, MembersReadWhileTheServiceRunsAndWhatItCommitsMeanwhile) {
  given_page(1);
  expect_member_reads("1 pages");
  given_page(2);
  expect_member_reads("2 pages");
}

TEST_F(GroupTest, MembersReadWhileTheServiceDoesNotRun) {
  given_page(1);
  close();
  expect_member_reads("1 pages");
  given_page(2);
  expect_member_reads("2 pages");
  close();
  expect_member_reads("2 pages");
}

TEST_F(GroupTest, MembersReadAfterTheServiceWasKilled) {
  const pid_t killed = ::fork();
  if (killed == 0) {
    given_page(1);
    given_page(2);
    ::raise(SIGKILL);
  }
  ::waitpid(killed, nullptr, 0);
  ASSERT_GT(std::filesystem::file_size(path().string() + "-wal"), 0U);
  expect_member_reads("2 pages");
  given_page(3);
  expect_member_reads("3 pages");
}

TEST_F(GroupTest, MembersReadAfterUpkeepAndTheBackupToo) {
  given_page(1);
  close();
  ASSERT_TRUE(compact(path(), {}).has_value());
  expect_member_reads("1 pages");
  const auto copy = dir_.path() / "backup.db";
  ASSERT_TRUE(backup(path(), copy, {}).has_value());
  for (const char* suffix : {"", "-wal", "-shm"}) {
    std::filesystem::remove(path().string() + suffix);
  }
  std::filesystem::rename(copy, path());
  expect_member_reads("1 pages");
}

TEST_F(GroupTest, FilesAreForTheGroupWhateverTheUmask) {
  const auto lock = MirrorLock::acquire(path());
  ASSERT_TRUE(lock.has_value()) << lock.error().message;
  given_page(1);
  for (const char* suffix : {"", "-wal", "-shm", ".lock"}) EXPECT_EQ(mode(suffix), 0640U) << suffix;
}

TEST_F(GroupTest, WhatRootMakesBesideTheMirrorIsTheServicesToo) {
  given_page(1);
  close();
  for (const char* suffix : {"-wal", "-shm"}) std::filesystem::remove(path().string() + suffix);
  ASSERT_EQ(::seteuid(0), 0);
  ASSERT_EQ(::setegid(0), 0);
  {
    const auto lock = MirrorLock::acquire(path());
    ASSERT_TRUE(lock.has_value());
    given_page(2);
    close();
  }
  ASSERT_EQ(::setegid(kGroup), 0);
  ASSERT_EQ(::seteuid(kService), 0);
  EXPECT_TRUE(MirrorLock::acquire(path()).has_value());
  given_page(3);
  expect_member_reads("3 pages");
  for (const char* suffix : {"", "-wal", "-shm", ".lock"}) EXPECT_EQ(mode(suffix), 0640U) << suffix;
}

}  // namespace
}  // namespace store::testing
