#include "daemon/confluence/jwt.h"

#include <gtest/gtest.h>

#include "daemon/confluence/qsh.h"
#include "tests/site/connect.h"

namespace confluence {
namespace {

const std::string kSecret = "a-shared-secret-of-some-length";
constexpr std::int64_t kNow = 1'700'000'000;
const std::string kHead = R"({"alg":"HS256","typ":"JWT"})";

JwtTimes at_now() {
  JwtTimes times;
  times.now = store::Time(std::chrono::seconds(kNow));
  return times;
}

std::string claims(std::int64_t iat, std::int64_t exp) {
  return R"({"iss":"k","iat":)" + std::to_string(iat) + R"(,"exp":)" + std::to_string(exp) + "}";
}

const std::string kGood = claims(kNow - 5, kNow + 60);

std::string hs256(const std::string& head, const std::string& body) {
  return site::hs256_token(head, body, kSecret);
}

std::string verdict_of(const std::string& token) {
  const auto verified = verify_jwt(token, JwtAlgorithm::kHs256, kSecret, at_now());
  return verified ? "" : verified.error().name;
}

TEST(JwtTest, WhatWasSignedIsVerifiedByTheSiteAndByUs) {
  JwtClaims made;
  made.iss = "confmirror";
  made.aud = {"https://a.example"};
  made.iat = kNow;
  made.exp = kNow + 59;
  const auto token = sign_jwt(made, base::Secret(kSecret));
  ASSERT_TRUE(token);
  const auto read = verify_jwt(token->expose(), JwtAlgorithm::kHs256, kSecret, at_now());
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->iss, "confmirror");
  EXPECT_EQ(read->aud, made.aud);
  EXPECT_EQ(read->exp, made.exp);
  // Made twice, by two hands.
  EXPECT_EQ(std::string(token->expose()),
            hs256(kHead, R"({"aud":"https://a.example","exp":1700000059,"iat":1700000000,)"
                         R"("iss":"confmirror"})"));
}

TEST(JwtTest, TheExampleOfTheRfcIsVerified) {
  // RFC 7515, A.1.
  const std::string token =
      "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9."
      "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVl"
      "fQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
  const auto key = base64url_decode(
      "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow");
  ASSERT_TRUE(key);
  JwtTimes times;
  times.now = store::Time(std::chrono::seconds(1300819300));
  const auto read = verify_jwt(token, JwtAlgorithm::kHs256, *key, times);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->iss, "joe");
}

TEST(JwtTest, AnEmptySecretSignsAndVerifiesNothing) {
  EXPECT_FALSE(sign_jwt(JwtClaims(), base::Secret()));
  const auto token = site::hs256_token(kHead, kGood, "");
  EXPECT_FALSE(verify_jwt(token, JwtAlgorithm::kHs256, "", at_now()));
}

struct Forged {
  const char* name;
  std::string token;
  const char* verdict;
};

class ForgedAssertionTest : public testing::TestWithParam<Forged> {};

TEST_P(ForgedAssertionTest, IsRefusedForWhatIsWrongWithIt) {
  EXPECT_EQ(verdict_of(GetParam().token), GetParam().verdict);
}

std::string without_padding_bits(std::string token, char last) {
  token.back() = last;
  return token;
}

