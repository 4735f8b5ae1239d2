#include "daemon/cli/verify_command.h"

#include <sqlite3.h>

#include <csignal>
#include <nlohmann/json.hpp>

#include "daemon/cli/sync_command.h"
#include "daemon/cli/verify_report.h"
#include "store/lock.h"
#include "store/writer.h"
#include "tests/daemon/cli/setup_fixture.h"

namespace {

using test::Outcome;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

constexpr const char* kToken = "site-token";

class VerifyCommandTest : public ::testing::Test {
 protected:
  VerifyCommandTest() {
    site::ServerOptions options;
    options.content = {.spaces = 6, .pages = 300, .max_versions = 2, .huge_body_bytes = 0};
    server_ = std::make_unique<site::Server>(options);
    server_->set_token(kToken);
    environment_.unset("CONFMIRROR_CONFIG");
    environment_.unset("CREDENTIALS_DIRECTORY");
    write("token", kToken);
    configure("");
  }

  std::filesystem::path file(const std::string& name) const { return folder_.path() / name; }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(file(name)) << text;
    std::filesystem::permissions(
        file(name), std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  }
  void configure(const std::string& more) const {
    write("confmirror.toml",
          "[site]\nurl = \"" + server_->url() + "\"\nemail = \"" + server_->options().email +
              "\"\ntoken_file = \"token\"\n[mirror]\npath = \"mirror.db\"\n" + more);
  }
  Outcome run(std::vector<std::string> args) const {
    args.insert(args.begin(), {"--config", file("confmirror.toml").string()});
    auto outcome = test::run(std::move(args));
    EXPECT_EQ((outcome.out + outcome.err).find(kToken), std::string::npos) << "the token was shown";
    return outcome;
  }
  Outcome verify(std::vector<std::string> args = {}) const {
    args.insert(args.begin(), "verify");
    return run(std::move(args));
  }
  void given_a_mirror() const { ASSERT_EQ(run({"sync", "--quiet"}).code, 0); }
  // So many pages of the mirror get another title.
  void plant_titles(int count, const std::string& title) const {
    sqlite3* db = nullptr;
    ASSERT_EQ(sqlite3_open(file("mirror.db").c_str(), &db), SQLITE_OK);
    const auto sql = "UPDATE page SET title='" + title +
                     "'||id WHERE id IN (SELECT id FROM page ORDER BY id LIMIT " +
                     std::to_string(count) + ")";
    EXPECT_EQ(sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK);
    sqlite3_close(db);
  }

  std::unique_ptr<site::Server> server_;
  testing_config::Folder folder_;
  testing_config::Environment environment_;
};

TEST_F(VerifyCommandTest, AnEqualMirrorEndsWithZeroAndSaysWhatThatCost) {
  given_a_mirror();
  server_->reset_counters();
  const auto outcome = verify();
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("last sync "), HasSubstr("100 compared by SHA-256"),
                                 HasSubstr("\nequal; "), HasSubstr(" requests, ")));
  EXPECT_THAT(outcome.out, HasSubstr(std::to_string(server_->counters().requests) + " requests, "));
  EXPECT_THAT(outcome.err, IsEmpty()) << "no progress line but on a terminal";
}

TEST_F(VerifyCommandTest, DifferencesEndItWithOneAndAreNamedBesideEachOther) {
  given_a_mirror();
  plant_titles(60, "planted ");
  const auto outcome = verify({"--sample", "0"});
  EXPECT_EQ(outcome.code, 1) << outcome.err;
  EXPECT_THAT(outcome.out,
              AllOf(HasSubstr("\n60 differences\n  title "), HasSubstr("pages with another title"),
                    HasSubstr("  planted "), HasSubstr("and 10 more: --json\n"),
                    HasSubstr("pages by space, where the two differ")));
}

