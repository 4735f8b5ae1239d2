#include "config/load.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/config/folder.h"

namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr const char* kSite =
    "[site]\nurl = \"https://acme.atlassian.net\"\nemail = \"bot@example.com\"\n";

class ParseTest : public testing::Test {
 protected:
  std::vector<std::string> problems_of(std::string_view text) {
    config_ = {};
    std::vector<std::string> texts;
    for (const auto& problem : config::parse(text, "/srv/c/confmirror.toml", config_)) {
      EXPECT_GT(problem.line, 0U) << problem.text;
      EXPECT_GT(problem.column, 0U) << problem.text;
      texts.push_back(config::to_string(problem));
    }
    return texts;
  }
  // With a whole [site] before it, which has three lines.
  std::vector<std::string> problems_after_site(const std::string& text) {
    return problems_of(kSite + text);
  }

  config::Config config_;
};

TEST_F(ParseTest, AFileThatSaysLittleHasTheDefaults) {
  EXPECT_THAT(problems_of(kSite), ElementsAre());
  EXPECT_EQ(config_.site.url, "https://acme.atlassian.net");
  EXPECT_EQ(config_.site.email, "bot@example.com");
  EXPECT_EQ(config_.site.auth, "basic");
  EXPECT_EQ(config_.mirror.path, "/srv/c/mirror.db");
  EXPECT_EQ(config_.serve.socket, "/srv/c/confmirror.sock");
  EXPECT_THAT(config_.mirror.include_spaces, ElementsAre("*"));
  EXPECT_THAT(config_.mirror.page_statuses, ElementsAre("current", "archived", "trashed"));
  EXPECT_EQ(config_.mirror.history, "bodies");
  EXPECT_EQ(config_.sync.interval, 5min);
  EXPECT_EQ(config_.sync.reconcile_interval, 24h);
  EXPECT_EQ(config_.http.max_concurrency, 8);
  EXPECT_EQ(config_.http.timeout, 60s);
}

TEST_F(ParseTest, WrongRulesOfAccessAreNamedWithTheirLine) {
  EXPECT_THAT(problems_after_site("[serve.access]\n\"a b\" = [\"read\"]\nbob = \"read\"\n"
                                  "eve = [\"read\", \"write\", 3]\n"),
              ElementsAre(AllOf(HasSubstr(":5:"), HasSubstr("serve.access.a b")),
                          AllOf(HasSubstr(":6:"), HasSubstr("a list of strings")),
                          AllOf(HasSubstr(":7:"), HasSubstr("\"write\"")),
                          AllOf(HasSubstr(":7:"), HasSubstr("the number 3"))));
  EXPECT_THAT(problems_after_site("[serve]\naccess = 3\n"), ElementsAre(HasSubstr("a table")));
}

TEST_F(ParseTest, TcpNeedsATokenAndAnEmptySocketIsNone) {
  EXPECT_THAT(problems_after_site("[serve]\nlisten = \"127.0.0.1:1\"\n"),
              ElementsAre(HasSubstr("serve.token_file")));
  EXPECT_THAT(problems_after_site("[serve]\nsocket = \"\"\n"), ElementsAre());
  EXPECT_TRUE(config_.serve.socket.empty());
}

