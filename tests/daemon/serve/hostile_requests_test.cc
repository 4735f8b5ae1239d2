// Thousands of requests that no client should send, against the routes of the daemon: each gets the
// answer that it deserves, and the next good request its own.

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <random>
#include <set>

#include "daemon/base/clock.h"
#include "daemon/serve/backend.h"
#include "daemon/serve/confluence_routes.h"
#include "daemon/serve/router.h"
#include "tests/daemon/export/mirror_builder.h"
#include "tests/daemon/serve/running_server.h"

namespace serve {
namespace {

constexpr int kRequests = 10'000;
constexpr std::size_t kMostTarget = 4u << 10;
constexpr std::size_t kMostHead = 8u << 10;
constexpr std::size_t kMostBody = 64u << 10;
const std::string kGoodRequest = "GET /wiki/api/v2/pages/101 HTTP/1.1\r\nHost: localhost\r\n\r\n";

// What is sent, in pieces, and what may come back. 0: the connection closes without an answer.
struct Attack {
  std::string name;
  std::vector<std::string> pieces;
  std::vector<std::set<int>> answers;
  bool half_closed = false;  // nothing more comes after it
};

class Attacks {
 public:
  explicit Attacks(std::uint32_t seed) : random_(seed) {}

  Attack next() {
    using Make = Attack (Attacks::*)();
    static constexpr Make kMakes[] = {&Attacks::oversized_target,
                                      &Attacks::oversized_head,
                                      &Attacks::oversized_body,
                                      &Attacks::bad_line,
                                      &Attacks::bad_field,
                                      &Attacks::bad_length,
                                      &Attacks::bad_chunks,
                                      &Attacks::bad_text,
                                      &Attacks::traversal,
                                      &Attacks::wrong_method,
                                      &Attacks::nowhere,
                                      &Attacks::split,
                                      &Attacks::pipelined,
                                      &Attacks::bad_after_good,
                                      &Attacks::bad_parameter,
                                      &Attacks::odd_parameter,
                                      &Attacks::bad_json,
                                      &Attacks::noise,
                                      &Attacks::cut_short,
                                      &Attacks::hosts,
                                      &Attacks::not_http,
                                      &Attacks::many_parameters,
                                      &Attacks::wrong_expectation,
                                      &Attacks::wrong_type,
                                      &Attacks::mutated};
    return (this->*kMakes[below(std::size(kMakes))])();
  }

 private:
  std::size_t below(std::size_t bound) {
    return std::uniform_int_distribution<std::size_t>(0, bound - 1)(random_);
  }
  const std::string& one_of(const std::vector<std::string>& texts) {
    return texts[below(texts.size())];
  }
  static std::string get(const std::string& target, const std::string& fields = {}) {
    return "GET " + target + " HTTP/1.1\r\nHost: localhost\r\n" + fields + "\r\n";
  }
  static std::string post(const std::string& fields, const std::string& body) {
    return "POST /wiki/api/v2/pages HTTP/1.1\r\nHost: localhost\r\n" + fields + "\r\n" + body;
  }
  static std::string sized(const std::string& body) {
    return post("Content-Type: application/json\r\nPrefer: respond-async\r\nContent-Length: " +
                    std::to_string(body.size()) + "\r\n",
                body);
  }
  static Attack single(const char* name, std::string bytes, std::set<int> answer) {
    return {name, {std::move(bytes)}, {std::move(answer)}};
  }

