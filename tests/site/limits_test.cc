// The rate limit, the watch over announced waits, latency.

#include <chrono>
#include <thread>

#include "tests/site/site_fixture.h"

namespace site {
namespace {

class LimitsTest : public SiteTest {
 protected:
  void SetUp() override { start(); }

  void limit(double rate, double burst, RateHeaders headers = RateHeaders::kFull) {
    server_->change_settings([&](Settings& settings) {
      settings.rate = rate;
      settings.burst = burst;
      settings.rate_headers = headers;
    });
  }

  Reply refuse() {
    Reply reply;
    for (int i = 0; i < 50 && reply.status != 429; ++i) reply = ask(kApi + "/labels");
    EXPECT_EQ(reply.status, 429);
    return reply;
  }

  // Waits until the 429 and what it announced are known to the server's books; it writes them after
  // the answer.
  void until(const std::function<bool(const Counters&)>& condition) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!condition(server_->counters()) && std::chrono::steady_clock::now() < end) {
      std::this_thread::yield();
    }
    EXPECT_TRUE(condition(server_->counters()));
  }
};

TEST_F(LimitsTest, BucketAllowsTheBurstAndThenRefusesWithWholeSeconds) {
  limit(0.5, 5);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(ask(kApi + "/labels").status, 200) << i;
  const Reply reply = ask(kApi + "/labels");
  EXPECT_EQ(reply.status, 429);
  EXPECT_EQ(reply.header("retry-after"), "2");
  EXPECT_EQ(reply.header("x-ratelimit-remaining"), "0");
  EXPECT_EQ(reply.header("x-ratelimit-nearlimit"), "true");
  EXPECT_TRUE(reply.header("x-ratelimit-reset").ends_with("Z"));
  EXPECT_NE(reply.header("ratelimit-reason"), "");
  EXPECT_EQ(server_->counters().refused, 1U);
}

TEST_F(LimitsTest, HeadersTellOfTheLimitAsFarAsToldTo) {
  limit(0.5, 10);
  const Reply early = ask(kApi + "/labels");
  EXPECT_EQ(early.header("x-ratelimit-remaining"), "9");
  EXPECT_FALSE(early.has("x-ratelimit-nearlimit"));
  limit(0.5, 10, RateHeaders::kRetryAfter);
  EXPECT_FALSE(ask(kApi + "/labels").has("x-ratelimit-remaining"));
  EXPECT_TRUE(refuse().has("retry-after"));
  limit(0.5, 10, RateHeaders::kNothing);
  EXPECT_FALSE(refuse().has("retry-after"));
}

TEST_F(LimitsTest, RequestOnTheSameConnectionWithinTheWaitIsCounted) {
  limit(0.001, 1);
  refuse();
  until([](const Counters& c) { return c.open_requests == 0; });
  EXPECT_EQ(server_->counters().sent_while_waiting, 0U);
  ask(kApi + "/labels");
  EXPECT_EQ(server_->counters().sent_while_waiting, 1U);
}

