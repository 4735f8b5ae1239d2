// Jobs on behalf of users, by an app that is installed on the site: done, tried again and taken
// back as the same user, with a site that checks every signature.

#include <gmock/gmock.h>

#include <memory>

#include "daemon/confluence/connect_auth.h"
#include "daemon/edits/undo.h"
#include "tests/daemon/edits/runner_fixture.h"
#include "tests/site/connect.h"

namespace edits {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class AsUserTest : public RunnerTest {
 protected:
  // The mirror is there, and from now on the app does everything.
  void given_app() {
    given_mirror();
    site().connect().install("confmirror", site().url() + "/wiki");
    take_installation();
  }
  void take_installation() {
    auto& connect = site().connect();
    confluence::Installation installation;
    installation.client_key = connect.client_key();
    installation.oauth_client_id = connect.oauth_client_id();
    installation.shared_secret = base::Secret(connect.secret());
    installation.base_url = site().url() + "/wiki";
    auto known = std::make_shared<confluence::Installation>(std::move(installation));
    make_auth = [known, url = site().url()](confluence::AuthDeps deps) {
      confluence::ConnectOptions connect_options;
      connect_options.app_key = "confmirror";
      connect_options.token_url = url + "/__connect/oauth2/token";
      connect_options.token_audience =
          "https://oauth-2-authorization-server.services.atlassian.com";
      return std::make_unique<confluence::ConnectAuth>(deps, std::move(connect_options),
                                                       known->copy());
    };
  }
  std::string account(std::size_t number) {
    std::string id;
    site().with_content(
        [&](const site::Content& content) { id = content.users().at(number).account_id; });
    return id;
  }
  static JobSpec as(const std::string& user, JobSpec spec) {
    spec.as_user = user;
    return spec;
  }
  std::uint64_t exchanges_of(const std::string& user) {
    auto by_user = site().connect().counts().by_user;
    return by_user[user];
  }
  // Of the newest version, as the site answered.
  std::string author(store::Id page_id) { return row(page_id).version.author_id; }
  std::vector<std::string> users_of(const std::vector<JobId>& ids) {
    std::vector<std::string> users;
    for (const auto id : ids) users.push_back(job(id).as_user);
    return users;
  }
  std::vector<JobId> undo(const std::vector<JobId>& ids) {
    const auto planned = plan_undo(*reader(), ids);
    EXPECT_TRUE(planned) << planned.error().message;
    EXPECT_TRUE(planned->left_out.empty());
    return submit(planned->jobs);
  }
  void expect_done_all(const std::vector<JobId>& ids) {
    for (const auto id : ids) EXPECT_EQ(state(id), "done") << job(id).error;
  }
};

TEST_F(AsUserTest, JobsOfEveryKindAreTakenBackAsTheUserWhoWroteThem) {
  given_app();
  const auto ann = account(3);
  const auto all = pages(3);
  auto child = as(ann, create("A child"));
  child.parent_id = all[1].id;
  JobSpec move;
  move.action = JobAction::kMovePage;
  move.page_id = all[2].id;
  move.space_id = all[2].space_id;
  move.parent_id = all[0].id;
  move.title = all[2].title;
  const auto ids = submit(
      {as(ann, update(all[0], "<p>by ann</p>")), child, as(ann, remove(all[1])), as(ann, move)});
  expect_run();
  expect_done_all(ids);
  EXPECT_EQ(author(all[0].id), ann);
  EXPECT_EQ(exchanges_of(ann), 1U);

  const auto before = site().connect().counts();
  const auto undone = undo(ids);
  EXPECT_THAT(users_of(undone), Each(ann));
  EXPECT_GE(undone.size(), ids.size());
  expect_run();
  expect_done_all(undone);
  EXPECT_EQ(author(all[0].id), ann);
  const auto after = site().connect().counts();
  EXPECT_EQ(exchanges_of(ann), 2U) << "one exchange in each life";
  EXPECT_GE(after.user_requests - before.user_requests, undone.size())
      << "every write was the user's";
  EXPECT_EQ(after.by_user.size(), 1U) << "and nobody else's";
}

TEST_F(AsUserTest, EachJobOfABatchIsTakenBackAsItsOwnUserOrAsTheApp) {
  given_app();
  const auto ann = account(3);
  const auto bob = account(4);
  const auto all = pages(3);
  const auto ids =
      submit({as(ann, update(all[0], "<p>by ann</p>")), as(bob, update(all[1], "<p>by bob</p>")),
              update(all[2], "<p>by the app</p>")});
  expect_run();
  expect_done_all(ids);
  const auto undone = undo(ids);
  EXPECT_THAT(users_of(undone), ElementsAre("", bob, ann)) << "the newest first";
  expect_run();
  expect_done_all(undone);
  EXPECT_EQ(author(all[0].id), ann);
  EXPECT_EQ(author(all[1].id), bob);
  EXPECT_EQ(author(all[2].id), site().account_id());

  const auto redone = undo(undone);
  EXPECT_THAT(users_of(redone), ElementsAre(ann, bob, "")) << "an undo can be undone alike";
}

TEST_F(AsUserTest, AJobThatFailedForItsUserIsTriedAgainAsThatUser) {
  given_app();
  const auto ann = account(3);
  const auto page = pages(1)[0];
  site().connect().remove_user(ann);
  const auto ids = submit({as(ann, update(page, "<p>by ann</p>"))});
  expect_run();
  ASSERT_EQ(state(ids[0]), "failed");
  EXPECT_THAT(job(ids[0]).error, HasSubstr("cannot act for account '" + ann));

  site().connect().know_user(ann);
  const auto changed = queue().retry(ids, std::nullopt, "by a test", base::SystemClock().now());
  ASSERT_TRUE(changed) << changed.error().message;
  EXPECT_EQ(job(ids[0]).as_user, ann);
  expect_run();
  expect_done_all(ids);
  EXPECT_EQ(author(page.id), ann);
}

// An undo of somebody who has left cannot be written as another one.
TEST_F(AsUserTest, AnUndoForAUserWhoHasLeftFailsAndIsNotWrittenByTheApp) {
  given_app();
  const auto ann = account(3);
  const auto page = pages(1)[0];
  const auto ids = submit({as(ann, update(page, "<p>by ann</p>"))});
  expect_run();
  site().connect().remove_user(ann);
  const auto undone = undo(ids);
  const int written = applied(page.id);
  expect_run();
  EXPECT_EQ(state(undone[0]), "failed");
  EXPECT_EQ(applied(page.id), written);
  EXPECT_EQ(author(page.id), ann);
}

// A clock that is wrong is no fault of the user's: the jobs wait, and none of them fails.
TEST_F(AsUserTest, AssertionsThatAWrongClockSpoilsHoldTheQueueAndFailNoJob) {
  given_app();
  const auto ann = account(3);
  const auto page = pages(1)[0];
  for (const auto off : {std::chrono::seconds(-600), std::chrono::seconds(600)}) {
    site().connect().set_clock_offset(off);
    const auto ids = submit({as(ann, update(page, "<p>by ann</p>"))});
    EXPECT_FALSE(run());
    EXPECT_EQ(state(ids[0]), "queued") << job(ids[0]).error;
    ASSERT_TRUE(queue().cancel(ids, "by a test", base::SystemClock().now()));
  }
}

}  // namespace
}  // namespace edits
