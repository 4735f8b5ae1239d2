#include "daemon/confluence/governor_rules.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace confluence {

using namespace std::chrono_literals;
using Steady = GovernorRules::Steady;

namespace {

const store::Time kWall = *store::parse_iso8601("2026-03-01T12:00:00Z");

class RulesTest : public testing::Test {
 protected:
  using Fields = std::vector<std::pair<std::string, std::string>>;

  void use(GovernorOptions options) { rules_ = GovernorRules(options, 1); }

  Moment moment() const {
    return {now_, kWall + std::chrono::duration_cast<std::chrono::milliseconds>(now_ - start_)};
  }
  void pass(Steady::duration time) {
    now_ += time;
    rules_.expire_wait(now_);
  }
  GovernorRules::Ticket send() {
    const auto at = rules_.next_send(now_);
    EXPECT_NE(at, Steady::max());
    if (at > now_) pass(at - now_);
    return rules_.sent(now_);
  }
  void answer(const GovernorRules::Ticket& ticket, int status, const Fields& fields = {}) {
    http::Headers headers;
    for (const auto& [name, value] : fields) headers.add(name, value);
    rules_.answered(ticket, status, headers, moment());
  }
  void exchange(int status, const Fields& fields = {}) {
    const auto ticket = send();
    pass(20ms);
    answer(ticket, status, fields);
  }
  // How long nothing may be sent.
  double closed_for() const {
    return std::chrono::duration<double>(rules_.next_send(now_) - now_).count();
  }
  void expect_closed_for(double seconds) {
    EXPECT_FALSE(rules_.open(now_));
    EXPECT_GE(closed_for(), seconds);
    EXPECT_LE(closed_for(), seconds + 0.1 + std::min(30.0, seconds / 20));  // jitter
  }

  const Steady start_{1000s};
  Steady now_ = start_;
  GovernorRules rules_{GovernorOptions{}, 1};
};

}  // namespace

TEST_F(RulesTest, AtFirstOnlyTheConnectionsLimit) {
  for (int i = 0; i < 8; ++i) {
    EXPECT_EQ(rules_.next_send(now_), now_);
    rules_.sent(now_);
  }
  EXPECT_EQ(rules_.next_send(now_), Steady::max());
  EXPECT_EQ(rules_.requests_per_second(), 0);
}

TEST_F(RulesTest, RetryAfterInSecondsIsObeyed) {
  exchange(429, {{"Retry-After", "7"}});
  expect_closed_for(7);
  ASSERT_TRUE(rules_.wait());
  EXPECT_GE(rules_.wait()->until, moment().wall + 7s);
}

TEST_F(RulesTest, RetryAfterAsADateIsObeyed) {
  exchange(429, {{"Retry-After", "Sun, 01 Mar 2026 12:01:40 GMT"}});
  expect_closed_for(99.5);
}

TEST_F(RulesTest, RetryAfterIsBelievedBeforeTheReset) {
  exchange(429, {{"X-RateLimit-Reset", "2026-03-01T13:00:00Z"}, {"Retry-After", "3"}});
  expect_closed_for(3);
}

TEST_F(RulesTest, TheResetIsObeyedInEveryFormItWasSeenIn) {
  for (const auto* reset : {"2026-03-01T12:10Z", "2026-03-01T12:10:00Z", "2026-03-01T12:10:00.000Z",
                            "2026-03-01T14:10:00+02:00", " 2026-03-01T12:10:00Z "}) {
    rules_ = GovernorRules(GovernorOptions{}, 1);
    now_ = start_;
    exchange(429, {{"X-Ratelimit-Reset", reset}});
    expect_closed_for(599);
  }
}

TEST_F(RulesTest, TheResetOfAPolicyIsObeyed) {
  exchange(429, {{"RateLimit", R"("global-app-quota";r=0;t=600, "burst";r=1;t=1)"}});
  expect_closed_for(600);
}

TEST_F(RulesTest, WhatCannotBeAWaitCountsAsAbsent) {
  for (const auto* value : {"", "0", "-5", "soon", "Sun, 01 Mar 2020 12:00:00 GMT", "NaN", "+3"}) {
    rules_ = GovernorRules(GovernorOptions{}, 1);
    now_ = start_;
    exchange(429, {{"Retry-After", value}});
    expect_closed_for(1);  // our own first backoff
  }
}

