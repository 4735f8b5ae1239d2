// Atlassian Connect, whole: a daemon that is installed, writes on behalf of users, and is
// uninstalled, with a site that checks every signature.

#include "tests/site/connect.h"

#include <map>
#include <nlohmann/json.hpp>

#include "daemon/cli/connect_setup.h"
#include "daemon/cli/jobs_submit.h"
#include "daemon/cli/setup_commands.h"
#include "daemon/confluence/installation.h"
#include "store/jobs.h"
#include "tests/daemon/cli/daemon_fixture.h"
#include "tests/daemon/cli/free_port.h"

namespace test {
namespace {

using store::JobState;
using ::testing::HasSubstr;
using ::testing::Not;

class ConnectTest : public DaemonFixture {
 protected:
  void given_connect(const std::string& more = {}, const std::string& public_url = kPublicUrl) {
    if (!server_) given_site(40);
    if (port_ == 0) port_ = free_port();
    const auto root = server_->url() + "/__connect/";
    write("confmirror.toml",
          "[site]\nurl = \"" + server_->url() + "\"\nauth = \"connect\"\npublic_url = \"" +
              public_url + "\"\n[sync]\ninterval = \"1h\"\n[mirror]\npath = \"mirror.db\"\n" +
              "[serve.access]\n\"*\" = [\"submit\", \"as:*\"]\n" +
              "[connect]\nlisten = \"127.0.0.1:" + std::to_string(port_) + "\"\nkey_host = \"" +
              root + "keys\"\ntoken_url = \"" + root + "oauth2/token\"\n" + more);
  }
  int call(const std::string& event) {
    site::Lifecycle call;
    call.event = event;
    call.port = port_;
    call.public_url = kPublicUrl;
    call.base_url = server_->url() + "/wiki";
    return server_->connect().call(call);
  }
  // As if a daemon had heard it.
  void given_installation(const std::string& secret = {}) {
    ASSERT_EQ(server_->connect().installed(), false);
    const auto daemon = start();
    ASSERT_TRUE(daemon->says("READY=1")) << daemon->log();
    ASSERT_EQ(call("installed"), 204);
    ASSERT_TRUE(daemon->says("STATUS=synced at ")) << daemon->log();
    expect_stops(*daemon);
    if (secret.empty()) return;
    auto kept = confluence::load_installation(file("mirror.db.connect"));
    ASSERT_TRUE(kept && *kept);
    (*kept)->shared_secret = base::Secret(secret);
    ASSERT_TRUE(confluence::save_installation(file("mirror.db.connect"), **kept));
  }
  std::string account(std::size_t number) {
    std::string id;
    server_->with_content(
        [&](const site::Content& content) { id = content.users().at(number).account_id; });
    return id;
  }
  // An update of a page of its own each time; the exit code of `jobs submit`.
  int submit(const std::string& as_user, std::string* said = nullptr) {
    auto reader = store::Reader::open(file("mirror.db"));
    if (!reader) return -1;
    store::PageFilter filter;
    filter.statuses = {"current"};
    const auto rows = (*reader)->pages(filter);
    if (!rows || rows->size() <= next_page_) return -1;
    const auto& row = (*rows)[next_page_++];
    pages_.push_back(row.id);
    nlohmann::json entry = {{"action", "update_page"},
                            {"pageId", std::to_string(row.id)},
                            {"title", row.title},
                            {"version", row.version.number},
                            {"body", {{"storage", {{"value", "<p>by a job</p>"}}}}}};
    if (!as_user.empty()) entry["asUser"] = as_user;
    std::istringstream in(entry.dump());
    std::ostringstream out;
    std::ostringstream err;
    cli::SubmitArgs args;
    args.file = "-";
    args.again = true;
    auto quiet = globals_;
    const int code = cli::run_jobs_submit(quiet, args, in, out, err);
    if (said) *said = out.str() + err.str();
    return code;
  }
  std::vector<store::Job> jobs() const {
    auto reader = store::Reader::open(file("mirror.db"));
    if (!reader) return {};
    auto found = (*reader)->jobs({});
    return found ? *found : std::vector<store::Job>();
  }
  bool last_job_becomes(JobState state) const {
    return eventually([&] {
      const auto all = jobs();
      return !all.empty() && all.back().state == state;
    });
  }
  // Of the newest version of the page that was submitted last, as the mirror has it.
  std::string author() const {
    auto reader = store::Reader::open(file("mirror.db"));
    if (!reader) return {};
    const auto row = (*reader)->page(pages_.back(), false);
    return row && *row ? (*row)->version.author_id : "";
  }
  Outcome check() const {
    std::ostringstream out;
    std::ostringstream err;
    const int code = cli::run_check(globals_, out, err);
    EXPECT_THAT(out.str(), Not(HasSubstr(server_->connect().secret())));
    return {code, out.str(), err.str()};
  }

