// Tokens that are got from somewhere, against a server that does what it is told.

#include "daemon/confluence/schemes.h"

#include <gmock/gmock.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "daemon/confluence/gateway.h"
#include "daemon/confluence/token_cache.h"
#include "tests/daemon/http/scripted_server.h"

namespace confluence {

using namespace std::chrono_literals;
using scripted::Received;
using scripted::Reply;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
namespace asio = boost::asio;

namespace {

constexpr const char* kCloud = "3f1c5d2e-7a60-4b1c-9a55-0c6b5b1f7d42";

class MovedClock final : public base::Clock {
 public:
  store::Time now() const override { return real_.now() + moved_; }
  Steady steady() const override { return real_.steady() + moved_; }
  void move(std::chrono::seconds by) { moved_ += by; }

 private:
  base::SystemClock real_;
  std::chrono::seconds moved_{0};
};

class SchemesTest : public testing::Test {
 protected:
  void serve(scripted::Server::Handler handler) {
    server_.emplace(std::move(handler));
    http_.emplace(io_, http::ClientOptions{});
  }
  std::unique_ptr<Auth> make(const std::string& scheme, const std::string& secret = "s3&ret=+") {
    AuthOptions options;
    options.scheme = scheme;
    options.email = "a@b.c";
    options.client_id = "client 1";
    options.gateway_url = "https://gateway.test";
    options.token_url = server_->url("/oauth/token");
    auto made = make_auth(options, base::Secret(secret), {io_, *http_, clock_});
    return made ? std::move(*made) : nullptr;
  }
  struct Signed {
    store::Result<void> outcome;
    std::string header;
  };
  // As many at once as are asked for.
  std::vector<Signed> sign(Auth& auth, std::size_t times = 1, const std::string& as_user = "") {
    std::vector<Signed> all(times);
    auto work = [&](Signed& into) -> base::Awaitable<void> {
      http::Request request("GET", "https://a.b/");
      into.outcome = co_await auth.sign(request, as_user);
      into.header = request.authorization.expose();
    };
    for (auto& one : all) asio::co_spawn(io_, work(one), asio::detached);
    io_.restart();
    io_.run_for(20s);
    return all;
  }
  store::Result<std::string> root(Auth& auth) {
    store::Result<std::string> found;
    auto work = [&]() -> base::Awaitable<void> { found = co_await auth.root(server_->url()); };
    asio::co_spawn(io_, work(), asio::detached);
    io_.restart();
    io_.run_for(20s);
    return found;
  }
  static std::string token(int number, int lasts = 3600) {
    return R"({"access_token":"t)" + std::to_string(number) +
           R"(","token_type":"Bearer","expires_in":)" + std::to_string(lasts) + "}";
  }

  MovedClock clock_;
  std::optional<scripted::Server> server_;
  asio::io_context io_{1};
  std::optional<http::Client> http_;
};

}  // namespace

TEST_F(SchemesTest, ABearerIsSentAsItIsAndActsForNobodyElse) {
  serve([](const Received&) { return Reply::of(500, ""); });
  const auto auth = make("bearer", "tok");
  EXPECT_EQ(sign(*auth)[0].header, "Bearer tok");
  auth->replace_secret(base::Secret("new"));
  EXPECT_EQ(sign(*auth)[0].header, "Bearer new");
  EXPECT_EQ(sign(*auth, 1, "someone")[0].outcome.error().name, "cannot_impersonate");
  EXPECT_FALSE(auth->renew("", clock_.steady()));
}

TEST_F(SchemesTest, TheCloudIdIsAskedForOnceWithoutCredentials) {
  serve(
      [](const Received&) { return Reply::json(R"({"cloudId":")" + std::string(kCloud) + "\"}"); });
  const auto auth = make("scoped-token");
  EXPECT_EQ(*root(*auth), "https://gateway.test/ex/confluence/" + std::string(kCloud));
  EXPECT_EQ(*root(*auth), "https://gateway.test/ex/confluence/" + std::string(kCloud));
  ASSERT_EQ(server_->requests(), 1);
  EXPECT_EQ(server_->received()[0].target, "/_edge/tenant_info");
  EXPECT_EQ(server_->received()[0].header("authorization"), "");
}