TEST_F(RulesTest, BetaHeadersAreNeverAReasonToStop) {
  exchange(200, {{"Beta-Retry-After", "3600"},
                 {"X-Beta-RateLimit-Remaining", "0"},
                 {"Beta-RateLimit", R"("global-app-quota";r=0;t=600)"}});
  EXPECT_TRUE(rules_.open(now_));
  EXPECT_EQ(rules_.requests_per_second(), 0);
}

TEST_F(RulesTest, EnormousWaitsSaturateAndAreProbedAfterADay) {
  for (const auto* value : {"9223372036854775807", "99999999999999999999999", "315360000"}) {
    rules_ = GovernorRules(GovernorOptions{}, 1);
    now_ = start_;
    exchange(429, {{"Retry-After", value}});
    ASSERT_TRUE(rules_.wait()) << value;
    EXPECT_GT(rules_.wait()->until, kWall + std::chrono::hours(24) * 3600) << value;
    EXPECT_LT(rules_.wait()->until, kWall + std::chrono::hours(24) * 3660) << value;
    EXPECT_NEAR(closed_for(), 24 * 3600, 60) << value;
  }
}

TEST_F(RulesTest, ADayWithinAWaitIsProbedByOneRequestAlone) {
  exchange(429, {{"Retry-After", "259200"}});  // three days
  pass(24h + 1min);
  EXPECT_TRUE(rules_.open(now_));
  EXPECT_TRUE(rules_.wait());  // not over: probed
  const auto probe = send();
  EXPECT_TRUE(probe.probe);
  EXPECT_EQ(rules_.next_send(now_), Steady::max());  // nobody beside it
  pass(20ms);
  answer(probe, 429, {{"Retry-After", "172800"}});
  EXPECT_NEAR(closed_for(), 24 * 3600, 60);
  ASSERT_TRUE(rules_.wait());

  pass(24h + 1min);
  const auto good = send();
  pass(20ms);
  answer(good, 200);
  rules_.expire_wait(now_);
  EXPECT_FALSE(rules_.wait());
  EXPECT_FALSE(send().probe);
}

TEST_F(RulesTest, AProbeThatTellsNothingKeepsTheWait) {
  exchange(429, {{"Retry-After", "2592000"}});
  const auto until = rules_.wait()->until;
  pass(25h);
  rules_.lost(send(), now_);
  ASSERT_TRUE(rules_.wait());
  EXPECT_EQ(rules_.wait()->until, until);
  EXPECT_NEAR(closed_for(), 600, 1);
  pass(11min);
  const auto second = send();
  EXPECT_TRUE(second.probe);
  pass(20ms);
  answer(second, 503);
  ASSERT_TRUE(rules_.wait());
  EXPECT_EQ(rules_.wait()->until, until);
  EXPECT_NEAR(closed_for(), 600, 1);
}

TEST_F(RulesTest, AProbeThatWasHeldBackFreesItsPlace) {
  exchange(429, {{"Retry-After", "2592000"}});
  pass(25h);
  rules_.withdrawn(send());
  EXPECT_TRUE(send().probe);
}

TEST_F(RulesTest, WhatWasUnderWayDoesNotShortenAWait) {
  const auto first = send();
  const auto second = send();
  const auto third = send();
  pass(20ms);
  answer(first, 429, {{"Retry-After", "60"}});
  answer(second, 429, {{"Retry-After", "5"}});
  answer(third, 200);
  expect_closed_for(60);
  EXPECT_GE(rules_.wait()->until, moment().wall + 60s);
  pass(30s);
  EXPECT_FALSE(rules_.open(now_));
}

TEST_F(RulesTest, BackoffDoublesWhileNothingSucceedsAndIsBounded) {
  double before = 0;
  for (int i = 0; i < 10; ++i) {
    exchange(429);
    const auto pause = closed_for();
    if (before < 50) {
      EXPECT_GT(pause, before * 1.5) << i;
    }
    EXPECT_LE(pause, 64);
    before = pause;
  }
  exchange(200);
  exchange(429);
  EXPECT_LT(rules_.wait()->until - moment().wall, 2500ms);
}

