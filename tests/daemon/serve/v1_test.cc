#include "daemon/serve/v1.h"

#include <algorithm>
#include <fstream>
#include <regex>
#include <set>

#include "tests/daemon/serve/openapi_check.h"
#include "tests/daemon/serve/running_server.h"
#include "tests/daemon/serve/service_fixture.h"
#include "tests/shell.h"

namespace test {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

class V1Test : public ServiceFixture {
 protected:
  void SetUp() override {
    ServiceFixture::SetUp();
    start();
    check_ = std::make_unique<OpenApiCheck>(get("/v1/openapi.json").body);
  }
  // The answer, which must be of that status and as it is described.
  Json expect(const std::string& method, const std::string& path, int status,
              const RawAnswer& answer) {
    EXPECT_EQ(answer.status, status) << answer.body;
    EXPECT_EQ(answer.header("Content-Type"), "application/json");
    EXPECT_EQ(check_->fault(method, path, answer.status, answer.body), "") << path;
    return json_of(answer);
  }
  std::string queue_an_update() {
    const auto queued = expect("post", "/v1/actions/update_page", 202,
                               post("/v1/actions/update_page", update_of(100, 2, "New title"),
                                    "Prefer: respond-async\r\n"));
    return queued["jobId"];
  }

  std::unique_ptr<OpenApiCheck> check_;
};

TEST_F(V1Test, TheDescriptionHoldsTogether) { EXPECT_EQ(check_->dangling(), ""); }

TEST_F(V1Test, ReadActionsAnswerFromTheMirror) {
  const auto spaces = expect("post", "/v1/actions/get_spaces", 200,
                             post("/v1/actions/get_spaces", R"({"limit": "25"})"));
  EXPECT_EQ(spaces["results"][0]["key"], "DOCS");
  const auto pages = expect("post", "/v1/actions/get_pages", 200,
                            post("/v1/actions/get_pages", R"({"spaceKey": "DOCS"})"));
  EXPECT_EQ(pages["results"].size(), 2u);
  const auto page = expect("post", "/v1/actions/get_page", 200,
                           post("/v1/actions/get_page", R"({"pageId": "100"})"));
  EXPECT_EQ(page["title"], "First page");
}

TEST_F(V1Test, WrongInputIsNamedFieldByField) {
  const auto wrong = expect("post", "/v1/actions/get_page", 400,
                            post("/v1/actions/get_page", R"({"pageID": "1", "version": "x"})"));
  EXPECT_GE(wrong["problems"].size(), 2u);
  expect("post", "/v1/actions/get_page", 400, post("/v1/actions/get_page", "not JSON"));
  expect("post", "/v1/actions/get_page", 404, post("/v1/actions/get_page", R"({"pageId": "999"})"));
  const auto live = expect("post", "/v1/actions/get_page", 501,
                           post("/v1/actions/get_page", R"({"pageId": "100", "live": true})"));
  EXPECT_EQ(live["error"]["kind"], "usage") << "the daemon is not at fault";
  const auto unknown = expect("get", "/v1/status", 400, get("/v1/status?colour=red"));
  EXPECT_EQ(unknown["problems"][0]["field"], "colour");
  expect("post", "/v1/actions/update_page", 400,
         post("/v1/actions/update_page", R"({"pageId": "100"})"));
}

TEST_F(V1Test, AWriteIsQueuedInTheNameOfTheCaller) {
  const auto answer =
      post("/v1/actions/update_page", update_of(100, 2, "New title"), "Prefer: respond-async\r\n");
  const auto queued = expect("post", "/v1/actions/update_page", 202, answer);
  EXPECT_EQ(answer.header("Location"), "/v1/jobs/" + queued["jobId"].get<std::string>());
  EXPECT_EQ(answer.header("Preference-Applied"), "respond-async");
  const auto batch = expect("get", "/v1/batches/{id}", 200,
                            get("/v1/batches/" + queued["batch"].get<std::string>()));
  EXPECT_EQ(batch["submittedBy"], serve::caller_of({}, ::getuid(), ::getgid()).name);
  EXPECT_EQ(batch["name"], "action update_page");
}

TEST_F(V1Test, AWriteWaitsForItsOutcome) {
  std::jthread executes([this] {
    auto reader = store::Reader::open(mirror_.path());
    ASSERT_TRUE(eventually([&] { return (*reader)->job(1, false)->has_value(); }));
    given_outcome(1, store::JobState::kDone, R"({"id":"100","title":"New title"})");
  });
  const auto done = expect("post", "/v1/actions/update_page", 200,
                           post("/v1/actions/update_page", update_of(100, 2, "New title")));
  EXPECT_EQ(done["title"], "New title");
}

TEST_F(V1Test, AConflictIsToldAsOne) {
  std::jthread executes([this] {
    auto reader = store::Reader::open(mirror_.path());
    ASSERT_TRUE(eventually([&] { return (*reader)->job(1, false)->has_value(); }));
    given_outcome(1, store::JobState::kConflict, "it was changed meanwhile");
  });
  const auto conflict = expect("post", "/v1/actions/update_page", 409,
                               post("/v1/actions/update_page", update_of(100, 2, "New title")));
  EXPECT_EQ(conflict["error"]["message"], "it was changed meanwhile");
  EXPECT_EQ(conflict["state"], "conflict");
}

TEST_F(V1Test, WaitingHasTheBoundThatTheClientNames) {
  const auto late =
      expect("post", "/v1/actions/update_page", 202,
             post("/v1/actions/update_page", update_of(100, 2, "New title"), "Prefer: wait=1\r\n"));
  EXPECT_EQ(late["state"], "queued");
}

TEST_F(V1Test, ADryRunQueuesNothing) {
  const auto answer = post("/v1/actions/update_page?dry_run", update_of(100, 2, "New title"));
  EXPECT_EQ(answer.status, 200);
  const auto batch = "[" + update_of(101, 1, "Other") + "]";
  const auto with_action = batch.substr(0, 2) + R"("action": "update_page", )" + batch.substr(2);
  const auto dry = expect("post", "/v1/jobs", 200, post("/v1/jobs?dry_run=1", with_action));
  EXPECT_EQ(dry["jobs"][0]["versionBecomes"], 2);
  EXPECT_THAT(expect("get", "/v1/batches", 200, get("/v1/batches"))["batches"], IsEmpty());
}

TEST_F(V1Test, BatchesAreTakenWholeOrNotAtAll) {
  const auto good = R"({"action": "update_page", )" + update_of(100, 2, "A").substr(1);
  const auto accepted = expect("post", "/v1/jobs", 201, post("/v1/jobs?name=mine", good));
  EXPECT_EQ(accepted["jobs"].size(), 1u);
  const auto known = expect("post", "/v1/jobs", 200, post("/v1/jobs?name=mine", good));
  EXPECT_EQ(known["queued"], false);
  expect("post", "/v1/jobs", 201, post("/v1/jobs?name=mine&again", good));
  const auto refused =
      expect("post", "/v1/jobs", 400, post("/v1/jobs", good + "\n{\"action\": \"fly\"}"));
  EXPECT_EQ(refused["problems"][0]["line"], 2);
  const auto batches = expect("get", "/v1/batches", 200, get("/v1/batches?limit=1"));
  EXPECT_EQ(batches["batches"].size(), 1u);
  const auto all = expect("get", "/v1/batches", 200, get("/v1/batches?before=9223372036854775807"));
  EXPECT_EQ(all["batches"], json_of(get("/v1/batches"))["batches"]) << "whatever the number";
  const auto older = get("/v1/batches?before=" + batches["next"].get<std::string>());
  EXPECT_EQ(expect("get", "/v1/batches", 200, older)["batches"].size(), 1u);
}

TEST_F(V1Test, ABatchThatIsNothingButProblemsIsReadUpToABound) {
  std::string lines;
  for (int i = 0; i < 20'000; ++i) lines += "1\n";
  for (const auto& text : {lines, "[" + std::string(20'000, ',') + "1]"}) {
    const auto refused = expect("post", "/v1/jobs", 400, post("/v1/jobs", text));
    ASSERT_EQ(refused["problems"].size(), 10'001u);
    EXPECT_THAT(refused["problems"].back()["text"].get<std::string>(),
                HasSubstr("the rest was not read"));
  }
}

TEST_F(V1Test, JobsAreListedShownAndChanged) {
  const auto id = queue_an_update();
  const auto jobs = expect("get", "/v1/jobs", 200, get("/v1/jobs?state=queued&limit=1"));
  EXPECT_EQ(jobs["jobs"][0]["jobId"], id);
  EXPECT_EQ(jobs["next"], id);
  const auto more = get("/v1/jobs?after=" + id);
  EXPECT_THAT(expect("get", "/v1/jobs", 200, more)["jobs"], IsEmpty());
  expect("get", "/v1/jobs", 400, get("/v1/jobs?state=flying"));
  const auto job = expect("get", "/v1/jobs/{id}", 200, get("/v1/jobs/" + id));
  EXPECT_EQ(job["body"], "<p>new</p>");
  expect("get", "/v1/jobs/{id}", 404, get("/v1/jobs/77"));
  expect("get", "/v1/jobs/{id}", 404, get("/v1/jobs/x"));
  const auto canceled =
      expect("post", "/v1/jobs/{id}/cancel", 200, post("/v1/jobs/" + id + "/cancel", ""));
  EXPECT_EQ(canceled["canceled"][0], id);
  const auto retried =
      expect("post", "/v1/jobs/{id}/retry", 200, post("/v1/jobs/" + id + "/retry", ""));
  EXPECT_EQ(retried["queued again"][0], id);
  expect("post", "/v1/jobs/cancel", 200, post("/v1/jobs/cancel", R"({"jobs": [")" + id + "\"]}"));
  expect("post", "/v1/jobs/cancel", 400, post("/v1/jobs/cancel", "{}"));
  expect("post", "/v1/jobs/retry", 400, post("/v1/jobs/retry", R"({"jobs": ["-1"]})"));
}

TEST_F(V1Test, ADoneBatchIsUndone) {
  const auto id = queue_an_update();
  given_update_done(std::stoll(id));
  const auto dry =
      expect("post", "/v1/batches/{id}/undo", 200, post("/v1/batches/1/undo?dry_run", ""));
  EXPECT_EQ(dry["jobs"].size(), 1u);
  const auto undo = expect("post", "/v1/batches/{id}/undo", 201, post("/v1/batches/1/undo", ""));
  EXPECT_EQ(undo["jobs"].size(), 1u);
  expect("post", "/v1/batches/{id}/undo", 404, post("/v1/batches/9/undo", ""));
}

TEST_F(V1Test, TheQueueIsPausedAndGoesOn) {
  const auto paused =
      expect("post", "/v1/jobs/pause", 200, post("/v1/jobs/pause", R"({"reason": "upgrade"})"));
  EXPECT_THAT(paused["reason"].get<std::string>(), HasSubstr(": upgrade"));
  const auto status = expect("get", "/v1/status", 200, get("/v1/status"));
  EXPECT_EQ(status["jobs_paused"]["by_user"], true);
  expect("post", "/v1/jobs/resume", 200, post("/v1/jobs/resume", ""));
}

TEST_F(V1Test, EventsOfABatchComeUntilItHasEnded) {
  queue_an_update();
  RawClient client(folder_ / "s");
  client.send("GET /v1/batches/1/events HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(client.answer().header("Content-Type"), "text/event-stream");
  while (client.received().find("event: batch") == std::string::npos) {
    ASSERT_TRUE(client.receive());
  }
  given_outcome(1, store::JobState::kDone, R"({"id":"100"})");
  while (client.received().find("0\r\n\r\n") == std::string::npos) ASSERT_TRUE(client.receive());
  const auto& all = client.received();
  EXPECT_LT(all.find(R"("state":"queued")"), all.find(R"("state":"sending")"));
  EXPECT_LT(all.find(R"("state":"sending")"), all.find("event: end"));
  const auto last = all.rfind("id: ");
  const auto id = all.substr(last + 4, all.find('\n', last) - last - 4);
  // Whoever has seen all gets the end alone; whoever has seen the first gets the others.
  const auto rest = [&](const std::string& seen) {
    RawClient again(folder_ / "s");
    again.send(
        "GET /v1/batches/1/events HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
        "Last-Event-ID: " +
        seen + "\r\n\r\n");
    return again.rest();
  };
  EXPECT_EQ(rest(id).find("event: job"), std::string::npos);
  EXPECT_THAT(rest(id), HasSubstr("event: end"));
  const auto first = all.find("id: ");
  const auto from_first = rest(all.substr(first + 4, all.find('\n', first) - first - 4));
  EXPECT_EQ(from_first.find(R"("reason":"submitted")"), std::string::npos);
  EXPECT_THAT(from_first, HasSubstr(R"("state":"done")"));
  expect("get", "/v1/batches/{id}/events", 404, get("/v1/batches/99/events"));
}

TEST_F(V1Test, SearchesAndAuditsAreAnswered) {
  const auto found = expect("get", "/v1/search", 200, get("/v1/search?q=page&limit=5"));
  EXPECT_TRUE(found.contains("total"));
  expect("get", "/v1/search", 400, get("/v1/search"));
  expect("get", "/v1/search", 400, get("/v1/search?q=a&sort=colour"));
  expect("get", "/v1/search", 400, get("/v1/search?q=%22open"));
  expect("get", "/v1/search", 400, get("/v1/search?q=a&history"));
  expect("get", "/v1/audit", 200, get("/v1/audit"));
  EXPECT_EQ(get("/v1/audit?format=csv").header("Content-Type"), "text/csv; charset=utf-8");
  expect("get", "/v1/audit", 400, get("/v1/audit?format=pdf"));
}

TEST_F(V1Test, HealthAndReadinessAreSaidToAnybody) {
  EXPECT_EQ(get("/healthz").body, "ok\n");
  EXPECT_EQ(expect("get", "/readyz", 200, get("/readyz"))["ready"], true);
  serve::Live live;
  live.writer_waits = "suspended: the disk is full";
  service_->live().set(live);
  const auto waits = expect("get", "/readyz", 503, get("/readyz"));
  EXPECT_EQ(waits["ready"], false);
}

TEST_F(V1Test, NothingUnknownIsServed) {
  const auto missing = get("/v1/nothing");
  EXPECT_EQ(missing.status, 404);
  EXPECT_EQ(json_of(missing)["error"]["name"], "http_404");
  EXPECT_EQ(get("/v1/actions/update_page").status, 405);
  EXPECT_EQ(post("/v1/actions/restore_page", "{}").status, 404);
}

class AccessToServiceTest : public ServiceFixture {
 protected:
  static RawAnswer ask_with(std::uint16_t port, const std::string& authorization,
                            const std::string& target) {
    RawClient client(port);
    const auto header =
        authorization.empty() ? std::string() : "Authorization: " + authorization + "\r\n";
    return client.ask("GET " + target + " HTTP/1.1\r\nHost: localhost\r\n" + header + "\r\n");
  }
};

TEST_F(AccessToServiceTest, ByTcpTheTokenMustBeShown) {
  options_.tcp = std::pair<std::string, std::uint16_t>("127.0.0.1", 0);
  options_.access = {{"token", {"read"}}};
  start();
  const auto port = service_->tcp_port();
  const auto good = std::string("Bearer ") + kToken;
  EXPECT_EQ(ask_with(port, good, "/v1/status").status, 200);
  EXPECT_EQ(ask_with(port, std::string("bearer ") + kToken, "/v1/status").status, 200);
  for (const auto& bad : {std::string(), std::string("Bearer "), good + "x", good.substr(0, 20),
                          std::string("Basic ") + kToken, std::string(kToken)}) {
    EXPECT_EQ(ask_with(port, bad, "/v1/status").status, 401) << bad.substr(0, 7);
  }
  EXPECT_EQ(ask_with(port, "", "/healthz").status, 200);
  EXPECT_EQ(ask_with(port, "", "/v1/openapi.json").status, 401);
  RawClient client(port);
  EXPECT_EQ(client.post("/v1/jobs", "x", "Authorization: " + good + "\r\n").status, 403);
}

TEST_F(AccessToServiceTest, AccountsAreForThoseWhoMayWriteAsThem) {
  const auto me = serve::caller_of({}, ::getuid(), ::getgid()).name;
  options_.access = {{me, {"submit", "as:account-7"}}};
  const auto as = [&](const std::string& account) {
    auto json = update_of(100, 2, "New title");
    json.insert(1, R"("asUser": ")" + account + "\", ");
    return post("/v1/actions/update_page", json, "Prefer: respond-async\r\n");
  };
  start();
  EXPECT_EQ(as("account-7").status, 400);  // the connection knows one identity
  service_.reset();
  options_.backend.can_impersonate = true;
  start();
  EXPECT_EQ(as("account-8").status, 403);
  const auto queued = as("account-7");
  EXPECT_EQ(queued.status, 202);
  const auto job = json_of(get(queued.header("Location")));
  EXPECT_EQ(job["asUser"], "account-7");
  EXPECT_EQ(as("a b").status, 400);
}

// Undoing writes in the name of whoever the job was written for, and so does trying it again.
TEST_F(AccessToServiceTest, OthersJobsAreNeitherUndoneNorRetriedAsTheirAccounts) {
  const auto me = serve::caller_of({}, ::getuid(), ::getgid()).name;
  options_.access = {{me, {"submit", "as:account-7"}}};
  options_.backend.can_impersonate = true;
  start();
  auto json = update_of(100, 2, "New title");
  json.insert(1, R"("asUser": "account-7", )");
  const auto queued = json_of(post("/v1/actions/update_page", json, "Prefer: respond-async\r\n"));
  const auto job = queued["jobId"].get<std::string>();
  const auto batch = queued["batch"].get<std::string>();
  service_.reset();
  options_.access = {{me, {"submit", "as:account-8"}}};
  start();

  given_outcome(std::stoll(job), store::JobState::kFailed, "refused");
  EXPECT_EQ(post("/v1/jobs/" + job + "/retry", "").status, 403);
  EXPECT_EQ(json_of(get("/v1/jobs/" + job))["state"], "failed");
  service_.reset();
  options_.access = {{me, {"submit", "as:*"}}};
  start();
  EXPECT_EQ(post("/v1/jobs/" + job + "/retry", "").status, 200);

  given_update_done(std::stoll(job));
  service_.reset();
  options_.access = {{me, {"submit", "as:account-8"}}};
  start();
  const auto refused = post("/v1/batches/" + batch + "/undo", "");
  EXPECT_EQ(refused.status, 403) << refused.body;
  EXPECT_EQ(json_of(get("/v1/batches"))["batches"].size(), 1u) << "nothing was queued";
}

// Every line is a comment of the two kinds or a value of the family before it.
void expect_exposition(const std::string& text) {
  const std::regex help(R"(# HELP ([a-z_]+) .+)");
  const std::regex type(R"(# TYPE ([a-z_]+) (counter|gauge|histogram))");
  const std::regex value(
      R"(([a-z_]+)(\{([a-z]+="([^"\\]|\\.)*",?)+\})? (\+Inf|-?[0-9.]+(e[+-]?[0-9]+)?))");
  std::set<std::string> families;
  std::string family;
  std::string kind;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::smatch match;
    if (std::regex_match(line, match, help)) {
      family = match[1];
      EXPECT_TRUE(families.insert(family).second) << family << " stands twice";
      kind.clear();
    } else if (std::regex_match(line, match, type)) {
      EXPECT_EQ(match[1], family);
      kind = match[2];
    } else {
      ASSERT_TRUE(std::regex_match(line, match, value)) << line;
      ASSERT_FALSE(kind.empty()) << line;
      EXPECT_THAT(match[1].str(), StartsWith(family));
      EXPECT_TRUE(kind == "histogram" || match[1] == family) << line;
      EXPECT_TRUE(kind != "counter" || family.ends_with("_total")) << family;
    }
  }
  EXPECT_TRUE(text.ends_with('\n'));
}

TEST_F(ServiceFixture, FiguresAreInPrometheusForm) {
  start();
  get("/v1/status");
  get("/v1/nothing");
  RawClient odd(folder_ / "s");
  odd.ask("BREW\"X /v1/status HTTP/1.1\r\nHost: a\r\n\r\n");
  const auto answer = get("/metrics");
  EXPECT_EQ(answer.header("Content-Type"), "text/plain; version=0.0.4; charset=utf-8");
  expect_exposition(answer.body);
  EXPECT_THAT(answer.body, HasSubstr("confmirror_pages{status=\"current\"} 2\n"));
  EXPECT_THAT(answer.body, HasSubstr("confmirror_jobs{state=\"queued\"} 0\n"));
  EXPECT_THAT(answer.body, HasSubstr("confmirror_http_requests_total{method=\"GET\","
                                     "route=\"/v1/status\",status=\"200\"} 1\n"));
  EXPECT_THAT(answer.body, HasSubstr("route=\"none\",status=\"404\"} 1\n"));
  EXPECT_THAT(answer.body, HasSubstr("confmirror_http_malformed_requests_total 1\n"));
  EXPECT_THAT(answer.body, HasSubstr("process_resident_memory_bytes "));
  // What a histogram promises: buckets that grow, and the last is the count.
  const std::regex last(
      "_bucket\\{route=\"/v1/status\",le=\"\\+Inf\"\\} ([0-9]+)\n"
      "confmirror_http_request_duration_seconds_sum[^\n]*\n"
      "confmirror_http_request_duration_seconds_count[^\n]* ([0-9]+)\n");
  std::smatch match;
  ASSERT_TRUE(std::regex_search(answer.body, match, last));
  EXPECT_EQ(match[1], match[2]);
}

TEST_F(ServiceFixture, PrometheusOwnToolHasNothingToSayOfTheFigures) {
  if (!is_installed("promtool")) GTEST_SKIP() << "promtool (Debian: prometheus) is not installed";
  start();
  get("/v1/status");
  post("/v1/actions/get_page", "{}");
  std::ofstream(folder_ / "metrics") << get("/metrics").body;
  const auto checked = shell("promtool check metrics < '" + (folder_ / "metrics").string() + "'");
  EXPECT_EQ(checked.code, 0) << checked.output;
  EXPECT_EQ(checked.output, "");
}

TEST_F(ServiceFixture, WithoutAMirrorItIsAliveAndNotReady) {
  options_.backend.mirror = folder_ / "missing.db";
  start();
  EXPECT_EQ(get("/healthz").status, 200);
  EXPECT_EQ(get("/readyz").status, 503);
  EXPECT_THAT(get("/metrics").body, HasSubstr("confmirror_mirror_up 0\n"));
  EXPECT_GE(get("/v1/status").status, 500);
}

}  // namespace
}  // namespace test