  Attack oversized_target() {
    const auto target = "/wiki/" + std::string(kMostTarget + below(kMostTarget), 'a');
    return single("oversized target", get(target), {414});
  }
  Attack oversized_head() {
    std::string fields;
    while (fields.size() <= kMostHead) fields += fmt::format("X-{}: {}\r\n", below(1000), "value");
    return single("oversized head", get("/wiki/api/v2/pages", fields), {431});
  }
  Attack oversized_body() {
    const auto size = kMostBody + 1 + below(1000);
    if (below(2) == 0) {
      return single("oversized body", post(fmt::format("Content-Length: {}\r\n", size), "x"),
                    {413});
    }
    const auto chunk = fmt::format("{:x}\r\n{}\r\n0\r\n\r\n", size, std::string(size, 'x'));
    return single("oversized chunk", post("Transfer-Encoding: chunked\r\n", chunk), {413});
  }
  Attack bad_line() {
    const auto line =
        one_of({"GET", "GET /", "GET  / HTTP/1.1", "GET / HTTP/1.1 x", " GET / HTTP/1.1",
                "G\tT / HTTP/1.1", "GET /\x01 HTTP/1.1", "GET / http/1.1",
                "GET http://evil.example/ HTTP/1.1", "GET * HTTP/1.1", "GET /#fragment HTTP/1.1",
                "GET / HTTP/11", "GET / HTTP/1.1\t"});
    return single("bad line", line + "\r\nHost: localhost\r\n\r\n", {400});
  }
  Attack bad_field() {
    const auto field = one_of({"Bad Name: x", "Name : x", ": x", "no colon", " folded: x",
                               "X: a\r\n folded", std::string("X: a\0b", 6),
                               "X: a\x01"
                               "b",
                               "X\xC3\xA4: x", "X: a\rb"});
    return single("bad field", get("/wiki/api/v2/pages", field + "\r\n"), {400});
  }
  Attack bad_length() {
    const auto fields = one_of(
        {"Content-Length: +5", "Content-Length: -1", "Content-Length: 0x5", "Content-Length: 5 5",
         "Content-Length: 5, 5", "Content-Length: ", "Content-Length: 99999999999999999999999",
         "Content-Length: 5\r\nContent-Length: 5", "Content-Length: 5\r\nContent-Length: 6",
         "Content-Length: 5\r\nTransfer-Encoding: chunked",
         "Transfer-Encoding: chunked\r\nContent-Length: 5"});
    return single("bad length", post(fields + "\r\n", "hello"), {400});
  }
  Attack bad_chunks() {
    const auto body = one_of({"FFFFFFFFFFFFFFFFFF\r\nx", "-1\r\nx", "zz\r\nx", "5\r\nhelloXY\r\n",
                              "5\nhello\r\n0\r\n\r\n", "\r\n\r\n", "0x5\r\nhello\r\n0\r\n\r\n"});
    return single("bad chunks", post("Transfer-Encoding: chunked\r\n", body), {400, 413});
  }
  Attack bad_text() {
    const auto target = one_of({"/wiki/%ff", "/wiki/%c0%ae", "/wiki/%", "/wiki/%4", "/wiki/%zz",
                                "/wiki/%00", "/wiki/%ed%a0%80", "/wiki/api/v2/pages?title=%ff",
                                "/wiki/api/v2/pages?%80=1", "/wiki/%f5%80%80%80", "/wiki/\xFF"});
    return single("bad text", get(target), {400});
  }
  Attack traversal() {
    const auto target =
        one_of({"/../etc/passwd", "/wiki/../../etc/passwd", "/wiki/%2e%2e/%2e%2e/etc/passwd",
                "/wiki/api/v2/pages/..%2f..%2fetc%2fpasswd", "/wiki/./api", "//etc/passwd",
                "/wiki//api", "/wiki/..%5c..%5cwindows", "/wiki/%2e/api"});
    return single("traversal", get(target), {400});
  }
  Attack wrong_method() {
    const auto method =
        one_of({"PATCH", "TRACE", "FOO", "get", "DELETE", "PUT", "M-SEARCH", "PROPFIND"});
    return single("wrong method",
                  method + " /wiki/api/v2/spaces HTTP/1.1\r\nHost: localhost\r\n\r\n", {405});
  }
  Attack nowhere() {
    const auto target = one_of({"/", "/wiki", "/favicon.ico", "/wiki/api/v3/pages", "/admin",
                                "/wiki/api/v2/pages/101/no-such-thing", "/__control/state"});
    return single("nowhere", get(target), {404, 501});
  }
  Attack split() {
    Attack attack{"split", {}, {{200}}};
    for (const char c : kGoodRequest) attack.pieces.emplace_back(1, c);
    return attack;
  }
  Attack pipelined() {
    Attack attack{"pipelined", {""}, {}};
    const auto count = 2 + below(10);
    for (std::size_t i = 0; i < count; ++i) {
      attack.pieces[0] += kGoodRequest;
      attack.answers.push_back({200});
    }
    return attack;
  }
  Attack bad_after_good() {
    auto bad = bad_length();
    return {"bad after good", {kGoodRequest + bad.pieces[0]}, {{200}, {400}}};
  }
  Attack bad_parameter() {
    const auto query =
        one_of({"limit=-1", "limit=99999999999999999999", "limit=ten", "limit=", "cursor=garbage",
                "cursor=%00", "space-id=abc", "sort=secrets", "body-format=exe",
                "id=1%3BDROP%20TABLE%20page", "id=0x10", "status=nonsense"});
    return single("bad parameter", get("/wiki/api/v2/pages?" + query), {400});
  }
  Attack odd_parameter() {
    const auto query =
        one_of({"title=%27%20OR%201%3D1--", "title=%25", "space-id=-5", "title=%F0%9F%92%A9",
                "title=" + std::string(3000, 'x'), "unknown=1", "title=a&title=b"});
    return single("odd parameter", get("/wiki/api/v2/pages?" + query), {200, 400});
  }
  Attack bad_json() {
    const auto body = one_of(
        {"", "{", "[]", "null", "\"text\"", std::string(5000, '['), std::string(20000, '{'),
         "{\"title\":1}", "{\"title\":\"a\"}", "{\"title\":\"\xFF\"}", "{\"a\":1e999}",
         "{\"spaceId\":\"20\",\"title\":\"a\",\"body\":{}}", "{\"spaceId\":{},\"title\":[]}"});
    return single("bad json", sized(body), {400});
  }
  Attack wrong_type() {
    return single("wrong type", post("Content-Type: text/plain\r\nContent-Length: 2\r\n", "{}"),
                  {415});
  }
  Attack noise() {
    std::string bytes;
    const auto size = 1 + below(2000);
    for (std::size_t i = 0; i < size; ++i) bytes += static_cast<char>(below(256));
    Attack attack{"noise", {bytes}, {{0, 400, 414, 505}}};
    attack.half_closed = true;
    return attack;
  }
  Attack cut_short() {
    const auto whole = below(2) == 0 ? kGoodRequest : sized("{\"title\":\"a\"}");
    Attack attack{"cut short", {whole.substr(0, 1 + below(whole.size() - 1))}, {{0, 400}}};
    attack.half_closed = true;
    return attack;
  }
  Attack hosts() {
    const auto fields =
        one_of({"", "Host: a\r\nHost: b\r\n", "Host: localhost\r\nhost: localhost\r\n"});
    return single("hosts", "GET /wiki/api/v2/pages HTTP/1.1\r\n" + fields + "\r\n", {400});
  }
  Attack not_http() {
    Attack attack{"not http",
                  {one_of({std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11),
                           "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "SSH-2.0-client\r\n", "\r\n\r\n",
                           "EHLO there\r\n", "GET / HTTP/2.0\r\nHost: localhost\r\n\r\n"})},
                  {{0, 400, 505}}};
    attack.half_closed = true;
    return attack;
  }
  Attack many_parameters() {
    std::string query = "?";
    while (query.size() < kMostTarget - 100) query += "&a=1";
    return single("many parameters", get("/wiki/api/v2/pages" + query), {400});
  }
  Attack wrong_expectation() {
    return single("wrong expectation", post("Expect: the-unexpected\r\nContent-Length: 1\r\n", "x"),
                  {417});
  }
  // A good request with some bytes changed: it may still be one.
  Attack mutated() {
    auto bytes = below(2) == 0 ? kGoodRequest : sized("{\"spaceId\":\"20\",\"none\":1}");
    for (std::size_t i = 0; i <= below(4); ++i) {
      bytes[below(bytes.size())] = static_cast<char>(below(256));
    }
    Attack attack{"mutated", {bytes}, {{0, 200, 202, 400, 404, 405, 413, 415, 417, 501, 505}}};
    attack.half_closed = true;
    return attack;
  }

