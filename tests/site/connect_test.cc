// What the simulated site tells an app that it refuses: see connect.h for where it is from.

#include "tests/site/connect.h"

#include "tests/site/connect_app.h"
#include "tests/site/site_fixture.h"

namespace site {
namespace {

class ConnectSiteTest : public SiteTest {
 protected:
  ConnectSiteTest() {
    start();
    server_->connect().install("confmirror", server_->url() + "/wiki");
  }
  static std::int64_t now() {
    return std::chrono::duration_cast<std::chrono::seconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
  }
  static Json claims(std::int64_t issued, std::int64_t lives = 120) {
    return {{"iss", "confmirror"},
            {"iat", issued},
            {"exp", issued + lives},
            {"qsh", request_hash("GET", "/rest/api/user/current", "")}};
  }
  // The answer to "who am I", signed so.
  Reply who(const Json& claims, const std::string& secret) {
    client_->authorize("JWT " +
                       hs256_token(R"({"alg":"HS256","typ":"JWT"})", claims.dump(), secret));
    return ask("/wiki/rest/api/user/current");
  }
  Reply who(const Json& claims) { return who(claims, server_->connect().secret()); }
  Json assertion(std::int64_t issued) const {
    std::string user;
    server_->with_content([&](const Content& content) { user = content.users().at(2).account_id; });
    return {{"iss", "urn:atlassian:connect:clientid:" + server_->connect().oauth_client_id()},
            {"sub", "urn:atlassian:connect:useraccountid:" + user},
            {"tnt", server_->url() + "/wiki"},
            {"aud", "https://oauth-2-authorization-server.services.atlassian.com"},
            {"iat", issued},
            {"exp", issued + 59}};
  }
  Json exchange(const Json& claims, int status) {
    const auto token =
        hs256_token(R"({"alg":"HS256","typ":"JWT"})", claims.dump(), server_->connect().secret());
    client_->authorize("");
    const auto reply = client_->request(
        "POST", "/__connect/oauth2/token",
        "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=" + token,
        {"Content-Type: application/x-www-form-urlencoded"});
    EXPECT_EQ(reply.status, status) << reply.body;
    return Json::parse(reply.body, nullptr, false);
  }
};

TEST_F(ConnectSiteTest, ARefusedAppIsToldWhyByThePageOfTheContainer) {
  EXPECT_EQ(who(claims(now())).status, 200);
  const auto forged = who(claims(now()), "another secret");
  EXPECT_EQ(forged.status, 401);
  EXPECT_TRUE(forged.header("content-type").starts_with("text/html"));
  EXPECT_NE(forged.body.find("<b>Message</b> eyJ"), std::string::npos) << forged.body;

  auto unknown = claims(now());
  unknown["iss"] = "another-app";
  EXPECT_NE(who(unknown).body.find("do not provide access to this resource"), std::string::npos);
  auto another = claims(now());
  another["qsh"] = request_hash("GET", "/elsewhere", "");
  EXPECT_NE(who(another).body.find("Expecting claim 'qsh'"), std::string::npos);
  server_->connect().call_uninstalled();
  EXPECT_NE(who(claims(now())).body.find("do not provide access"), std::string::npos);
}

TEST_F(ConnectSiteTest, TheEndHasHalfAMinuteOfLeewayAndTheBeginningIsNotLookedAt) {
  EXPECT_EQ(who(claims(now() - 145)).status, 200);
  const auto late = who(claims(now() - 160));
  EXPECT_EQ(late.status, 401);
  EXPECT_NE(late.body.find("Expired at"), std::string::npos);
  EXPECT_EQ(who(claims(now() + 3600)).status, 200);
}

TEST_F(ConnectSiteTest, ASiteMayGiveNoReason) {
  server_->connect().explain(false);
  const auto forged = who(claims(now()), "another secret");
  EXPECT_EQ(forged.status, 401);
  EXPECT_EQ(forged.body.find("Message"), std::string::npos);
  server_->connect().call_uninstalled();
  EXPECT_EQ(who(claims(now())).body, forged.body) << "the two look the same";
}

TEST_F(ConnectSiteTest, TheTokenEndpointSaysWhatUsersHaveSeenItSay) {
  EXPECT_TRUE(exchange(assertion(now()), 200).contains("access_token"));
  const auto ahead = exchange(assertion(now() + 600), 400);
  EXPECT_EQ(ahead["error"], "invalid_grant");
  EXPECT_TRUE(ahead["error_description"].get<std::string>().starts_with(
      "Expiration timestamp too far in the future"));
  auto elsewhere = assertion(now());
  elsewhere["aud"] = "https://auth.atlassian.io";
  EXPECT_EQ(exchange(elsewhere, 400)["error_description"],
            "Invalid aud: https://auth.atlassian.io");
  EXPECT_EQ(exchange(assertion(now() - 600), 400)["error"], "invalid_grant");
  server_->connect().allow_impersonation(false);
  EXPECT_EQ(exchange(assertion(now()), 400)["error"], "unauthorized_client");
}

TEST_F(ConnectSiteTest, TheSiteHasOneClock) {
  server_->connect().set_clock_offset(std::chrono::hours(1));
  const auto of_api = ask("/wiki/rest/api/user/current").header("date");
  const auto of_tenant = ask("/_edge/tenant_info").header("date");
  const auto of_token = client_->request("POST", "/__connect/oauth2/token", "").header("date");
  EXPECT_EQ(of_api.substr(0, 19), of_tenant.substr(0, 19));
  EXPECT_EQ(of_api.substr(0, 19), of_token.substr(0, 19));
  EXPECT_EQ(who(claims(now())).status, 401) << "an hour late";
}

}  // namespace
}  // namespace site