TEST_F(ParseTest, EveryKeyOfTheSchemaIsRead) {
  EXPECT_THAT(problems_of(R"(
[site]
url = "HTTPS://Acme.Atlassian.net:443/"
auth = "scoped-token"
email = "bot@example.com"
token_file = "secrets/token"
public_url = "https://hooks.example.com/confmirror/"
[mirror]
path = "../data/wiki.db"
include_spaces = ["DOCS", "TEAM*"]
exclude_spaces = ["~*"]
space_types = ["global", "knowledge_base"]
page_statuses = ["current"]
history = "metadata"
history_depth = 5
[sync]
interval = 0
reconcile_interval = "7d"
overlap = "1h30m"
max_vanished_percent = 2.5
max_vanished_pages = 10
[http]
max_concurrency = 3
max_requests_per_second = 1.5
timeout = "2500ms"
[jobs]
max_attempts = 2
max_deletes = 0
on_conflict = "rebase"
[serve]
socket = "/run/confmirror/s"
listen = "[::1]:8765"
token_file = "serve-token"
socket_group = "wiki"
max_connections = 10
[serve.access]
"@wiki" = ["read"]
token = ["submit", "as:557058:f-1"]
[log]
level = "debug"
format = "json"
)"),
              ElementsAre());
  EXPECT_EQ(config_.site.url, "https://acme.atlassian.net");
  EXPECT_EQ(config_.site.auth, "scoped-token");
  EXPECT_EQ(config_.site.token_file, "/srv/c/secrets/token");
  EXPECT_EQ(config_.site.public_url, "https://hooks.example.com/confmirror");
  EXPECT_EQ(config_.mirror.path, "/srv/data/wiki.db");
  EXPECT_THAT(config_.mirror.include_spaces, ElementsAre("DOCS", "TEAM*"));
  EXPECT_THAT(config_.mirror.exclude_spaces, ElementsAre("~*"));
  EXPECT_THAT(config_.mirror.space_types, ElementsAre("global", "knowledge_base"));
  EXPECT_THAT(config_.mirror.page_statuses, ElementsAre("current"));
  EXPECT_EQ(config_.mirror.history, "metadata");
  EXPECT_EQ(config_.mirror.history_depth, 5);
  EXPECT_EQ(config_.sync.interval, 0ms);
  EXPECT_EQ(config_.sync.reconcile_interval, 7 * 24h);
  EXPECT_EQ(config_.sync.overlap, 90min);
  EXPECT_EQ(config_.sync.max_vanished_percent, 2.5);
  EXPECT_EQ(config_.sync.max_vanished_pages, 10);
  EXPECT_EQ(config_.http.max_concurrency, 3);
  EXPECT_EQ(config_.http.max_requests_per_second, 1.5);
  EXPECT_EQ(config_.http.timeout, 2500ms);
  EXPECT_EQ(config_.jobs.max_attempts, 2);
  EXPECT_EQ(config_.jobs.max_deletes, 0);
  EXPECT_EQ(config_.jobs.on_conflict, "rebase");
  EXPECT_EQ(config_.serve.socket, "/run/confmirror/s");
  EXPECT_EQ(config_.serve.listen, "[::1]:8765");
  EXPECT_EQ(config_.serve.token_file, "/srv/c/serve-token");
  EXPECT_EQ(config_.serve.socket_group, "wiki");
  EXPECT_EQ(config_.serve.max_connections, 10);
  EXPECT_THAT(config_.serve.access["@wiki"], ElementsAre("read"));
  EXPECT_THAT(config_.serve.access["token"], ElementsAre("submit", "as:557058:f-1"));
  EXPECT_EQ(config_.log.level, "debug");
  EXPECT_EQ(config_.log.format, "json");
}

TEST_F(ParseTest, EveryProblemIsFoundAtOnceAndHasItsPlace) {
  EXPECT_THAT(
      problems_of("[site]\n"
                  "url = \"https://acme.atlassian.net\"\n"
                  "emial = \"bot@example.com\"\n"
                  "[mirorr]\n"
                  "path = \"x\"\n"
                  "[sync]\n"
                  "interval = \"5 minutes\"\n"
                  "  max_vanished_percent = 101\n"
                  "[http]\n"
                  "max_concurrency = \"8\"\n"
                  "timeout = 60\n"),
      ElementsAre(
          StartsWith("/srv/c/confmirror.toml:1:1: site.email: it is missing"),
          "/srv/c/confmirror.toml:3:1: site.emial: unknown key; did you mean 'email'?",
          "/srv/c/confmirror.toml:4:2: mirorr: unknown table; did you mean '[mirror]'?",
          AllOf(
              StartsWith("/srv/c/confmirror.toml:7:12: sync.interval: expected a duration such as"),
              EndsWith(", got the string \"5 minutes\"")),
          "/srv/c/confmirror.toml:8:26: sync.max_vanished_percent: expected a number from 0 to "
          "100, "
          "got the number 101",
          "/srv/c/confmirror.toml:10:19: http.max_concurrency: expected a whole number from 1 to "
          "64, "
          "got the string \"8\"",
          AllOf(StartsWith("/srv/c/confmirror.toml:11:11: http.timeout: expected a duration"),
                EndsWith("got the number 60 without a unit"))));
}

