#include "daemon/cli/db_commands.h"

#include <signal.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "store/lock.h"
#include "tests/daemon/cli/command_fixture.h"

namespace {

namespace fs = std::filesystem;
using test::page;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

class DbCommandsTest : public test::CommandFixture {
 protected:
  void SetUp() override {
    CommandFixture::SetUp();
    given_page(page(9, kDocs, "Gamma", 3));
    given_history(9, "Gamma", 3);
  }
  std::string backup_path() const { return (folder_ / "backup.db").string(); }
  // A body that is no longer what its hash says.
  void given_wrong_body() {
    mirror_.execute(
        "UPDATE page_body SET body = '<p>Gamma, VERSION 3</p>' WHERE id = (SELECT body_id FROM "
        "page WHERE id = 9)");
  }
};

TEST_F(DbCommandsTest, ASoundMirrorPassesTheCheck) {
  const auto outcome = run_on_mirror({"db", "check"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr(": sound (bodies of 1 pages and 2 versions read)\n"));
  EXPECT_THAT(outcome.err, IsEmpty()) << "progress is for terminals";
  const auto json = nlohmann::json::parse(run_on_mirror({"db", "check", "--json"}).out);
  EXPECT_EQ(json.at("sound"), true);
  EXPECT_THAT(json.at("findings"), IsEmpty());
  EXPECT_EQ(json.at("pages"), 1);
  EXPECT_THAT(run_on_mirror({"db", "check", "--quiet"}).out, IsEmpty());
}

TEST_F(DbCommandsTest, FindingsAreListedAndGiveTheirOwnExitCode) {
  given_wrong_body();
  const auto outcome = run_on_mirror({"db", "check", "--quiet"});
  EXPECT_EQ(outcome.code, 1) << outcome.err;
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("9"), HasSubstr(": 1 findings")));
  const auto json = nlohmann::json::parse(run_on_mirror({"db", "check", "--json"}).out);
  EXPECT_EQ(json.at("sound"), false);
  EXPECT_EQ(json.at("findings").size(), 1U);
}

TEST_F(DbCommandsTest, AFileThatCannotBeOpenedAsAMirrorIsDamage) {
  std::ofstream(folder_ / "text.db") << std::string(9000, 'x');
  for (const char* command : {"check", "compact"}) {
    const auto outcome = test::run({"db", command, "--db", (folder_ / "text.db").string()});
    EXPECT_EQ(outcome.code, 6) << command << outcome.err;
    EXPECT_THAT(outcome.err, AllOf(StartsWith("confmirror: cannot "), HasSubstr("text.db")));
  }
  EXPECT_EQ(test::run({"db", "restore-check", (folder_ / "text.db").string()}).code, 6);
}

TEST_F(DbCommandsTest, ABackupIsAMirrorThatCanBeRestored) {
  const auto made = run_on_mirror({"db", "backup", backup_path()});
  EXPECT_EQ(made.code, 0) << made.err;
  EXPECT_THAT(made.out, HasSubstr(" to " + backup_path() + " ("));
  EXPECT_EQ(
      test::run({"page", "9", "--version", "2", "--format", "storage", "--db", backup_path()}).out,
      "<p>Gamma, version 2</p>");
  const auto proved = test::run({"db", "restore-check", backup_path()});
  EXPECT_EQ(proved.code, 0) << proved.err;
  EXPECT_THAT(proved.out, StartsWith(backup_path() + ": sound (bodies of 1 pages"));
}

TEST_F(DbCommandsTest, ABackupNeverReplacesAFile) {
  std::ofstream(backup_path()) << "precious";
  const auto outcome = run_on_mirror({"db", "backup", backup_path()});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(outcome.err, HasSubstr(backup_path()));
  std::string kept;
  std::ifstream(backup_path()) >> kept;
  EXPECT_EQ(kept, "precious");
}

TEST_F(DbCommandsTest, ADamagedBackupIsFound) {
  given_wrong_body();
  ASSERT_EQ(run_on_mirror({"db", "backup", backup_path()}).code, 0);
  const auto before = folder_.names().size();
  EXPECT_EQ(test::run({"db", "restore-check", backup_path()}).code, 1);
  EXPECT_EQ(folder_.names().size(), before) << "the copy that was tried is removed";
}

TEST_F(DbCommandsTest, AnAbsentBackupIsAnError) {
  const auto outcome = test::run({"db", "restore-check", backup_path()});
  EXPECT_NE(outcome.code, 0);
  EXPECT_THAT(outcome.err, HasSubstr(backup_path()));
}