TEST_F(SchemesTest, NothingButACloudIdGoesIntoAnAddress) {
  std::string answer;
  serve([&](const Received&) { return Reply::json(answer); });
  for (const auto* bad :
       {"", "[]", "{}", R"({"cloudId":7})", R"({"cloudId":""})", R"({"cloudId":"../../x"})",
        R"({"cloudId":"3f1c5d2e-7a60-4b1c-9a55-0c6b5b1f7d4/"})",
        R"({"cloudId":"3f1c5d2e-7a60-4b1c-9a55-0c6b5b1f7d42 "})", "<html>"}) {
    answer = bad;
    const auto found = root(*make("bearer"));
    ASSERT_FALSE(found) << bad;
    EXPECT_EQ(found.error().name, "cloud_id_not_found") << bad;
    EXPECT_EQ(found.error().kind, store::ErrorKind::kUsage);
  }
}

TEST_F(SchemesTest, ASiteInTroubleIsNoReasonToGiveUpOnItsCloudId) {
  serve([](const Received&) { return Reply::of(503, ""); });
  EXPECT_EQ(root(*make("bearer")).error().kind, store::ErrorKind::kRetryAfter);
}

TEST_F(SchemesTest, AServiceAccountSendsAFormAndManyAskOnce) {
  serve([](const Received& request) { return Reply::json(token(request.number)); });
  const auto auth = make("service-account");
  for (const auto& one : sign(*auth, 20)) {
    ASSERT_TRUE(one.outcome);
    EXPECT_EQ(one.header, "Bearer t1");
  }
  ASSERT_EQ(server_->requests(), 1);
  const auto request = server_->received()[0];
  EXPECT_EQ(request.header("content-type"), "application/x-www-form-urlencoded");
  EXPECT_EQ(request.body,
            "grant_type=client_credentials&client_id=client%201&client_secret=s3%26ret%3D%2B");
}

TEST_F(SchemesTest, ATokenIsUsedUntilAMinuteBeforeItsEnd) {
  serve([](const Received& request) { return Reply::json(token(request.number)); });
  const auto auth = make("service-account");
  EXPECT_EQ(sign(*auth)[0].header, "Bearer t1");
  clock_.move(3530s);
  EXPECT_EQ(sign(*auth)[0].header, "Bearer t1");
  clock_.move(15s);
  EXPECT_EQ(sign(*auth)[0].header, "Bearer t2");
}

TEST_F(SchemesTest, AFailureIsToldToAllWhoWaitedAndTheNextAsksAgain) {
  serve([](const Received& request) {
    return request.number == 1 ? Reply::of(401, R"({"error":"invalid_client"})")
                               : Reply::json(token(request.number));
  });
  const auto auth = make("service-account");
  for (const auto& one : sign(*auth, 5)) {
    ASSERT_FALSE(one.outcome);
    EXPECT_EQ(one.outcome.error().name, "oauth_invalid_client");
    EXPECT_EQ(one.outcome.error().kind, store::ErrorKind::kCredentialsBad);
  }
  EXPECT_EQ(server_->requests(), 1);
  EXPECT_TRUE(sign(*auth)[0].outcome);
}

TEST_F(SchemesTest, ARefusedTokenIsForgottenOnceHoweverManySawTheRefusal) {
  serve([](const Received& request) { return Reply::json(token(request.number)); });
  const auto auth = make("service-account");
  sign(*auth);
  const auto signed_at = clock_.steady();
  clock_.move(1s);
  EXPECT_TRUE(auth->renew("", signed_at));
  EXPECT_EQ(sign(*auth)[0].header, "Bearer t2");
  EXPECT_TRUE(auth->renew("", signed_at)) << "the newer token has not been tried";
  EXPECT_EQ(sign(*auth)[0].header, "Bearer t2");
  EXPECT_EQ(server_->requests(), 2);
}