  static constexpr const char* kPublicUrl = "https://connect.example";
  std::uint16_t port_ = 0;
  std::size_t next_page_ = 0;
  std::vector<store::Id> pages_;
};

TEST_F(ConnectTest, FromTheInstallationToTheFirstWriteForAUserToItsRenewalToTheEnd) {
  given_connect();
  auto& connect = server_->connect();
  const auto daemon = start();
  ASSERT_TRUE(daemon->says("READY=1")) << daemon->log();
  ASSERT_TRUE(eventually([this] {
    return std::filesystem::exists(file("mirror.db")) &&
           status().find("not installed") != std::string::npos;
  })) << daemon->log();

  ASSERT_EQ(call("installed"), 204) << daemon->log();
  ASSERT_TRUE(daemon->says("STATUS=synced at ")) << "not at once\n" << daemon->log();
  EXPECT_EQ(differences(), "");
  EXPECT_GT(connect.counts().app_requests, 0U);
  // A site knows that it is installed a moment after the app has heard of it.
  const auto early = connect.counts().refused_requests;

  const auto ann = account(3);
  ASSERT_EQ(submit(ann), 0);
  ASSERT_TRUE(last_job_becomes(JobState::kDone)) << daemon->log();
  EXPECT_EQ(author(), ann);
  EXPECT_EQ(jobs().back().as_user, ann);
  auto by_user = connect.counts().by_user;
  EXPECT_EQ(by_user[ann], 1U);

  ASSERT_EQ(submit(ann), 0);
  ASSERT_TRUE(last_job_becomes(JobState::kDone));
  by_user = connect.counts().by_user;
  EXPECT_EQ(by_user[ann], 1U) << "the token was not kept";
  EXPECT_EQ(connect.counts().refused_requests, early);

  connect.expire_tokens();
  ASSERT_EQ(submit(ann), 0);
  ASSERT_TRUE(last_job_becomes(JobState::kDone)) << daemon->log();
  EXPECT_EQ(author(), ann);
  by_user = connect.counts().by_user;
  EXPECT_EQ(by_user[ann], 2U);
  EXPECT_EQ(connect.counts().refused_requests, early + 1);

  ASSERT_EQ(submit(""), 0);
  ASSERT_TRUE(last_job_becomes(JobState::kDone));
  EXPECT_EQ(author(), server_->account_id()) << "the app itself";
  EXPECT_EQ(connect.counts().refused_assertions, 0U);

  ASSERT_EQ(call("uninstalled"), 204);
  EXPECT_FALSE(std::filesystem::exists(file("mirror.db.connect")));
  ASSERT_EQ(submit(ann), 0);
  EXPECT_TRUE(eventually([this] { return status().find("not installed") != std::string::npos; }))
      << daemon->log();
  EXPECT_NE(jobs().back().state, JobState::kFailed);

  ASSERT_EQ(call("installed"), 204);
  EXPECT_TRUE(last_job_becomes(JobState::kDone)) << daemon->log();
  EXPECT_EQ(author(), ann);
  EXPECT_THAT(daemon->log(), Not(HasSubstr(connect.secret())));
  EXPECT_THAT(daemon->log(), Not(HasSubstr("connect-")));
  expect_stops(*daemon);
}

TEST_F(ConnectTest, AUserWhoIsUnknownFailsItsOwnJobsAlone) {
  given_connect();
  const auto daemon = start();
  ASSERT_TRUE(daemon->says("READY=1")) << daemon->log();
  ASSERT_EQ(call("installed"), 204);
  ASSERT_TRUE(daemon->says("STATUS=synced at ")) << daemon->log();
  server_->connect().remove_user(account(5));
  ASSERT_EQ(submit(account(5)), 0);
  ASSERT_TRUE(last_job_becomes(JobState::kFailed)) << daemon->log();
  EXPECT_THAT(jobs().back().error, HasSubstr("cannot act for account '" + account(5)));
  ASSERT_EQ(submit(account(4)), 0);
  EXPECT_TRUE(last_job_becomes(JobState::kDone)) << daemon->log();
  expect_stops(*daemon);
}

TEST_F(ConnectTest, ASecretThatWasRotatedHoldsTheJobsUntilTheNextInstallation) {
  given_connect();
  const auto daemon = start();
  ASSERT_TRUE(daemon->says("READY=1")) << daemon->log();
  ASSERT_EQ(call("installed"), 204);
  ASSERT_TRUE(daemon->says("STATUS=synced at ")) << daemon->log();
  server_->connect().rotate_secret();
  ASSERT_EQ(submit(account(2)), 0);
  EXPECT_TRUE(eventually([&] {
    return daemon->log().find("edits are held") != std::string::npos ||
           status().find("held") != std::string::npos;
  })) << daemon->log();
  EXPECT_NE(jobs().back().state, JobState::kFailed);
  ASSERT_EQ(call("installed"), 204);
  EXPECT_TRUE(last_job_becomes(JobState::kDone)) << daemon->log();
  expect_stops(*daemon);
}

TEST_F(ConnectTest, AConnectionOfOneIdentityTakesNoJobsForUsers) {
  given_site(40);
  write("token", "site-token");
  const auto daemon = started();
  expect_stops(*daemon);
  std::string said;
  EXPECT_EQ(submit(account(2), &said), 2);
  EXPECT_THAT(said, HasSubstr("asUser"));
  EXPECT_THAT(said, HasSubstr("knows one identity"));
  EXPECT_TRUE(jobs().empty());
}

TEST_F(ConnectTest, CheckNamesWhatIsMissing) {
  given_connect({}, "");
  auto checked = check();
  EXPECT_EQ(checked.code, 2);
  EXPECT_THAT(checked.out, HasSubstr("site.public_url is missing"));

  given_connect();
  checked = check();
  EXPECT_EQ(checked.code, 3);
  EXPECT_THAT(checked.out, HasSubstr("the app is not installed"));
  EXPECT_THAT(checked.out, HasSubstr("/atlassian-connect.json"));

  server_->connect().set_keys_available(false);
  EXPECT_THAT(check().out, HasSubstr("cannot reach the host of the keys"));
  server_->connect().set_keys_available(true);

  given_installation();
  checked = check();
  EXPECT_EQ(checked.code, 0) << checked.out;
  EXPECT_THAT(checked.out, HasSubstr("installed on " + server_->url()));

  server_->connect().set_clock_offset(std::chrono::minutes(10));
  checked = check();
  EXPECT_EQ(checked.code, 3) << checked.out;
  EXPECT_THAT(checked.out, HasSubstr("a clock is wrong"));
  server_->connect().set_clock_offset(std::chrono::seconds(0));

  server_->connect().rotate_secret();
  checked = check();
  EXPECT_EQ(checked.code, 3);
  EXPECT_THAT(checked.out, HasSubstr("its secret rotated"));
}

TEST_F(ConnectTest, CheckNamesAUserWithoutAccessAndAnAppThatWasTakenAway) {
  given_connect();
  given_installation();
  const auto user = account(6);
  given_connect("user = \"" + user + "\"\n");
  auto checked = check();
  EXPECT_EQ(checked.code, 0) << checked.out;
  EXPECT_THAT(checked.out, HasSubstr(user));
  server_->connect().remove_user(user);
  checked = check();
  EXPECT_EQ(checked.code, 3);
  EXPECT_THAT(checked.out, HasSubstr("cannot act for account '" + user));

  given_connect();
  call("uninstalled");  // nobody listens
  checked = check();
  EXPECT_EQ(checked.code, 3);
  EXPECT_THAT(checked.out, HasSubstr("it was uninstalled"));
  ASSERT_EQ(::chmod(file("mirror.db.connect").c_str(), 0644), 0);
  checked = check();
  EXPECT_EQ(checked.code, 2);
  EXPECT_THAT(checked.out, HasSubstr("others can read"));
}

}  // namespace
}  // namespace test
