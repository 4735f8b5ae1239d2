// The daemon under the schemes that go through the gateway: secrets that change, tokens that end.

#include <gmock/gmock.h>

#include "daemon/base/clock.h"
#include "tests/daemon/cli/daemon_fixture.h"

namespace {

using testing::HasSubstr;
using testing::Not;

class DaemonAuthTest : public test::DaemonFixture {
 protected:
  static constexpr const char* kNew = "site-secret-two";

  void given(const std::string& scheme, const std::string& of_site = "") {
    given_site(50);
    put(scheme, "site-secret-one");
    write("token", "site-secret-one");
    write("confmirror.toml", "[site]\nurl = \"" + server_->url() + "\"\nauth = \"" + scheme +
                                 "\"\nemail = \"" + server_->options().email +
                                 "\"\nclient_id = \"c\"\ntoken_file = \"token\"\ngateway_url = \"" +
                                 server_->url() + "\"\ntoken_url = \"" + server_->url() +
                                 "/oauth/token\"\n" + of_site +
                                 "[sync]\ninterval = \"1h\"\n[mirror]\npath = \"mirror.db\"\n");
  }
  void put(const std::string& scheme, const std::string& secret) {
    auto& credentials = server_->credentials();
    if (scheme == "scoped-token") credentials.put_scoped_token(secret, site::all_scopes());
    if (scheme == "bearer") credentials.put_bearer(secret, site::all_scopes());
    if (scheme == "service-account") {
      credentials.put_service_account({"c", secret, site::all_scopes()});
      credentials.end_access_tokens();
    }
  }
};

TEST_F(DaemonAuthTest, ASecretThatIsReplacedInTimeIsNoticedByTheNextSyncUnderEveryScheme) {
  for (const auto* scheme : {"scoped-token", "service-account", "bearer"}) {
    given(scheme);
    const auto daemon = started();
    server_->credentials().revoke("site-secret-one");
    put(scheme, kNew);
    write("token", kNew);
    edit();
    daemon->signal(SIGUSR1);
    EXPECT_TRUE(becomes_equal()) << scheme << daemon->log();
    EXPECT_THAT(daemon->log(), Not(HasSubstr("refused"))) << scheme;
    expect_stops(*daemon);
    for (const auto* secret : {"site-secret-one", kNew, "site-access-token"}) {
      EXPECT_THAT(daemon->log(), Not(HasSubstr(secret)));
    }
    std::filesystem::remove(file("mirror.db"));
  }
}

TEST_F(DaemonAuthTest, ATokenThatEndsSoonIsSaidInTheLogAndInTheStatus) {
  const auto day = store::to_iso8601(base::SystemClock().now() + std::chrono::hours(24 * 5));
  given("scoped-token", "token_expires = \"" + day.substr(0, 10) + "\"\n");
  const auto daemon = started();
  const auto words = "the token ends on " + day.substr(0, 10);
  EXPECT_THAT(daemon->log(), HasSubstr(words));
  EXPECT_EQ(daemon->log().find(words), daemon->log().rfind(words)) << "once a day is enough";
  EXPECT_TRUE(test::eventually([&] {
    return status().find("token    " + words) != std::string::npos;
  })) << status();
  expect_stops(*daemon);
}

}  // namespace
