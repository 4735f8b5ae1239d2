#include "daemon/serve/connect_listener.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <fstream>
#include <future>
#include <nlohmann/json.hpp>
#include <thread>

#include "tests/config/folder.h"
#include "tests/site/connect.h"
#include "tests/site/server.h"
#include "tests/site/wire_client.h"

namespace serve {
namespace {

using Json = nlohmann::json;

const std::string kPublicUrl = "https://connect.example";

class ConnectListenerTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    site::ServerOptions options;
    options.content = {.spaces = 1, .pages = 2, .max_versions = 1, .huge_body_bytes = 0};
    server_ = std::make_unique<site::Server>(options);
    key_ = std::make_unique<site::SigningKey>("key-of-tests");
    stranger_ = std::make_unique<site::SigningKey>("stranger");
    short_key_ = std::make_unique<site::SigningKey>("short", 1024);
    server_->connect().add_key(*key_);
    server_->connect().add_key(*short_key_);
  }
  static void TearDownTestSuite() {
    server_.reset();
    key_.reset();
    stranger_.reset();
    short_key_.reset();
  }

  ConnectListenerTest() { listen(server_->url() + "/__connect/keys"); }
  ~ConnectListenerTest() override { stop(); }

  void listen(const std::string& key_host, const std::string& public_url = kPublicUrl) {
    stop();
    ConnectListenerOptions options;
    options.app_key = "confmirror";
    options.name = "confmirror";
    options.public_url = public_url;
    options.site_url = server_->url();
    options.key_host = key_host;
    options.file = file();
    const ConnectListener::Deps deps{io_, clock_};
    auto installation = confluence::load_installation(file());
    ASSERT_TRUE(installation);
    auto changed = [this](std::optional<confluence::Installation>) { ++changes_; };
    listener_ = std::make_unique<ConnectListener>(deps, std::move(options),
                                                  std::move(*installation), std::move(changed));
    const auto port = listener_->listen("127.0.0.1", 0);
    ASSERT_TRUE(port) << port.error().message;
    port_ = *port;
    io_.restart();
    thread_ = std::jthread([this] { io_.run(); });
  }
  void stop() {
    if (!listener_) return;
    auto end = [this]() -> base::Awaitable<void> {
      listener_->stop();
      co_await listener_->stopped();
    };
    std::promise<void> ended;
    boost::asio::co_spawn(io_, end(), [&ended](const std::exception_ptr&) { ended.set_value(); });
    ended.get_future().wait();
    io_.stop();
    thread_.join();
    listener_.reset();
  }
  std::filesystem::path file() const { return folder_.path() / "mirror.db.connect"; }
  std::optional<confluence::Installation> kept() const {
    auto loaded = confluence::load_installation(file());
    EXPECT_TRUE(loaded);
    return loaded ? std::move(*loaded) : std::nullopt;
  }

  // What a site would send, to be spoilt.
  struct Call {
    std::string path = "/installed";
    std::string method = "POST";
    Json head = {{"alg", "RS256"}, {"typ", "JWT"}, {"kid", "key-of-tests"}};
    Json claims;
    Json body;
    std::string token;  // "" = made of the above
    std::string scheme = "JWT ";
    std::string raw_body;
    const site::SigningKey* key = nullptr;
  };
  static Call good(const std::string& event = "installed") {
    Call call;
    const auto now = std::chrono::duration_cast<std::chrono::seconds>(
                         std::chrono::system_clock::now().time_since_epoch())
                         .count();
    static int number = 0;
    call.path = "/" + event;
    call.claims = {{"iss", "client-key-1"},
                   {"aud", Json::array({kPublicUrl})},
                   {"qsh", site::request_hash("POST", "/" + event, "")},
                   {"iat", now},
                   {"exp", now + 180},
                   {"jti", "number-" + std::to_string(++number)}};
    call.body = {{"key", "confmirror"},
                 {"clientKey", "client-key-1"},
                 {"sharedSecret", "shared-secret-of-the-tests-1"},
                 {"oauthClientId", "oauth-1"},
                 {"baseUrl", server_->url() + "/wiki"},
                 {"productType", "confluence"},
                 {"eventType", event}};
    call.key = key_.get();
    return call;
  }
  static std::string token_of(const Call& call) {
    return call.token.empty() ? call.key->sign(call.head.dump(), call.claims.dump()) : call.token;
  }
  int send(const Call& call) const {
    site::WireClient client(port_);
    if (!call.scheme.empty()) client.authorize(call.scheme + token_of(call));
    const auto body = call.raw_body.empty() ? call.body.dump() : call.raw_body;
    return client.request(call.method, call.path, body, {"Content-Type: application/json"}).status;
  }
  site::Reply get(const std::string& path) const {
    site::WireClient client(port_);
    return client.get(path);
  }