TEST_F(DbCommandsTest, CompactGivesBackRoom) {
  mirror_.put([](store::Batch& batch) {
    for (int i = 0; i < 50; ++i) {
      auto big = page(100 + i, kDocs, "Big " + std::to_string(i));
      big.body.emplace(std::string(20'000, static_cast<char>('a' + i % 26)) + std::to_string(i));
      batch.pages.push_back(std::move(big));
    }
  });
  mirror_.execute("UPDATE page_body SET body = '' WHERE length(body) > 10000");
  mirror_.close();
  const auto outcome = run_on_mirror({"db", "compact", "--json"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto json = nlohmann::json::parse(outcome.out);
  EXPECT_LT(json.at("bytes_after").get<std::int64_t>(),
            json.at("bytes_before").get<std::int64_t>() - 500'000);
  EXPECT_THAT(run_on_mirror({"db", "compact"}).out, HasSubstr(" before, "));
  EXPECT_EQ(run_on_mirror({"page", "9", "--version", "1", "--format", "storage"}).out,
            "<p>Gamma, version 1</p>");
}

TEST_F(DbCommandsTest, CompactWaitsForNoOneWhoCrawls) {
  const auto lock = store::MirrorLock::acquire(mirror_.path());
  ASSERT_TRUE(lock);
  EXPECT_EQ(run_on_mirror({"db", "compact"}).code, 7);
}

TEST_F(DbCommandsTest, ABackupIntoAFolderGetsANameAndTheOldestGo) {
  const auto folder = folder_ / "backups";
  fs::create_directory(folder);
  for (const char* old : {"mirror-20200101T000000Z.db", "mirror-20200102T000000Z.db", "notes.txt"})
    std::ofstream(folder / old) << "old";
  const auto made = run_on_mirror({"db", "backup", folder.string(), "--keep", "2"});
  ASSERT_EQ(made.code, 0) << made.err;
  EXPECT_THAT(made.out, AllOf(HasSubstr(" to " + (folder / "mirror-2").string()),
                              HasSubstr("removed " +
                                        (folder / "mirror-20200101T000000Z.db").string() + "\n")));
  EXPECT_FALSE(fs::exists(folder / "mirror-20200101T000000Z.db"));
  EXPECT_TRUE(fs::exists(folder / "mirror-20200102T000000Z.db"));
  EXPECT_TRUE(fs::exists(folder / "notes.txt"));
}

TEST_F(DbCommandsTest, MachinesAreToldWhatABackupMadeAndRemoved) {
  const auto folder = folder_ / "backups";
  fs::create_directory(folder);
  std::ofstream(folder / "mirror-20200101T000000Z.db") << "old";
  const auto json = nlohmann::json::parse(
      run_on_mirror({"db", "backup", folder.string(), "--keep", "1", "--json"}).out);
  EXPECT_EQ(json.at("bytes").get<std::uintmax_t>(),
            fs::file_size(json.at("file").get<std::string>()));
  EXPECT_EQ(json.at("removed"),
            nlohmann::json::array({(folder / "mirror-20200101T000000Z.db").string()}));
  const auto named =
      nlohmann::json::parse(run_on_mirror({"db", "backup", backup_path(), "--json"}).out);
  EXPECT_EQ(named.at("file"), backup_path());
  EXPECT_THAT(named.at("removed"), IsEmpty());
}

TEST_F(DbCommandsTest, KeepNeedsAFolderAndANumber) {
  const auto outcome = run_on_mirror({"db", "backup", backup_path(), "--keep", "3"});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("cannot keep 3 backups in '" + backup_path() + "'"));
  EXPECT_FALSE(fs::exists(backup_path()));
  for (const char* number : {"0", "-1", "x", "1.5"}) {
    EXPECT_EQ(run_on_mirror({"db", "backup", folder_.path().string(), "--keep", number}).code, 2)
        << number;
  }
  EXPECT_THAT(folder_.names(), Not(::testing::Contains(StartsWith("mirror-"))));
}

// Presses Ctrl-C as soon as a command opens the mirror.
class CtrlC {
 public:
  CtrlC() {
    pressed_ = false;
    sqlite3_auto_extension(reinterpret_cast<void (*)()>(press));
  }
  ~CtrlC() { sqlite3_cancel_auto_extension(reinterpret_cast<void (*)()>(press)); }
  CtrlC(const CtrlC&) = delete;
  CtrlC& operator=(const CtrlC&) = delete;

 private:
  static int press(sqlite3* /*db*/, char** /*error*/, const sqlite3_api_routines* /*api*/) {
    if (!std::exchange(pressed_, true)) ::raise(SIGINT);
    return SQLITE_OK;
  }
  static inline bool pressed_ = false;
};

TEST_F(DbCommandsTest, ASignalEndsThemAndLeavesNothing) {
  ASSERT_EQ(run_on_mirror({"db", "backup", backup_path()}).code, 0);
  mirror_.close();
  ASSERT_EQ(run_on_mirror({"db", "compact"}).code, 0) << "for the files that stay";
  const auto before = folder_.names().size();
  const std::vector<std::vector<std::string>> commands = {
      {"db", "check"},
      {"db", "backup", (folder_ / "second.db").string()},
      {"db", "backup", folder_.path().string(), "--keep", "1"},
      {"db", "compact"},
      {"db", "restore-check", backup_path()}};
  for (const auto& command : commands) {
    const CtrlC key;
    const auto outcome = run_on_mirror(command);
    EXPECT_EQ(outcome.code, 130) << command.at(1);
    EXPECT_EQ(outcome.err, "confmirror: interrupted\n") << command.at(1);
    EXPECT_THAT(outcome.out, IsEmpty()) << command.at(1);
    EXPECT_EQ(folder_.names().size(), before) << command.at(1);
  }
  EXPECT_EQ(run_on_mirror({"db", "check"}).code, 0);
}

TEST_F(DbCommandsTest, ACommandIsNeededAndAWrongOneIsCorrected) {
  EXPECT_EQ(test::run({"db"}).err,
            "confmirror: cannot run 'confmirror db': it needs a command\n"
            "  'confmirror help db' lists all\n");
  const auto wrong = test::run({"db", "bakcup", "x"});
  EXPECT_EQ(wrong.code, 2);
  EXPECT_THAT(wrong.err, HasSubstr("'confmirror db bakcup': no such command"));
  EXPECT_THAT(wrong.err, HasSubstr("did you mean 'backup'?"));
  EXPECT_EQ(test::run({"db", "backup"}).code, 2);
}

}  // namespace
