// Thousands of requests that no client should send, against every route of the daemon's service:
// each gets the answer that it deserves, and the next good request its own.

#include <fmt/format.h>

#include <map>

#include "tests/daemon/serve/attacks.h"
#include "tests/daemon/serve/running_server.h"
#include "tests/daemon/serve/service_fixture.h"

namespace test {
namespace {

constexpr int kRequests = 10'000;
const std::string kGoodRequest = "GET /wiki/api/v2/pages/101 HTTP/1.1\r\nHost: localhost\r\n\r\n";

class HostileRequestsTest : public ServiceFixture {
 protected:
  void SetUp() override {
    ServiceFixture::SetUp();
    options_.limits.target = kMostTarget;
    options_.limits.head = kMostHead;
    options_.limits.body = kMostBody;
    options_.tcp = {"127.0.0.1", 0};
    start();
  }

  // Whether it got what it deserves.
  void play(const Attack& attack, int number) {
    SCOPED_TRACE(fmt::format("request {}, {}: {}", number, attack.name,
                             testing::PrintToString(attack.pieces.front().substr(0, 400))));
    const auto client = attack.tcp ? std::make_unique<RawClient>(service_->tcp_port())
                                   : std::make_unique<RawClient>(folder_ / "s");
    // A server that has seen enough may close before all of it is sent.
    for (const auto& piece : attack.pieces) {
      if (!client->send(piece)) break;
    }
    if (attack.half_closed) client->end_sending();
    for (const auto& expected : attack.answers) {
      RawAnswer answer;
      ASSERT_NO_THROW(answer = client->answer()) << "neither an answer nor the end came";
      statuses_[answer.status]++;
      EXPECT_TRUE(expected.contains(answer.status)) << answer.status << "\n"
                                                    << answer.body.substr(0, 600);
      EXPECT_EQ(answer.body.find("bug"), std::string::npos) << answer.body.substr(0, 600);
      if (answer.header("Content-Type") == "application/json" && !answer.body.empty()) {
        EXPECT_TRUE(Json::accept(answer.body)) << "no JSON: " << answer.body.substr(0, 600);
      }
    }
  }

  std::map<int, int> statuses_;
};

TEST_F(HostileRequestsTest, TenThousandOfThemGetWhatTheyDeserve) {
  Dice dice(20261129);
  int on_v1 = 0;
  for (int number = 0; number < kRequests && !HasFailure(); ++number) {
    const auto attack = dice.below(2) == 0 ? any_attack(dice) : attack_on_v1(dice);
    if (attack.pieces.front().find(" /v1/") != std::string::npos) ++on_v1;
    play(attack, number);
  }
  EXPECT_GT(on_v1, kRequests / 2);
  RawClient client(folder_ / "s");
  EXPECT_EQ(client.ask(kGoodRequest).status, 200) << "good clients are served as before";
  EXPECT_EQ(client.get("/v1/status").status, 200);
  EXPECT_GT(statuses_[400], kRequests / 4);
  EXPECT_GT(statuses_[200], kRequests / 10);
  client.close();
  EXPECT_TRUE(eventually([&] { return service_->counts().connections == 0; }));
}

}  // namespace
}  // namespace test
