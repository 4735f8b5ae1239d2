// Commands that ask the daemon where it answers, and the file where it does not: the same comes
// out.

#include "tests/daemon/cli/command_fixture.h"
#include "tests/daemon/cli/daemon_fixture.h"
#include "tests/daemon/serve/raw_client.h"

namespace test {
namespace {

using ::testing::HasSubstr;

class ServedCommandsTest : public DaemonFixture {
 protected:
  Outcome ask(std::vector<std::string> args) const {
    args.insert(args.begin(), {"--config", globals_.config});
    return run(std::move(args));
  }
  std::filesystem::path socket() const { return file("confmirror.sock"); }
  store::PageRow any_page() const {
    auto reader = store::Reader::open(file("mirror.db"));
    store::PageFilter filter;
    filter.statuses = {"current"};
    filter.limit = 1;
    return (*reader)->pages(filter)->front();
  }
};

TEST_F(ServedCommandsTest, ReadsAreTheSameWithTheDaemonAndWithout) {
  given_site(20);
  auto daemon = started();
  const auto id = std::to_string(any_page().id);
  const std::vector<std::vector<std::string>> commands = {
      {"action", "get_spaces", "{}"},
      {"action", "get_page", R"({"pageId": ")" + id + "\"}"},
      {"action", "get_page", R"({"pageId": "1"})"},
      {"action", "get_page", "{}"},
      {"--json", "action", "get_page", "{}"},
      {"--json", "jobs", "list"},
      {"--json", "jobs", "list", "--state", "done"},
      {"--json", "jobs", "show", "77"},
      {"action", "delete_page", R"({"pageId": ")" + id + "\"}", "--dry-run"},
      {"--json", "action", "delete_page", R"({"pageId": "x"})", "--dry-run"},
      {"jobs", "cancel", "77"},
      {"--json", "jobs", "cancel"},
      {"jobs", "undo", "--batch", "9"},
      {"--json", "status"},
  };
  ASSERT_TRUE(std::filesystem::exists(socket()));
  std::vector<Outcome> served;
  for (const auto& command : commands) served.push_back(ask(command));
  expect_stops(*daemon);
  ASSERT_FALSE(std::filesystem::exists(socket()));
  for (std::size_t i = 0; i + 1 < commands.size(); ++i) {
    const auto alone = ask(commands[i]);
    EXPECT_EQ(served[i].code, alone.code) << commands[i].front() << i;
    EXPECT_EQ(served[i].out, alone.out) << i;
    EXPECT_EQ(served[i].err, alone.err) << i;
  }
  // Of the state what does not change when the daemon stops.
  const auto before = nlohmann::json::parse(served.back().out);
  const auto after = nlohmann::json::parse(ask({"--json", "status"}).out);
  EXPECT_EQ(before["pages"], after["pages"]);
  EXPECT_EQ(before["mirror"], after["mirror"]);
  EXPECT_EQ(before.size(), after.size());
}

TEST_F(ServedCommandsTest, AWriteThroughTheSocketReachesTheSite) {
  given_site(20);
  auto daemon = started();
  const auto page = any_page();
  const auto json = R"({"pageId": ")" + std::to_string(page.id) + R"(", "title": ")" + page.title +
                    R"(", "version": )" + std::to_string(page.version.number) +
                    R"(, "body": {"storage": {"value": "<p>by the socket</p>"}}})";
  RawClient client(socket());
  const auto answer = client.post("/v1/actions/update_page", json);
  EXPECT_EQ(answer.status, 200) << answer.body << daemon->log();
  const auto waited =
      ask({"action", "delete_page", R"({"pageId": ")" + std::to_string(page.id) + "\"}", "--wait"});
  EXPECT_EQ(waited.code, 0) << waited.err;
  const auto listed = nlohmann::json::parse(ask({"--json", "jobs", "list"}).out);
  EXPECT_EQ(listed["batches"].size(), 2u);
  expect_stops(*daemon);
}

TEST_F(ServedCommandsTest, TheServiceAnswersWhileTheSiteIsAway) {
  given_site(20);
  started()->signal(SIGTERM);
  server_.reset();
  auto daemon = start();
  ASSERT_TRUE(daemon->says("READY=1")) << daemon->log();
  RawClient client(socket());
  EXPECT_EQ(client.get("/readyz").status, 200);
  EXPECT_THAT(client.get("/v1/status").body, HasSubstr("\"pages\":"));
  EXPECT_THAT(client.get("/metrics").body, HasSubstr("confmirror_site_requests_total"));
  expect_stops(*daemon);
}

TEST_F(ServedCommandsTest, ASocketThatCannotBeMadeDoesNotEndTheMirror) {
  given_site(20);
  write("confmirror.sock", "no socket");
  auto daemon = started();
  EXPECT_THAT(daemon->log(), HasSubstr("the local service does not run"));
  expect_stops(*daemon);
}

}  // namespace
}  // namespace test