TEST_F(LimitsTest, RequestOnAnotherConnectionIsCountedAfterTheGraceOnly) {
  WireClient other(server_->port());
  other.basic("bot@example.com", "site-token");
  ASSERT_EQ(other.get(kApi + "/labels").status, 200);
  limit(0.001, 1);
  server_->change_settings([](Settings& settings) { settings.grace_ms = 600'000; });
  refuse();
  until([](const Counters& c) { return c.open_requests == 0; });
  other.get(kApi + "/labels");
  EXPECT_EQ(server_->counters().sent_while_waiting, 0U);
  EXPECT_EQ(server_->counters().within_grace, 1U);
  server_->change_settings([](Settings& settings) { settings.grace_ms = 0; });
  other.get(kApi + "/labels");
  EXPECT_EQ(server_->counters().sent_while_waiting, 1U);
}

TEST_F(LimitsTest, RequestOfAnotherAccountIsNotCounted) {
  limit(0.001, 1);
  server_->change_settings([](Settings& settings) { settings.grace_ms = 0; });
  refuse();
  until([](const Counters& c) { return c.open_requests == 0; });
  client_->basic("someone@example.com", "else");
  ask(kApi + "/labels");
  EXPECT_EQ(server_->counters().sent_while_waiting, 0U);
}

TEST_F(LimitsTest, RequestAfterTheWaitIsNotCounted) {
  server_->change_settings([](Settings& settings) {
    settings[Fault::k429] = 1;
    settings.retry_after_s = 1;
    settings.grace_ms = 0;
  });
  EXPECT_EQ(ask(kApi + "/labels").header("retry-after"), "1");
  const auto refused = std::chrono::steady_clock::now();
  server_->clear_faults();
  // The one sleep that cannot be had otherwise: what is tested is the clock.
  std::this_thread::sleep_until(refused + std::chrono::seconds(1));
  EXPECT_EQ(ask(kApi + "/labels").status, 200);
  EXPECT_EQ(server_->counters().sent_while_waiting, 0U);
}

TEST_F(LimitsTest, RequestUnderWayWhenTheRefusalWasWrittenIsNotCounted) {
  // One thread, held by the observer: the second request's bytes arrive while the first one is
  // still being refused.
  ServerOptions options = small_site();
  options.threads = 1;
  start(options);
  WireClient other(server_->port());
  other.basic(options.email, options.token);
  ASSERT_EQ(other.get(kApi + "/labels").status, 200);
  ASSERT_EQ(ask(kApi + "/labels").status, 200);
  server_->change_settings([](Settings& settings) {
    settings.rate = 0.001;
    settings.burst = 1;
    settings.grace_ms = 0;
  });
  refuse();
  server_->reset_counters();
  const std::uint64_t already = server_->counters().sent_while_waiting;
  server_->change_settings(
      [](Settings& settings) { settings.burst = 2; });  // a fresh bucket: no wait is open for long
  server_->set_token("renewed");  // another credential: the waits of the first do not touch it
  client_->basic(options.email, "renewed");
  other.basic(options.email, "renewed");
  ask(kApi + "/labels");
  ask(kApi + "/labels");
  bool once = false;
  server_->observe([&](const Seen&) {
    if (std::exchange(once, true)) return;
    other.send("GET", kApi + "/labels");
  });
  EXPECT_EQ(ask(kApi + "/labels").status, 429);
  EXPECT_EQ(other.receive().status, 429);
  EXPECT_EQ(server_->counters().sent_while_waiting, already);
  EXPECT_EQ(server_->counters().within_grace, 0U);
  server_->observe({});
}

TEST_F(LimitsTest, LatencyDelaysWithoutHoldingOthersUp) {
  server_->change_settings([](Settings& settings) { settings.latency_ms = 150; });
  std::vector<std::unique_ptr<WireClient>> clients;
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < 10; ++i) {
    clients.push_back(std::make_unique<WireClient>(server_->port()));
    clients.back()->basic("bot@example.com", "site-token");
    clients.back()->send("GET", kApi + "/labels");
  }
  for (auto& client : clients) EXPECT_EQ(client->receive().status, 200);
  const auto took = std::chrono::steady_clock::now() - begin;
  EXPECT_GE(took, std::chrono::milliseconds(150));
  EXPECT_LT(took, std::chrono::milliseconds(1400)) << "one after the other";
  EXPECT_EQ(server_->counters().max_open_requests, 10U);
}

TEST_F(LimitsTest, CountersTellRequestsByRouteAndKind) {
  const std::string page = get(kApi + "/pages?limit=1")["results"][0]["id"];
  server_->reset_counters();
  ask(kApi + "/pages?limit=1&body-format=storage");
  ask(kApi + "/pages?limit=1");
  const std::string next =
      get(kApi + "/pages/" + page + "/versions?limit=1")["_links"].value("next", "");
  if (!next.empty()) ask(next);
  ask("/__control/counters");
  const Counters counters = server_->counters();
  EXPECT_EQ(counters.requests, next.empty() ? 3U : 4U);
  EXPECT_EQ(counters.body_listings, 1U);
  EXPECT_EQ(counters.plain_listings, 1U);
  EXPECT_EQ(counters.versioned_pages, 1U);
  EXPECT_EQ(counters.version_listings, next.empty() ? 1U : 2U);
  EXPECT_EQ(counters.by_route.at("GET /wiki/api/v2/pages"), 2U);
}

}  // namespace
}  // namespace site
