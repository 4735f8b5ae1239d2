#include "daemon/serve/http_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>
#include <fstream>
#include <set>

#include "tests/daemon/serve/running_server.h"

namespace serve {
namespace {

using std::chrono::milliseconds;
using test::eventually;
using test::RawClient;
using test::RunningServer;
using ::testing::HasSubstr;

constexpr std::string_view kHead = "GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n";

base::Awaitable<Response> echo(Request request) {
  Response response(200, "text/plain", request.method + " " + request.path + " " + request.body);
  co_return response;
}

class HttpServerTest : public ::testing::Test {
 protected:
  HttpServerTest() {
    options_.handler = echo;
    options_.error_body = test::plain_error;
    options_.identify = [](std::optional<std::pair<uid_t, gid_t>> peer) {
      Caller caller;
      if (peer) caller.uid = peer->first;
      return caller;
    };
    options_.limits.grace = milliseconds(200);
  }
  void start() { server_ = std::make_unique<RunningServer>(options_); }
  RawClient connect() { return RawClient(server_->socket()); }
  // The status of what the server says to these bytes, after which it must close.
  int refused_with(const std::string& bytes) {
    auto client = connect();
    client.send(bytes);
    const auto answer = client.answer();
    EXPECT_EQ(answer.header("Connection"), "close") << bytes.substr(0, 80);
    EXPECT_EQ(client.rest(), "") << bytes.substr(0, 80);
    return answer.status;
  }

  HttpServer::Options options_;
  std::unique_ptr<RunningServer> server_;
};

TEST_F(HttpServerTest, AnswersAndKeepsTheConnection) {
  start();
  auto client = connect();
  for (int i = 0; i < 3; ++i) {
    const auto answer = client.get("/hello?x=1");
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, "GET /hello ");
    EXPECT_EQ(answer.header("X-Content-Type-Options"), "nosniff");
    EXPECT_EQ(answer.header("Access-Control-Allow-Origin"), "");
    EXPECT_EQ(answer.header("Content-Type"), "text/plain");
    EXPECT_NE(answer.header("Date"), "");
  }
}

TEST_F(HttpServerTest, TakesBodiesByLengthAndInChunks) {
  start();
  auto client = connect();
  EXPECT_EQ(client.post("/a", "some text").body, "POST /a some text");
  const auto chunked = client.ask(
      "POST /b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
      "4\r\nsome\r\n5;x=y\r\n text\r\n0\r\nTrailer: x\r\n\r\n");
  EXPECT_EQ(chunked.body, "POST /b some text");
  EXPECT_EQ(client.get("/c").body, "GET /c ");
}

TEST_F(HttpServerTest, HeadIsAnsweredWithoutABody) {
  start();
  auto client = connect();
  client.send("HEAD /a HTTP/1.1\r\nHost: a\r\n\r\n");
  const auto head = client.answer(false);
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.header("Content-Length"), std::to_string(std::string("HEAD /a ").size()));
  EXPECT_EQ(client.get("/b").body, "GET /b ");
}

TEST_F(HttpServerTest, PipelinedRequestsAreAnsweredInTheirOrder) {
  start();
  auto client = connect();
  std::string all;
  for (int i = 0; i < 50; ++i) {
    all += "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: a\r\n\r\n";
  }
  client.send(all);
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(client.answer().body, "GET /" + std::to_string(i) + " ");
  }
}

