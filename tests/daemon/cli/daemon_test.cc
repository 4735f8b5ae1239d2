#include <sqlite3.h>
#include <sys/resource.h>

#include <atomic>

#include "daemon/cli/sync_command.h"
#include "tests/daemon/cli/daemon_fixture.h"

namespace {

using test::DaemonProcess;
using test::eventually;
using ::testing::AnyOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

class DaemonTest : public test::DaemonFixture {
 protected:
  // While no daemon runs.
  void make_a_full_run_due() const {
    auto writer = store::Writer::open(file("mirror.db"), {});
    ASSERT_TRUE(writer);
    store::Batch batch(0, store::Time{});
    batch.meta["last_full_sync_at"] = "2001-01-01T00:00:00Z";
    (*writer)->submit(std::move(batch), [](const store::Result<store::CommitInfo>&) {});
    ASSERT_TRUE((*writer)->close());
  }
  static bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
  }
};

TEST_F(DaemonTest, SaysThatItIsReadySyncsAndStops) {
  given_site(300);
  const auto daemon = started();
  EXPECT_EQ(differences(), "");
  EXPECT_TRUE(daemon->says("next sync at "));
  expect_stops(*daemon);
  ASSERT_EQ(runs().size(), 1U);
  EXPECT_EQ(runs()[0].kind, "full");
  EXPECT_EQ(runs()[0].outcome, "done");
  EXPECT_THAT(daemon->log(), HasSubstr("synced run_id=1 kind=full"));
}

TEST_F(DaemonTest, SyncsAgainByItself) {
  given_site(100);
  configure("10s");
  const auto daemon = started();
  edit();
  EXPECT_TRUE(becomes_equal());
  EXPECT_EQ(runs().front().kind, "incremental");
  expect_stops(*daemon);
}

TEST_F(DaemonTest, ASignalAsksForASyncNow) {
  given_site(100);
  const auto daemon = started();
  edit();
  server_->reset_counters();
  daemon->signal(SIGUSR1);
  EXPECT_TRUE(becomes_equal());
  EXPECT_TRUE(eventually([this] { return runs().front().outcome == "done"; }));
  EXPECT_EQ(runs().front().kind, "incremental");
  EXPECT_LE(server_->counters().requests, 6U);
  expect_stops(*daemon);
}

TEST_F(DaemonTest, ASecondOneIsRefusedWhileItRunsAndSoIsASyncOfItsOwn) {
  given_site(20);
  const auto daemon = started();
  std::ostringstream out;
  std::ostringstream err;
  ::cli::SyncArgs args;
  args.full = true;
  EXPECT_EQ(cli::run_sync(globals_, args, out, err), 7);
  EXPECT_THAT(err.str(), HasSubstr(std::to_string(daemon->pid())));
  expect_stops(*daemon);
}

TEST_F(DaemonTest, AConfigurationThatIsWrongIsRefusedWholeAndTheOldOneStays) {
  given_site(100);
  const auto daemon = started();
  configure("2 fortnights", "include_spaces = [\"NONE\"]\n");
  const auto from = daemon->now();
  daemon->signal(SIGHUP);
  EXPECT_TRUE(daemon->says("RELOADING=1", from));
  EXPECT_TRUE(daemon->says("READY=1", from));
  EXPECT_THAT(daemon->log(), HasSubstr("confmirror.toml:6:"));
  EXPECT_THAT(daemon->log(), HasSubstr("the old one stays"));
  edit();
  daemon->signal(SIGUSR1);
  EXPECT_TRUE(becomes_equal()) << "it does not run on the old settings";
  expect_stops(*daemon);
}

TEST_F(DaemonTest, WhatNeedsARestartIsRefusedWithTheRest) {
  given_site(20);
  const auto daemon = started();
  const auto before = runs().size();
  configure("10s");
  write("confmirror.toml",
        "[site]\nurl = \"http://127.0.0.1:9\"\nemail = \"a@b.c\"\n"
        "token_file = \"token\"\n[sync]\ninterval = \"10s\"\n");
  const auto from = daemon->now();
  daemon->signal(SIGHUP);
  EXPECT_TRUE(daemon->says("READY=1", from));
  EXPECT_THAT(daemon->log(), HasSubstr("cannot change site.url while the daemon runs"));
  EXPECT_EQ(runs().size(), before);
  expect_stops(*daemon);
}

