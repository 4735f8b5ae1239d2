// confluence.js from npm, as it is, reads and writes by the offline API of the daemon, over TCP and
// with its token; what it wrote is looked at on the site.

#include <gmock/gmock.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "tests/daemon/cli/daemon_fixture.h"
#include "tests/daemon/cli/free_port.h"
#include "tests/shell.h"
#include "tests/site/wire_client.h"

namespace test {
namespace {

using Json = nlohmann::json;

class ConfluenceJsTest : public DaemonFixture {
 protected:
  static constexpr const char* kServeToken = "the-token-of-the-service-in-a-test";

  void given_daemon(std::uint32_t pages) {
    given_site(pages);
    port_ = free_port();
    write("serve-token", kServeToken);
    configure("1h", "[serve]\nlisten = \"127.0.0.1:" + std::to_string(port_) +
                        "\"\ntoken_file = \"serve-token\"\n[serve.access]\ntoken = [\"submit\"]\n");
    daemon_ = started();
  }
  // What the script prints; fails where it ends with an error.
  std::string run_script(const std::string& name) const {
    const auto ended = shell(
        "cd '" CONFMIRROR_CLIENTS "' && CONFMIRROR_URL=http://127.0.0.1:" + std::to_string(port_) +
        " CONFMIRROR_TOKEN=" + kServeToken + " '" CONFMIRROR_NODE "' " + name);
    EXPECT_EQ(ended.code, 0) << ended.output << daemon_->log();
    return ended.output;
  }
  // As whoever has the token.
  site::Reply ask(const std::string& method, const std::string& target, const std::string& body,
                  const std::vector<std::string>& headers) const {
    site::WireClient client(port_);
    client.authorize(std::string("Bearer ") + kServeToken);
    return client.request(method, target, body, headers);
  }
  // What was applied to that page on the site, by us, in its order.
  std::vector<std::string> applied(site::Id page) const {
    std::vector<std::string> found;
    for (const auto& entry : server_->writes()) {
      if (entry.applied && entry.own && entry.page == page) found.push_back(entry.what);
    }
    return found;
  }

  std::uint16_t port_ = 0;
  std::unique_ptr<DaemonProcess> daemon_;
};

TEST_F(ConfluenceJsTest, ReadsWritesAndIsRefusedAsByConfluence) {
  given_daemon(150);
  const auto printed = run_script("confluence_js.mjs");
  const Json done = Json::parse(printed, nullptr, false);
  ASSERT_TRUE(done.is_object()) << printed;
  EXPECT_EQ(done["spaces"], 4);
  EXPECT_GT(done["pages"], 100);
  const auto id = std::stoll(done["written"].get<std::string>());
  EXPECT_THAT(applied(id), ::testing::ElementsAre("create", "update", "update", "delete"));
  server_->with_content([id](const site::Content& content) {
    const auto page = content.find_page(id);
    ASSERT_NE(page, site::kNone);
    EXPECT_EQ(content.pages()[page].status, site::Status::kTrashed);
    EXPECT_EQ(content.pages()[page].title, "Renamed by confluence.js");
    EXPECT_EQ(content.body(page, 1), "<p>one</p>");
    EXPECT_EQ(content.body(page, 2), "<p>two</p>");
    EXPECT_EQ(content.title_at(page, 2), "Written by confluence.js, twice");
    EXPECT_EQ(content.version(page, 2)->message.find("by confluence.js"), 0U);
  });
  EXPECT_TRUE(becomes_equal()) << differences();
  EXPECT_EQ(daemon_->log().find(kServeToken), std::string::npos) << "the token was logged";
  expect_stops(*daemon_);
}

TEST_F(ConfluenceJsTest, AClientThatDoesNotWaitGetsTheJobAndSeesItsEnd) {
  given_daemon(20);
  std::string space;
  server_->with_content([&](const site::Content& content) {
    for (const auto& one : content.spaces()) {
      if (!one.restricted) space = std::to_string(one.id);
    }
  });
  const Json page = {{"spaceId", space},
                     {"status", "current"},
                     {"title", "Written later"},
                     {"body", {{"representation", "storage"}, {"value", "<p>later</p>"}}}};
  const auto taken = ask("POST", "/wiki/api/v2/pages", page.dump(),
                         {"Content-Type: application/json", "Prefer: respond-async"});
  ASSERT_EQ(taken.status, 202) << taken.body;
  EXPECT_EQ(taken.header("preference-applied"), "respond-async");
  const auto job = taken.header("location");
  EXPECT_EQ(job, "/v1/jobs/" + Json::parse(taken.body)["job"]["id"].get<std::string>());
  Json seen;
  EXPECT_TRUE(eventually([&] {
    seen = Json::parse(ask("GET", job, "", {}).body, nullptr, false);
    return seen.is_object() && seen.value("state", "") == "done";
  })) << seen
      << daemon_->log();
  ASSERT_TRUE(seen.contains("result")) << seen;
  const auto id = std::stoll(seen["result"]["id"].get<std::string>());
  EXPECT_THAT(applied(id), ::testing::ElementsAre("create"));
  const auto batch = "/v1/batches/" + seen["batch"].get<std::string>();
  EXPECT_EQ(Json::parse(ask("GET", batch, "", {}).body)["submittedBy"], "token");
  expect_stops(*daemon_);
}

}  // namespace
}  // namespace test
