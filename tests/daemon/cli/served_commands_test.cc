// Commands that ask the daemon where it answers, and the file where it does not: the same comes
// out.

#include <future>

#include "tests/daemon/cli/command_fixture.h"
#include "tests/daemon/cli/daemon_fixture.h"
#include "tests/daemon/cli/program_process.h"
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
      {"jobs", "list"},
      {"jobs", "list", "--state", "done"},
      {"jobs", "show", "77"},
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

TEST_F(ServedCommandsTest, TheDaemonAsksTheSiteForWhoWantsItLive) {
  given_site(20);
  auto daemon = started();
  const auto page = any_page();
  server_->with_content([&](site::Content& content) {
    site::Edit edit;
    edit.title = "Edited meanwhile";
    content.edit(content.find_page(page.id), edit);
  });
  const auto before = server_->counters().requests;
  const auto input = R"({"pageId": ")" + std::to_string(page.id) + "\"}";
  RawClient client(socket());
  const auto by_socket = client.post("/v1/actions/get_page?live=1", input);
  ASSERT_EQ(by_socket.status, 200) << by_socket.body << daemon->log();
  EXPECT_EQ(nlohmann::json::parse(by_socket.body)["title"], "Edited meanwhile");
  EXPECT_GT(server_->counters().requests, before);
  // By the daemon's token, not by the caller's: there is none any more.
  std::filesystem::remove(file("token"));
  const auto by_command = ask({"action", "get_page", input, "--live"});
  EXPECT_EQ(by_command.code, 0) << by_command.err;
  EXPECT_THAT(by_command.out, HasSubstr("Edited meanwhile"));
  const auto missing = ask({"action", "get_page", R"({"pageId": "999999999"})", "--live"});
  EXPECT_EQ(missing.code, 2);
  EXPECT_THAT(missing.err, HasSubstr("the site shows none of that id"));
}

TEST_F(ServedCommandsTest, ALiveReadDoesNotSitOutALongWaitOfTheSite) {
  given_site(20);
  auto daemon = started();
  server_->change_settings([](site::Settings& settings) { settings.retry_after_s = 600; });
  server_->set_fault(site::Fault::k429, 1);
  const auto refused = ask({"action", "get_page", R"({"pageId": "1"})", "--live"});
  EXPECT_EQ(refused.code, 8) << refused.err;
  EXPECT_THAT(refused.err, HasSubstr("it asks to wait until"));
  expect_stops(*daemon);
}

TEST_F(ServedCommandsTest, SyncAsksTheDaemonAndSaysWhatItDid) {
  given_site(20);
  auto daemon = started();
  edit();
  const auto synced = ask({"--json", "sync"});
  EXPECT_EQ(synced.code, 0) << synced.err;
  EXPECT_EQ(nlohmann::json::parse(synced.out)["pages_changed"], 4);
  EXPECT_EQ(differences(), "");
  EXPECT_THAT(ask({"sync"}).out, HasSubstr("0 new or changed"));
  // What needs the mirror to itself says who has it.
  EXPECT_EQ(ask({"sync", "--full"}).code, 7);
  server_->set_token("another");
  const auto refused = ask({"sync"});
  EXPECT_EQ(refused.code, 3);
  EXPECT_THAT(refused.err, HasSubstr("the API token"));
  expect_stops(*daemon);
}

