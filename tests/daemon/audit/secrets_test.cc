#include "daemon/audit/secrets.h"

#include "tests/daemon/audit/audit_fixture.h"

namespace {

using audit::find_secrets;
using audit::mask_secrets;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> kinds(const std::string& text) {
  std::vector<std::string> found;
  for (const auto& secret : find_secrets(text)) found.emplace_back(secret.kind);
  return found;
}

// Parts, so that no scanner of sources takes them for real.
std::string part(const std::string& prefix, const std::string& rest) { return prefix + rest; }
const std::string kRandom40 = "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8s9T0";
const std::string kHeader =
    "eyJ"
    "hbGciOiJIUzI1NiJ9";
const std::string kClaims =
    "eyJ"
    "zdWIiOiIxMjM0NTY3ODkwIn0";

TEST(SecretsTest, FormsOfKnownMakersAreRecognised) {
  EXPECT_THAT(kinds("x " + test::fake_aws_key() + " y"), ElementsAre("aws-key"));
  EXPECT_THAT(kinds(part("AIza", kRandom40.substr(0, 35))), ElementsAre("gcp-key"));
  EXPECT_THAT(kinds(test::fake_github_token()), ElementsAre("github-token"));
  EXPECT_THAT(kinds(part("github_pat_", kRandom40 + "_" + kRandom40)), ElementsAre("github-token"));
  EXPECT_THAT(kinds(part("glpat-", kRandom40.substr(0, 20))), ElementsAre("gitlab-token"));
  EXPECT_THAT(kinds(part("xoxb-", "123456789012-" + kRandom40)), ElementsAre("slack-token"));
  EXPECT_THAT(
      kinds("https://" + part("hooks.slack.com/services/", "T0123ABCD/B0456EFGH/" + kRandom40)),
      ElementsAre("slack-token"));
  EXPECT_THAT(kinds("(" + test::fake_atlassian_token() + ")"), ElementsAre("atlassian-token"));
  EXPECT_THAT(kinds("Bearer " + kHeader + "." + kClaims + "." + kRandom40), ElementsAre("jwt"));
  EXPECT_THAT(kinds(part("-----BEGIN RSA PRIV",
                         "ATE KEY-----\nMIIEpAIBAAKCAQEA\nabc\n-----END RSA "
                         "PRIVATE KEY-----")),
              ElementsAre("private-key"));
  EXPECT_THAT(kinds("postgres://admin:s3cr3tPw@db.internal:5432/x"), ElementsAre("url-password"));
}

TEST(SecretsTest, AssignmentsNeedANameAndAValueThatLooksRandom) {
  for (const char* text : {"password=Tr0ub4dor&3xy", "DB_PASSWORD: 'Tr0ub4dor&3xy'",
                           "\"client_secret\": \"9f8Ae7c6Bd5a\"", "API key = 7d9fA0c3e1B2",
                           "Passwort: xK9!mQ2vL", "auth-token => q8W7e6R5t4"}) {
    EXPECT_THAT(kinds(text), ElementsAre("password")) << text;
  }
  for (const char* text :
       {"password=", "password: short1", "password: see the vault", "password = ${DB_PASSWORD}",
        "password: <your password>", "password=changeme123", "token: aaaaaaaaaaaa1",
        "password: description", "secret: https://vault.example.org/a1B2c3D4",
        "The password is Tr0ub4dor", "tokens per second: 1234567890", "pass: Tr0ub4dor&3xy",
        "postgres://admin:password@db", "postgres://admin@db.internal/x", "AKIAXXXXXXXXXXXXXXXX",
        "xAKIAQ3EGRTP7KLMWXZ2B", "-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----"}) {
    EXPECT_THAT(kinds(text), IsEmpty()) << text;
  }
}

TEST(SecretsTest, ATokenThatIsAssignedIsToldAsWhatItIs) {
  EXPECT_THAT(kinds("token=" + test::fake_github_token()), ElementsAre("github-token"));
  EXPECT_THAT(kinds("password: \"" + test::fake_atlassian_token() + "\""),
              ElementsAre("atlassian-token"));
}

TEST(SecretsTest, PlacesAreGivenByLine) {
  const auto found = find_secrets("a\nb " + test::fake_aws_key() + "\n\npassword=Tr0ub4dor&3xy\n");
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].line, 2);
  EXPECT_EQ(found[0].begin, 4U);
  EXPECT_EQ(found[1].line, 4);
}

TEST(SecretsTest, MaskingLeavesNothingOfThem) {
  const std::vector<std::string> secrets = {test::fake_aws_key(), test::fake_github_token(),
                                            test::fake_atlassian_token(),
                                            kHeader + "." + kClaims + "." + kRandom40};
  std::string text;
  for (const auto& secret : secrets) text += "see " + secret + " there, ";
  text += "password=Tr0ub4dor&3xy and ftp://u:Passw0rt77@h/x";
  const auto masked = mask_secrets(text);
  for (const auto& secret : secrets) {
    EXPECT_EQ(masked.find(secret.substr(8)), masked.npos) << secret;
  }
  EXPECT_EQ(masked.find("Tr0ub4dor"), masked.npos);
  EXPECT_EQ(masked.find("Passw0rt77"), masked.npos);
  EXPECT_THAT(masked, ::testing::HasSubstr("see AKIA\u2026 there, see ghp_\u2026 there"));
  EXPECT_EQ(mask_secrets("nothing to hide"), "nothing to hide");
}

// Each of these would be looked at to its end from every place of it.
TEST(SecretsTest, BodiesMadeToTakeTimeTakeNone) {
  for (const std::string_view piece :
       {"xoxb-", "github_pat_", "eyJ-", "eyJabcdefghij.", "-----BEGIN PRIVATE KEY-----!",
        "password=", "password=\"x", "a://b:", "hooks.slack.com/services/", "ATATT=", ":", "=",
        "' :", "a = ", "-----"}) {
    std::string text;
    while (text.size() < (std::size_t{3} << 20)) text += piece;
    EXPECT_LE(find_secrets(text).size(), text.size() / 8) << piece;
  }
}

TEST(SecretsTest, AnyBytesAreRead) {
  std::string noise;
  std::uint32_t state = 1;
  constexpr std::string_view kHot = "AKIAghp_eyJ.-----BEGIN PRIVATE KEY:=/@\"' \n\xFFpassword";
  for (int i = 0; i < 200'000; ++i) {
    state = state * 1664525 + 1013904223;
    noise += kHot[(state >> 16) % kHot.size()];
  }
  std::size_t end = 0;
  for (const auto& secret : find_secrets(noise)) {
    EXPECT_GE(secret.begin, end);
    end = secret.begin + secret.text.size();
    EXPECT_LE(end, noise.size());
  }
  EXPECT_THAT(find_secrets(""), IsEmpty());
  EXPECT_THAT(find_secrets(":"), IsEmpty());
  EXPECT_THAT(find_secrets("://"), IsEmpty());
}

}  // namespace
