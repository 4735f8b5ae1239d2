// Atlassian Connect tried by hand, as CONTRIBUTING.md says: the simulated site and the daemon are
// programs that know of each other what is in flags and configuration, and no more.

#include <nlohmann/json.hpp>

#include "tests/daemon/cli/command_fixture.h"
#include "tests/daemon/cli/daemon_fixture.h"
#include "tests/daemon/cli/free_port.h"
#include "tests/daemon/cli/program_process.h"
#include "tests/site/wire_client.h"

namespace test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using Json = nlohmann::json;

class SiteProgramTest : public DaemonFixture {
 protected:
  void start_site() {
    app_url_ = "http://127.0.0.1:" + std::to_string(app_port_);
    site_ = std::make_unique<ProgramProcess>(
        folder_.path(), "site",
        std::vector<std::string>{"--port", std::to_string(site_port_), "--pages", "30", "--spaces",
                                 "2", "--max-versions", "1", "--huge-body-bytes", "0",
                                 "--connect-app", app_url_},
        "", CONFLUENCE_SITE_PROGRAM);
    ASSERT_TRUE(site_->shows("listening on ")) << site_->err();
    const auto site = "http://127.0.0.1:" + std::to_string(site_port_);
    write("confmirror.toml",
          "[site]\nurl = \"" + site + "\"\nauth = \"connect\"\npublic_url = \"" + app_url_ +
              "\"\n[mirror]\npath = \"mirror.db\"\n[connect]\nlisten = "
              "\"127.0.0.1:" +
              std::to_string(app_port_) + "\"\nkey_host = \"" + site +
              "/__connect/keys\"\ntoken_url = \"" + site + "/__connect/oauth2/token\"\n");
  }
  // As curl would.
  Json tell(const std::string& json) const {
    site::WireClient client(site_port_);
    const auto reply = client.request("POST", "/__control/connect", json);
    EXPECT_EQ(reply.status, 200) << reply.body;
    return Json::parse(reply.body, nullptr, false);
  }
  Outcome check() const { return run({"--config", globals_.config, "check"}); }

  std::uint16_t site_port_ = free_port();
  std::uint16_t app_port_ = free_port();
  std::string app_url_;
  std::unique_ptr<ProgramProcess> site_;
};

TEST_F(SiteProgramTest, AnAppIsInstalledWhenItAnswersAndUninstalledOnRequest) {
  start_site();
  EXPECT_TRUE(
      site_->shows("key host http://127.0.0.1:" + std::to_string(site_port_) + "/__connect/keys"));
  EXPECT_TRUE(site_->shows("connect: nobody answers at " + app_url_)) << "it waits for the app";
  EXPECT_THAT(check().out, HasSubstr("the app is not installed"));

  const auto daemon = start();
  ASSERT_TRUE(daemon->says("READY=1")) << daemon->log();
  EXPECT_TRUE(site_->shows("app 'confmirror' for " + app_url_ + " is installed (HTTP 204)"))
      << site_->out() << daemon->log();
  ASSERT_TRUE(daemon->says("STATUS=synced at ")) << daemon->log();
  EXPECT_EQ(check().code, 0) << check().out;

  auto told = tell(R"({"rotate_secret": true, "explain": false})");
  EXPECT_THAT(check().out, HasSubstr("does not tell these two apart"));
  told = tell(R"({"event": "installed", "app": ")" + app_url_ + "\", \"explain\": true}");
  EXPECT_EQ(told["status"], 204);
  EXPECT_EQ(check().code, 0) << check().out;
  told = tell(R"({"clock_ahead_s": 900})");
  EXPECT_THAT(check().out, HasSubstr("15m 00s behind the site's"));
  tell(R"({"clock_ahead_s": 0})");

  told = tell(R"({"event": "uninstalled"})");
  EXPECT_EQ(told["status"], 204);
  EXPECT_EQ(told["installed"], false);
  EXPECT_FALSE(std::filesystem::exists(file("mirror.db.connect")));
  EXPECT_THAT(check().out, HasSubstr("the app is not installed"));
  expect_stops(*daemon);
  site_->signal(SIGTERM);
  EXPECT_EQ(site_->wait(), 0) << site_->err();
}

TEST_F(SiteProgramTest, WhatIsNoAppIsNotInstalled) {
  start_site();
  site::WireClient client(site_port_);
  const auto site = "http://127.0.0.1:" + std::to_string(site_port_);
  for (const auto& [json, words] :
       {std::pair(R"({"event": "installed", "app": ")" + site + "\"}", "atlassian-connect.json"),
        std::pair(std::string(R"({"event": "installed", "app": "https://example.com"})"),
                  "is not http://127.0.0.1:PORT"),
        std::pair(R"({"event": "installed", "app": ")" + app_url_ + "\"}", "nobody answers")}) {
    const auto reply = client.request("POST", "/__control/connect", json);
    EXPECT_EQ(reply.status, 409) << json;
    EXPECT_THAT(reply.body, HasSubstr(words));
  }
  site_->signal(SIGINT);
  EXPECT_EQ(site_->wait(), 0) << site_->err();
}

}  // namespace
}  // namespace test
