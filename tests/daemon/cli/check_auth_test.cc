// `check` names what is wrong with the way in: each broken set-up has its own line and hint.

#include <gmock/gmock.h>

#include "daemon/confluence/scopes.h"
#include "tests/daemon/cli/auth_fixture.h"

namespace {

using site::Endpoint;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class CheckAuthTest : public test::AuthFixture {
 protected:
  template <typename... Matchers>
  void expect_one(int code, Matchers... matchers) {
    const auto done = check();
    EXPECT_EQ(done.code, code) << done.out;
    EXPECT_THAT(findings(done), ElementsAre(AllOf(matchers...))) << done.out;
  }
};

TEST_F(CheckAuthTest, EverySchemeIsAcceptedWhenAllIsWell) {
  for (const auto* scheme : {"basic", "scoped-token", "service-account", "bearer"}) {
    given(scheme);
    const auto done = check();
    EXPECT_EQ(done.code, 0) << scheme << "\n" << done.out;
    EXPECT_THAT(findings(done), IsEmpty());
    EXPECT_EQ(done.out.find("scopes") == std::string::npos, std::string(scheme) == "basic");
  }
}

TEST_F(CheckAuthTest, ARevokedTokenOfEachKind) {
  given("basic");
  server_->set_token("");
  expect_one(3, HasSubstr("FAIL  site"), HasSubstr("revoked"));
  given("scoped-token");
  server_->credentials().revoke(kScopedToken);
  expect_one(3, HasSubstr("FAIL  site"), HasSubstr("revoked"));
  given("bearer");
  server_->credentials().revoke(kBearer);
  expect_one(3, HasSubstr("HTTP 401"), HasSubstr("has expired or was revoked"));
}

TEST_F(CheckAuthTest, ATokenThatHasEndedIsNamedByItsDate) {
  given("basic", "token_expires = \"2024-03-01\"\n");
  server_->set_token("");
  const auto done = check();
  EXPECT_EQ(done.code, 3);
  EXPECT_THAT(findings(done),
              ElementsAre(AllOf(HasSubstr("FAIL  site"), HasSubstr("has ended on 2024-03-01")),
                          AllOf(HasSubstr("FAIL  expiry"), HasSubstr("make a new one"))));
}

TEST_F(CheckAuthTest, ADateThatIsPastWhileTheSiteAcceptsTheTokenIsAWarning) {
  given("basic", "token_expires = 2024-03-01\n");
  expect_one(1, HasSubstr("warn  expiry"), HasSubstr("correct site.token_expires"));
}

TEST_F(CheckAuthTest, AWrongAddressOfTheAccount) {
  given("basic");
  folder_.write("confmirror.toml",
                "[site]\nurl = \"" + server_->url() +
                    "\"\nemail = \"other@example.com\"\ntoken_file = \"token\"\n");
  expect_one(3, HasSubstr("HTTP 403"), HasSubstr("check site.email"));
}

TEST_F(CheckAuthTest, AScopedTokenAtTheSitesOwnHost) {
  given("basic");
  folder_.write("token", kScopedToken);
  expect_one(3, HasSubstr("HTTP 401"), HasSubstr("set site.auth = \"scoped-token\""));
}

// What the site answers then is what it answers a token with scopes: the gateway tells them apart.
TEST_F(CheckAuthTest, CredentialsThatTheSiteRejectsAsMalformedAreNotTakenForAWrongToken) {
  given("basic");
  server_->credentials().garble_basic(true);
  expect_one(3, HasSubstr("HTTP 401"), HasSubstr("the site could not read the credentials"),
             HasSubstr("does a proxy on the way change the header Authorization?"),
             Not(HasSubstr("set site.auth")), Not(HasSubstr("revoked")));
  // Without the gateway it cannot be told, and then it is not.
  folder_.write("confmirror.toml", "[site]\nurl = \"" + server_->url() + "\"\nemail = \"" +
                                       server_->options().email +
                                       "\"\ntoken_file = \"token\"\ngateway_url = "
                                       "\"http://127.0.0.1:1\"\n");
  expect_one(3, HasSubstr("HTTP 401"), HasSubstr("the gateway could not be asked which it is"));
}

TEST_F(CheckAuthTest, BasicThatTheOrganisationDoesNotAllow) {
  server_->credentials().disable_basic(true);
  for (const auto* scheme : {"basic", "scoped-token"}) {
    given(scheme);
    expect_one(3, HasSubstr("Basic Authentication has been disabled"), HasSubstr("ask its admin"));
  }
}

TEST_F(CheckAuthTest, AWrongCloudId) {
  for (const auto* scheme : {"scoped-token", "bearer"}) {
    given(scheme, "cloud_id = \"00000000-0000-0000-0000-000000000000\"\n");
    expect_one(3, HasSubstr("HTTP 404"), HasSubstr("check site.cloud_id"));
  }
  given("scoped-token", "cloud_id = \"00000000-0000-0000-0000-000000000000\"\n");
  folder_.write("token", server_->options().token);  // a classic one
  expect_one(3, HasSubstr("HTTP 404"), HasSubstr("check site.cloud_id"));
}

TEST_F(CheckAuthTest, AClassicTokenWorksAtTheGatewayToo) {
  given("scoped-token", "cloud_id = \"" + std::string(site::kCloudId) + "\"\n");
  folder_.write("token", server_->options().token);
  EXPECT_EQ(check().code, 0);
}

TEST_F(CheckAuthTest, ACloudIdThatTheSiteDoesNotTell) {
  given("scoped-token");
  for (const auto& [behaviour, words] :
       {std::pair(Endpoint::k404, "answers HTTP 404"), std::pair(Endpoint::kHtml, "a web page"),
        std::pair(Endpoint::kOdd, "no cloud id")}) {
    server_->credentials().set_tenant_info(behaviour);
    expect_one(2, HasSubstr("cannot find the cloud id"), HasSubstr(words),
               HasSubstr("set site.cloud_id"), Not(HasSubstr("evil")));
  }
}

TEST_F(CheckAuthTest, EveryScopeThatIsMissingHasALineOfItsOwn) {
  given("scoped-token");
  server_->credentials().put_scoped_token(
      kScopedToken,
      all_but({"read:folder:confluence", "read:label:confluence", "delete:page:confluence"}));
  const auto done = check();
  EXPECT_EQ(done.code, 3) << done.out;
  EXPECT_THAT(findings(done),
              ElementsAre(AllOf(HasSubstr("FAIL  scope"), HasSubstr("'read:label:confluence'")),
                          AllOf(HasSubstr("FAIL  scope"), HasSubstr("'read:folder:confluence'")),
                          AllOf(HasSubstr("warn  scope"), HasSubstr("'delete:page:confluence'"))));
}

TEST_F(CheckAuthTest, WithoutTheScopeThatSaysWhoWeAreTheOthersAreLookedAtAllTheSame) {
  given("bearer");
  server_->credentials().put_bearer(kBearer,
                                    all_but({"read:confluence-user", "read:page:confluence"}));
  const auto done = check();
  EXPECT_EQ(done.code, 3) << done.out;
  EXPECT_THAT(findings(done), ElementsAre(HasSubstr("scope does not match"),
                                          HasSubstr("'read:confluence-user' is missing"),
                                          HasSubstr("'read:page:confluence' is missing")));
}

TEST_F(CheckAuthTest, EachScopeIsFoundByItsOwnRequest) {
  given("service-account");
  for (const auto& need : confluence::scope_needs()) {
    auto broken = account();
    broken.scopes = all_but({std::string(need.scope)});
    if (need.writes) broken.scopes.insert("write:confluence-content");
    server_->credentials().put_service_account(broken);
    EXPECT_THAT(check().out, HasSubstr("'" + std::string(need.scope) + "' is missing"));
  }
}

TEST_F(CheckAuthTest, AServiceAccountWithAWrongClientId) {
  given("service-account", "client_id = \"nobody\"\n");
  expect_one(3, HasSubstr("cannot get an access token"), HasSubstr("access_denied"),
             HasSubstr("check site.client_id"));
}

TEST_F(CheckAuthTest, AServiceAccountWithAWrongOrRotatedSecret) {
  given("service-account");
  folder_.write("token", "another-secret");
  expect_one(3, HasSubstr("access_denied: Unauthorized"), HasSubstr("rotated"));
  given("service-account");
  auto rotated = account();
  rotated.secret = "the-new-one";
  server_->credentials().put_service_account(rotated);
  expect_one(3, HasSubstr("cannot get an access token"), HasSubstr("rotated"));
}

TEST_F(CheckAuthTest, ATokenEndpointInTrouble) {
  given("service-account");
  server_->credentials().set_token_endpoint(Endpoint::k500);
  expect_one(8, HasSubstr("cannot get an access token"), HasSubstr("HTTP 500"));
  server_->credentials().set_token_endpoint(Endpoint::kHtml);
  expect_one(8, HasSubstr("cannot get an access token"), HasSubstr("a web page"));
  server_->credentials().set_token_endpoint(Endpoint::kOdd);
  expect_one(8, HasSubstr("holds no access token"));
  server_->credentials().set_token_endpoint(Endpoint::k404);
  expect_one(2, HasSubstr("HTTP 404"), HasSubstr("check site.token_url"));
}

TEST_F(CheckAuthTest, AWaitThatTheTokenEndpointAsksForIsReportedAndKept) {
  given("service-account");
  server_->credentials().set_token_endpoint(Endpoint::k429);
  expect_one(8, HasSubstr("asks to wait until"), HasSubstr("HTTP 429 of the token endpoint"));
  EXPECT_EQ(server_->credentials().token_requests(), 1U);
  EXPECT_EQ(server_->counters().requests, 0U);
}

TEST_F(CheckAuthTest, ATokenEndpointThatIsNotThere) {
  given("service-account");
  folder_.write("confmirror.toml", "[site]\nurl = \"" + server_->url() +
                                       "\"\nauth = \"service-account\"\nclient_id = \"client-1\"\n"
                                       "token_file = \"token\"\ngateway_url = \"" +
                                       server_->url() +
                                       "\"\ntoken_url = \"http://127.0.0.1:1/oauth/token\"\n");
  expect_one(8, HasSubstr("cannot get an access token"));
}

TEST_F(CheckAuthTest, AnAccessTokenThatEndsEarlyIsRenewedAndNobodyNotices) {
  given("service-account");
  bool ended = false;
  server_->observe([&](const site::Seen& seen) {
    if (ended || seen.route != "GET /wiki/api/v2/spaces") return;
    ended = true;
    server_->credentials().end_access_tokens();
  });
  const auto done = check();
  EXPECT_EQ(done.code, 0) << done.out;
  server_->observe({});
  EXPECT_EQ(server_->credentials().tokens_given(), 2U);
}

TEST_F(CheckAuthTest, ABearerForAnotherSite) {
  given("bearer");
  server_->credentials().put_bearer(kBearer, site::all_scopes(), false);
  expect_one(3, HasSubstr("not installed on this instance"), HasSubstr("grant it Confluence"));
}

TEST_F(CheckAuthTest, AnAccountWithoutConfluence) {
  server_->credentials().take_licence(true);
  for (const auto* scheme : {"basic", "scoped-token", "service-account", "bearer"}) {
    given(scheme);
    expect_one(3, HasSubstr("HTTP 403"), HasSubstr("Confluence on this site"));
  }
}

TEST_F(CheckAuthTest, AClockThatIsTenMinutesOff) {
  given("service-account");
  server_->change_settings([](site::Settings& settings) { settings.date_ahead_s = 605; });
  expect_one(1, HasSubstr("warn  clock"), HasSubstr("10m 0"), HasSubstr("behind the site"));
}

TEST_F(CheckAuthTest, ATokenFileThatIsMissingUnsafeOrEmpty) {
  for (const auto* scheme : {"basic", "scoped-token", "service-account", "bearer"}) {
    given(scheme);
    std::filesystem::remove(file("token"));
    expect_one(2, HasSubstr("FAIL  token"), HasSubstr("mode 0600"));
    folder_.write("token", secret_of(scheme), 0644);
    expect_one(2, HasSubstr("FAIL  token"));
    folder_.write("token", "\n");
    expect_one(2, HasSubstr("FAIL  token"), HasSubstr("it is empty"));
  }
  EXPECT_EQ(server_->counters().requests, 0U);
}

TEST_F(CheckAuthTest, WhatASchemeNeedsIsSaidWithItsLine) {
  given("service-account", "client_id = \"\"\n");
  const auto done = check();
  EXPECT_EQ(done.code, 2);
  EXPECT_THAT(done.out, AllOf(HasSubstr("confmirror.toml:7:"), HasSubstr("site.client_id")));
}

TEST_F(CheckAuthTest, InitSetsUpEachScheme) {
  for (const auto* scheme : {"basic", "scoped-token", "service-account", "bearer"}) {
    folder_.write("token", secret_of(scheme));
    std::vector<std::string> args{"init",          "--force",
                                  "--site",        server_->url(),
                                  "--auth",        scheme,
                                  "--gateway-url", server_->url(),
                                  "--token-url",   server_->url() + "/oauth/token",
                                  "--token-file",  file("token")};
    if (std::string(scheme) == "service-account") {
      args.insert(args.end(), {"--client-id", "client-1"});
    } else if (std::string(scheme) != "bearer") {
      args.insert(args.end(), {"--email", server_->options().email});
    }
    const auto made = run(args);
    EXPECT_EQ(made.code, 0) << scheme << made.out << made.err;
    EXPECT_EQ(check().code, 0) << scheme;
  }
}

}  // namespace
