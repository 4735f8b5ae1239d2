// Every set-up that is known to go wrong, and that `check` names each by a sentence of its own.

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <cstdlib>
#include <functional>
#include <iostream>
#include <map>

#include "daemon/base/clock.h"
#include "daemon/cli/connect_diagnosis.h"
#include "daemon/confluence/installation.h"
#include "daemon/confluence/scopes.h"
#include "tests/daemon/cli/auth_fixture.h"
#include "tests/site/connect.h"

namespace {

using site::Endpoint;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

// A site of its own, to be broken.
class Bench : public test::AuthFixture {
 public:
  using AuthFixture::all_but;
  using AuthFixture::check;
  using AuthFixture::file;
  using AuthFixture::findings;
  using AuthFixture::folder_;
  using AuthFixture::given;
  using AuthFixture::kBearer;
  using AuthFixture::kScopedToken;
  void TestBody() override {}

  site::Server& server() const { return *server_; }
  site::Credentials& credentials() const { return server_->credentials(); }
  site::Connect& connect() const { return server_->connect(); }
  std::string email() const { return server_->options().email; }
  std::string token() const { return server_->options().token; }
  void token_is(const std::string& text) const { folder_.write("token", text); }

  // The app is installed, and this machine knows of it.
  void given_connect(const std::string& of_connect = {},
                     const std::string& public_url = "https://connect.example") {
    const auto root = server_->url() + "/__connect/";
    folder_.write("confmirror.toml",
                  "[site]\nurl = \"" + server_->url() + "\"\nauth = \"connect\"\npublic_url = \"" +
                      public_url + "\"\n[mirror]\npath = \"mirror.db\"\n[connect]\nkey_host = \"" +
                      root + "keys\"\n" +
                      (of_connect.find("token_url") == std::string::npos
                           ? "token_url = \"" + root + "oauth2/token\"\n"
                           : "") +
                      of_connect);
    connect().install("confmirror", server_->url() + "/wiki");
    keep(server_->url() + "/wiki", connect().oauth_client_id());
  }
  void keep(const std::string& base_url, const std::string& oauth_client_id) const {
    confluence::Installation installation;
    installation.client_key = connect().client_key();
    installation.oauth_client_id = oauth_client_id;
    installation.shared_secret = base::Secret(connect().secret());
    installation.base_url = base_url;
    const auto saved = confluence::save_installation(file("mirror.db.connect"), installation);
    EXPECT_TRUE(saved);
  }
  std::string user() const {
    std::string id;
    server_->with_content(
        [&](const site::Content& content) { id = content.users().at(3).account_id; });
    return id;
  }
  std::string as_user() const { return "user = \"" + user() + "\"\n"; }
  // What differs from run to run taken out.
  std::string plain(std::string text) const {
    const std::map<std::string, std::string> words = {
        {server_->url(), "SITE"}, {folder_.path().string(), "FOLDER"}, {user(), "USER"}};
    for (const auto& [from, to] : words) {
      for (auto at = text.find(from); at != text.npos; at = text.find(from, at)) {
        text.replace(at, from.size(), to);
      }
    }
    for (auto at = text.find("\n"); at != text.npos; at = text.find("\n", at)) {
      text.replace(at, text.find_first_not_of(" \n", at) - at, " // ");
    }
    return text;
  }
};

struct Broken {
  std::string name;
  int code;
  std::string says;  // in the first line that is not well, or in its hint
  std::function<void(Bench&)> make;
};

void add_basic(std::vector<Broken>& all) {
  all.push_back({"basic: token wrong, revoked or expired", 3, "wrong, revoked or expired?",
                 [](Bench& b) { b.given("basic"), b.server().set_token(""); }});
  all.push_back(
      {"basic: token that has ended, by its date", 3, "has ended on 2024-03-01", [](Bench& b) {
         b.given("basic", "token_expires = 2024-03-01\n");
         b.server().set_token("");
       }});
  all.push_back({"basic: date past and the token good", 1, "correct site.token_expires",
                 [](Bench& b) { b.given("basic", "token_expires = 2024-03-01\n"); }});
  all.push_back(
      {"basic: token that ends soon", 1, "make a new one and put it in its place", [](Bench& b) {
         const auto soon = base::SystemClock().now() + std::chrono::hours(24 * 5);
         b.given("basic", "token_expires = " + store::to_iso8601(soon).substr(0, 10) + "\n");
       }});
  all.push_back({"basic: a token with scopes at the site's own host", 3,
                 "set site.auth = \"scoped-token\"",
                 [](Bench& b) { b.given("basic"), b.token_is(Bench::kScopedToken); }});
  all.push_back({"basic: credentials that the site cannot decode", 3,
                 "the site could not read the credentials",
                 [](Bench& b) { b.given("basic"), b.credentials().garble_basic(true); }});
  all.push_back({"basic: not allowed by the organisation", 3, "ask its admin",
                 [](Bench& b) { b.given("basic"), b.credentials().disable_basic(true); }});
  all.push_back({"basic: 'e-mail:token' as the token", 3, "only what stands behind the colon",
                 [](Bench& b) { b.given("basic"), b.token_is(b.email() + ":" + b.token()); }});
  all.push_back({"basic: that in Base64", 3, "'e-mail:token' in Base64", [](Bench& b) {
                   b.given("basic");
                   ASSERT_EQ(b.email(), "bot@example.com");
                   b.token_is("Ym90QGV4YW1wbGUuY29tOnNpdGUtdG9rZW4=");
                 }});
  all.push_back({"basic: no e-mail address", 2, "site.email", [](Bench& b) {
                   b.given("basic");
                   b.folder_.write("confmirror.toml", "[site]\nurl = \"" + b.server().url() +
                                                          "\"\ntoken_file = \"token\"\n");
                 }});
  all.push_back({"clock behind the site's", 1, "behind the site's", [](Bench& b) {
                   b.given("basic");
                   b.connect().set_clock_offset(std::chrono::minutes(10));
                 }});
  all.push_back({"clock ahead of the site's", 1, "ahead of the site's", [](Bench& b) {
                   b.given("basic");
                   b.connect().set_clock_offset(std::chrono::minutes(-10));
                 }});
}

void add_files(std::vector<Broken>& all) {
  all.push_back({"no configuration", 2, "confmirror init",
                 [](Bench& b) { std::filesystem::remove(b.file("confmirror.toml")); }});
  all.push_back({"token file missing", 2, "put the API token into it",
                 [](Bench& b) { b.given("basic"), std::filesystem::remove(b.file("token")); }});
  all.push_back({"token file that others can read", 2, "others can read it",
                 [](Bench& b) { b.given("basic"), b.folder_.write("token", "x", 0644); }});
  all.push_back(
      {"token file empty", 2, "it is empty", [](Bench& b) { b.given("basic"), b.token_is("\n"); }});
  all.push_back({"token of several lines", 2, "it has more than one line",
                 [](Bench& b) { b.given("basic"), b.token_is("a\nb\n"); }});
  all.push_back({"site away", 8, "127.0.0.1:1", [](Bench& b) {
                   b.given("basic");
                   b.folder_.write("confmirror.toml",
                                   "[site]\nurl = \"http://127.0.0.1:1\"\nemail = "
                                   "\"a@b.c\"\ntoken_file = \"token\"\n");
                 }});
}

void add_gateway(std::vector<Broken>& all) {
  all.push_back(
      {"scoped token: wrong or revoked", 3, "check site.email and the API token",
       [](Bench& b) { b.given("scoped-token"), b.credentials().revoke(Bench::kScopedToken); }});
  all.push_back({"scoped token: wrong cloud id", 3, "check site.cloud_id", [](Bench& b) {
                   b.given("scoped-token", "cloud_id = \"00000000-0000-0000-0000-000000000000\"\n");
                 }});
  all.push_back({"scoped token: not allowed by the organisation", 3,
                 "Basic Authentication has been disabled",
                 [](Bench& b) { b.given("scoped-token"), b.credentials().disable_basic(true); }});
  for (const auto& [endpoint, words] :
       {std::pair(Endpoint::k404, "HTTP 404"), std::pair(Endpoint::kHtml, "a web page"),
        std::pair(Endpoint::kOdd, "no cloud id")}) {
    all.push_back({std::string("scoped token: cloud id asked for, answer: ") + words, 2, words,
                   [endpoint = endpoint](Bench& b) {
                     b.given("scoped-token"), b.credentials().set_tenant_info(endpoint);
                   }});
  }
  for (const auto& need : confluence::scope_needs()) {
    const std::string scope(need.scope);
    if (scope == "read:confluence-user") continue;
    all.push_back({"scope missing: " + scope, need.writes ? 1 : 3, "'" + scope + "' is missing",
                   [scope, writes = need.writes](Bench& b) {
                     b.given("scoped-token");
                     auto scopes = Bench::all_but({scope});
                     if (writes) scopes.insert("write:confluence-content");
                     b.credentials().put_scoped_token(Bench::kScopedToken, scopes);
                   }});
  }
  all.push_back({"scope missing: read:confluence-user", 3, "scope does not match", [](Bench& b) {
                   b.given("scoped-token");
                   b.credentials().put_scoped_token(Bench::kScopedToken,
                                                    Bench::all_but({"read:confluence-user"}));
                 }});
  all.push_back({"bearer: expired or revoked", 3, "has expired or was revoked",
                 [](Bench& b) { b.given("bearer"), b.credentials().revoke(Bench::kBearer); }});
  all.push_back({"bearer: for another site", 3, "grant it Confluence there", [](Bench& b) {
                   b.given("bearer");
                   b.credentials().put_bearer(Bench::kBearer, site::all_scopes(), false);
                 }});
  all.push_back({"bearer: an account without Confluence", 3, "has Confluence on this site",
                 [](Bench& b) { b.given("bearer"), b.credentials().take_licence(true); }});
}

void add_service_account(std::vector<Broken>& all) {
  all.push_back({"service account: client id or secret refused", 3, "check site.client_id",
                 [](Bench& b) { b.given("service-account"), b.token_is("another-secret"); }});
  all.push_back({"service account: no client id", 2, "site.client_id",
                 [](Bench& b) { b.given("service-account", "client_id = \"\"\n"); }});
  const auto endpoint = [&](const std::string& name, int code, const std::string& says,
                            Endpoint behaviour) {
    all.push_back({"service account: token endpoint " + name, code, says, [behaviour](Bench& b) {
                     b.given("service-account"), b.credentials().set_token_endpoint(behaviour);
                   }});
  };
  endpoint("in trouble", 8, "HTTP 500", Endpoint::k500);
  endpoint("asks for a wait", 8, "asks to wait until", Endpoint::k429);
  endpoint("is a web page", 8, "a web page, not JSON", Endpoint::kHtml);
  endpoint("gives no token", 8, "holds no access token", Endpoint::kOdd);
  endpoint("is not there", 2, "check site.token_url", Endpoint::k404);
}

void add_connect(std::vector<Broken>& all) {
  all.push_back({"connect: no public_url", 2, "site.public_url is missing",
                 [](Bench& b) { b.given_connect({}, ""); }});
  all.push_back({"connect: not installed", 3, "the app is not installed", [](Bench& b) {
                   b.given_connect(), std::filesystem::remove(b.file("mirror.db.connect"));
                 }});
  all.push_back({"connect: installed on another site", 2, "correct site.url", [](Bench& b) {
                   b.given_connect();
                   b.keep("https://other.atlassian.net/wiki", b.connect().oauth_client_id());
                 }});
  all.push_back({"connect: host of the keys away", 1, "cannot reach the host of the keys",
                 [](Bench& b) { b.given_connect(), b.connect().set_keys_available(false); }});
  all.push_back({"connect: installation that others can read", 2, "others can read", [](Bench& b) {
                   b.given_connect();
                   ASSERT_EQ(::chmod(b.file("mirror.db.connect").c_str(), 0644), 0);
                 }});
  all.push_back({"connect: installation damaged", 2, "it is no installation", [](Bench& b) {
                   b.given_connect(), b.folder_.write("mirror.db.connect", "{", 0600);
                 }});
  all.push_back({"connect: uninstalled, and nobody told us", 3, "does not know the app any more",
                 [](Bench& b) { b.given_connect(), b.connect().call_uninstalled(); }});
  all.push_back({"connect: secret changed, and nobody told us", 3,
                 "knows the app, and the signature does not fit",
                 [](Bench& b) { b.given_connect(), b.connect().rotate_secret(); }});
  all.push_back({"connect: one of these two, and the site does not say which", 3,
                 "does not tell these two apart", [](Bench& b) {
                   b.given_connect(), b.connect().explain(false), b.connect().rotate_secret();
                 }});
  all.push_back({"connect: clock 10 minutes behind", 3,
                 "this machine's clock is 10m 00s behind the site's, and what the app signs",
                 [](Bench& b) {
                   b.given_connect(), b.connect().set_clock_offset(std::chrono::minutes(10));
                 }});
  all.push_back({"connect: clock 10 minutes ahead, the app itself", 1,
                 "this machine's clock is 10m 00s ahead of the site's", [](Bench& b) {
                   b.given_connect(), b.connect().set_clock_offset(std::chrono::minutes(-10));
                 }});
  all.push_back({"connect: clock 10 minutes ahead, a user", 3,
                 "ahead of the token endpoint's, and an assertion lives 59 s", [](Bench& b) {
                   b.given_connect(b.as_user());
                   b.connect().set_clock_offset(std::chrono::minutes(-10));
                 }});
  all.push_back({"connect: clock 10 minutes behind, a user", 3,
                 "behind the token endpoint's, and an assertion lives 59 s", [](Bench& b) {
                   b.given_connect(b.as_user());
                   b.connect().set_clock_offset(std::chrono::minutes(10));
                 }});
  all.push_back(
      {"connect: a user who is refused", 3, "is connect.user an active account",
       [](Bench& b) { b.given_connect(b.as_user()), b.connect().remove_user(b.user()); }});
  all.push_back({"connect: without ACT_AS_USER", 3, "lacks the scope ACT_AS_USER", [](Bench& b) {
                   b.given_connect(b.as_user()), b.connect().allow_impersonation(false);
                 }});
  all.push_back({"connect: no OAuth client id", 2, "gave the app no OAuth client id", [](Bench& b) {
                   b.given_connect(b.as_user()), b.keep(b.server().url() + "/wiki", "");
                 }});
  all.push_back({"connect: app's own user without Confluence", 3, "may not use Confluence",
                 [](Bench& b) { b.given_connect(), b.credentials().take_licence(true); }});
  all.push_back(
      {"connect: wrong audience of assertions", 3, "check connect.token_audience", [](Bench& b) {
         b.given_connect(b.as_user() + "token_audience = \"https://auth.atlassian.io\"\n");
       }});
  all.push_back(
      {"connect: no token endpoint at that address", 2, "check connect.token_url", [](Bench& b) {
         b.given_connect(b.as_user() + "token_url = \"" + b.server().url() +
                         "/__connect/nothing\"\n");
       }});
}

std::vector<Broken> broken_setups() {
  std::vector<Broken> all;
  add_basic(all);
  add_files(all);
  add_gateway(all);
  add_service_account(all);
  add_connect(all);
  return all;
}

TEST(BrokenSetupsTest, EachIsNamedByASentenceOfItsOwn) {
  const bool shown = std::getenv("CONFMIRROR_TEST_SHOWS_SETUPS") != nullptr;
  std::map<std::string, std::string> by_sentence;
  for (const auto& setup : broken_setups()) {
    SCOPED_TRACE(setup.name);
    Bench bench;
    setup.make(bench);
    const auto done = bench.check();
    EXPECT_EQ(done.code, setup.code) << done.out;
    const auto found = Bench::findings(done);
    if (found.empty()) {
      ADD_FAILURE() << "nothing is amiss\n" << done.out;
      continue;
    }
    const auto sentence = bench.plain(found.front());
    EXPECT_THAT(sentence, HasSubstr(setup.says));
    const auto [known, is_new] = by_sentence.emplace(sentence, setup.name);
    EXPECT_TRUE(is_new) << "that is what is said of '" << known->second
                        << "' as well: " << sentence;
    if (shown) std::cout << "| " << setup.name << " | " << done.code << " | " << sentence << " |\n";
  }
  EXPECT_GE(by_sentence.size(), 40U);
}

TEST(BrokenSetupsTest, NoneOfThemIsSeenWhereAllIsWell) {
  for (const auto* scheme : {"basic", "scoped-token", "service-account", "bearer"}) {
    Bench bench;
    bench.given(scheme);
    EXPECT_THAT(Bench::findings(bench.check()), IsEmpty()) << scheme;
  }
  for (const bool user : {false, true}) {
    Bench bench;
    bench.given_connect(user ? bench.as_user() : "");
    EXPECT_THAT(Bench::findings(bench.check()), IsEmpty()) << user;
  }
}

TEST(BrokenSetupsTest, AUserWhoIsRefusedIsNotTakenForAnAppThatIs) {
  Bench bench;
  bench.given_connect(bench.as_user());
  bench.connect().remove_user(bench.user());
  const auto done = bench.check();
  EXPECT_THAT(done.out, HasSubstr("the site knows the app, and its secret is good"));
  bench.connect().rotate_secret();
  EXPECT_THAT(Bench::findings(bench.check()).front(), HasSubstr("the signature does not fit"));
}

// The clock is told by how much and where to, and once it is right nothing is left of it.
TEST(BrokenSetupsTest, AClockIsMeasuredUnderEverySchemeAlsoWhereTheTokenIsRefused) {
  for (const auto* scheme : {"basic", "scoped-token", "service-account", "bearer"}) {
    SCOPED_TRACE(scheme);
    Bench bench;
    bench.given(scheme);
    bench.connect().set_clock_offset(std::chrono::seconds(3725));
    for (const bool refused : {false, true}) {
      if (refused) bench.token_is("not-the-secret");
      const auto found = Bench::findings(bench.check());
      ASSERT_THAT(found, SizeIs(refused ? 2 : 1));
      EXPECT_THAT(found.back(), HasSubstr("this machine's clock is 1h 02m behind the site's"));
      EXPECT_THAT(found.back(), HasSubstr("NTP"));
    }
  }
}

// Whether a bearer token has ended is a matter of the site's clock.
TEST(BrokenSetupsTest, AClockThatIsAheadMakesNoTokenExpired) {
  Bench bench;
  bench.given("basic", "token_expires = " +
                           store::to_iso8601(base::SystemClock().now()).substr(0, 10) + "\n");
  bench.connect().set_clock_offset(-std::chrono::hours(48));
  const auto found = Bench::findings(bench.check());
  ASSERT_THAT(found, SizeIs(2));
  EXPECT_THAT(found[0], HasSubstr("the token ends on"));
  EXPECT_THAT(found[1], HasSubstr("2d 00h ahead of the site's"));
}

class RefusedAppTest : public testing::Test {
 protected:
  static store::Error refused(const std::string& message, int status = 401,
                              std::optional<std::chrono::seconds> ahead = {}) {
    http::Response answer;
    answer.status = status;
    answer.body = "<html><body><p><b>Message</b> " + message + "</p></body></html>";
    return cli::refused_app(answer, ahead, "install it");
  }
};

TEST_F(RefusedAppTest, TheLibrarysWordsAreUnderstood) {
  EXPECT_EQ(refused("Your presented credentials do not provide access to this resource.").name,
            "app_unknown");
  EXPECT_EQ(refused("eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJhIn0.c2ln").name, "secret_changed");
  EXPECT_EQ(refused("Expired at Sun Nov 29 and time is now Mon Nov 30").name, "clock_wrong");
  EXPECT_EQ(
      refused("Expecting claim 'qsh' to have value 'a' but instead it has the value 'b'").name,
      "request_changed");
  EXPECT_EQ(refused("Current user not permitted to use Confluence", 403).name,
            "app_without_access");
  EXPECT_EQ(refused("").name, "app_refused");
  EXPECT_EQ(refused("eyJust a word. And. More.").name, "app_refused");
  EXPECT_EQ(refused("", 401, std::chrono::seconds(-31)).name, "clock_wrong");
  EXPECT_EQ(refused("", 401, std::chrono::seconds(30)).name, "app_refused");
}

TEST_F(RefusedAppTest, TheTokenThatTheSiteRepeatsIsNotShown) {
  const auto error = refused("eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJhIn0.c2ln");
  EXPECT_EQ((error.message + error.hint).find("eyJ"), std::string::npos);
}

}  // namespace