  static std::unique_ptr<site::Server> server_;
  static std::unique_ptr<site::SigningKey> key_;
  static std::unique_ptr<site::SigningKey> stranger_;
  static std::unique_ptr<site::SigningKey> short_key_;
  testing_config::Folder folder_;
  base::SystemClock clock_;
  boost::asio::io_context io_{1};
  std::unique_ptr<ConnectListener> listener_;
  std::uint16_t port_ = 0;
  std::atomic<int> changes_ = 0;
  std::jthread thread_;
};

std::unique_ptr<site::Server> ConnectListenerTest::server_;
std::unique_ptr<site::SigningKey> ConnectListenerTest::key_;
std::unique_ptr<site::SigningKey> ConnectListenerTest::stranger_;
std::unique_ptr<site::SigningKey> ConnectListenerTest::short_key_;

TEST_F(ConnectListenerTest, TheDescriptorIsServedAndNothingElse) {
  const auto reply = get("/atlassian-connect.json");
  ASSERT_EQ(reply.status, 200);
  const auto json = Json::parse(reply.body);
  EXPECT_EQ(json["key"], "confmirror");
  EXPECT_EQ(json["baseUrl"], kPublicUrl);
  EXPECT_EQ(json["authentication"]["type"], "jwt");
  EXPECT_EQ(json["lifecycle"]["installed"], "/installed");
  EXPECT_EQ(json["scopes"], Json({"READ", "WRITE", "DELETE", "ACT_AS_USER"}));
  EXPECT_EQ(json["apiMigrations"]["signed-install"], true);
  for (const auto* path : {"/", "/installed", "/uninstalled", "/v1/status", "/metrics", "/wiki",
                           "/atlassian-connect.json/", "/healthz"}) {
    EXPECT_EQ(get(path).status, 404) << path;
  }
}

TEST_F(ConnectListenerTest, AnInstallationIsKeptForItsOwnerAlone) {
  EXPECT_EQ(send(good()), 204);
  const auto installation = kept();
  ASSERT_TRUE(installation);
  EXPECT_EQ(installation->client_key, "client-key-1");
  EXPECT_EQ(installation->oauth_client_id, "oauth-1");
  EXPECT_EQ(installation->shared_secret.expose(), "shared-secret-of-the-tests-1");
  EXPECT_EQ(installation->base_url, server_->url() + "/wiki");
  EXPECT_EQ(changes_, 1);
  struct stat info {};
  ASSERT_EQ(::stat(file().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0600U);
}

TEST_F(ConnectListenerTest, AnotherInstallationTakesOver) {
  EXPECT_EQ(send(good()), 204);
  auto rotated = good();
  rotated.body["sharedSecret"] = "shared-secret-of-the-tests-2";
  EXPECT_EQ(send(rotated), 204);
  EXPECT_EQ(kept()->shared_secret.expose(), "shared-secret-of-the-tests-2");
  auto imported = good();
  imported.body["clientKey"] = imported.claims["iss"] = "client-key-2";
  EXPECT_EQ(send(imported), 204);
  EXPECT_EQ(kept()->client_key, "client-key-2");
}

TEST_F(ConnectListenerTest, AnUninstalledAppIsForgotten) {
  EXPECT_EQ(send(good()), 204);
  auto other = good("uninstalled");
  other.body["clientKey"] = other.claims["iss"] = "client-key-2";
  EXPECT_EQ(send(other), 400);
  EXPECT_TRUE(kept());
  EXPECT_EQ(send(good("uninstalled")), 204);
  EXPECT_FALSE(kept());
  EXPECT_EQ(changes_, 2);
}

TEST_F(ConnectListenerTest, AKeyIsFetchedOnce) {
  const auto before = server_->connect().counts().keys;
  EXPECT_EQ(send(good()), 204);
  EXPECT_EQ(send(good()), 204);
  EXPECT_EQ(server_->connect().counts().keys, before + 1);
}

TEST_F(ConnectListenerTest, ACallWaitsForAnotherDayWhereKeysCannotBeHad) {
  server_->connect().set_keys_available(false);
  EXPECT_EQ(send(good()), 503);
  EXPECT_FALSE(kept());
  server_->connect().set_keys_available(true);
  EXPECT_EQ(send(good()), 204);
  listen("http://127.0.0.1:1");
  EXPECT_EQ(send(good()), 503);
}

TEST_F(ConnectListenerTest, KeysAreNotAskedForWithoutEnd) {
  const auto before = server_->connect().counts().keys;
  int unknown = 0;
  int refused = 0;
  for (int i = 0; i < 40; ++i) {
    auto call = good();
    call.head["kid"] = "unknown-" + std::to_string(i);
    const int status = send(call);
    ++(status == 401 ? unknown : refused);
  }
  EXPECT_EQ(unknown, 20);
  EXPECT_EQ(refused, 20);
  EXPECT_EQ(server_->connect().counts().keys, before + 20);
}

TEST_F(ConnectListenerTest, AFileThatOthersCanReadIsRefused) {
  EXPECT_EQ(send(good()), 204);
  ASSERT_EQ(::chmod(file().c_str(), 0640), 0);
  const auto loaded = confluence::load_installation(file());
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().name, "installation_unsafe");
  EXPECT_EQ(loaded.error().message.find("shared-secret"), std::string::npos);
}

