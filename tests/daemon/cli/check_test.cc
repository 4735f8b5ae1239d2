#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "daemon/base/clock.h"
#include "daemon/cli/setup_checks.h"
#include "tests/daemon/cli/setup_fixture.h"

namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;

class CheckTest : public test::SetupFixture {
 protected:
  void given_config(const std::string& more = "", const std::string& of_site = "") {
    folder_.write("token", "site-token\n");
    folder_.write("confmirror.toml",
                  "[site]\nurl = \"" + server_->url() +
                      "\"\nemail = \"bot@example.com\"\ntoken_file = \"token\"\n" + of_site + more);
  }
  void given_mirror(const std::string& url) {
    test::MirrorBuilder mirror(file("mirror.db"));
    mirror.put([&](store::Batch& batch) {
      batch.meta["site_url"] = url;
      batch.spaces = {test::space(1, "DOCS")};
    });
  }
  // `FAIL  site     cannot ...` to "FAIL"; "" where there is no such line.
  static std::string verdict(const test::Outcome& done, const std::string& name) {
    for (const auto& line : test::lines(done.out)) {
      std::istringstream words(line);
      std::string verdict;
      std::string of;
      if (words >> verdict >> of && of == name && line[0] != ' ') return verdict;
    }
    return "";
  }
};

TEST_F(CheckTest, WhenAllIsWellEveryLineSaysOk) {
  given_config();
  const auto done = check();
  EXPECT_EQ(done.code, 0) << done.out;
  for (const auto* name :
       {"config", "token", "site", "spaces", "clock", "mirror", "disk", "libcurl"}) {
    EXPECT_EQ(verdict(done, name), "ok") << name << "\n" << done.out;
  }
  EXPECT_THAT(done.out,
              AllOf(HasSubstr(server_->account_id()), HasSubstr("3 visible, all of them admitted"),
                    HasSubstr("is not there yet")));
  EXPECT_FALSE(std::filesystem::exists(file("mirror.db"))) << "a check creates nothing";
}

TEST_F(CheckTest, AMirrorOfThisSiteIsCounted) {
  given_config();
  given_mirror(server_->url());
  const auto done = check();
  EXPECT_EQ(done.code, 0) << done.out;
  EXPECT_THAT(done.out, HasSubstr("opens: 1 spaces, 0 pages"));
}

TEST_F(CheckTest, WithoutAConfigurationItSaysHowToGetOne) {
  const auto done = check();
  EXPECT_EQ(done.code, 2);
  EXPECT_EQ(verdict(done, "config"), "FAIL");
  EXPECT_THAT(done.out, HasSubstr("confmirror init"));
}

TEST_F(CheckTest, EveryProblemOfTheConfigurationIsShown) {
  folder_.write("confmirror.toml", "[site]\nurl = 1\n[lgo]\n");
  const auto done = check();
  EXPECT_EQ(done.code, 2);
  EXPECT_THAT(done.out, AllOf(HasSubstr("confmirror.toml:2:7: site.url"),
                              HasSubstr("confmirror.toml:3:2: lgo")));
}

TEST_F(CheckTest, ATokenThatOthersCanReadIsExit2AndTheRestIsCheckedAllTheSame) {
  given_config();
  folder_.write("token", "site-token\n", 0644);
  const auto done = check();
  EXPECT_EQ(done.code, 2);
  EXPECT_EQ(verdict(done, "token"), "FAIL");
  EXPECT_EQ(verdict(done, "site"), "");
  EXPECT_EQ(verdict(done, "mirror"), "ok");
  EXPECT_EQ(server_->counters().requests, 0u);
}

TEST_F(CheckTest, AWrongTokenIsExit3) {
  given_config();
  server_->set_token("another");
  const auto done = check();
  EXPECT_EQ(done.code, 3) << done.out;
  EXPECT_EQ(verdict(done, "site"), "FAIL");
  EXPECT_EQ(verdict(done, "mirror"), "ok");
}

TEST_F(CheckTest, ASiteThatIsNotThereIsExit8) {
  folder_.write("token", "site-token\n");
  folder_.write("confmirror.toml",
                "[site]\nurl = \"http://127.0.0.1:1\"\nemail = \"a@b\"\ntoken_file = \"token\"\n");
  const auto done = check();
  EXPECT_EQ(done.code, 8) << done.out;
}

TEST_F(CheckTest, SpacesThatTheConfigurationKeepsOutAreAWarning) {
  given_config("[mirror]\ninclude_spaces = [\"NO-SUCH-SPACE\"]\n");
  const auto done = check();
  EXPECT_EQ(done.code, 1) << done.out;
  EXPECT_EQ(verdict(done, "spaces"), "warn");
  EXPECT_THAT(done.out, HasSubstr("mirror.include_spaces"));
}

TEST_F(CheckTest, AMirrorOfAnotherSiteIsExit2) {
  given_config();
  given_mirror("https://other.atlassian.net");
  const auto done = check();
  EXPECT_EQ(done.code, 2) << done.out;
  EXPECT_THAT(done.out, HasSubstr("is a mirror of https://other.atlassian.net"));
}

TEST_F(CheckTest, AFileThatIsNoMirrorIsExit6) {
  given_config();
  folder_.write("mirror.db", std::string(8192, 'x'));
  const auto done = check();
  EXPECT_EQ(done.code, 6) << done.out;
  EXPECT_EQ(verdict(done, "mirror"), "FAIL");
  EXPECT_EQ(verdict(done, "site"), "ok");
}

TEST_F(CheckTest, TheMirrorThatIsNamedComesFirst) {
  given_config();
  folder_.write("other.db", std::string(8192, 'x'));
  globals_.db = file("other.db").string();
  EXPECT_EQ(check().code, 6);
}

