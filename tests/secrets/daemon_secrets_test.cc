// A daemon under each scheme, its secrets planted, and all that it shows to anybody: none of them
// is in there, whether things go well or the site has stopped knowing it.

#include <gmock/gmock.h>
#include <sys/resource.h>

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/daemon/cli/command_fixture.h"
#include "tests/daemon/cli/daemon_fixture.h"
#include "tests/daemon/cli/free_port.h"
#include "tests/daemon/serve/raw_client.h"
#include "tests/secrets/search.h"
#include "tests/site/connect.h"

namespace test {
namespace {

using Json = nlohmann::json;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

// Different in every form that the search knows.
constexpr const char* kSiteSecret = R"(pl4nted+"/of<the>&si'te\=~in-a-test)";
constexpr const char* kServeToken = R"(pl4nted+"/of<the>&serv'ice\=~in-a-test)";
constexpr const char* kPublicUrl = "https://connect.example";

std::string content(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

class DaemonSecretsTest : public DaemonFixture, public testing::WithParamInterface<const char*> {
 protected:
  void SetUp() override {
    // So that a limit of none is the daemon's own.
    rlimit core{};
    ASSERT_EQ(::getrlimit(RLIMIT_CORE, &core), 0);
    core.rlim_cur = core.rlim_max;
    ASSERT_EQ(::setrlimit(RLIMIT_CORE, &core), 0);
    given_site(30);
    plant();
    connect_port_ = free_port();
    write("serve-token", kServeToken);
    write("confmirror.toml", configuration());
  }

  std::string scheme() const { return GetParam(); }
  bool is_connect() const { return scheme() == "connect"; }
  void plant() {
    auto& credentials = server_->credentials();
    if (scheme() == "basic") server_->set_token(kSiteSecret);
    if (scheme() == "scoped-token") credentials.put_scoped_token(kSiteSecret, site::all_scopes());
    if (scheme() == "bearer") credentials.put_bearer(kSiteSecret, site::all_scopes());
    if (scheme() == "service-account") {
      site::ServiceAccount account;
      account.client_id = "client-1";
      account.secret = kSiteSecret;
      account.scopes = site::all_scopes();
      credentials.put_service_account(account);
    }
    write("token", kSiteSecret);
  }
  std::string configuration() {
    const auto url = server_->url();
    serve_port_ = free_port();
    std::string text = "[site]\nurl = \"" + url + "\"\nauth = \"" + scheme() + "\"\n";
    if (is_connect()) {
      text += std::string("public_url = \"") + kPublicUrl +
              "\"\n[connect]\nlisten = \"127.0.0.1:" + std::to_string(connect_port_) +
              "\"\nkey_host = \"" + url + "/__connect/keys\"\ntoken_url = \"" + url +
              "/__connect/oauth2/token\"\n";
    } else {
      text += "email = \"" + server_->options().email +
              "\"\ntoken_file = \"token\"\nclient_id = \"client-1\"\ngateway_url = \"" + url +
              "\"\ntoken_url = \"" + url + "/oauth/token\"\n";
    }
    return text + "[sync]\ninterval = \"1h\"\n[mirror]\npath = \"mirror.db\"\n" +
           "[log]\nlevel = \"trace\"\n[serve]\nlisten = \"127.0.0.1:" +
           std::to_string(serve_port_) + "\"\ntoken_file = \"serve-token\"\n[serve.access]\n" +
           "token = [\"submit\"]\n\"*\" = [\"submit\", \"as:*\"]\n";
  }
  void given_daemon() {
    daemon_ = start();
    ASSERT_TRUE(daemon_->says("READY=1")) << daemon_->log();
    if (is_connect()) {
      site::Lifecycle call;
      call.port = connect_port_;
      call.public_url = kPublicUrl;
      call.base_url = server_->url() + "/wiki";
      ASSERT_EQ(server_->connect().call(call), 204) << daemon_->log();
    }
    ASSERT_TRUE(daemon_->says("STATUS=synced at ")) << daemon_->log();
  }
  // From now on the site does not know it.
  void given_refusal() {
    server_->set_token("");
    for (const auto* name : {kSiteSecret, "client-1"}) server_->credentials().revoke(name);
    server_->credentials().end_access_tokens();
    if (is_connect()) server_->connect().rotate_secret();
    if (is_connect()) server_->connect().expire_tokens();
  }

  std::vector<secrets::Secret> planted() const {
    std::vector<secrets::Secret> all = {{"the secret of the site", kSiteSecret},
                                        {"the token of the service", kServeToken},
                                        {"an access token", "site-access-token"},
                                        {"a JWT", "eyJ0eXAiOi"},
                                        {"a JWT", "eyJhbGciOi"}};
    if (is_connect()) all.emplace_back("the shared secret", server_->connect().secret());
    return all;
  }
  void take(const std::string& name, std::string text) {
    EXPECT_FALSE(text.empty()) << name;
    evidence_[name] += std::move(text);
  }
  std::string answer(const std::string& request) const {
    RawClient client(file("confmirror.sock"));
    client.send(request);
    return client.rest();
  }
  std::string get(const std::string& target) const {
    return answer("GET " + target + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  }
  std::string post(const std::string& target, const std::string& body) const {
    return answer("POST " + target + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" +
                  "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
  }
  std::string update(const std::string& more = "") const {
    const auto page = any_page();
    return post("/v1/actions/update_page?" + more,
                Json({{"pageId", std::to_string(page.id)},
                      {"title", page.title},
                      {"version", page.version.number},
                      {"body", {{"storage", {{"value", "<p>by the socket</p>"}}}}}})
                    .dump());
  }

  // Every route that is read from.
  void take_answers() {
    const auto page = any_page();
    const auto id = std::to_string(page.id);
    const auto description = get("/v1/openapi.json");
    const auto paths = Json::parse(description.substr(description.find("\r\n\r\n") + 4))["paths"];
    std::vector<std::string> targets;
    for (const auto& [path, methods] : paths.items()) {
      if (!methods.contains("get")) continue;
      auto target = path;
      if (const auto at = target.find("{id}"); at != target.npos) target.replace(at, 4, "1");
      targets.push_back(target == "/v1/search" ? "/v1/search?q=pl4nted" : target);
    }
    ASSERT_GT(targets.size(), 10U);
    targets.emplace_back("/v1/audit?format=html");
    targets.emplace_back("/v1/nowhere");
    const auto v2 = "/wiki/api/v2/pages/" + id;
    const auto v1 = "/wiki/rest/api/content/" + id;
    const auto space = std::to_string(page.space_id);
    for (const auto& target : std::initializer_list<std::string>{
             "/wiki/api/v2/spaces",
             "/wiki/api/v2/spaces/" + space,
             "/wiki/api/v2/spaces/" + space + "/pages",
             "/wiki/api/v2/spaces/" + space + "/labels",
             "/wiki/api/v2/pages?body-format=storage&limit=250",
             v2,
             v2 + "/versions",
             v2 + "/versions/1",
             v2 + "/children",
             v2 + "/direct-children",
             v2 + "/descendants",
             v2 + "/ancestors",
             v2 + "/labels",
             "/wiki/api/v2/folders/1",
             "/wiki/rest/api/content?expand=body.storage,version,history",
             v1,
             v1 + "/child/page",
             v1 + "/version",
             "/wiki/rest/api/space",
             "/wiki/rest/api/space/" + page.space_key,
             "/wiki/rest/api/user/current"}) {
      targets.push_back(target);
    }
    for (const auto& target : targets) take("the answer to GET " + target, get(target));
  }
  // By TCP, with the token, without it, and with what is almost one.
  void take_answers_by_tcp() {
    auto almost = std::string(kServeToken);
    almost.back() ^= 1;
    const std::vector<std::pair<std::string, std::string>> shown = {
        {std::string("Authorization: Bearer ") + kServeToken + "\r\n", " 200 "},
        {"", " 401 "},
        {"Authorization: Bearer " + almost + "\r\n", " 401 "}};
    for (const auto& [header, status] : shown) {
      RawClient client(serve_port_);
      client.send("GET /v1/status HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + header +
                  "\r\n");
      auto text = client.rest();
      EXPECT_THAT(text.substr(0, 20), HasSubstr(status));
      take("the answers by TCP", std::move(text));
    }
  }
  void take_process() {
    const auto folder = "/proc/" + std::to_string(daemon_->pid());
    take("its arguments", content(folder + "/cmdline"));
    const auto limits = content(folder + "/limits");
    std::istringstream words(
        limits.substr(std::min(limits.find("Max core file size"), limits.size())));
    std::string word, soft, hard;
    words >> word >> word >> word >> word >> soft >> hard;
    EXPECT_EQ(soft + " " + hard, "0 0") << "a core file would hold them\n" << limits;
  }
  void take_commands() {
    const std::vector<std::vector<std::string>> commands = {
        {"status"},
        {"--json", "status"},
        {"check"},
        {"jobs", "list"},
        {"jobs", "show", "1"},
        {"audit", "--format", "html", "--out", file("audit.html").string()},
        {"export", "--format", "jsonl", "--history", "--out", file("export.jsonl").string()},
        {"export", "--format", "html", "--out", file("html").string()},
        {"export", "--format", "markdown", "--out", file("markdown").string()},
        {"db", "backup", file("backup.db").string()}};
    for (const auto& command : commands) {
      auto args = command;
      args.insert(args.begin(),
                  {"--config", globals_.config, "--no-progress", "--log-level", "trace"});
      const auto done = run(args);
      evidence_["what " + command.front() + " says"] += done.out + done.err;
    }
  }
  // All that lies beside the mirror but where the secrets are kept.
  void take_files() {
    std::size_t files = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_.path())) {
      const auto name = entry.path().lexically_relative(folder_.path()).string();
      if (!entry.is_regular_file()) continue;
      if (name == "token" || name == "serve-token" || name == "mirror.db.connect") continue;
      evidence_["the file " + name] += content(entry.path());
      ++files;
    }
    EXPECT_GT(files, 30U) << "exports are missing";
  }
  void expect_none_found() const {
    const secrets::Search search(planted());
    for (const auto& [name, text] : evidence_) EXPECT_THAT(search.find(text), IsEmpty()) << name;
  }

  std::uint16_t serve_port_ = 0;
  std::uint16_t connect_port_ = 0;
  std::unique_ptr<DaemonProcess> daemon_;
  std::map<std::string, std::string> evidence_;
};

TEST_P(DaemonSecretsTest, NothingThatAnybodySeesHoldsASecret) {
  given_daemon();
  EXPECT_THAT(update(), HasSubstr("200 OK")) << daemon_->log();
  take_answers();
  take_answers_by_tcp();
  take_process();
  take_commands();
  take_files();  // with the mirror's -wal and -shm

  given_refusal();
  const auto logged = daemon_->log().size();
  take("the answer to a write that is refused", post("/v1/jobs", "{}"));
  edit();
  daemon_->signal(SIGUSR1);
  EXPECT_TRUE(eventually([&] {
    const auto more = daemon_->log().substr(logged);
    return more.find(" error ") != more.npos || more.find(" warn") != more.npos;
  })) << daemon_->log();
  take_answers();
  take_commands();
  daemon_->signal(SIGTERM);
  EXPECT_EQ(daemon_->wait(), 0) << daemon_->log();
  for (const auto& message : daemon_->said()) take("what it told systemd", message);
  take_files();
  expect_none_found();
  for (const auto* name : {"the file mirror.db", "the file mirror.db-wal", "the file daemon.log"}) {
    EXPECT_TRUE(evidence_.contains(name)) << name;
  }
}

// The search can find one: a title that holds it goes everywhere.
class PlantedSecretTest : public DaemonSecretsTest {};

TEST_P(PlantedSecretTest, OneThatIsPlantedWhereAnybodySeesItIsFound) {
  given_daemon();
  const auto id = any_page().id;
  server_->with_content([id](site::Content& content) {
    site::Edit edit;
    edit.title = kSiteSecret;
    ASSERT_TRUE(content.edit(content.find_page(id), edit));
  });
  daemon_->signal(SIGUSR1);
  ASSERT_TRUE(becomes_equal()) << daemon_->log();
  take("the page", get("/wiki/api/v2/pages/" + std::to_string(id)));
  take_commands();
  take_files();
  const secrets::Search search(planted());
  EXPECT_THAT(search.find(evidence_["the page"]),
              Contains(StartsWith("the secret of the site in JSON")));
  EXPECT_THAT(search.find(evidence_["the file export.jsonl"]), Not(IsEmpty()));
  std::string html;
  for (const auto& [name, text] : evidence_) {
    if (name.starts_with("the file html/")) html += text;
  }
  EXPECT_THAT(search.find(html), Not(IsEmpty()));
  EXPECT_THAT(search.find(evidence_["the file backup.db"]),
              Contains(StartsWith("the secret of the site as it is")));
  EXPECT_THAT(search.find(evidence_["the file mirror.db"] + evidence_["the file mirror.db-wal"]),
              Contains(StartsWith("the secret of the site as it is")));
  daemon_->signal(SIGTERM);
  EXPECT_EQ(daemon_->wait(), 0) << daemon_->log();
}

INSTANTIATE_TEST_SUITE_P(Basic, PlantedSecretTest, testing::Values("basic"));
INSTANTIATE_TEST_SUITE_P(Every, DaemonSecretsTest,
                         testing::Values("basic", "scoped-token", "service-account", "bearer",
                                         "connect"),
                         [](const auto& scheme) {
                           std::string name = scheme.param;
                           std::erase(name, '-');
                           return name;
                         });

}  // namespace
}  // namespace test