TEST_F(RulesTest, AServerErrorWithRetryAfterIsAWait) {
  exchange(503, {{"Retry-After", "30"}});
  expect_closed_for(30);
  EXPECT_EQ(rules_.wait()->reason, "HTTP 503 with Retry-After");
}

TEST_F(RulesTest, ServerErrorsLowerTheConcurrencyOncePerMomentAndSuccessesRaiseIt) {
  const auto first = send();
  const auto second = send();
  pass(20ms);
  answer(first, 500);
  answer(second, 500);
  EXPECT_EQ(rules_.concurrency(), 5);
  for (int i = 0; i < 10; ++i) {
    pass(1s);
    rules_.lost(send(), now_);
  }
  EXPECT_EQ(rules_.concurrency(), 1);
  for (int i = 0; i < 12; ++i) exchange(200);
  EXPECT_EQ(rules_.concurrency(), 2);
  for (int i = 0; i < 200; ++i) exchange(200);
  EXPECT_EQ(rules_.concurrency(), 8);
}

TEST_F(RulesTest, ARefusalForConcurrencyTeachesNoRate) {
  exchange(429, {{"RateLimit-Reason", "jira-max-concurrent-threads"}, {"Retry-After", "1"}});
  EXPECT_EQ(rules_.concurrency(), 5);
  EXPECT_EQ(rules_.requests_per_second(), 0);
}

TEST_F(RulesTest, AQuotaTeachesNoRateAndClosesForItsWholeTime) {
  for (int i = 0; i < 50; ++i) exchange(200);
  exchange(429, {{"RateLimit-Reason", "confluence-quota-global-based"}, {"Retry-After", "2400"}});
  expect_closed_for(2400);
  EXPECT_EQ(rules_.requests_per_second(), 0);
  pass(45min);
  EXPECT_TRUE(rules_.open(now_));
  EXPECT_EQ(rules_.next_send(now_), now_);
}

TEST_F(RulesTest, TwoRefusalsMeasureTheRate) {
  GovernorOptions wide;
  wide.max_concurrency = 100;
  use(wide);
  exchange(429, {{"Retry-After", "1"}});
  pass(2s);
  for (int i = 0; i < 200; ++i) exchange(200);
  exchange(429, {{"Retry-After", "1"}});
  const auto rate = rules_.requests_per_second();
  EXPECT_GT(rate, 0.2);
  // Paced by it from now on.
  pass(5s);
  exchange(200);
  const auto begin = now_;
  for (int i = 0; i < 20; ++i) rules_.answered(send(), 200, {}, moment());
  EXPECT_GT(std::chrono::duration<double>(now_ - begin).count(), 15 / (rate * 1.3));
}

TEST_F(RulesTest, ARateThatTheSiteNamesIsKept) {
  exchange(200, {{"X-RateLimit-Limit", "10"}, {"X-RateLimit-Remaining", "9"}});
  EXPECT_GT(rules_.requests_per_second(), 9);
  EXPECT_LT(rules_.requests_per_second(), 10);
}

TEST_F(RulesTest, ABucketsFillRateIsItsRate) {
  exchange(200, {{"X-RateLimit-Limit", "100"},
                 {"X-RateLimit-Remaining", "50"},
                 {"X-RateLimit-FillRate", "30"},
                 {"X-RateLimit-Interval-Seconds", "10"}});
  EXPECT_NEAR(rules_.requests_per_second(), 3, 0.3);
}

TEST_F(RulesTest, NearItsEndARateIsTakenLessOf) {
  const auto near = Fields{{"X-RateLimit-Limit", "10"}, {"X-RateLimit-NearLimit", "true"}};
  exchange(200, {{"X-RateLimit-Limit", "10"}});
  const auto before = rules_.requests_per_second();
  for (int i = 0; i < 50; ++i) exchange(200, near);
  EXPECT_LT(rules_.requests_per_second(), before * 0.8);
}

