// The rules of the governor against a simulated site: a token bucket, in simulated time.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "daemon/confluence/governor_rules.h"

namespace confluence {

using namespace std::chrono_literals;
using Steady = GovernorRules::Steady;

namespace {

struct Site {
  double rate = 20;
  double burst = 20;
  bool headers = false;
  bool retry_after = true;
  std::chrono::microseconds latency{30'000};
  // What another client of the same site takes, requests a second.
  double others = 0;
  Steady::duration others_after{0};
  // The share of requests that it refuses whatever their rate.
  double moody = 0;
};

struct Outcome {
  int sent = 0;
  int refused = 0;
  int sent_while_closed = 0;
  double seconds = 0;
  double refused_share() const { return static_cast<double>(refused) / sent; }
};

class Simulation {
 public:
  Simulation(Site site, GovernorOptions options, std::uint32_t seed)
      : site_(site), rules_(options, seed), chance_(seed), tokens_(site.burst) {}

  Outcome run(int requests) {
    int answered_well = 0;
    int wanted = requests;
    while (answered_well < requests) {
      const auto at = wanted > 0 ? rules_.next_send(now_) : Steady::max();
      if (at <= now_) {
        send();
        --wanted;
        continue;
      }
      const auto next = events_.empty() ? at : std::min(at, events_.begin()->first);
      EXPECT_NE(next, Steady::max()) << "nothing will ever happen again";
      if (next == Steady::max()) break;
      now_ = next;
      while (!events_.empty() && events_.begin()->first <= now_) {
        const auto event = events_.begin()->second;
        events_.erase(events_.begin());
        if (!event.at_client) {
          arrive(event.ticket);
        } else if (come_back(event)) {
          ++answered_well;
        } else {
          ++wanted;
        }
      }
      rules_.expire_wait(now_);
    }
    outcome_.seconds = std::chrono::duration<double>(now_ - start_).count();
    return outcome_;
  }

 private:
  struct Event {
    GovernorRules::Ticket ticket;
    bool at_client = false;
    int status = 0;
    http::Headers headers = {};
  };

  void send() {
    if (now_ < closed_until_) ++outcome_.sent_while_closed;
    ++outcome_.sent;
    Event event{rules_.sent(now_)};
    events_.emplace(now_ + site_.latency / 2, event);
  }

  void arrive(const GovernorRules::Ticket& ticket) {
    const auto others = now_ - start_ < site_.others_after ? 0 : site_.others;
    const auto gone = std::chrono::duration<double>(now_ - filled_at_).count();
    tokens_ = std::min(site_.burst, tokens_ + gone * (site_.rate - others));
    filled_at_ = now_;
    Event answer{ticket, true};
    const bool refuses = std::uniform_real_distribution<>(0, 1)(chance_) < site_.moody;
    if (tokens_ >= 1 && !refuses) {
      tokens_ -= 1;
      answer.status = 200;
    } else {
      answer.status = 429;
      if (site_.retry_after) answer.headers.add("Retry-After", "1");
    }
    if (site_.headers) {
      answer.headers.add("X-RateLimit-Limit", std::to_string(static_cast<int>(site_.rate)));
      answer.headers.add("X-RateLimit-Remaining", std::to_string(static_cast<int>(tokens_)));
      if (tokens_ < 0.2 * site_.burst) answer.headers.add("X-RateLimit-NearLimit", "true");
    }
    events_.emplace(now_ + site_.latency / 2, answer);
  }