  std::mt19937 random_;
};

class HostileRequestsTest : public testing::Test {
 protected:
  void SetUp() override {
    auto writer = store::Writer::open(folder_ / "mirror.db", {});
    ASSERT_TRUE(writer.has_value());
    store::Batch batch(1, test::time_of("2026-01-01T00:00:00Z"));
    batch.meta["site_url"] = "https://example.atlassian.net";
    batch.spaces = {test::space(20, "DOCS")};
    for (store::Id id = 101; id < 110; ++id) {
      batch.pages.push_back(test::page(id, 20, "Page " + std::to_string(id)));
      batch.pages.back().body.emplace("<p>text</p>");
    }
    std::promise<bool> committed;
    (*writer)->submit(std::move(batch), [&](const store::Result<store::CommitInfo>& result) {
      committed.set_value(result.has_value());
    });
    ASSERT_TRUE(committed.get_future().get());
    ASSERT_TRUE((*writer)->close().has_value());
    serve();
  }

  void serve() {
    BackendOptions options;
    options.mirror = folder_ / "mirror.db";
    options.site_url = "https://example.atlassian.net";
    backend_ = std::make_unique<Backend>(options, clock_);
    add_confluence_routes(router_, *backend_);
    HttpServer::Options server;
    server.limits.target = kMostTarget;
    server.limits.head = kMostHead;
    server.limits.body = kMostBody;
    server.handler = [this](Request request) { return router_.route(std::move(request)); };
    server.identify = [](std::optional<std::pair<uid_t, gid_t>>) {
      Caller caller;
      caller.name = "tester";
      caller.may_read = true;
      caller.may_submit = true;
      return caller;
    };
    server.error_body = test::plain_error;
    server_ = std::make_unique<test::RunningServer>(std::move(server));
  }