TEST_F(RulesTest, AnHourlyQuotaIsNotARateUntilItIsNearItsEnd) {
  exchange(200, {{"X-RateLimit-Limit", "65000"}, {"X-RateLimit-Remaining", "60000"}});
  EXPECT_EQ(rules_.requests_per_second(), 0);
  exchange(200, {{"X-RateLimit-Limit", "65000"},
                 {"X-RateLimit-Remaining", "6000"},
                 {"X-RateLimit-NearLimit", "true"},
                 {"X-RateLimit-Reset", "2026-03-01T12:50:00Z"}});
  EXPECT_GT(rules_.requests_per_second(), 0);
  EXPECT_LT(rules_.requests_per_second(), 3);
  exchange(200, {{"X-RateLimit-Limit", "65000"},
                 {"X-RateLimit-Remaining", "64999"},
                 {"X-RateLimit-Reset", "2026-03-01T13:50:00Z"}});
  EXPECT_EQ(rules_.requests_per_second(), 0);
}

TEST_F(RulesTest, AGatewaysLimitWithoutRemainderIsNoRate) {
  exchange(429, {{"X-Failure-Category", "FAILURE CLIENT RATE LIMITED"},
                 {"X-RateLimit-Limit", "360000"},
                 {"X-RateLimit-Reset", "2026-03-01T12:00:30Z"}});
  expect_closed_for(29.5);
}

TEST_F(RulesTest, HeadersThatMakeNoSenseAreIgnored) {
  exchange(200, {{"X-RateLimit-Limit", "-1"}, {"X-RateLimit-Remaining", "x"}});
  exchange(200, {{"X-RateLimit-Limit", "0"}});
  exchange(200, {{"X-RateLimit-FillRate", "0"}, {"X-RateLimit-Interval-Seconds", "0"}});
  exchange(200, {{"X-RateLimit-Reset", "1772366400"}});
  EXPECT_EQ(rules_.requests_per_second(), 0);
  EXPECT_TRUE(rules_.open(now_));
}

TEST_F(RulesTest, AWaitOfAnEarlierProcessIsRestored) {
  rules_.restore(kWall + 90s, "HTTP 429", moment());
  EXPECT_FALSE(rules_.open(now_));
  EXPECT_NEAR(closed_for(), 90, 0.01);
  EXPECT_EQ(rules_.wait()->until, kWall + 90s);
  EXPECT_EQ(rules_.wait()->reason, "HTTP 429");
  pass(91s);
  EXPECT_FALSE(rules_.wait());
  EXPECT_EQ(rules_.next_send(now_), now_);
}

TEST_F(RulesTest, AWaitThatIsOverIsNotRestored) {
  rules_.restore(kWall - 1s, "HTTP 429", moment());
  EXPECT_FALSE(rules_.wait());
  EXPECT_EQ(rules_.next_send(now_), now_);
}

TEST_F(RulesTest, ALongRestoredWaitIsProbedToo) {
  rules_.restore(kWall + 72h, "HTTP 429", moment());
  EXPECT_NEAR(closed_for(), 24 * 3600, 1);
  pass(24h + 1s);
  EXPECT_TRUE(send().probe);
}

TEST(RetryAfterTest, SecondsDatesAndNonsense) {
  EXPECT_EQ(parse_retry_after("120", kWall), 120s);
  EXPECT_EQ(parse_retry_after(" 120 ", kWall), 120s);
  EXPECT_EQ(parse_retry_after("1.5", kWall), 2s);
  EXPECT_EQ(parse_retry_after("Sun, 01 Mar 2026 12:00:10 GMT", kWall), 10s);
  EXPECT_EQ(parse_retry_after("9223372036854775807", kWall), std::chrono::hours(24) * 3650);
  for (const auto* text :
       {"", "0", "-1", "x", "Sun, 01 Mar 2026 11:59:59 GMT", "Sun, 01 Mar 2026"}) {
    EXPECT_FALSE(parse_retry_after(text, kWall)) << text;
  }
}

TEST(HttpDateTest, OnlyWholeAndValidDatesAreRead) {
  EXPECT_EQ(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT"),
            *store::parse_iso8601("1994-11-06T08:49:37Z"));
  for (const auto* text : {"", "Sun, 06 Nov 1994 08:49:37", "Sun, 31 Feb 2026 08:49:37 GMT",
                           "Sun, 06 Foo 1994 08:49:37 GMT", "Sun, 06 anF 1994 08:49:37 GMT",
                           "Sun, 06 Nov 1994 24:49:37 GMT", "Sun, 06 Nov 1994 08:60:37 GMT",
                           "Sun, -6 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT"}) {
    EXPECT_FALSE(parse_http_date(text)) << text;
  }
}

}  // namespace confluence