TEST_F(CheckTest, AWaitThatASyncWasAskedForIsKept) {
  given_config();
  const auto until = store::to_iso8601(base::SystemClock().now() + 2h);
  test::MirrorBuilder(file("mirror.db")).put([&](store::Batch& batch) {
    batch.meta["site_url"] = server_->url();
    batch.meta["rate_wait_until"] = until;
    batch.meta["rate_wait_reason"] = "HTTP 429";
  });
  const auto done = check();
  EXPECT_EQ(done.code, 8) << done.out;
  EXPECT_THAT(done.out,
              AllOf(HasSubstr("asks to wait until " + until.substr(0, 10)), HasSubstr("HTTP 429")));
  EXPECT_EQ(server_->counters().requests, 0u);
}

TEST_F(CheckTest, JsonSaysTheSame) {
  given_config("[mirror]\nexclude_spaces = [\"*\"]\n");
  globals_.json = true;
  const auto done = check();
  EXPECT_EQ(done.code, 1);
  auto json = nlohmann::json::parse(done.out);
  EXPECT_EQ(json["verdict"], "warn");
  EXPECT_EQ(json["exit_code"], 1);
  ASSERT_EQ(json["checks"].size(), 8u);
  EXPECT_EQ(json["checks"][3]["name"], "spaces");
  EXPECT_EQ(json["checks"][3]["verdict"], "warn");
}

TEST_F(CheckTest, QuietShowsFindingsOnly) {
  given_config("[mirror]\nexclude_spaces = [\"*\"]\n");
  globals_.quiet = true;
  const auto done = check();
  EXPECT_THAT(done.out, AllOf(HasSubstr("warn  spaces"), Not(HasSubstr("ok "))));
}

class CheckLineTest : public testing::Test {
 protected:
  static constexpr store::Time kNoon{std::chrono::seconds(1'700'000'000)};
};

TEST_F(CheckLineTest, AClockThatIsAMinuteOffIsAWarning) {
  EXPECT_EQ(cli::clock_line(59s).verdict, cli::Verdict::kOk);
  EXPECT_EQ(cli::clock_line(-59s).verdict, cli::Verdict::kOk);
  EXPECT_EQ(cli::clock_line(30s, true).verdict, cli::Verdict::kOk);
  EXPECT_EQ(cli::clock_line(-31s, true).verdict, cli::Verdict::kWarn);
  EXPECT_THAT(cli::clock_line(31s, true).hint, HasSubstr("will be refused"));
  const auto ahead = cli::clock_line(61s);
  EXPECT_EQ(ahead.verdict, cli::Verdict::kWarn);
  EXPECT_THAT(ahead.text, HasSubstr("1m 01s ahead of the site"));
  EXPECT_THAT(cli::clock_line(-2h).text, HasSubstr("2h 00m behind the site"));
  EXPECT_EQ(cli::clock_line(std::nullopt).verdict, cli::Verdict::kWarn);
}

TEST_F(CheckLineTest, LittleSpaceIsAWarningAndNoneAFailure) {
  EXPECT_EQ(cli::disk_line("m.db", 2ull << 30).verdict, cli::Verdict::kOk);
  EXPECT_EQ(cli::disk_line("m.db", 500ull << 20).verdict, cli::Verdict::kWarn);
  const auto full = cli::disk_line("m.db", 1ull << 20);
  EXPECT_EQ(full.verdict, cli::Verdict::kFail);
  EXPECT_EQ(full.exit_code, 9);
  EXPECT_EQ(cli::disk_line("m.db", std::nullopt).verdict, cli::Verdict::kWarn);
}

TEST_F(CheckLineTest, AnOldLibcurlIsRemarkedOnButNoFinding) {
  EXPECT_THAT(cli::curl_line("7.88.1", false).text, HasSubstr("HTTP/1.1 only"));
  EXPECT_EQ(cli::curl_line("7.88.1", false).verdict, cli::Verdict::kOk);
  EXPECT_EQ(cli::curl_line("8.9.0", true).text, "8.9.0");
}

TEST_F(CheckLineTest, SpacesThatCannotBeListedAreAFailureOfTheirOwn) {
  cli::SiteView view;
  view.spaces_error =
      store::Error(store::ErrorKind::kRetryAfter, "http_503", "cannot list spaces: 503");
  EXPECT_EQ(cli::spaces_line(view).exit_code, 8);
  view.spaces_error.reset();
  EXPECT_EQ(cli::spaces_line(view).verdict, cli::Verdict::kWarn);
  view.spaces = view.admitted = 10'000;
  view.more = true;
  EXPECT_THAT(cli::spaces_line(view).text, HasSubstr("10,000+ visible"));
}

TEST_F(CheckLineTest, TheFirstFailureDecidesThenAnyWarning) {
  using cli::Verdict;
  std::vector<cli::CheckLine> lines{{"a", Verdict::kOk, ""}};
  EXPECT_EQ(cli::exit_code_of(lines), 0);
  lines.emplace_back("b", Verdict::kWarn, "");
  EXPECT_EQ(cli::exit_code_of(lines), 1);
  lines.push_back(cli::failure("c", store::Error(store::ErrorKind::kUnreachable, "x", "y")));
  lines.push_back(cli::failure("d", store::Error(store::ErrorKind::kStoreBad, "x", "y")));
  EXPECT_EQ(cli::exit_code_of(lines), 8);
}

TEST_F(CheckLineTest, TextOfOthersCannotSteerTheTerminal) {
  std::ostringstream out;
  cli::print_lines({{"site", cli::Verdict::kWarn, "name \x1b[2J\nsecond", "hint\x07"}}, out);
  EXPECT_EQ(out.str(), "warn  site     name  [2J\n               second\n               hint \n");
}

}  // namespace