TEST_F(HttpServerTest, ABodyThatIsAnnouncedIsAskedFor) {
  start();
  auto client = connect();
  client.send("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.answer().status, 100);
  EXPECT_EQ(client.ask("body").body, "POST /a body");
}

TEST_F(HttpServerTest, RefusesWhatIsMalformedAndCloses) {
  start();
  EXPECT_EQ(refused_with("nonsense\r\n\r\n"), 400);
  EXPECT_EQ(refused_with("GET / HTTP/1.1\nHost: a\n\n"), 400);
  EXPECT_EQ(refused_with("GET /../etc/passwd HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
  EXPECT_EQ(refused_with("GET /%ff HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
  EXPECT_EQ(refused_with("GET / HTTP/3.0\r\nHost: a\r\n\r\n"), 505);
  EXPECT_EQ(refused_with("GET /" + std::string(20'000, 'a')), 414);
  EXPECT_EQ(refused_with("GET / HTTP/1.1\r\nX: " + std::string(40'000, 'a')), 431);
  EXPECT_EQ(refused_with("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n"
                         "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
            400);
  EXPECT_EQ(refused_with("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n"), 501);
  EXPECT_EQ(refused_with("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                         "zz\r\n"),
            400);
  EXPECT_EQ(refused_with("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                         "ffffffffffffffffff\r\n"),
            400);
  EXPECT_EQ(server_->counts().bad_requests, 11);
}

TEST_F(HttpServerTest, BodiesHaveABound) {
  options_.limits.body = 1000;
  start();
  EXPECT_EQ(refused_with("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\n\r\n"), 413);
  std::string chunks;
  for (int i = 0; i < 30; ++i) chunks += "28\r\n" + std::string(40, 'x') + "\r\n";
  EXPECT_EQ(
      refused_with("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks),
      413);
  auto client = connect();
  EXPECT_EQ(client.post("/", std::string(1000, 'x')).status, 200);
}

TEST_F(HttpServerTest, AClientThatStillSendsGetsItsRefusal) {
  options_.limits.body = 1000;
  start();
  auto client = connect();
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 500000\r\n\r\n" +
              std::string(500'000, 'x'));
  EXPECT_EQ(client.answer().status, 413);
}

TEST_F(HttpServerTest, ChunksThatAreAllExtensionAreAFlood) {
  start();
  auto client = connect();
  client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  const std::string chunk = "1;x=" + std::string(10'000, 'y') + "\r\nz\r\n";
  for (int i = 0; i < 20 && client.send(chunk); ++i) {
  }
  EXPECT_EQ(client.answer().status, 400);
}

TEST_F(HttpServerTest, AllBodiesTogetherHaveABound) {
  options_.limits.bodies = 100'000;
  std::atomic<bool> release = false;
  options_.handler = [&](Request request) -> base::Awaitable<Response> {
    while (!release && !request.body.empty()) co_await base::sleep_for(milliseconds(5));
    co_return Response(200, "text/plain", "");
  };
  start();
  auto first = connect();
  first.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 90000\r\n\r\n" +
             std::string(90'000, 'x'));
  ASSERT_TRUE(eventually([&] { return server_->counts().requests == 1; }));
  auto second = connect();
  EXPECT_EQ(second.post("/", std::string(50'000, 'x')).status, 503);
  release = true;
  EXPECT_EQ(first.answer().status, 200);
  auto third = connect();
  EXPECT_EQ(third.post("/", std::string(50'000, 'x')).status, 200);
}

TEST_F(HttpServerTest, AHeadThatDripsIsCutOff) {
  options_.limits.head_within = milliseconds(100);
  start();
  auto client = connect();
  client.send("GET / HT");
  EXPECT_EQ(client.answer().status, 408);
  // One that says nothing at all is not worth an answer.
  auto silent = connect();
  EXPECT_EQ(silent.rest(), "");
}

TEST_F(HttpServerTest, AKeptConnectionWithoutARequestIsClosed) {
  options_.limits.idle = milliseconds(50);
  start();
  auto client = connect();
  EXPECT_EQ(client.get("/a").status, 200);
  EXPECT_EQ(client.rest(), "");
}

TEST_F(HttpServerTest, ABodyThatStandsStillIsCutOff) {
  options_.limits.body_stands = milliseconds(100);
  start();
  EXPECT_EQ(refused_with("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc"), 408);
}

TEST_F(HttpServerTest, ABodyThatDripsIsCutOffThoughItNeverStands) {
  options_.limits.body_stands = milliseconds(150);
  start();
  auto client = connect();
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n");
  // A byte whenever a tenth of that is over: too slow on the whole.
  std::jthread drip([&](const std::stop_token& stop) {
    while (!stop.stop_requested() && client.send("x")) {
      std::this_thread::sleep_for(milliseconds(15));
    }
  });
  EXPECT_EQ(client.answer().status, 408);
}

TEST_F(HttpServerTest, AReaderThatTakesNothingIsCutOff) {
  options_.limits.reader_stands = milliseconds(100);
  options_.handler = [](Request) -> base::Awaitable<Response> {
    co_return Response(200, "text/plain", std::string(std::size_t{16} << 20, 'x'));
  };
  start();
  auto client = connect();
  client.send(kHead);
  ASSERT_TRUE(eventually(
      [&] { return server_->counts().requests == 1 && server_->counts().connections == 0; }));
  EXPECT_LT(client.rest().size(), std::size_t{16} << 20);
}

TEST_F(HttpServerTest, ConnectionsHaveABoundAndIdleOnesGiveWay) {
  options_.limits.connections = 3;
  options_.limits.connections_per_user = 100;
  options_.limits.head_within = milliseconds(10'000);
  start();
  auto a = connect();
  auto b = connect();
  auto c = connect();
  for (auto* one : {&a, &b, &c}) one->send("GET / HT");
  ASSERT_TRUE(eventually([&] { return server_->counts().connections == 3; }));
  auto full = connect();
  const auto answer = full.answer();
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.header("Retry-After"), "1");
  EXPECT_EQ(server_->counts().refused, 1);
  EXPECT_EQ(a.ask("TP/1.1\r\nHost: a\r\n\r\n").status, 200);
  auto takes_the_place = connect();
  EXPECT_EQ(takes_the_place.get("/").status, 200);
  EXPECT_EQ(a.rest(), "");
}

TEST_F(HttpServerTest, OneUserCannotTakeAllConnections) {
  options_.limits.connections_per_user = 2;
  start();
  auto a = connect();
  auto b = connect();
  for (auto* one : {&a, &b}) one->send("GET / HT");
  ASSERT_TRUE(eventually([&] { return server_->counts().connections == 2; }));
  auto third = connect();
  EXPECT_EQ(third.answer().status, 503);
  RawClient other_user(server_->port());
  EXPECT_EQ(other_user.get("/").status, 200);
}

TEST_F(HttpServerTest, AConnectionTakesSoManyRequests) {
  options_.limits.requests_per_connection = 2;
  start();
  auto client = connect();
  EXPECT_EQ(client.get("/").header("Connection"), "");
  EXPECT_EQ(client.get("/").header("Connection"), "close");
  EXPECT_EQ(client.rest(), "");
}

TEST_F(HttpServerTest, OnTcpTheHostMustBeThisMachine) {
  start();
  RawClient good(server_->port());
  EXPECT_EQ(good.get("/").status, 200);
  RawClient bad(server_->port());
  EXPECT_EQ(bad.ask("GET / HTTP/1.1\r\nHost: rebound.example.com\r\n\r\n").status, 421);
}

TEST_F(HttpServerTest, BehindAProxyAnyHostWillDo) {
  options_.loopback_names_only = false;
  start();
  RawClient client(server_->port());
  EXPECT_EQ(client.ask("GET / HTTP/1.1\r\nHost: docs.example.com\r\n\r\n").status, 200);
}

TEST_F(HttpServerTest, ThePeerIsTheUserWhomTheKernelNames) {
  options_.handler = [](Request request) -> base::Awaitable<Response> {
    const auto uid = request.caller.uid ? std::to_string(*request.caller.uid) : "tcp";
    co_return Response(200, "text/plain", uid);
  };
  start();
  auto client = connect();
  EXPECT_EQ(client.get("/").body, std::to_string(::getuid()));
  RawClient tcp(server_->port());
  EXPECT_EQ(tcp.get("/").body, "tcp");
}

TEST_F(HttpServerTest, AHeadThatIsNotAdmittedKeepsItsBodyOut) {
  options_.admit = [](Request& head) -> std::optional<Response> {
    head.caller.name = "known";
    if (head.path != "/no") return {};
    return Response(403, "text/plain", "no");
  };
  options_.handler = [](Request request) -> base::Awaitable<Response> {
    co_return Response(200, "text/plain", request.caller.name);
  };
  start();
  auto client = connect();
  EXPECT_EQ(client.get("/no").status, 403);
  EXPECT_EQ(client.get("/yes").body, "known");
  client.send("POST /no HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n");
  EXPECT_EQ(client.answer().status, 403);
  EXPECT_EQ(client.rest(), "");
}

TEST_F(HttpServerTest, AnAnswerWithoutAnEndComesInChunksUntilItEnds) {
  options_.handler = [](Request) -> base::Awaitable<Response> {
    Response response(200, "text/event-stream", "first;");
    response.chunks =
        [left = std::make_shared<int>(3)]() -> base::Awaitable<std::optional<std::string>> {
      if (*left == 0) co_return std::nullopt;
      co_return std::to_string((*left)--) + ";";
    };
    co_return response;
  };
  start();
  auto client = connect();
  client.send(kHead);
  EXPECT_EQ(client.answer().header("Transfer-Encoding"), "chunked");
  while (client.received().find("0\r\n\r\n") == std::string::npos) ASSERT_TRUE(client.receive());
  EXPECT_EQ(client.received(), "6\r\nfirst;\r\n2\r\n3;\r\n2\r\n2;\r\n2\r\n1;\r\n0\r\n\r\n");
  RawClient old(server_->socket());
  old.send("GET / HTTP/1.0\r\n\r\n");
  EXPECT_THAT(old.rest(), HasSubstr("\r\n\r\nfirst;3;2;1;"));
}

// Notes when it is destroyed.
struct Note {
  explicit Note(std::atomic<int>& counter) : count(counter) {}
  ~Note() { ++count; }
  Note(const Note&) = delete;
  Note& operator=(const Note&) = delete;
  std::atomic<int>& count;
};

TEST_F(HttpServerTest, AClientThatGoesEndsItsHandler) {
  std::atomic<int> ended = 0;
  std::atomic<int> begun = 0;
  options_.handler = [&](Request) -> base::Awaitable<Response> {
    const Note note(ended);
    ++begun;
    co_await base::sleep_for(std::chrono::hours(1));
    co_return Response(200, "text/plain", "");
  };
  start();
  auto client = connect();
  client.send(kHead);
  ASSERT_TRUE(eventually([&] { return begun == 1; }));
  client.close();
  EXPECT_TRUE(eventually([&] { return ended == 1; }));
}

TEST_F(HttpServerTest, AClientThatEndsItsSideStillGetsItsAnswer) {
  options_.handler = [](Request) -> base::Awaitable<Response> {
    co_await base::sleep_for(milliseconds(30));
    co_return Response(200, "text/plain", "late");
  };
  start();
  auto client = connect();
  client.send(kHead);
  client.end_sending();
  EXPECT_EQ(client.answer().body, "late");
}

TEST_F(HttpServerTest, StoppingLetsAnswersEndAndEndsStreams) {
  options_.limits.grace = milliseconds(10'000);
  std::atomic<int> begun = 0;
  options_.handler = [&](Request request) -> base::Awaitable<Response> {
    Response response(200, "text/plain", "done");
    if (request.path == "/stream") {
      response.chunks = [&begun]() -> base::Awaitable<std::optional<std::string>> {
        ++begun;
        co_await base::sleep_for(std::chrono::hours(1));
        co_return std::nullopt;
      };
      co_return response;
    }
    ++begun;
    co_await base::sleep_for(milliseconds(50));
    co_return response;
  };
  start();
  auto slow = connect();
  slow.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
  auto stream = connect();
  stream.send("GET /stream HTTP/1.1\r\nHost: a\r\n\r\n");
  auto idle = connect();
  ASSERT_TRUE(eventually([&] { return begun == 2; }));
  server_->stop();
  EXPECT_EQ(slow.answer().body, "done");
  EXPECT_EQ(idle.rest(), "");
  EXPECT_THAT(stream.rest(), HasSubstr("done"));
  EXPECT_FALSE(std::filesystem::exists(server_->socket()));
}

TEST_F(HttpServerTest, WhatDoesNotEndIsEndedAfterTheGrace) {
  options_.limits.grace = milliseconds(50);
  std::atomic<int> begun = 0;
  options_.handler = [&](Request) -> base::Awaitable<Response> {
    ++begun;
    co_await base::sleep_for(std::chrono::hours(1));
    co_return Response(200, "text/plain", "");
  };
  start();
  auto client = connect();
  client.send(kHead);
  ASSERT_TRUE(eventually([&] { return begun == 1; }));
  server_->stop();
  EXPECT_EQ(client.rest(), "");
}

TEST_F(HttpServerTest, AHandlerThatThrowsIsAnswered500) {
  options_.handler = [](Request request) -> base::Awaitable<Response> {
    if (request.path == "/bug") throw std::runtime_error("broken");
    co_return Response(200, "text/plain", "");
  };
  start();
  auto client = connect();
  EXPECT_EQ(client.get("/bug").status, 500);
  EXPECT_EQ(client.get("/").status, 200);
}

TEST_F(HttpServerTest, HeadersOfAnAnswerCannotBeSplit) {
  options_.handler = [](Request) -> base::Awaitable<Response> {
    Response response(200, "text/plain", "");
    response.headers.emplace_back("Location", "/a\r\nSet-Cookie: x");
    co_return response;
  };
  start();
  auto client = connect();
  EXPECT_EQ(client.get("/").head.find("Set-Cookie"), std::string::npos);
}

class ListeningTest : public ::testing::Test {
 protected:
  store::Result<void> listen() {
    HttpServer::Options options;
    options.handler = echo;
    server_ = std::make_unique<HttpServer>(io_, options);
    return server_->listen_unix(path(), 0660, "");
  }
  std::filesystem::path path() const { return folder_.path() / "s"; }

  testing_config::Folder folder_;
  boost::asio::io_context io_{1};
  std::unique_ptr<HttpServer> server_;
};

TEST_F(ListeningTest, TheSocketHasItsRightsWhateverTheUmask) {
  const auto before = ::umask(0);
  const auto listening = listen();
  ::umask(before);
  ASSERT_TRUE(listening.has_value()) << listening.error().message;
  struct stat found {};
  ASSERT_EQ(::lstat(path().c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777, 0660u);
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder_.path())) {
    files += entry.exists() ? 1 : 0;
  }
  EXPECT_EQ(files, 1u);
}

TEST_F(ListeningTest, ASocketThatNobodyAnswersOnIsReplaced) {
  ASSERT_TRUE(listen().has_value());
  // As a process that was killed leaves it.
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path().native().copy(static_cast<char*>(address.sun_path), sizeof address.sun_path - 1);
  server_.reset();
  ASSERT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ::close(fd);
  ASSERT_TRUE(std::filesystem::exists(path()));
  EXPECT_TRUE(listen().has_value());
}

TEST_F(ListeningTest, ASocketThatSomebodyAnswersOnIsLeft) {
  ASSERT_TRUE(listen().has_value());
  HttpServer::Options options;
  options.handler = echo;
  HttpServer second(io_, options);
  const auto refused = second.listen_unix(path(), 0660, "");
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().kind, store::ErrorKind::kBusy);
}

TEST_F(ListeningTest, WhatIsNoSocketIsLeft) {
  folder_.write("s", "precious");
  const auto refused = listen();
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().kind, store::ErrorKind::kUsage);
  std::ifstream file(path());
  std::string text;
  file >> text;
  EXPECT_EQ(text, "precious");
}

TEST_F(ListeningTest, TcpIsForThisMachineAlone) {
  HttpServer::Options options;
  options.handler = echo;
  HttpServer server(io_, options);
  for (const auto* host : {"0.0.0.0", "::", "192.0.2.1", "example.com", ""}) {
    const auto refused = server.listen_tcp(host, 0);
    ASSERT_FALSE(refused.has_value()) << host;
    EXPECT_EQ(refused.error().kind, store::ErrorKind::kUsage);
  }
  EXPECT_TRUE(server.listen_tcp("127.0.0.1", 0).has_value());
}

TEST_F(ListeningTest, ADescriptorThatDoesNotListenIsNotTaken) {
  HttpServer::Options options;
  options.handler = echo;
  HttpServer server(io_, options);
  EXPECT_FALSE(server.adopt(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)).has_value());
  const int open_to_all = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ASSERT_EQ(::listen(open_to_all, 1), 0);
  EXPECT_FALSE(server.adopt(open_to_all).has_value());
  const int good = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path().native().copy(static_cast<char*>(address.sun_path), sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(good, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::listen(good, 1), 0);
  EXPECT_TRUE(server.adopt(good).has_value());
  EXPECT_TRUE(std::filesystem::exists(path()));
}

}  // namespace
}  // namespace serve