std::vector<Forged> forgeries() {
  const auto good = hs256(kHead, kGood);
  const auto other = site::hs256_token(kHead, kGood, "another-secret-of-some-length");
  const auto dot = good.rfind('.');
  return {
      {"Empty", "", "jwt_malformed"},
      {"TwoParts", good.substr(0, dot), "jwt_malformed"},
      {"FourParts", good + ".x", "jwt_malformed"},
      {"Oversized", hs256(kHead, R"({"iss":")" + std::string(9000, 'a') + R"("})"),
       "jwt_too_large"},
      {"NoSignature", good.substr(0, dot + 1), "jwt_bad_signature"},
      {"CutSignature", good.substr(0, good.size() - 4), "jwt_bad_signature"},
      {"AnotherSecret", other, "jwt_bad_signature"},
      {"AlgorithmNone", hs256(R"({"alg":"none"})", kGood), "jwt_wrong_algorithm"},
      {"AlgorithmNoneInCapitals", hs256(R"({"alg":"NONE"})", kGood), "jwt_wrong_algorithm"},
      {"AlgorithmMissing", hs256(R"({"typ":"JWT"})", kGood), "jwt_wrong_algorithm"},
      {"AlgorithmNoText", hs256(R"({"alg":["HS256"]})", kGood), "jwt_wrong_algorithm"},
      {"AlgorithmRs256", hs256(R"({"alg":"RS256"})", kGood), "jwt_wrong_algorithm"},
      {"AlgorithmHs512", hs256(R"({"alg":"HS512"})", kGood), "jwt_wrong_algorithm"},
      {"AlgorithmTwice", hs256(R"({"alg":"none","alg":"HS256"})", kGood), "jwt_bad_json"},
      {"AnotherType", hs256(R"({"alg":"HS256","typ":"JWE"})", kGood), "jwt_wrong_type"},
      {"Critical", hs256(R"({"alg":"HS256","crit":["b64"],"b64":false})", kGood), "jwt_crit"},
      {"HeadNoObject", hs256("[]", kGood), "jwt_bad_json"},
      {"ClaimsNoJson", hs256(kHead, "{"), "jwt_bad_json"},
      {"ClaimsNoObject", hs256(kHead, "7"), "jwt_bad_json"},
      {"ClaimsDeep", hs256(kHead, std::string(500, '[') + std::string(500, ']')), "jwt_bad_json"},
      {"ClaimTwice", hs256(kHead, R"({"iss":"a","iss":"b","exp":1700000060})"), "jwt_bad_json"},
      {"Padded", good + "=", "jwt_bad_base64"},
      {"PlusAndSlash", good.substr(0, dot + 1) + "ab+/", "jwt_bad_base64"},
      {"LineBreak", good + "\n", "jwt_bad_base64"},
      {"StrayBits", without_padding_bits(good, good.back() == '9' ? '8' : '9'), "jwt_bad_base64"},
      {"IssuerNoText", hs256(kHead, R"({"iss":7,"exp":1700000060})"), "jwt_bad_claim"},
      {"AudienceOfNumbers", hs256(kHead, R"({"aud":[1],"exp":1700000060})"), "jwt_bad_claim"},
      {"HashNoText", hs256(kHead, R"({"qsh":{},"exp":1700000060})"), "jwt_bad_claim"},
      {"ExpiryText", hs256(kHead, R"({"exp":"1700000060"})"), "jwt_bad_claim"},
      {"ExpiryFraction", hs256(kHead, R"({"exp":1700000060.5})"), "jwt_bad_claim"},
      {"ExpiryNegative", hs256(kHead, R"({"exp":-1})"), "jwt_bad_claim"},
      {"ExpiryHuge", hs256(kHead, R"({"exp":18446744073709551615})"), "jwt_bad_claim"},
      {"NoExpiry", hs256(kHead, R"({"iat":1700000000})"), "jwt_no_expiry"},
      {"Expired", hs256(kHead, claims(kNow - 100, kNow - 20)), "jwt_expired"},
      {"FromTheFuture", hs256(kHead, claims(kNow + 60, kNow + 120)), "jwt_from_the_future"},
      {"NotYetValid", hs256(kHead, R"({"nbf":1700000060,"exp":1700000090})"), "jwt_not_yet_valid"},
      {"TooOld", hs256(kHead, claims(kNow - 3600, kNow + 60)), "jwt_too_old"},
  };
}

INSTANTIATE_TEST_SUITE_P(Each, ForgedAssertionTest, testing::ValuesIn(forgeries()),
                         [](const auto& each) { return each.param.name; });

TEST(JwtTest, ClocksMayDifferByAFewSeconds) {
  EXPECT_EQ(verdict_of(hs256(kHead, claims(kNow - 65, kNow - 5))), "");
  EXPECT_EQ(verdict_of(hs256(kHead, claims(kNow + 5, kNow + 65))), "");
}