TEST_F(DaemonTest, ANewConfigurationIsTakenOver) {
  given_site(100);
  const auto daemon = started();
  std::string key;
  server_->with_content([&key](const site::Content& content) { key = content.spaces()[1].key; });
  configure("1h", "exclude_spaces = [\"" + key + "\"]\n");
  daemon->signal(SIGHUP);
  EXPECT_TRUE(eventually([this] { return runs().size() == 2 && runs()[0].outcome == "done"; }))
      << daemon->log();
  EXPECT_EQ(runs()[0].kind, "full") << "the scope is another one";
  auto reader = store::Reader::open(file("mirror.db"));
  ASSERT_TRUE(reader);
  auto space = (*reader)->space_by_key(key);
  ASSERT_TRUE(space);
  EXPECT_FALSE(*space);
  expect_stops(*daemon);
}

TEST_F(DaemonTest, ARefusedTokenEndsTheAskingUntilThereIsAnother) {
  given_site(100);
  const auto daemon = started();
  server_->set_token("another-token");
  edit();
  daemon->signal(SIGUSR1);
  EXPECT_TRUE(daemon->says("STATUS=credentials refused"));
  EXPECT_THAT(daemon->log(), HasSubstr("nothing more is asked until the token changes"));
  // Notes are not waited for, and may stand behind texts that are being indexed.
  EXPECT_TRUE(eventually([this] {
    return status().find("trouble  incremental runs since ") != std::string::npos;
  })) << status();
  server_->reset_counters();
  const auto from = daemon->now();
  write("token.new", "another-token");
  EXPECT_EQ(server_->counters().requests, 0U);
  std::filesystem::rename(file("token.new"), file("token"));
  EXPECT_TRUE(daemon->says("STATUS=synced at ", from)) << daemon->log();
  EXPECT_EQ(differences(), "");
  EXPECT_TRUE(eventually([this] { return status().find("trouble") == std::string::npos; }));
  expect_stops(*daemon);
  EXPECT_EQ(daemon->log().find("another-token"), std::string::npos);
}

TEST_F(DaemonTest, ATokenThatIsReplacedInTimeIsNoticedByTheNextSync) {
  given_site(50);
  const auto daemon = started();
  server_->set_token("another-token");
  write("token", "another-token");
  edit();
  daemon->signal(SIGUSR1);
  EXPECT_TRUE(becomes_equal());
  EXPECT_THAT(daemon->log(), Not(HasSubstr("refused")));
  expect_stops(*daemon);
}

TEST_F(DaemonTest, AValveStopsOneRunAndNotTheDaemon) {
  given_site(300);
  expect_stops(*started());
  make_a_full_run_due();
  server_->with_content([](site::Content& content) {
    for (site::Index space = 0; space < 2; ++space) content.restrict_space(space, true);
  });
  auto daemon = start();
  EXPECT_TRUE(eventually([this] { return runs().front().outcome == "stopped"; })) << daemon->log();
  EXPECT_TRUE(daemon->says("STATUS=trouble since ")) << daemon->log();
  EXPECT_THAT(daemon->log(), HasSubstr("sync --accept-vanished"));
  EXPECT_THAT(status(), HasSubstr("pages are gone"));
  server_->with_content([](site::Content& content) {
    for (site::Index space = 0; space < 2; ++space) content.restrict_space(space, false);
  });
  edit();
  daemon->signal(SIGUSR1);
  EXPECT_TRUE(becomes_equal());
  EXPECT_TRUE(eventually([this] { return runs().front().outcome == "done"; }));
  EXPECT_THAT(status(), HasSubstr("trouble  full runs since ")) << "only a full run can tell";
  expect_stops(*daemon);
  // The full run is due once more, and now it passes.
  daemon = started();
  EXPECT_TRUE(eventually([this] { return !has(status(), "trouble"); })) << status();
  expect_stops(*daemon);
}

TEST_F(DaemonTest, AFullDiskSuspendsWritingAndNothingElse) {
  given_site(100);
  const auto daemon = started();
  const auto size = std::filesystem::file_size(file("mirror.db-wal"));
  const rlimit small{size, RLIM_INFINITY};
  ASSERT_EQ(::prlimit(daemon->pid(), RLIMIT_FSIZE, &small, nullptr), 0);
  edit();
  daemon->signal(SIGUSR1);
  EXPECT_TRUE(daemon->says("STATUS=suspended: ")) << daemon->log();
  EXPECT_THAT(status(), HasSubstr("pages    100"));
  const rlimit none{RLIM_INFINITY, RLIM_INFINITY};
  ASSERT_EQ(::prlimit(daemon->pid(), RLIMIT_FSIZE, &none, nullptr), 0);
  EXPECT_TRUE(becomes_equal());
  expect_stops(*daemon);
  EXPECT_THAT(daemon->log(), HasSubstr("the mirror can be written again"));
}