TEST_F(ParseTest, ASyntaxErrorOfOneLineHidesNothingElse) {
  const auto problems = problems_of(
      "[site]\n"
      "url = https://acme.atlassian.net\n"
      "auth = \"basics\"\n"
      "[log]\n"
      "level = \n"
      "format = 'xml'\n");
  ASSERT_EQ(problems.size(), 4U) << testing::PrintToString(problems);
  EXPECT_THAT(problems[0], StartsWith("/srv/c/confmirror.toml:2:"));
  EXPECT_THAT(problems[1],
              StartsWith("/srv/c/confmirror.toml:3:8: site.auth: expected \"basic\", "));
  EXPECT_THAT(problems[2], StartsWith("/srv/c/confmirror.toml:5:"));
  EXPECT_THAT(problems[3], StartsWith("/srv/c/confmirror.toml:6:10: log.format: "));
}

TEST_F(ParseTest, ASyntaxErrorThatReachesFurtherIsToldAlone) {
  EXPECT_THAT(problems_after_site("[mirror]\ninclude_spaces = [\"A\"\n[sync]\ninterval = 7\n"),
              testing::SizeIs(1));
  EXPECT_THAT(problems_after_site("[mirror\npath = \"x\"\n"), ElementsAre(HasSubstr(".toml:4:")));
}

TEST_F(ParseTest, AKeySetTwiceIsAProblem) {
  EXPECT_THAT(problems_after_site("email = \"b@example.com\"\n"),
              ElementsAre(HasSubstr(".toml:4:")));
}

TEST_F(ParseTest, AnEmptyFileNamesWhatIsMissing) {
  EXPECT_THAT(problems_of(""),
              ElementsAre(StartsWith("/srv/c/confmirror.toml:1:1: site.url: it is missing"),
                          StartsWith("/srv/c/confmirror.toml:1:1: site.email: it is missing")));
}

TEST_F(ParseTest, OnlySchemesThatSendAnAddressNeedTheEmail) {
  const std::string site = "[site]\nurl = \"https://acme.atlassian.net\"\n";
  EXPECT_THAT(problems_of(site + "auth = \"bearer\"\n"), ElementsAre());
  EXPECT_THAT(problems_of(site + "auth = \"scoped-token\"\n"),
              ElementsAre(HasSubstr("site.email")));
}

TEST_F(ParseTest, ATokenInTheFileIsRefusedAndNeverRepeated) {
  for (const std::string line : {"token = \"s3cr3t-value\"", "token = s3cr3t-value",
                                 "\"token\" = 's3cr3t-value'", "api_token = \"s3cr3t-value\"",
                                 "password = \"s3cr3t-value\"", "site.token = s3cr3t-value"}) {
    const auto problems = problems_after_site(line + "\n");
    ASSERT_FALSE(problems.empty()) << line;
    EXPECT_THAT(problems[0], AllOf(HasSubstr("toml:4:"), HasSubstr("must not stand in this file"),
                                   HasSubstr("site.token_file")));
    for (const auto& problem : problems) EXPECT_THAT(problem, Not(HasSubstr("s3cr3t")));
  }
}

TEST_F(ParseTest, ATokenWhereItsPlaceIsAskedForIsRefusedAndNotRepeated) {
  for (const std::string key : {"token_file", "token_env", "token_command", "email"}) {
    EXPECT_THAT(problems_of("[site]\nurl = \"https://acme.atlassian.net\"\n" + key +
                            " = \"ATATT3xFfGF0\"\n"),
                testing::Contains(AllOf(HasSubstr("toml:3:"), HasSubstr(key),
                                        HasSubstr("must not stand in this file"),
                                        Not(HasSubstr("ATATT")))));
  }
}

TEST_F(ParseTest, ThereIsOneSourceOfTheToken) {
  EXPECT_THAT(
      problems_after_site("token_file = \"token\"\ntoken_env = \"T\"\ntoken_command = \"x\"\n"),
      ElementsAre(
          AllOf(HasSubstr(":5:13: site.token_env: "), HasSubstr("site.token_file already")),
          AllOf(HasSubstr(":6:17: site.token_command: "), HasSubstr("site.token_file already"))));
}

TEST_F(ParseTest, AKeyInTheWrongTableIsToldWhereItBelongs) {
  EXPECT_THAT(
      problems_of(
          "url = \"https://acme.atlassian.net\"\n[site]\nurl = \"https://acme.atlassian.net\"\n"
          "email = \"a@b\"\n[sync]\nhistory = \"none\"\n"),
      ElementsAre("/srv/c/confmirror.toml:1:1: url: unknown key; it belongs in [site]",
                  "/srv/c/confmirror.toml:6:1: sync.history: unknown key; it belongs in [mirror]"));
}