  // Whether it got what it deserves.
  void play(const Attack& attack, int number) {
    SCOPED_TRACE(fmt::format("request {}, {}: {}", number, attack.name,
                             testing::PrintToString(attack.pieces.front().substr(0, 300))));
    test::RawClient client(server_->socket());
    // A server that has seen enough may close before all of it is sent.
    for (const auto& piece : attack.pieces) {
      if (!client.send(piece)) break;
    }
    if (attack.half_closed) client.end_sending();
    for (const auto& expected : attack.answers) {
      test::RawAnswer answer;
      ASSERT_NO_THROW(answer = client.answer()) << "neither an answer nor the end came";
      statuses_[answer.status]++;
      EXPECT_TRUE(expected.contains(answer.status)) << answer.status << "\n"
                                                    << answer.body.substr(0, 300);
      EXPECT_THAT(answer.body, testing::Not(testing::HasSubstr("bug"))) << attack.name;
    }
  }

  test::TemporaryFolder folder_;
  base::SystemClock clock_;
  Router router_;
  std::unique_ptr<Backend> backend_;
  std::unique_ptr<test::RunningServer> server_;
  std::map<int, int> statuses_;
};

}  // namespace

TEST_F(HostileRequestsTest, TenThousandOfThemGetWhatTheyDeserve) {
  Attacks attacks(20261129);
  for (int number = 0; number < kRequests && !HasFailure(); ++number) {
    play(attacks.next(), number);
  }
  test::RawClient client(server_->socket());
  EXPECT_EQ(client.ask(kGoodRequest).status, 200) << "good clients are served as before";
  EXPECT_GT(statuses_[400], kRequests / 4);
  EXPECT_GT(statuses_[200], kRequests / 10);
  client.close();
  EXPECT_TRUE(test::eventually([&] { return server_->counts().connections == 0; }));
}

}  // namespace serve