TEST_F(VerifyCommandTest, JsonIsOneObjectWithEveryDifference) {
  given_a_mirror();
  plant_titles(60, "planted ");
  server_->reset_counters();
  const auto outcome = verify({"--json", "--sample", "all"});
  EXPECT_EQ(outcome.code, 1) << outcome.err;
  EXPECT_EQ(test::lines(outcome.out).size(), 1U);
  const auto json = nlohmann::json::parse(outcome.out);
  EXPECT_EQ(json["equal"], false);
  EXPECT_EQ(json["counts"], nlohmann::json({{"title", 60}}));
  EXPECT_EQ(json["bodies_compared"], 300);
  EXPECT_EQ(json["pages_on_site"], 300);
  EXPECT_EQ(json["requests"], server_->counters().requests);
  EXPECT_GT(json["bytes"], 10'000);
  EXPECT_EQ(json["per_space"].size(), 6U);
  EXPECT_THAT(json["not_compared"], IsEmpty());
  EXPECT_TRUE(json["last_sync_at"].is_string());
  ASSERT_EQ(json["differences"].size(), 60U);
  for (const auto& difference : json["differences"]) {
    EXPECT_EQ(difference["kind"], "title");
    const std::string id = difference["page_id"];
    EXPECT_EQ(difference["mirror"], "planted " + id);
    EXPECT_EQ(difference["site"], difference["title"]);
    EXPECT_TRUE(difference["space_key"].is_string());
  }
}

TEST_F(VerifyCommandTest, QuietSaysNothingOfAnEqualMirrorAndOnlyTheDifferencesOfAnother) {
  given_a_mirror();
  EXPECT_THAT(verify({"--quiet"}).out, IsEmpty());
  plant_titles(1, "planted ");
  const auto outcome = verify({"--quiet"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.out, AllOf(StartsWith("\n1 difference\n"), Not(HasSubstr("requests"))));
}

TEST_F(VerifyCommandTest, WhatOthersWroteCannotSteerTheTerminal) {
  given_a_mirror();
  plant_titles(1, "\x1B[31mred");
  EXPECT_THAT(verify({"--sample", "0"}).out, Not(HasSubstr("\x1B")));
}

TEST_F(VerifyCommandTest, ASpaceAloneIsCompared) {
  given_a_mirror();
  std::string key;
  server_->with_content([&](site::Content& content) { key = content.spaces()[1].key; });
  const auto json = nlohmann::json::parse(verify({"--json", "--space", key}).out);
  ASSERT_EQ(json["per_space"].size(), 1U);
  EXPECT_EQ(json["per_space"][0]["space_key"], key);
  const auto unknown = verify({"--space", "NOWHERE"});
  EXPECT_EQ(unknown.code, 2);
  EXPECT_THAT(unknown.err, HasSubstr("has such a space"));
}

TEST_F(VerifyCommandTest, ItTakesNoLock) {
  given_a_mirror();
  const auto lock = store::MirrorLock::acquire(file("mirror.db"));
  ASSERT_TRUE(lock);
  EXPECT_EQ(verify().code, 0);
}

TEST_F(VerifyCommandTest, AWrongTokenEndsItWithThreeAndNoReport) {
  given_a_mirror();
  write("token", "another");
  for (const bool anonymous : {false, true}) {
    server_->change_settings(
        [&](site::Settings& settings) { settings.anonymous_access = anonymous; });
    const auto outcome = verify();
    EXPECT_EQ(outcome.code, 3);
    EXPECT_THAT(outcome.out, IsEmpty());
  }
}

TEST_F(VerifyCommandTest, WhatCouldNotBeComparedEndsItWithFourAndIsNamed) {
  given_a_mirror();
  site::Id bad = 0;
  server_->with_content([&](site::Content& content) { bad = content.pages()[40].id; });
  server_->set_poison_rows({bad});
  const auto outcome = verify();
  EXPECT_EQ(outcome.code, 4);
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("not compared\n  page:" + std::to_string(bad)),
                                 HasSubstr("no difference in what was compared; ")));
}

TEST_F(VerifyCommandTest, ASiteThatIsNotThereEndsItWithEight) {
  given_a_mirror();
  server_->stop();
  EXPECT_EQ(verify().code, 8);
}