TEST_F(ParseTest, AnUnknownNameThatIsNearNothingListsWhatThereIs) {
  EXPECT_THAT(
      problems_after_site("[log]\nzzzzzzzzz = 1\n[qqqqqqqqq]\n"),
      ElementsAre(HasSubstr("log.zzzzzzzzz: unknown key; [log] has level, format"),
                  HasSubstr("qqqqqqqqq: unknown table; the tables are site, mirror, sync")));
}

TEST_F(ParseTest, ATableThatIsNoTableIsAProblem) {
  EXPECT_THAT(problems_of("sync = 5\n" + std::string(kSite) + "[[log]]\nlevel = \"info\"\n"),
              ElementsAre("/srv/c/confmirror.toml:1:1: sync: expected a table, got the number 5",
                          HasSubstr(": log: expected a table, got a list of tables")));
}

TEST_F(ParseTest, EveryElementOfAListIsChecked) {
  EXPECT_THAT(
      problems_after_site("[mirror]\n"
                          "include_spaces = [\"A\", 7, \"\"]\n"
                          "page_statuses = [\"current\", \"draft\",\n  \"current\"]\n"
                          "exclude_spaces = \"X\"\n"),
      ElementsAre(
          AllOf(HasSubstr(":5:24: mirror.include_spaces: "), EndsWith("got the number 7 in it")),
          AllOf(HasSubstr(":5:27: mirror.include_spaces: "), EndsWith("got an empty text in it")),
          AllOf(HasSubstr(":6:29: mirror.page_statuses: "), EndsWith("got \"draft\" in it")),
          AllOf(HasSubstr(":7:3: mirror.page_statuses: "), EndsWith("got \"current\" twice in it")),
          AllOf(HasSubstr(":8:18: mirror.exclude_spaces: "), EndsWith("got the string \"X\""))));
  EXPECT_THAT(problems_after_site("[mirror]\ninclude_spaces = []\npage_statuses = []\n"),
              testing::SizeIs(2));
}

TEST_F(ParseTest, NumbersAndDurationsHaveBounds) {
  for (const std::string line :
       {"[http]\nmax_concurrency = 0", "[http]\nmax_concurrency = 65",
        "[http]\nmax_concurrency = 8.0", "[http]\nmax_requests_per_second = -1",
        "[http]\nmax_requests_per_second = nan", "[http]\nmax_requests_per_second = inf",
        "[http]\ntimeout = \"999ms\"", "[http]\ntimeout = \"0\"", "[http]\ntimeout = \"61m\"",
        "[sync]\ninterval = \"9s\"", "[sync]\ninterval = \"-5m\"", "[sync]\ninterval = true",
        "[sync]\ninterval = 07:32:00", "[mirror]\nhistory_depth = -1",
        "[mirror]\nhistory_depth = 9223372036854775807", "[jobs]\nmax_attempts = 0"}) {
    EXPECT_THAT(problems_after_site(line + "\n"), ElementsAre(HasSubstr(".toml:5:"))) << line;
  }
}

TEST_F(ParseTest, AUrlThatWouldSendTheTokenAstrayIsRefused) {
  for (const std::string url : {"",
                                "acme.atlassian.net",
                                "ftp://acme.atlassian.net",
                                "http://acme.atlassian.net",
                                "http://127.0.0.1.example.com",
                                "http://localhost.example.com",
                                "https://user:s3cr3t@acme.atlassian.net",
                                "http://localhost@evil.example",
                                "https://acme.atlassian.net/wiki",
                                "https://acme.atlassian.net?x=1",
                                "https://acme.atlassian.net#x",
                                "https://acme.atlassian.net\\\\@evil.example",
                                "https://",
                                "https://a b",
                                "https://acme.atlassian.net:0",
                                "https://acme.atlassian.net:65536",
                                "https://acme.atlassian.net:",
                                "https://[::1",
                                "https://-x",
                                "https://a..b",
                                "https:///x",
                                "http://[::2]"}) {
    const auto problems = problems_of("[site]\nurl = \"" + url + "\"\nemail = \"a@b\"\n");
    ASSERT_EQ(problems.size(), 1U) << url;
    EXPECT_THAT(problems[0], AllOf(StartsWith("/srv/c/confmirror.toml:2:7: site.url: "),
                                   Not(HasSubstr("s3cr3t"))));
  }
}