TEST_F(DaemonTest, AFullDiskDoesNotKeepItFromStopping) {
  given_site(100);
  const auto daemon = started();
  const rlimit small{std::filesystem::file_size(file("mirror.db-wal")), RLIM_INFINITY};
  ASSERT_EQ(::prlimit(daemon->pid(), RLIMIT_FSIZE, &small, nullptr), 0);
  edit();
  daemon->signal(SIGUSR1);
  EXPECT_TRUE(daemon->says("STATUS=suspended: ")) << daemon->log();
  daemon->signal(SIGTERM);
  EXPECT_THAT(daemon->wait(), AnyOf(0, 9)) << daemon->log();
  const auto again = start();
  EXPECT_TRUE(becomes_equal());
  expect_stops(*again);
}

TEST_F(DaemonTest, TheWatchdogIsNotFedWhileAWorkerHangs) {
  given_site(50);
  const auto daemon = started(std::chrono::seconds(1));
  EXPECT_TRUE(daemon->says("WATCHDOG=1"));
  sqlite3* other = nullptr;
  ASSERT_EQ(sqlite3_open(file("mirror.db").c_str(), &other), SQLITE_OK);
  sqlite3_busy_timeout(other, 10'000);  // the daemon may be writing
  ASSERT_EQ(sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr), SQLITE_OK);
  EXPECT_TRUE(eventually([&] {
    return daemon->log().find("the watchdog is not fed: no word from writer") != std::string::npos;
  })) << daemon->log();
  ASSERT_EQ(sqlite3_exec(other, "ROLLBACK", nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(other);
  const auto from = daemon->now();
  EXPECT_TRUE(daemon->says("WATCHDOG=1", from)) << "it goes on, and is not fed again";
  expect_stops(*daemon);
}

TEST_F(DaemonTest, TheWatchdogIsFedWhileTheSiteAsksForAWait) {
  given_site(50);
  const auto daemon = started(std::chrono::seconds(1));
  server_->change_settings([](site::Settings& settings) { settings.retry_after_s = 600; });
  server_->set_fault(site::Fault::k429, 1);
  daemon->signal(SIGUSR1);
  EXPECT_TRUE(daemon->says("asks for a wait until ")) << daemon->log();
  const auto from = daemon->now();
  EXPECT_TRUE(test::eventually([&] {
    const auto said = daemon->said();
    return std::count(said.begin() + static_cast<std::ptrdiff_t>(from), said.end(), "WATCHDOG=1") >=
           8;
  })) << daemon->log();
  expect_stops(*daemon);
}

TEST_F(DaemonTest, ChangesAreFollowedWhileALookAtEverythingIsSpreadOverHours) {
  given_site(300);
  expect_stops(*started());
  make_a_full_run_due();
  configure("1h", "", "reconcile_requests_per_hour = 2\n");
  const auto daemon = start();
  EXPECT_TRUE(eventually([this] { return runs().front().run_id == 2; })) << daemon->log();
  edit();
  daemon->signal(SIGUSR1);
  EXPECT_TRUE(becomes_equal());
  EXPECT_TRUE(eventually([this] { return runs().front().outcome == "done"; }));
  const auto rows = runs();
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_EQ(rows[0].kind, "incremental");
  EXPECT_EQ(rows[1].kind, "full");
  EXPECT_EQ(rows[1].outcome, "running");
  expect_stops(*daemon);
  EXPECT_EQ(runs()[1].outcome, "interrupted");
  configure("1h");
  const auto again = start();
  EXPECT_TRUE(eventually([this] { return runs().size() == 3 && runs()[1].outcome == "done"; }))
      << again->log();
  EXPECT_EQ(differences(), "");
  expect_stops(*again);
}

TEST_F(DaemonTest, StoppedAtAnyInstantItCommitsWhatItHasAndGoesOnThere) {
  given_site(1500);
  for (const std::uint64_t moment : {1U, 2U, 4U, 8U, 30U, 100U, 250U, 400U}) {
    const auto daemon = start();
    auto requests = std::make_shared<std::atomic<std::uint64_t>>(0);
    auto stop = [pid = daemon->pid(), moment, requests](const site::Seen&) {
      if (++*requests == moment) ::kill(pid, SIGTERM);
    };
    server_->observe(stop);
    ASSERT_TRUE(daemon->says("STOPPING=1")) << "moment " << moment << "\n" << daemon->log();
    server_->observe({});
    EXPECT_EQ(daemon->wait(), 0) << daemon->log();
  }
  const auto daemon = started();
  EXPECT_EQ(differences(), "");
  expect_stops(*daemon);
}

}  // namespace