TEST_F(ConnectListenerTest, APathOfThePublicUrlMayBeTakenAwayByTheProxy) {
  listen(server_->url() + "/__connect/keys", "https://proxy.example/confmirror/");
  for (const auto* path : {"/installed", "/confmirror/installed"}) {
    auto call = good();
    call.path = path;
    call.claims["aud"] = Json::array({"https://proxy.example/confmirror"});
    EXPECT_EQ(send(call), 204) << path;
  }
}

// What is wrong with a call: how it is spoilt, and how it is answered.
struct Spoilt {
  const char* name;
  std::function<void(Json& head, Json& claims, Json& body)> how;
  int status = 401;
};

TEST_F(ConnectListenerTest, AForgedOrMalformedCallIsRefusedAndChangesNothing) {
  const auto spoil = [](auto how) { return how; };
  const auto now = good().claims["iat"].get<std::int64_t>();
  const std::vector<Spoilt> cases = {
      {"algorithm none", [](Json& h, Json&, Json&) { h["alg"] = "none"; }},
      {"algorithm HS256", [](Json& h, Json&, Json&) { h["alg"] = "HS256"; }},
      {"algorithm RS512", [](Json& h, Json&, Json&) { h["alg"] = "RS512"; }},
      {"no key id", [](Json& h, Json&, Json&) { h.erase("kid"); }},
      {"key id empty", [](Json& h, Json&, Json&) { h["kid"] = ""; }},
      {"key id climbs", [](Json& h, Json&, Json&) { h["kid"] = "../oauth2/token"; }},
      {"key id with a slash", [](Json& h, Json&, Json&) { h["kid"] = "a/b"; }},
      {"key id with a query", [](Json& h, Json&, Json&) { h["kid"] = "key-of-tests?x"; }},
      {"key id with a line break", [](Json& h, Json&, Json&) { h["kid"] = "k\r\nHost: evil"; }},
      {"key id is a URL", [](Json& h, Json&, Json&) { h["kid"] = "https://evil.example/k"; }},
      {"key id too long", [](Json& h, Json&, Json&) { h["kid"] = std::string(200, 'k'); }},
      {"key id no text", [](Json& h, Json&, Json&) { h["kid"] = 7; }},
      {"key unknown", [](Json& h, Json&, Json&) { h["kid"] = "nobody-knows"; }},
      {"key of 1024 bits is named", [](Json& h, Json&, Json&) { h["kid"] = "short"; }},
      {"for another app", [](Json&, Json& c, Json&) { c["aud"] = {"https://other.example"}; }},
      {"for an app with a longer name",
       [](Json&, Json& c, Json&) { c["aud"] = {kPublicUrl + ".evil.example"}; }},
      {"for nobody", [](Json&, Json& c, Json&) { c.erase("aud"); }},
      {"from another site", [](Json&, Json& c, Json&) { c["iss"] = "client-key-9"; }},
      {"from nobody", [](Json&, Json& c, Json&) { c.erase("iss"); }},
      {"for another path",
       [](Json&, Json& c, Json&) { c["qsh"] = site::request_hash("POST", "/uninstalled", ""); }},
      {"for another method",
       [](Json&, Json& c, Json&) { c["qsh"] = site::request_hash("GET", "/installed", ""); }},
      {"for a frame", [](Json&, Json& c, Json&) { c["qsh"] = "context-qsh"; }},
      {"for no request", [](Json&, Json& c, Json&) { c.erase("qsh"); }},
      {"without an end", [](Json&, Json& c, Json&) { c.erase("exp"); }},
      {"expired", [now](Json&, Json& c, Json&) { c["iat"] = now - 200, c["exp"] = now - 20; }},
      {"of the future", [now](Json&, Json& c, Json&) { c["iat"] = now + 100; }},
      {"not yet valid", [now](Json&, Json& c, Json&) { c["nbf"] = now + 100; }},
      {"too old", [now](Json&, Json& c, Json&) { c["iat"] = now - 5000; }},
      {"another site's address",
       [](Json&, Json&, Json& b) { b["baseUrl"] = "https://other.atlassian.net/wiki"; }, 403},
      {"another path's address",
       [](Json&, Json&, Json& b) { b["baseUrl"] = b["baseUrl"].get<std::string>() + "/evil"; },
       403},
      {"no address", [](Json&, Json&, Json& b) { b.erase("baseUrl"); }, 403},
      {"another app's key", [](Json&, Json&, Json& b) { b["key"] = "other"; }, 400},
      {"another event", [](Json&, Json&, Json& b) { b["eventType"] = "uninstalled"; }, 400},
      {"no secret", [](Json&, Json&, Json& b) { b.erase("sharedSecret"); }, 400},
      {"a short secret", [](Json&, Json&, Json& b) { b["sharedSecret"] = "x"; }, 400},
      {"a secret that is no text", [](Json&, Json&, Json& b) { b["sharedSecret"] = {1}; }, 400},
      {"no client key", [](Json&, Json&, Json& b) { b.erase("clientKey"); }, 400},
      {"a client key with a slash", [](Json&, Json&, Json& b) { b["clientKey"] = "a/b"; }, 400},
  };
  for (const auto& spoilt : cases) {
    auto call = good();
    spoil(spoilt.how)(call.head, call.claims, call.body);
    EXPECT_EQ(send(call), spoilt.status) << spoilt.name;
    EXPECT_FALSE(kept()) << spoilt.name;
  }
  EXPECT_EQ(changes_, 0);
  EXPECT_GE(cases.size(), 25U);
  EXPECT_EQ(send(good()), 204) << "the case that none of them spoilt";
}