  bool come_back(const Event& event) {
    const auto wall = store::Time(1'800'000'000s) +
                      std::chrono::duration_cast<std::chrono::milliseconds>(now_ - start_);
    rules_.answered(event.ticket, event.status, event.headers, {now_, wall});
    if (event.status == 200) return true;
    ++outcome_.refused;
    if (site_.retry_after) closed_until_ = std::max<Steady>(closed_until_, now_ + 1s);
    return false;
  }

  Site site_;
  GovernorRules rules_;
  std::minstd_rand chance_;
  double tokens_;
  const Steady start_{1000s};
  Steady now_ = start_;
  Steady filled_at_ = start_;
  Steady closed_until_{};
  std::multimap<Steady, Event> events_;
  Outcome outcome_;
};

struct Case {
  const char* name;
  Site site;
};

class GovernorSimulationTest : public testing::TestWithParam<Case> {};

std::vector<Case> cases() {
  const auto with = [](auto change) {
    Site site;
    change(site);
    return site;
  };
  return {
      {"WithoutHeaders", Site{}},
      {"WithHeaders", with([](Site& s) { s.headers = true; })},
      {"WithoutHeadersOrRetryAfter", with([](Site& s) { s.retry_after = false; })},
      {"QuickSite", with([](Site& s) { s.latency = 1ms; })},
      {"QuickSiteWithHeaders", with([](Site& s) {
         s.latency = 1ms;
         s.headers = true;
       })},
      {"SlowSite", with([](Site& s) { s.latency = 200ms; })},
      {"SlowSiteWithHeaders", with([](Site& s) {
         s.latency = 200ms;
         s.headers = true;
       })},
  };
}

}  // namespace

// The figures that the project promises, for many courses of chance.
TEST_P(GovernorSimulationTest, AtMostTwoPercentAreRefusedAndAtMostFifteenPercentOfTheTimeIsLost) {
  for (std::uint32_t seed = 1; seed <= 40; ++seed) {
    const auto outcome = Simulation(GetParam().site, GovernorOptions{}, seed).run(1500);
    EXPECT_LE(outcome.refused_share(), 0.02) << "seed " << seed;
    EXPECT_LE(outcome.seconds, outcome.sent / 20.0 * 1.15) << "seed " << seed;
    EXPECT_EQ(outcome.sent_while_closed, 0) << "seed " << seed;
    if (seed == 1) {
      RecordProperty("refused", outcome.refused);
      RecordProperty("seconds", std::to_string(outcome.seconds));
      std::printf("[ figures  ] sent=%d refused=%d seconds=%.1f of %.1f\n", outcome.sent,
                  outcome.refused, outcome.seconds, outcome.sent / 20.0);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Sites, GovernorSimulationTest, testing::ValuesIn(cases()),
                         [](const auto& tested) { return std::string(tested.param.name); });

TEST(GovernorLearningTest, ASiteWithoutLimitsIsNotSlowed) {
  Site site;
  site.rate = 1e6;
  site.burst = 1e6;
  const auto outcome = Simulation(site, GovernorOptions{}, 1).run(2000);
  EXPECT_EQ(outcome.refused, 0);
  // Eight at once, 30 ms each.
  EXPECT_LE(outcome.seconds, 2000.0 / 8 * 0.030 * 1.02);
}

TEST(GovernorLearningTest, OtherRatesAreLearnedTooFromRefusalsOnly) {
  for (const double rate : {2.0, 5.0, 50.0, 100.0}) {
    Site site;
    site.rate = rate;
    site.burst = rate;
    const int requests = static_cast<int>(rate * 75);
    const auto outcome = Simulation(site, GovernorOptions{}, 7).run(requests);
    // The first eight are under way at once before anything is known.
    EXPECT_LE(outcome.refused, 8 + 0.03 * outcome.sent) << rate;
    EXPECT_LE(outcome.seconds, outcome.sent / rate * 1.25) << rate;
  }
}

TEST(GovernorLearningTest, AnotherClientOnTheSameBucketIsGivenWayTo) {
  for (const bool headers : {false, true}) {
    Site site;
    site.headers = headers;
    site.others = 10;
    const auto outcome = Simulation(site, GovernorOptions{}, 3).run(1000);
    EXPECT_LE(outcome.refused_share(), 0.05) << headers;
    EXPECT_LE(outcome.seconds, outcome.sent / 10.0 * 1.25) << headers;
  }
}

TEST(GovernorLearningTest, ARateThatFallsWhileWeCrawlIsFollowed) {
  for (std::uint32_t seed = 1; seed <= 20; ++seed) {
    Site site;
    site.others = 10;
    site.others_after = 30s;
    const auto outcome = Simulation(site, GovernorOptions{}, seed).run(1500);
    EXPECT_LE(outcome.refused_share(), 0.05) << seed;
    EXPECT_LE(outcome.seconds, (30 + (outcome.sent - 600) / 10.0) * 1.25) << seed;
  }
}

// A site that refuses by chance tells no rate by it; to obey the waits that it asks for is enough.
TEST(GovernorLearningTest, RefusalsThatComeAtAnyRateDoNotSlowTheCrawlToACreep) {
  double seconds = 0;
  double asked = 0;
  for (std::uint32_t seed = 1; seed <= 20; ++seed) {
    Site site;
    site.rate = 1e6;
    site.burst = 1e6;
    site.moody = 0.06;
    const auto outcome = Simulation(site, GovernorOptions{}, seed).run(1500);
    seconds += outcome.seconds;
    asked += outcome.refused * 1.0;
    EXPECT_EQ(outcome.sent_while_closed, 0);
  }
  std::printf("[ figures  ] seconds for each second of waits: %.1f\n", seconds / asked);
  EXPECT_LE(seconds, 10 * asked);
}

TEST(GovernorLearningTest, TheConfiguredRateIsNeverExceeded) {
  Site site;
  site.rate = 1e6;
  site.burst = 1e6;
  GovernorOptions options;
  options.max_requests_per_second = 50;
  const auto outcome = Simulation(site, options, 1).run(500);
  EXPECT_GE(outcome.seconds, 499 / 50.0 - 0.2);
  EXPECT_LE(outcome.seconds, 500 / 50.0 * 1.02);

  // Not even where the site names a higher one and has plenty left.
  site.rate = 100;
  site.burst = 100;
  site.headers = true;
  options.max_requests_per_second = 10;
  EXPECT_GE(Simulation(site, options, 1).run(200).seconds, 199 / 10.0 - 0.2);
}

}  // namespace confluence