TEST_F(SchemesTest, ANewSecretMakesANewToken) {
  serve([](const Received& request) { return Reply::json(token(request.number)); });
  const auto auth = make("service-account");
  sign(*auth);
  auth->replace_secret(base::Secret("rotated"));
  EXPECT_EQ(sign(*auth)[0].header, "Bearer t2");
  EXPECT_THAT(server_->received()[1].body, HasSubstr("client_secret=rotated"));
}

TEST_F(SchemesTest, AWaitOfTheTokenEndpointIsObeyedAndToldOnce) {
  serve([](const Received& request) {
    return request.number == 1 ? Reply::of(429, "{}", {{"Retry-After", "120"}})
                               : Reply::json(token(request.number));
  });
  const auto auth = make("service-account");
  EXPECT_EQ(sign(*auth)[0].outcome.error().kind, store::ErrorKind::kRetryAfter);
  const auto wait = auth->take_wait();
  ASSERT_TRUE(wait);
  EXPECT_NEAR(static_cast<double>((wait->until - clock_.now()).count()), 120'000, 5'000);
  EXPECT_FALSE(auth->take_wait());
  EXPECT_EQ(sign(*auth)[0].outcome.error().name, "token_wait");
  EXPECT_TRUE(auth->take_wait());
  EXPECT_EQ(server_->requests(), 1) << "nothing is sent while the wait lasts";
  clock_.move(121s);
  EXPECT_TRUE(sign(*auth)[0].outcome);
}

TEST_F(SchemesTest, WhatTheEndpointSaysIsBoundedAndHoldsNoSecret) {
  serve([](const Received&) {
    return Reply::of(400, R"({"error":"invalid_grant","error_description":")" +
                              std::string(5000, 'x') + "\\u001b[2J\"}");
  });
  const auto error = sign(*make("service-account"))[0].outcome.error();
  EXPECT_EQ(error.kind, store::ErrorKind::kCredentialsBad);
  EXPECT_LT(error.message.size(), 600U);
  EXPECT_THAT(error.message,
              AllOf(HasSubstr("invalid_grant"), Not(HasSubstr("\x1b")), Not(HasSubstr("s3&"))));
}

TEST_F(SchemesTest, AnAnswerThatIsNoTokenIsNoToken) {
  std::string answer;
  serve([&](const Received&) { return Reply::json(answer); });
  for (const std::string& bad : std::vector<std::string>{
           std::string(), std::string("[1]"), std::string("{}"), std::string("<html>"),
           std::string(R"({"access_token":7})"), std::string(R"({"access_token":""})"),
           std::string(R"({"access_token":"a\r\nX: y"})"), std::string(R"({"access_token":"a b"})"),
           R"({"access_token":")" + std::string(20'000, 'a') + "\"}", std::string(5'000, '[')}) {
    answer = bad;
    const auto one = sign(*make("service-account"))[0];
    ASSERT_FALSE(one.outcome) << bad.substr(0, 40);
    EXPECT_EQ(one.outcome.error().name, "no_token") << bad.substr(0, 40);
    EXPECT_EQ(one.outcome.error().kind, store::ErrorKind::kRetryAfter);
  }
}

TEST_F(SchemesTest, ACallerThatIsCanceledLeavesTheExchangeToTheNext) {
  serve([](const Received& request) {
    return request.number == 1 ? Reply().hold() : Reply::json(token(request.number));
  });
  const auto auth = make("service-account");
  Signed first;
  Signed second;
  auto work = [&](Signed& into) -> base::Awaitable<void> {
    http::Request request("GET", "https://a.b/");
    into.outcome = co_await auth->sign(request, "");
    into.header = request.authorization.expose();
  };
  asio::cancellation_signal stop;
  asio::co_spawn(io_, work(first),
                 asio::bind_cancellation_slot(stop.slot(), [](std::exception_ptr) {}));
  asio::co_spawn(io_, work(second), asio::detached);
  const auto end = std::chrono::steady_clock::now() + 20s;
  while (server_->requests() < 1 && std::chrono::steady_clock::now() < end) io_.run_for(10ms);
  stop.emit(asio::cancellation_type::terminal);
  while (second.header.empty() && std::chrono::steady_clock::now() < end) io_.run_for(10ms);
  EXPECT_EQ(second.header, "Bearer t2");
}

}  // namespace confluence
