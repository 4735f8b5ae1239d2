#include "daemon/confluence/answer_rules.h"

#include <gmock/gmock.h>

namespace confluence {

using store::ErrorKind;
using testing::HasSubstr;

namespace {

constexpr const char* kV2NotFound =
    R"({"errors":[{"status":404,"code":"NOT_FOUND","title":"Not Found","detail":null}]})";

http::Response response(int status, std::string body) {
  http::Response out;
  out.status = status;
  out.body = std::move(body);
  return out;
}

std::string v2(int status, const std::string& code, const std::string& title) {
  return R"({"errors":[{"status":)" + std::to_string(status) + R"(,"code":")" + code +
         R"(","title":")" + title + R"(","detail":null}]})";
}

struct Row {
  const char* situation;
  int status;
  std::string body;
  ErrorKind kind;
  const char* name;
};

// Sections 3.2 to 3.4 of the API notes.
std::vector<Row> table() {
  return {
      {"dead token, v2", 404, kV2NotFound, ErrorKind::kCredentialsBad, "http_404_unnamed"},
      {"dead token, v1 user", 403,
       R"({"statusCode":403,"message":"Request rejected because caller cannot access Confluence"})",
       ErrorKind::kCredentialsBad, "http_403"},
      {"no licence", 403,
       R"({"message":"Current user not permitted to use Confluence","statusCode":403})",
       ErrorKind::kCredentialsBad, "http_403"},
      {"undecodable Basic", 401, "<html><title>HTTP Status 401</title></html>",
       ErrorKind::kCredentialsBad, "http_401"},
      {"scope missing", 401, R"({"code":401,"message":"Unauthorized; scope does not match"})",
       ErrorKind::kCredentialsBad, "http_401"},
      {"bearer expired", 401, R"({"code":401,"message":"Unauthorized"})",
       ErrorKind::kCredentialsBad, "http_401"},
      {"Basic disabled", 403,
       R"({"message":"Basic Authentication has been disabled on this instance."})",
       ErrorKind::kCredentialsBad, "http_403"},
      {"page absent", 404, v2(404, "NOT_FOUND", "Cannot find a page with id [1]"),
       ErrorKind::kItemBad, "http_404"},
      {"edge 404", 404, "<html><title>Page unavailable</title></html>", ErrorKind::kRetryAfter,
       "http_404_html"},
      {"edge 404, empty", 404, "", ErrorKind::kRetryAfter, "http_404_html"},
      {"bad cursor", 400,
       v2(400, "INVALID_REQUEST_PARAMETER",
          "Provided value for 'cursor' is not the correct type. Expected type is Cursor."),
       ErrorKind::kSpaceBad, "cursor_refused"},
      {"changed limit", 400, v2(400, "INVALID_REQUEST_PARAMETER", "limit must not change"),
       ErrorKind::kSpaceBad, "limit_refused"},
      {"bad parameter", 400,
       v2(400, "INVALID_REQUEST_PARAMETER", "Provided value for 'id' is not the correct type."),
       ErrorKind::kItemBad, "http_400"},
      {"too large", 413, "", ErrorKind::kItemBad, "http_413"},
      {"route removed", 410, "", ErrorKind::kItemBad, "http_410"},
      {"not offered", 501, "", ErrorKind::kItemBad, "http_501"},
      {"wrong method", 405, "", ErrorKind::kItemBad, "http_405"},
      {"time-out", 408, "", ErrorKind::kRetryAfter, "http_408"},
      {"too early", 425, "", ErrorKind::kRetryAfter, "http_425"},
      {"rate limit", 429, "", ErrorKind::kRetryAfter, "http_429"},
      {"server error", 500, "", ErrorKind::kRetryAfter, "http_500"},
      {"bad gateway", 502, "<html>", ErrorKind::kRetryAfter, "http_502"},
      {"unavailable", 503, "", ErrorKind::kRetryAfter, "http_503"},
      {"gateway time-out", 504, "", ErrorKind::kRetryAfter, "http_504"},
      {"redirect", 302, "", ErrorKind::kUsage, "http_302"},
      {"no content", 204, "", ErrorKind::kRetryAfter, "http_204"},
  };
}

Subject page_subject() {
  Subject subject;
  subject.url = "https://a.b/wiki/api/v2/pages/1?cursor=hunter2";
  subject.page_id = 1;
  subject.has_cursor = true;
  return subject;
}

}  // namespace

TEST(AnswerRulesTest, EveryAnswerHasItsVerdict) {
  for (const auto& row : table()) {
    const auto error = error_of(response(row.status, row.body), page_subject());
    EXPECT_EQ(error.kind, row.kind) << row.situation << ": " << store::to_string(error.kind);
    EXPECT_EQ(error.name, row.name) << row.situation;
    EXPECT_EQ(error.http_status, row.status) << row.situation;
    EXPECT_THAT(error.message, HasSubstr("cannot read 'https://a.b/wiki/api/v2/pages/1' (page 1)"));
    EXPECT_THAT(error.message + error.hint, testing::Not(HasSubstr("hunter2")));
    EXPECT_FALSE(error.hint.empty()) << row.situation;
  }
}

TEST(AnswerRulesTest, WithoutAPageTheBlameIsTheListings) {
  Subject listing;
  listing.url = "https://a.b/wiki/api/v2/pages";
  EXPECT_EQ(error_of(response(400, v2(400, "X", "no")), listing).kind, ErrorKind::kSpaceBad);
  EXPECT_EQ(error_of(response(413, ""), listing).kind, ErrorKind::kSpaceBad);
}

TEST(AnswerRulesTest, OnlyAListingThatGoesOnCanHaveItsLimitRefused) {
  auto first = page_subject();
  first.has_cursor = false;
  const auto body = v2(400, "INVALID_REQUEST_PARAMETER", "limit is too large");
  EXPECT_EQ(error_of(response(400, body), first).name, "http_400");
}

TEST(AnswerRulesTest, AStatusAsTextIsReadToo) {
  const auto body =
      R"({"errors":[{"status":"404","code":"NOT_FOUND","title":"Not Found","detail":null}]})";
  EXPECT_EQ(error_of(response(404, body), page_subject()).name, "http_404_unnamed");
}

TEST(AnswerRulesTest, TheHintFitsTheRefusal) {
  auto captcha = response(403, "");
  captcha.headers.add("X-Seraph-LoginReason", "AUTHENTICATION_DENIED");
  EXPECT_THAT(error_of(captcha, page_subject()).hint, HasSubstr("CAPTCHA"));
  EXPECT_THAT(
      error_of(response(401, R"({"message":"Unauthorized; scope does not match"})"), page_subject())
          .hint,
      HasSubstr("scope"));
  EXPECT_THAT(error_of(response(403, "Basic Authentication has been disabled on this instance."),
                       page_subject())
                  .hint,
              HasSubstr("admin"));
  EXPECT_THAT(error_of(response(404, kV2NotFound), page_subject()).hint, HasSubstr("API token"));
}

TEST(AnswerRulesTest, ARedirectNamesItsTargetWithoutTheQuery) {
  auto redirect = response(302, "");
  redirect.headers.add("Location", "https://id.atlassian.com/login?continue=hunter2");
  const auto error = error_of(redirect, page_subject());
  EXPECT_THAT(error.message, HasSubstr("https://id.atlassian.com/login"));
  EXPECT_THAT(error.message, testing::Not(HasSubstr("hunter2")));
}

}  // namespace confluence