TEST_F(VerifyCommandTest, ASignalEndsItWithoutAReport) {
  given_a_mirror();
  std::atomic<int> requests{0};
  server_->observe([&requests](const site::Seen&) {
    if (++requests == 2) ::raise(SIGTERM);
  });
  const auto outcome = verify();
  server_->observe({});
  EXPECT_EQ(outcome.code, 130);
  EXPECT_THAT(outcome.out, IsEmpty());
  EXPECT_THAT(outcome.err, HasSubstr("stopping"));
}

TEST_F(VerifyCommandTest, AMirrorOfAnotherSiteIsNotCompared) {
  given_a_mirror();
  auto writer = store::Writer::open(file("mirror.db"), {});
  ASSERT_TRUE(writer);
  store::Batch batch(0, store::Time{});
  batch.meta["site_url"] = "https://other.example";
  (*writer)->submit(std::move(batch), [](const store::Result<store::CommitInfo>&) {});
  ASSERT_TRUE((*writer)->close());
  const auto outcome = verify();
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("cannot verify '"));
}

TEST_F(VerifyCommandTest, AWaitThatTheSiteNamedIsKept) {
  given_a_mirror();
  auto writer = store::Writer::open(file("mirror.db"), {});
  ASSERT_TRUE(writer);
  store::Batch batch(0, store::Time{});
  const auto until = base::SystemClock().now() + std::chrono::milliseconds(300);
  batch.meta["rate_wait_until"] = store::to_iso8601(until);
  batch.meta["rate_wait_reason"] = "429";
  (*writer)->submit(std::move(batch), [](const store::Result<store::CommitInfo>&) {});
  ASSERT_TRUE((*writer)->close());
  std::atomic<bool> early{false};
  server_->observe([&](const site::Seen&) {
    if (base::SystemClock().now() < until) early = true;
  });
  EXPECT_EQ(verify().code, 0);
  server_->observe({});
  EXPECT_FALSE(early);
}

TEST_F(VerifyCommandTest, AMissingMirrorAndASampleThatIsNoNumberAreErrors) {
  EXPECT_NE(verify().code, 0);
  EXPECT_FALSE(std::filesystem::exists(file("mirror.db")));
  const auto outcome = verify({"--sample", "many"});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("takes a number of pages, or all"));
}

TEST(VerifyReportTest, NamesSomeOfEveryKindHoweverManyThereAreOfOne) {
  cli::VerifyOutcome outcome;
  for (int i = 1; i <= 70; ++i) {
    mirror::Difference difference;
    difference.kind = i <= 69 ? mirror::DifferenceKind::kTitle : mirror::DifferenceKind::kBody;
    difference.page_id = i;
    difference.title = "Page " + std::to_string(i) + ".";
    outcome.report.differences.push_back(std::move(difference));
  }
  std::ostringstream out;
  cli::print_verify_report(outcome, true, 0, out);
  EXPECT_THAT(out.str(), AllOf(HasSubstr("Page 49."), Not(HasSubstr("Page 50.")),
                               HasSubstr("Page 70."), HasSubstr("and 20 more: --json")));
}

TEST(VerifyLineTest, SaysHowFarItIsAndWhatItWaitsFor) {
  mirror::VerifyProgress progress;
  confluence::Usage usage;
  confluence::GovernorStatus governor;
  EXPECT_EQ(cli::verify_line(progress, usage, governor, {}), "asking the site · 0 requests");
  progress.pages_listed = 4210;
  progress.pages_known = 10'000;
  progress.bodies = 100;
  progress.suspects = 3;
  usage.requests = 18;
  governor.closed_until = store::Time(std::chrono::seconds(12));
  governor.closed_reason = "429";
  EXPECT_EQ(
      cli::verify_line(progress, usage, governor, {}),
      "comparing 4,210 of 10,000 pages · 100 bodies · 3 to be looked at again · 18 requests · "
      "waiting 12s (429)");
}

}  // namespace
