// Every fault, as a client sees it.

#include <chrono>
#include <thread>

#include "tests/site/site_fixture.h"

namespace site {
namespace {

class FaultsTest : public SiteTest {
 protected:
  void SetUp() override { start(); }

  Reply with(Fault fault,
             const std::string& target = kApi + "/pages?limit=100&body-format=storage") {
    server_->clear_faults();
    server_->set_fault(fault, 1);
    const Reply reply = ask(target);
    server_->clear_faults();
    EXPECT_EQ(server_->counters().faults[std::string(to_string(fault))], 1U);
    return reply;
  }

  static bool is_json(const Reply& reply) { return Json::accept(reply.body); }
};

TEST_F(FaultsTest, RefusalWithRetryAfter) {
  server_->change_settings([](Settings& settings) { settings.retry_after_s = 7; });
  const Reply reply = with(Fault::k429);
  EXPECT_EQ(reply.status, 429);
  EXPECT_EQ(reply.header("retry-after"), "7");
  EXPECT_EQ(server_->counters().refused, 1U);
}

TEST_F(FaultsTest, RefusalWithoutRetryAfter) {
  const Reply reply = with(Fault::k429NoRetryAfter);
  EXPECT_EQ(reply.status, 429);
  EXPECT_FALSE(reply.has("retry-after"));
  EXPECT_EQ(reply.header("x-failure-category"), "FAILURE CLIENT RATE LIMITED");
  EXPECT_TRUE(reply.has("x-ratelimit-reset"));
}

TEST_F(FaultsTest, RefusalWithADate) {
  const Reply reply = with(Fault::k429HttpDate);
  EXPECT_EQ(reply.status, 429);
  EXPECT_TRUE(reply.header("retry-after").ends_with(" GMT"));
}

TEST_F(FaultsTest, ServerErrors) {
  EXPECT_EQ(with(Fault::k500).status, 500);
  const Reply bad_gateway = with(Fault::k502Html);
  EXPECT_EQ(bad_gateway.status, 502);
  EXPECT_TRUE(bad_gateway.header("content-type").starts_with("text/html"));
  const Reply unavailable = with(Fault::k503RetryAfter);
  EXPECT_EQ(unavailable.status, 503);
  EXPECT_EQ(unavailable.header("retry-after"), "1");
}

TEST_F(FaultsTest, ResetBeforeTheAnswer) {
  const Reply reply = with(Fault::kResetBefore);
  EXPECT_EQ(reply.status, 0);
  EXPECT_TRUE(reply.reset);
}

TEST_F(FaultsTest, ResetAndCutInTheBody) {
  const Reply reset = with(Fault::kResetAfter);
  EXPECT_FALSE(reset.whole);
  EXPECT_TRUE(reset.reset);
  const Reply cut = with(Fault::kCutBody);
  EXPECT_EQ(cut.status, 200);
  EXPECT_FALSE(cut.whole);
  EXPECT_FALSE(cut.reset) << "an orderly end";
  EXPECT_GT(cut.body.size(), 0U);
}

TEST_F(FaultsTest, BrokenJsonInWholeAnswers) {
  const Reply truncated = with(Fault::kTruncatedJson);
  EXPECT_TRUE(truncated.status == 200 && truncated.whole && !is_json(truncated));
  const Reply malformed = with(Fault::kMalformedJson);
  EXPECT_TRUE(malformed.status == 200 && malformed.whole && !is_json(malformed));
  EXPECT_TRUE(malformed.body.ends_with("}}"));
  EXPECT_EQ(client_->connections(), 1U);
}

TEST_F(FaultsTest, Empty200AndHtml200) {
  const Reply empty = with(Fault::kEmpty200);
  EXPECT_TRUE(empty.status == 200 && empty.whole && empty.body.empty());
  const Reply html = with(Fault::kHtml200);
  EXPECT_EQ(html.status, 200);
  EXPECT_TRUE(html.header("content-type").starts_with("text/html"));
}

TEST_F(FaultsTest, SlowDripIsSlowAndWhole) {
  server_->change_settings([](Settings& settings) { settings.drip_ms = 320; });
  const auto begin = std::chrono::steady_clock::now();
  const Reply reply = with(Fault::kSlowDrip);
  EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(300));
  EXPECT_TRUE(reply.whole && is_json(reply));
}

TEST_F(FaultsTest, RefusedCursorHitsContinuationsOnly) {
  const std::string next = get(kApi + "/pages?limit=5")["_links"]["next"];
  EXPECT_EQ(with(Fault::kRefusedCursor, next).status, 400);
  server_->set_fault(Fault::kRefusedCursor, 1);
  EXPECT_EQ(ask(kApi + "/pages?limit=5").status, 200);
}

TEST_F(FaultsTest, ALostNextEndsAListingThatHasMore) {
  server_->set_fault(Fault::kLostNext, 1);
  const Reply reply = ask(kApi + "/pages?limit=5");
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(Json::parse(reply.body)["results"].size(), 5U);
  EXPECT_FALSE(Json::parse(reply.body)["_links"].contains("next"));
}

TEST_F(FaultsTest, BetaHeadersStandOnAnOrdinaryAnswer) {
  const Reply reply = with(Fault::kBetaHeaders);
  EXPECT_EQ(reply.status, 200);
  EXPECT_TRUE(reply.has("beta-retry-after") && reply.has("x-beta-ratelimit-remaining"));
  EXPECT_FALSE(reply.has("retry-after"));
}

TEST_F(FaultsTest, ProbabilityIsKept) {
  server_->set_fault(Fault::k500, 0.25);
  int failed = 0;
  for (int i = 0; i < 400; ++i) failed += ask(kApi + "/labels?limit=1").status == 500 ? 1 : 0;
  EXPECT_GT(failed, 60);
  EXPECT_LT(failed, 140);
}

TEST_F(FaultsTest, PoisonPagesFailWhereTheirBodyIsAskedForAndAreListedWithout) {
  ServerOptions options = small_site();
  options.poison = 3;
  start(options);
  const auto poison = server_->poison_pages();
  ASSERT_EQ(poison.size(), 3U);
  EXPECT_EQ(walk(kApi + "/pages?limit=250&" + kAllStatuses).size(), 400U);
  const std::string id = std::to_string(poison[1]);
  const std::string by_id = kApi + "/pages?" + kAllStatuses + "&id=" + id;
  EXPECT_EQ(ask(by_id).status, 200);
  EXPECT_EQ(ask(by_id + "&body-format=storage").status, 500);
  EXPECT_EQ(ask(kApi + "/pages/" + id + "?body-format=storage").status, 500);
  EXPECT_EQ(ask(kApi + "/pages/" + id + "/versions").status, 200);
  EXPECT_EQ(ask(kApi + "/pages/" + id + "/versions?body-format=storage").status, 500);
  std::size_t failed = 0;
  for (const Json& row : walk(kApi + "/pages?limit=250&" + kAllStatuses)) {
    const auto single =
        ask(kApi + "/pages/" + row["id"].get<std::string>() + "?body-format=storage");
    failed += single.status == 500 ? 1 : 0;
  }
  EXPECT_EQ(failed, 3U);
  EXPECT_EQ(get("/__control/poison")["pages"].size(), 3U);
}

TEST_F(FaultsTest, PoisonRowsLackFieldsOrHaveWrongTypesButKeepTheirId) {
  const auto healthy = walk(kApi + "/pages?limit=250");
  std::vector<Id> chosen;
  for (const Json& row : healthy) chosen.push_back(*parse_number(row["id"].get<std::string>()));
  server_->set_poison_rows(chosen);
  const auto damaged = walk(kApi + "/pages?limit=250");
  ASSERT_EQ(ids(damaged), ids(healthy));
  for (std::size_t i = 0; i < healthy.size(); ++i) EXPECT_NE(damaged[i], healthy[i]);
}

TEST_F(FaultsTest, EditsAndMovesHappenMeanwhile) {
  const std::string before = server_->digest();
  server_->change_settings([](Settings& settings) {
    settings.edits_per_second = 200;
    settings.moves_per_second = 200;
  });
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  std::size_t edited = 0;
  std::size_t moved = 0;
  const auto original = walk(kApi + "/pages?limit=250&" + kAllStatuses);
  while ((edited < 20 || moved < 5) && std::chrono::steady_clock::now() < end) {
    edited = moved = 0;
    for (const Json& row : original) {
      server_->with_content([&](const Content& content) {
        const Page& page =
            content.pages()[content.find_page(*parse_number(row["id"].get<std::string>()))];
        edited += page.version != row["version"]["number"] ? 1U : 0U;
        moved += std::to_string(content.spaces()[page.space].id) != row["spaceId"] ? 1U : 0U;
      });
    }
  }
  server_->change_settings(
      [](Settings& settings) { settings.edits_per_second = settings.moves_per_second = 0; });
  EXPECT_GE(edited, 20U);
  EXPECT_GE(moved, 5U);
  EXPECT_NE(server_->digest(), before);
  EXPECT_EQ(walk(kApi + "/pages?limit=250&" + kAllStatuses).size(), 400U);
}

}  // namespace
}  // namespace site