TEST_F(ServedCommandsTest, ASyncThatIsWaitedForEndsWithTheDaemon) {
  given_site(20);
  auto daemon = started();
  const auto before = server_->counters().requests;
  server_->change_settings([](site::Settings& settings) { settings.latency_ms = 30'000; });
  auto asked = std::async(std::launch::async, [this] { return ask({"sync"}); });
  ASSERT_TRUE(eventually([&] { return server_->counters().requests > before; })) << daemon->log();
  expect_stops(*daemon);
  EXPECT_EQ(asked.get().code, 130);
}

// A slow site must keep neither the daemon nor whoever asked.
TEST_F(ServedCommandsTest, ALiveReadEndsWithTheDaemon) {
  given_site(20);
  auto daemon = started();
  server_->change_settings([](site::Settings& settings) { settings.latency_ms = 30'000; });
  const auto before = server_->counters().requests;
  auto asked = std::async(std::launch::async, [this] {
    RawClient client(socket());
    return client.post("/v1/actions/get_page?live=1", R"({"pageId": "1"})");
  });
  ASSERT_TRUE(eventually([&] { return server_->counters().requests > before; })) << daemon->log();
  expect_stops(*daemon);
  EXPECT_EQ(asked.get().status, 503);
}

// Whoever may talk to the daemon need not be able to open its file.
TEST_F(ServedCommandsTest, WithoutTheFileTheQueueIsFollowedThroughTheDaemon) {
  given_site(20);
  auto daemon = started();
  write("client.toml", "[site]\nurl = \"" + server_->url() +
                           "\"\nemail = \"a@example.com\"\ntoken_file = \"token\"\n"
                           "[mirror]\npath = \"nowhere.db\"\n[serve]\nsocket = \"" +
                           socket().string() + "\"\n");
  const auto by_socket = [this](std::vector<std::string> args) {
    args.insert(args.begin(), {"--config", file("client.toml").string()});
    return run(std::move(args));
  };
  EXPECT_EQ(by_socket({"jobs", "watch"}).code, 2);
  ASSERT_EQ(by_socket({"jobs", "pause", "maintenance"}).code, 0);
  const auto page = any_page();
  const auto queued =
      by_socket({"action", "delete_page", R"({"pageId": ")" + std::to_string(page.id) + "\"}"});
  ASSERT_EQ(queued.code, 0) << queued.err;
  EXPECT_THAT(by_socket({"status"}).out, HasSubstr("paused since"));
  EXPECT_THAT(by_socket({"jobs", "list"}).out, HasSubstr("1 queued"));
  EXPECT_THAT(by_socket({"jobs", "show", "1"}).out, HasSubstr("delete_page"));

  ProgramProcess watch(folder_.path(), "program",
                       {"--config", file("client.toml").string(), "jobs", "watch"});
  ASSERT_TRUE(watch.shows("batch 1: 1 queued"));
  EXPECT_TRUE(watch.tells("maintenance"));
  ASSERT_EQ(by_socket({"jobs", "cancel", "1"}).code, 0);
  EXPECT_TRUE(watch.tells("job 1 (line 1) canceled"));
  EXPECT_EQ(watch.wait(), 1);
  EXPECT_THAT(watch.out(), HasSubstr("batch 1: 1 canceled"));
  ASSERT_EQ(by_socket({"jobs", "resume"}).code, 0);
  const auto done = by_socket(
      {"action", "delete_page", R"({"pageId": ")" + std::to_string(page.id) + "\"}", "--wait"});
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_EQ(by_socket({"jobs", "watch"}).code, 0);
  expect_stops(*daemon);
}

// The service lists in parts; whoever asks for more gets it all the same.
TEST_F(ServedCommandsTest, AListIsAsLongAsItWasAskedFor) {
  given_site(20);
  auto daemon = started();
  ASSERT_EQ(ask({"jobs", "pause"}).code, 0);
  std::string lines;
  const auto key = any_page().space_key;
  for (int i = 0; i < 1200; ++i) {
    lines += R"({"action":"create_page","spaceKey":")" + key + R"(","title":"New )" +
             std::to_string(i) + R"(","body":{"storage":{"value":"<p>x</p>"}}})" + "\n";
  }
  write("many.jsonl", lines);
  ASSERT_EQ(ask({"jobs", "submit", file("many.jsonl").string()}).code, 0);
  const auto all =
      nlohmann::json::parse(ask({"--json", "jobs", "list", "--batch", "1", "--limit", "5000"}).out);
  EXPECT_EQ(all["jobs"].size(), 1200U);
  EXPECT_EQ(all["jobs"].back()["jobId"], "1200");
  const auto some =
      nlohmann::json::parse(ask({"--json", "jobs", "list", "--batch", "1", "--limit", "1100"}).out);
  EXPECT_EQ(some["jobs"].size(), 1100U);
  EXPECT_FALSE(some.contains("next"));
  expect_stops(*daemon);
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