TEST_F(ConnectListenerTest, AForgedSignatureIsRefused) {
  auto call = good();
  call.key = stranger_.get();  // under the good key's name
  EXPECT_EQ(send(call), 401);
  call = good();
  call.key = short_key_.get();
  call.head["kid"] = "short";
  EXPECT_EQ(send(call), 401);
  call = good();
  call.token = site::hs256_token(call.head.dump(), call.claims.dump(), key_->public_pem());
  EXPECT_EQ(send(call), 401);
  call = good();
  const auto token = token_of(call);
  call.token = token.substr(0, token.rfind('.') + 1);
  EXPECT_EQ(send(call), 401);
  // The claims of one call under the signature of another.
  auto other = good();
  other.claims["aud"] = {"https://other.example"};
  const auto signed_other = token_of(other);
  call.token = token.substr(0, token.rfind('.')) + signed_other.substr(signed_other.rfind('.'));
  EXPECT_EQ(send(call), 401);
  EXPECT_FALSE(kept());
}

TEST_F(ConnectListenerTest, ATokenIsGoodOnce) {
  auto call = good();
  call.token = token_of(call);
  EXPECT_EQ(send(call), 204);
  EXPECT_EQ(send(call), 401);
  auto stolen = call;
  stolen.body["sharedSecret"] = "a-secret-of-somebody-else";
  EXPECT_EQ(send(stolen), 401);
  auto unnamed = good();
  unnamed.claims.erase("jti");
  unnamed.token = token_of(unnamed);
  EXPECT_EQ(send(unnamed), 204);
  EXPECT_EQ(send(unnamed), 401);
  EXPECT_EQ(kept()->shared_secret.expose(), "shared-secret-of-the-tests-1");
}

TEST_F(ConnectListenerTest, WhatIsNoCallGetsItsError) {
  auto call = good();
  call.scheme.clear();
  EXPECT_EQ(send(call), 401);
  call = good();
  call.scheme = "Bearer ";
  EXPECT_EQ(send(call), 401);
  call = good();
  call.raw_body = "{";
  EXPECT_EQ(send(call), 400);
  call.raw_body = "[]";
  EXPECT_EQ(send(call), 400);
  call.raw_body = R"({"clientKey":"client-key-1","clientKey":"client-key-2"})";
  EXPECT_EQ(send(call), 400);
  call.raw_body = std::string(70'000, ' ');
  EXPECT_EQ(send(call), 413);
  call = good();
  call.token = std::string(9'000, 'a') + ".b.c";
  EXPECT_EQ(send(call), 401);
  call = good();
  call.path = "/installed?user_key=x";
  EXPECT_EQ(send(call), 401);
  call = good();
  call.method = "PUT";
  EXPECT_EQ(send(call), 404);
  EXPECT_FALSE(kept());
}

}  // namespace
}  // namespace serve
