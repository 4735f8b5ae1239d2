#include "daemon/confluence/token_expiry.h"

#include <gtest/gtest.h>

namespace confluence {

using namespace std::chrono_literals;

namespace {
constexpr store::Time kNow{std::chrono::seconds(1'800'000'000)};  // 2027-01-15
}

TEST(TokenExpiryTest, AJwtSaysWhenItEnds) {
  // {"alg":"none"} . {"exp":1800000000}
  EXPECT_EQ(jwt_expiry("eyJhbGciOiJub25lIn0.eyJleHAiOjE4MDAwMDAwMDB9."), kNow);
}

TEST(TokenExpiryTest, WhatIsNoJwtOrAbsurdSaysNothing) {
  for (const std::string& token : std::vector<std::string>{
           std::string(), std::string("abc"), std::string("a.b"), std::string("a.b.c"),
           std::string("a.eyJleHAiOjE4MDAwMDAwMDB9.c.d"), std::string("a.!!!!.c"),
           std::string("a.eyJleHAiOjF9.c"),                 // {"exp":1}
           std::string("a.eyJleHAiOjllOTl9.c"),             // {"exp":9e99}
           std::string("a.eyJleHAiOiIxODAwMDAwMDAwIn0.c"),  // a text
           std::string("a.W10.c"),                          // []
           "a." + std::string(20'000, 'A') + ".c"}) {
    EXPECT_FALSE(jwt_expiry(token)) << token.substr(0, 40);
  }
}

TEST(TokenExpiryTest, FourteenDaysBeforeItIsSaid) {
  EXPECT_EQ(expiry_state(std::nullopt, kNow), ExpiryState::kUnknown);
  EXPECT_EQ(expiry_state(kNow + 24h * 15, kNow), ExpiryState::kGood);
  EXPECT_EQ(expiry_state(kNow + 24h * 14, kNow), ExpiryState::kSoon);
  EXPECT_EQ(expiry_state(kNow, kNow), ExpiryState::kPast);
  EXPECT_EQ(expiry_words(kNow + 24h * 15, kNow), "");
  EXPECT_EQ(expiry_words(kNow + 24h * 9, kNow), "the token ends on 2027-01-24, in 9 days");
  EXPECT_EQ(expiry_words(kNow + 1h, kNow), "the token ends on 2027-01-15, within a day");
  EXPECT_EQ(expiry_words(kNow - 24h, kNow), "the token has ended on 2027-01-14");
  EXPECT_EQ(seconds_left(kNow - 5s, kNow), -5);
  EXPECT_EQ(seconds_left(std::nullopt, kNow), std::nullopt);
}

}  // namespace confluence