TEST_F(ParseTest, AUrlOfALoopbackHostMayBePlain) {
  for (const std::string url :
       {"http://localhost:8080", "http://127.0.0.1:1", "http://127.8.9.1", "http://[::1]:80",
        "https://[2001:db8::1]:8443", "https://acme.atlassian.net:8443"}) {
    EXPECT_THAT(problems_of("[site]\nurl = \"" + url + "\"\nemail = \"a@b\"\n"), ElementsAre())
        << url;
  }
  EXPECT_EQ(config_.site.url, "https://acme.atlassian.net:8443");
}

TEST_F(ParseTest, AnAddressThatWouldBreakBasicAuthenticationIsRefused) {
  for (const std::string email :
       {"bot", "a:b@example.com", "a b@example.com", "a@b@c", "@b", "a@", "a\\n@b"}) {
    EXPECT_THAT(
        problems_of("[site]\nurl = \"https://acme.atlassian.net\"\nemail = \"" + email + "\"\n"),
        ElementsAre(HasSubstr(":3:9: site.email: expected an e-mail address")))
        << email;
  }
}

TEST_F(ParseTest, WhatASchemeNeedsIsMissedWithItsLine) {
  const auto needs = [this](const std::string& lines) {
    return problems_of("[site]\nurl = \"https://acme.atlassian.net\"\n" + lines);
  };
  EXPECT_THAT(needs("auth = \"service-account\"\n"),
              ElementsAre(HasSubstr(":1:1: site.client_id: it is missing; site.auth = ")));
  EXPECT_THAT(needs("auth = \"scoped-token\"\n"), ElementsAre(HasSubstr("site.email")));
  EXPECT_THAT(needs("auth = \"service-account\"\nclient_id = \"c\"\n"), ElementsAre());
  EXPECT_THAT(needs("auth = \"bearer\"\n"), ElementsAre());
  EXPECT_EQ(config_.site.gateway_url, "https://api.atlassian.com");
  EXPECT_EQ(config_.site.token_url, "https://auth.atlassian.com/oauth/token");
}

TEST_F(ParseTest, AddressesOfTheGatewayGoNowhereInTheClear) {
  for (const std::string key : {"gateway_url", "token_url"}) {
    for (const auto* bad : {"http://api.atlassian.com", "https://a:b@c.example", "", "ftp://x"}) {
      EXPECT_THAT(problems_after_site(key + " = \"" + bad + "\"\n"),
                  ElementsAre(HasSubstr("site." + key)))
          << bad;
    }
    EXPECT_THAT(problems_after_site(key + " = \"http://127.0.0.1:8080/x\"\n"), ElementsAre());
  }
}

TEST_F(ParseTest, ACloudIdAndADateHaveTheirForms) {
  for (const auto* bad :
       {"\"../../x\"", "\"11111111-2222-3333-4444-55555555555\"",
        "\"g1111111-2222-3333-4444-555555555555\"", "\"11111111222233334444555555555555\""}) {
    EXPECT_THAT(problems_after_site("cloud_id = " + std::string(bad) + "\n"),
                ElementsAre(HasSubstr("expected a cloud id")))
        << bad;
  }
  for (const auto* bad : {"\"2027-02-30\"", "\"tomorrow\"", "\"2027-3-1\"", "1999-01-01", "7"}) {
    EXPECT_THAT(problems_after_site("token_expires = " + std::string(bad) + "\n"),
                ElementsAre(HasSubstr("expected a date")))
        << bad;
  }
  for (const auto* good : {"\"2027-03-01\"", "2027-03-01"}) {
    EXPECT_THAT(problems_after_site("token_expires = " + std::string(good) + "\n"), ElementsAre());
    EXPECT_EQ(config_.site.token_expires, "2027-03-01");
  }
}

TEST_F(ParseTest, ATildeIsNotTakenForAFolder) {
  EXPECT_THAT(problems_after_site("token_file = \"~/token\"\n"), ElementsAre(HasSubstr("'~'")));
}

TEST_F(ParseTest, WhatIsNoTextIsAProblemAndNoCrash) {
  EXPECT_THAT(problems_of(std::string_view("\0\xff\xfe[site", 8)), Not(ElementsAre()));
  EXPECT_THAT(problems_of("email = \"\xc3\x28\"\n"), Not(ElementsAre()));
  EXPECT_THAT(problems_of(std::string(5000, '[')), Not(ElementsAre()));
  EXPECT_THAT(problems_of("a = " + std::string(5000, '[')), Not(ElementsAre()));
}

class LoadTest : public testing::Test {
 protected:
  static std::string name_of_failure(const std::filesystem::path& file) {
    const auto loaded = config::load(file);
    return loaded ? "loaded" : loaded.error().name;
  }
  testing_config::Folder folder_;
  testing_config::Environment environment_;
};

