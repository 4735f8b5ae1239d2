// The ways into the simulated site: what the gateway, the token endpoint and tenant_info answer.

#include "tests/site/gateway.h"

#include "tests/site/site_fixture.h"

namespace site {
namespace {

class GatewayTest : public SiteTest {
 protected:
  GatewayTest() { start(); }
  static std::string at(const std::string& target, std::string_view cloud = kCloudId) {
    return "/ex/confluence/" + std::string(cloud) + target;
  }
  int status(const std::string& target) { return ask(target).status; }
  void bearer(const std::string& token) { client_->authorize("Bearer " + token); }
};

TEST_F(GatewayTest, TenantInfoNeedsNoCredentials) {
  client_->authorize("");
  EXPECT_EQ(get("/_edge/tenant_info")["cloudId"], std::string(kCloudId));
  EXPECT_EQ(server_->counters().requests, 0U) << "it is no request of the API";
}

TEST_F(GatewayTest, TheGatewayAnswersAsTheSiteDoesAndCountsAndLimitsAlike) {
  const Reply reply = ask(at(kApi + "/pages?limit=2"));
  ASSERT_EQ(reply.status, 200);
  const Json json = Json::parse(reply.body);
  EXPECT_TRUE(json["_links"]["next"].get<std::string>().starts_with("/wiki/api/v2/pages?"))
      << "the link does not know of the gateway";
  EXPECT_EQ(server_->counters().by_route.at("GET /wiki/api/v2/pages"), 1U);
  server_->set_fault(Fault::k429, 1);
  EXPECT_EQ(status(at(kApi + "/pages")), 429);
  server_->clear_faults();
  EXPECT_EQ(client_->request("DELETE", at(kApi + "/pages/999")).status, 404);
  EXPECT_EQ(server_->writes().size(), 1U);
}

TEST_F(GatewayTest, TheScopeGateRunsBeforeTheRoute) {
  server_->credentials().put_bearer("b", {"read:page:confluence"});
  bearer("b");
  EXPECT_EQ(status(at(kApi + "/pages/999")), 404);
  const Reply refused = ask(at(kApi + "/folders/999"));
  EXPECT_EQ(refused.status, 401);
  EXPECT_EQ(Json::parse(refused.body)["message"], "Unauthorized; scope does not match");
}

// Section 3.2 of the API notes: not the anonymous visitor that a wrong token is.
TEST_F(GatewayTest, CredentialsThatCannotBeDecodedGetThePageOfTheEdge) {
  const auto expect_page = [this](const std::string& what) {
    const Reply reply = ask(kApi + "/pages");
    EXPECT_EQ(reply.status, 401) << what;
    EXPECT_TRUE(reply.header("content-type").starts_with("text/html")) << what;
  };
  for (const std::string text : {"Basic ?", "Basic", "Basic aGVsbG8=", "Digest username=\"a\""}) {
    client_->authorize(text);
    expect_page(text);
  }
  server_->credentials().garble_basic(true);
  client_->basic(server_->options().email, server_->options().token);
  expect_page("as a proxy leaves it");
  client_->authorize("Basic dW5rbm93bjp0b2tlbg==");
  server_->credentials().garble_basic(false);
  EXPECT_EQ(status(kApi + "/pages"), 404) << "a wrong token is a visitor's";
}

TEST_F(GatewayTest, OnlyTheGatewayKnowsScopesAndBearers) {
  server_->credentials().put_bearer("b", all_scopes());
  server_->credentials().put_scoped_token("scoped", all_scopes());
  bearer("b");
  EXPECT_EQ(status(kApi + "/pages"), 401);
  EXPECT_EQ(status(at(kApi + "/pages")), 200);
  EXPECT_EQ(status(at(kApi + "/pages", "00000000-0000-0000-0000-000000000000")), 404);
  client_->basic(server_->options().email, "scoped");
  const Reply html = ask(kApi + "/pages");
  EXPECT_EQ(html.status, 401);
  EXPECT_TRUE(html.header("content-type").starts_with("text/html"));
  EXPECT_EQ(status(at(kApi + "/pages")), 200);
  server_->credentials().disable_basic(true);
  EXPECT_EQ(status(at(kApi + "/pages")), 403);
}

TEST_F(GatewayTest, TheTokenEndpointGivesTokensThatEnd) {
  ServiceAccount account{"c", "s&1", all_scopes()};
  server_->credentials().put_service_account(account);
  const auto ask_token = [&](const std::string& form) {
    return client_->request("POST", "/oauth/token", form,
                            {"Content-Type: application/x-www-form-urlencoded"});
  };
  const std::string good = "grant_type=client_credentials&client_id=c&client_secret=s%261";
  const Reply given = ask_token(good);
  ASSERT_EQ(given.status, 200) << given.body;
  const Json json = Json::parse(given.body);
  EXPECT_EQ(json["expires_in"], 3600);
  bearer(json["access_token"]);
  EXPECT_EQ(status(at(kApi + "/pages")), 200);
  server_->credentials().end_access_tokens();
  EXPECT_EQ(status(at(kApi + "/pages")), 401);
  EXPECT_EQ(ask_token(good + "x").status, 401);
  EXPECT_EQ(ask_token("grant_type=password").status, 400);
}

TEST_F(GatewayTest, ProgramsControlItFromOutside) {
  const Json answer = control("credentials", {{"scoped_token", "t"},
                                              {"client_id", "c"},
                                              {"secret", "s"},
                                              {"scopes", {"read:page:confluence"}},
                                              {"tenant_info", "html"}});
  EXPECT_EQ(answer["cloud_id"], std::string(kCloudId));
  EXPECT_TRUE(server_->credentials().scoped_token("t"));
  EXPECT_EQ(server_->credentials().tenant_info(), Endpoint::kHtml);
  control("credentials", {{"revoke", "t"}, {"basic_disabled", true}});
  EXPECT_FALSE(server_->credentials().scoped_token("t"));
  EXPECT_TRUE(server_->credentials().basic_disabled());
}

}  // namespace
}  // namespace site