TEST(JwtTest, AnRsaSignatureIsVerifiedByItsKeyAlone) {
  const site::SigningKey key("k1");
  const site::SigningKey other("k2");
  const std::string head = R"({"alg":"RS256","kid":"k1"})";
  const auto token = key.sign(head, kGood);
  EXPECT_TRUE(verify_jwt(token, JwtAlgorithm::kRs256, key.public_pem(), at_now()));
  const auto refused = verify_jwt(token, JwtAlgorithm::kRs256, other.public_pem(), at_now());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().name, "jwt_bad_signature");
  EXPECT_FALSE(verify_jwt(token, JwtAlgorithm::kRs256, "no key", at_now()));
  EXPECT_EQ(jwt_key_id(token, JwtAlgorithm::kRs256).value(), "k1");
}

TEST(JwtTest, ThePublicKeyIsNoSecretToSignWith) {
  const site::SigningKey key("k1");
  const auto token = site::hs256_token(R"({"alg":"HS256","kid":"k1"})", kGood, key.public_pem());
  EXPECT_FALSE(verify_jwt(token, JwtAlgorithm::kRs256, key.public_pem(), at_now()));
  const auto lying = site::hs256_token(R"({"alg":"RS256"})", kGood, key.public_pem());
  EXPECT_FALSE(verify_jwt(lying, JwtAlgorithm::kRs256, key.public_pem(), at_now()));
}

TEST(JwtTest, AShortRsaKeyIsRefused) {
  const site::SigningKey key("k1", 1024);
  const auto token = key.sign(R"({"alg":"RS256"})", kGood);
  EXPECT_FALSE(verify_jwt(token, JwtAlgorithm::kRs256, key.public_pem(), at_now()));
}

TEST(JwtTest, Base64UrlGoesThereAndBack) {
  std::string bytes;
  for (int length = 0; length < 70; ++length) {
    const auto text = base64url_encode(bytes);
    EXPECT_EQ(text, site::base64url(bytes));
    EXPECT_EQ(base64url_decode(text), bytes);
    bytes += static_cast<char>(length * 37 + 1);
  }
  EXPECT_FALSE(base64url_decode("A"));
  EXPECT_FALSE(base64url_decode("AB"));  // stray bits
  EXPECT_TRUE(base64url_decode("AA"));
}

TEST(QshTest, TheRequestIsPutIntoItsOneForm) {
  EXPECT_EQ(canonical_request("get", "/path/to/service",
                              {{"zee_last", "param"},
                               {"repeated", "parameter 1"},
                               {"first", "param"},
                               {"repeated", "parameter 2"},
                               {"jwt", "x"}}),
            "GET&/path/to/service&first=param&repeated=parameter%201,parameter%202&zee_last=param");
  EXPECT_EQ(canonical_request("POST", "", {}), "POST&/&");
  EXPECT_EQ(canonical_request("POST", "/a/", {}), "POST&/a&");
  EXPECT_EQ(canonical_request("GET", "/a&b", {{"q", "a+b&c*~"}}), "GET&/a%26b&q=a%2Bb%26c%2A~");
}

TEST(QshTest, TheBaseOfTheProductIsNoPartOfIt) {
  EXPECT_EQ(query_string_hash("GET", "/wiki/rest/api/user/current", std::string_view("/wiki")),
            query_string_hash("GET", "/rest/api/user/current", QueryPairs()));
  EXPECT_EQ(query_string_hash("GET", "/wiki/api/v2/pages?id=1,2&limit=250&title=a%20b+c",
                              std::string_view("/wiki")),
            site::request_hash("GET", "/api/v2/pages", "id=1,2&limit=250&title=a%20b%20c"));
  EXPECT_EQ(query_string_hash("GET", "/wikis", std::string_view("/wiki")),
            query_string_hash("GET", "/wikis", QueryPairs()));
}

}  // namespace
}  // namespace confluence