TEST_F(LoadTest, ReadsAFileAndTakesPathsFromItsFolder) {
  const auto file =
      folder_.write("confmirror.toml", std::string(kSite) + "token_file = \"token\"\n", 0644);
  const auto loaded = config::load(file);
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ(loaded->file, file);
  EXPECT_EQ(loaded->site.token_file, folder_.path() / "token");
}

TEST_F(LoadTest, TellsEveryProblemInOneError) {
  const auto file = folder_.write("confmirror.toml", "[site]\nurl = 5\n[lgo]\n");
  const auto loaded = config::load(file);
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().name, "config_invalid");
  EXPECT_THAT(loaded.error().message,
              AllOf(HasSubstr(file.string() + ":2:7: site.url: "), HasSubstr("\n"),
                    HasSubstr(file.string() + ":3:2: lgo: ")));
}

TEST_F(LoadTest, RefusesAFileThatOthersCanWrite) {
  EXPECT_EQ(name_of_failure(folder_.write("group.toml", kSite, 0620)), "config_unsafe");
  EXPECT_EQ(name_of_failure(folder_.write("world.toml", kSite, 0602)), "config_unsafe");
  EXPECT_EQ(name_of_failure(folder_.write("fine.toml", kSite, 0644)), "loaded");
}

TEST_F(LoadTest, RefusesAFileOfSomebodyElse) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give a file away";
  const auto file = folder_.write("confmirror.toml", kSite);
  ASSERT_EQ(::chown(file.c_str(), 12345, 12345), 0);
  EXPECT_EQ(name_of_failure(file), "config_unsafe");
}

TEST_F(LoadTest, RefusesWhatIsNoFile) {
  EXPECT_EQ(name_of_failure(folder_.path()), "config_unsafe");
  const auto pipe = folder_.path() / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_EQ(name_of_failure(pipe), "config_unsafe");
  EXPECT_EQ(name_of_failure(folder_.write("huge.toml", std::string((1u << 20) + 1, '#'))),
            "config_unsafe");
  EXPECT_EQ(name_of_failure(folder_.path() / "absent.toml"), "config_missing");
  EXPECT_EQ(name_of_failure(folder_.path() / "absent" / "confmirror.toml"), "config_missing");
}

class FindTest : public LoadTest {
 protected:
  FindTest() {
    environment_.unset("CONFMIRROR_CONFIG");
    environment_.unset("XDG_CONFIG_HOME");
    environment_.set("HOME", (folder_.path() / "home").string());
  }
};

TEST_F(FindTest, TheVariableComesFirstAndIsNotPassedOver) {
  folder_.write("home/.config/confmirror/confmirror.toml", kSite);
  environment_.set("CONFMIRROR_CONFIG", (folder_.path() / "absent.toml").string());
  const auto found = config::find();
  ASSERT_TRUE(found);
  EXPECT_EQ(*found, folder_.path() / "absent.toml");
  EXPECT_EQ(config::default_path(), folder_.path() / "absent.toml");
}

TEST_F(FindTest, TheUsersOwnPlaceIsFound) {
  const auto file = folder_.write("home/.config/confmirror/confmirror.toml", kSite);
  ASSERT_TRUE(config::find());
  EXPECT_EQ(*config::find(), file);
}

TEST_F(FindTest, XdgComesBeforeHomeButNotWhenRelative) {
  const auto home = folder_.write("home/.config/confmirror/confmirror.toml", kSite);
  const auto xdg = folder_.write("xdg/confmirror/confmirror.toml", kSite);
  environment_.set("XDG_CONFIG_HOME", (folder_.path() / "xdg").string());
  EXPECT_EQ(*config::find(), xdg);
  environment_.set("XDG_CONFIG_HOME", "xdg");
  EXPECT_EQ(*config::find(), home);
}

TEST_F(FindTest, NothingFoundNamesEveryPlace) {
  if (std::filesystem::exists("/etc/confmirror/confmirror.toml"))
    GTEST_SKIP() << "this machine has one";
  const auto found = config::find();
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().name, "config_missing");
  EXPECT_THAT(found.error().message, AllOf(HasSubstr("$CONFMIRROR_CONFIG"),
                                           HasSubstr("home/.config/confmirror/confmirror.toml"),
                                           HasSubstr("/etc/confmirror/confmirror.toml")));
}

}  // namespace
