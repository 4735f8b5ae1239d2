#include "daemon/edits/job_runner.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <thread>

#include "tests/daemon/edits/runner_fixture.h"

namespace edits {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class JobRunnerTest : public RunnerTest {};

nlohmann::json result_of(const store::Job& job) {
  return nlohmann::json::parse(job.result, nullptr, false);
}

TEST_F(JobRunnerTest, AnUpdateOfAKnownVersionTakesOneRequest) {
  given_mirror();
  const auto page = pages(1)[0];
  const auto ids = submit({update(page, "<p>changed</p>")});
  expect_run();
  EXPECT_EQ(state(ids[0]), "done");
  EXPECT_EQ(usage.requests, 2);  // who we are, and the update
  const auto now = row(page.id);
  EXPECT_EQ(now.version.number, page.version.number + 1);
  EXPECT_EQ(now.body->text, "<p>changed</p>");
  EXPECT_THAT(now.version.message, HasSubstr("[confmirror "));
  const auto result = result_of(job(ids[0]));
  EXPECT_EQ(result["version"], page.version.number + 1);
  EXPECT_EQ(result["id"], std::to_string(page.id));
  expect_equal();
}

TEST_F(JobRunnerTest, AnswersWithoutTheBodyCostOneRequestMore) {
  given_mirror();
  site().change_settings([](site::Settings& settings) { settings.echo_body = false; });
  const auto page = pages(1)[0];
  const auto ids = submit({update(page, "<p>changed</p>"), create("Brand new")});
  expect_run();
  EXPECT_EQ(state(ids[0]), "done");
  EXPECT_EQ(state(ids[1]), "done");
  EXPECT_EQ(usage.requests, 5);
  expect_equal();
}

TEST_F(JobRunnerTest, CreatesGoBelowTheirParentsAndAreInTheMirrorAtOnce) {
  given_mirror();
  auto child = create("The child");
  child.parent_place = 0;
  const auto ids = submit({create("The parent"), child});
  expect_run();
  ASSERT_EQ(state(ids[1]), "done") << job(ids[1]).error;
  const auto parent = job(ids[0]).page_id.value_or(0);
  const auto made = row(job(ids[1]).page_id.value_or(0));
  EXPECT_EQ(made.parent_id, parent);
  EXPECT_EQ(made.title, "The child");
  EXPECT_EQ(result_of(job(ids[0]))["version"], 1);
  expect_equal();
}

TEST_F(JobRunnerTest, ADeletedPageIsInTheTrashAndItsChildrenWhereTheSiteSaysThatTheyAre) {
  given_mirror();
  auto child = create("A child");
  child.parent_place = 0;
  const auto made = submit({create("A parent"), child});
  expect_run();
  const auto ids = submit({remove(row(job(made[0]).page_id.value_or(0)))});
  expect_run();
  EXPECT_EQ(state(ids[0]), "done");
  EXPECT_EQ(row(job(made[0]).page_id.value_or(0)).status, "trashed");
  EXPECT_EQ(row(job(made[1]).page_id.value_or(0)).parent_id, homepage_id());
  EXPECT_EQ(result_of(job(ids[0]))["httpStatus"], 204);
  expect_equal();
}

TEST_F(JobRunnerTest, AnUpdateThatChangesNothingIsNotSent) {
  given_mirror();
  const auto page = row(pages(1)[0].id);
  const auto ids = submit({update(page, page.body->text)});
  expect_run();
  EXPECT_EQ(state(ids[0]), "done");
  EXPECT_EQ(applied(), 0);
  EXPECT_EQ(result_of(job(ids[0]))["noop"], true);
}

TEST_F(JobRunnerTest, AnEditOfAnOlderVersionIsAConflictThatKeepsAllThree) {
  given_mirror();
  const auto page = row(pages(1)[0].id);
  others_update(page.id, "<p>theirs</p>");
  const auto ids = submit({update(page, "<p>ours</p>")});
  expect_run();
  EXPECT_EQ(state(ids[0]), "conflict");
  EXPECT_EQ(applied(page.id), 0);
  const auto theirs = reader()->job_image(ids[0], "theirs");
  const auto base = reader()->job_image(ids[0], "base");
  ASSERT_TRUE(theirs && *theirs && base && *base);
  EXPECT_EQ((*theirs)->body, "<p>theirs</p>");
  EXPECT_EQ((*base)->body, page.body->text);
  EXPECT_EQ((*base)->title, page.title);
  expect_equal();
}

TEST_F(JobRunnerTest, AnEditThatTheMirrorKnowsToBeOldIsNotSent) {
  given_mirror();
  const auto page = row(pages(1)[0].id);
  others_update(page.id, "<p>theirs</p>");
  expect_done(crawl());
  const auto ids = submit({update(page, "<p>ours</p>")});
  expect_run();
  EXPECT_EQ(state(ids[0]), "conflict");
  EXPECT_EQ(asked_to_write(), 0);
}

TEST_F(JobRunnerTest, ARebaseMergesBlocksThatOnlyOneSideChanged) {
  given_mirror();
  const auto page = pages(1)[0];
  submit({update(page, "<p>one</p><p>two</p>")});
  expect_run();
  const auto base = row(page.id);
  others_update(page.id, "<p>one</p><p>two, theirs</p>");
  auto edit = update(base, "<p>one, ours</p><p>two</p>");
  edit.on_conflict = store::OnConflict::kRebase;
  const auto ids = submit({edit});
  expect_run();
  EXPECT_EQ(state(ids[0]), "done") << job(ids[0]).error;
  EXPECT_EQ(row(page.id).body->text, "<p>one, ours</p><p>two, theirs</p>");
  expect_equal();
}

TEST_F(JobRunnerTest, ARebaseOfTheSameBlockIsAConflict) {
  given_mirror();
  const auto page = pages(1)[0];
  submit({update(page, "<p>one</p>")});
  expect_run();
  const auto base = row(page.id);
  others_update(page.id, "<p>theirs</p>");
  auto edit = update(base, "<p>ours</p>");
  edit.on_conflict = store::OnConflict::kRebase;
  const auto ids = submit({edit});
  expect_run();
  EXPECT_EQ(state(ids[0]), "conflict");
  EXPECT_EQ(row(page.id).body->text, "<p>theirs</p>");
}

TEST_F(JobRunnerTest, AnOverwriteSaysWhoseEditItReplaces) {
  given_mirror();
  const auto page = pages(1)[0];
  others_update(page.id, "<p>theirs</p>");
  auto edit = update(page, "<p>ours</p>");
  edit.on_conflict = store::OnConflict::kOverwrite;
  const auto ids = submit({edit});
  expect_run();
  EXPECT_EQ(state(ids[0]), "done");
  EXPECT_EQ(row(page.id).body->text, "<p>ours</p>");
  EXPECT_THAT(reasons(ids[0]), Contains(HasSubstr("overwrites version")));
}

TEST_F(JobRunnerTest, ATrashedPageIsNotTakenOutOfTheTrashByAnUpdate) {
  given_mirror();
  const auto page = pages(1)[0];
  const auto status =
      site().others_write("DELETE", "/wiki/api/v2/pages/" + std::to_string(page.id));
  ASSERT_EQ(status.first, 204);
  expect_done(crawl());
  const auto ids = submit({update(page, "<p>ours</p>")});
  expect_run();
  EXPECT_EQ(state(ids[0]), "failed");
  EXPECT_THAT(job(ids[0]).error, HasSubstr("in the trash"));
  EXPECT_EQ(applied(), 0);
}

TEST_F(JobRunnerTest, ASiteThatIsDownIsNotAskedForEveryJob) {
  given_mirror();
  std::vector<JobSpec> jobs;
  for (const auto& page : pages(40)) jobs.push_back(update(page, "<p>changed</p>"));
  const auto ids = submit(jobs);
  site().change_settings([](site::Settings& settings) { settings.latency_ms = 20; });
  runner.until_idle = false;
  runner.first_pause = std::chrono::milliseconds(50);
  runner.longest_pause = std::chrono::milliseconds(200);
  RunnerProcess life(process, runner);
  std::thread stopper([&] {
    auto& server = site();
    for (int i = 0; i < 500 && applied() < 3; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    server.stop();
    std::this_thread::sleep_for(std::chrono::milliseconds(1000));
    life.stop();
  });
  auto result = life.run();
  stopper.join();
  EXPECT_TRUE(result) << result.error().message;
  std::size_t events = 0;
  for (const auto id : ids) {
    events += reasons(id).size();
    EXPECT_THAT(state(id), ::testing::AnyOf("done", "queued", "waiting", "in_doubt"));
  }
  EXPECT_LT(events, 400U);
}

TEST_F(JobRunnerTest, AJobWhosePageCannotBeHadIsLeftToAPersonInTheEnd) {
  given_mirror();
  const auto page = pages(1)[0];
  const auto ids = submit({update(page, "<p>changed</p>")});
  next_write(site::Fault::kAppliedReset, "update");
  site().set_poison({page.id});
  expect_run();
  EXPECT_EQ(state(ids[0]), "in_doubt");
  EXPECT_THAT(job(ids[0]).error, HasSubstr("whether it was applied cannot be seen"));
  EXPECT_EQ(applied(page.id), 1);
}

// The look comes before the site has done what it was asked.
TEST_F(JobRunnerTest, ADeleteThatIsLateIsNotTakenForSomebodyElses) {
  given_mirror();
  site().change_settings([](site::Settings& settings) { settings.applied_later_ms = 60; });
  runner.first_pause = std::chrono::milliseconds(200);
  next_write(site::Fault::kAppliedLater503, "delete");
  next_write(site::Fault::k500, "delete");
  const auto page = pages(1)[0];
  const auto ids = submit({remove(page)});
  expect_run();
  EXPECT_EQ(state(ids[0]), "done") << job(ids[0]).error;
  EXPECT_EQ(applied(page.id), 1);
  EXPECT_FALSE(result_of(job(ids[0])).contains("noop")) << job(ids[0]).result;
}

struct LostAnswer {
  site::Fault fault;
  bool applied;
};

class LostAnswers : public RunnerTest, public ::testing::WithParamInterface<LostAnswer> {
 protected:
  void given_lost_answer(const std::string& what) {
    given_mirror();
    process.timeout = std::chrono::milliseconds(300);
    next_write(GetParam().fault, what);
  }
  // What was applied is found, and not asked for again.
  void expect_not_sent_again() {
    if (!GetParam().applied || GetParam().fault == site::Fault::kAppliedLater503) return;
    EXPECT_EQ(asked_to_write(), 1);
  }
};

TEST_P(LostAnswers, AnUpdateIsAppliedOnce) {
  given_lost_answer("update");
  const auto page = pages(1)[0];
  const auto ids = submit({update(page, "<p>changed</p>")});
  expect_run();
  EXPECT_EQ(state(ids[0]), "done") << job(ids[0]).error;
  EXPECT_EQ(applied(page.id), 1);
  EXPECT_EQ(row(page.id).version.number, page.version.number + 1);
  expect_not_sent_again();
  expect_equal();
}

TEST_P(LostAnswers, ACreateIsAppliedOnce) {
  given_lost_answer("create");
  const auto ids = submit({create("Only once")});
  expect_run();
  EXPECT_EQ(state(ids[0]), "done") << job(ids[0]).error;
  EXPECT_EQ(applied(), 1);
  EXPECT_EQ(row(job(ids[0]).page_id.value_or(0)).title, "Only once");
  expect_not_sent_again();
  expect_equal();
}

TEST_P(LostAnswers, ADeleteIsAppliedOnce) {
  given_lost_answer("delete");
  const auto page = pages(1)[0];
  const auto ids = submit({remove(page)});
  expect_run();
  EXPECT_EQ(state(ids[0]), "done") << job(ids[0]).error;
  EXPECT_EQ(applied(page.id), 1);
  EXPECT_EQ(row(page.id).status, "trashed");
  expect_not_sent_again();
  expect_equal();
}

TEST_P(LostAnswers, TheCreateOfADraftIsLeftInDoubtAndNotSentAgain) {
  given_lost_answer("create");
  auto draft = create("A draft");
  draft.status = "draft";
  const auto ids = submit({draft});
  expect_run();
  const bool refused_before = GetParam().fault == site::Fault::k429;
  for (int i = 0; GetParam().applied && applied() == 0 && i < 500; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_EQ(state(ids[0]), refused_before ? "done" : "in_doubt") << job(ids[0]).error;
  EXPECT_EQ(applied(), GetParam().applied || refused_before ? 1 : 0);
  expect_run();
  EXPECT_EQ(applied(), GetParam().applied || refused_before ? 1 : 0);
}

INSTANTIATE_TEST_SUITE_P(
    EveryKind, LostAnswers,
    ::testing::Values(
        LostAnswer{site::Fault::k429, false}, LostAnswer{site::Fault::k500, false},
        LostAnswer{site::Fault::k502Html, false}, LostAnswer{site::Fault::k503RetryAfter, false},
        LostAnswer{site::Fault::kResetBefore, false}, LostAnswer{site::Fault::kResetAfter, true},
        LostAnswer{site::Fault::kCutBody, true}, LostAnswer{site::Fault::kEmpty200, true},
        LostAnswer{site::Fault::kHtml200, false}, LostAnswer{site::Fault::kNoAnswer, false},
        LostAnswer{site::Fault::kRace409, false}, LostAnswer{site::Fault::kRace500, false},
        LostAnswer{site::Fault::kAppliedReset, true}, LostAnswer{site::Fault::kApplied500, true},
        LostAnswer{site::Fault::kApplied502Html, true}, LostAnswer{site::Fault::kApplied503, true},
        LostAnswer{site::Fault::kAppliedNoAnswer, true},
        LostAnswer{site::Fault::kAppliedLater503, true}),
    [](const auto& lost) {
      std::string name(site::to_string(lost.param.fault));
      for (auto& c : name) {
        if (c == '-') c = '_';
      }
      return name;
    });

TEST_F(JobRunnerTest, ADeadTokenHoldsTheQueueAndFailsNothing) {
  given_mirror();
  std::vector<JobSpec> jobs;
  for (const auto& page : pages(20)) jobs.push_back(update(page, "<p>changed</p>"));
  const auto ids = submit(jobs);
  const auto token = process.token;
  std::atomic<int> seen = 0;
  auto& server = site();
  server.observe([&](const site::Seen& request) {
    if (request.method == "PUT" && ++seen == 10) server.set_token("another");
  });
  auto result = run();
  server.observe({});
  EXPECT_FALSE(result);
  EXPECT_EQ(result.error().kind, store::ErrorKind::kCredentialsBad);
  for (const auto id : ids) EXPECT_THAT(state(id), ::testing::AnyOf("done", "queued"));
  const auto pause = reader()->jobs_pause();
  ASSERT_TRUE(pause && *pause);
  EXPECT_FALSE((*pause)->by_user);
  server.set_token(token);
  expect_run();
  for (const auto id : ids) EXPECT_EQ(state(id), "done");
  EXPECT_EQ(applied(), 20);
  expect_equal();
}

TEST_F(JobRunnerTest, WhatTheSiteRefusesIsFailedInItsOwnWords) {
  given_mirror();
  const auto ids = submit({update(pages(1)[0], "<p>not <b>closed</p>")});
  expect_run();
  EXPECT_EQ(state(ids[0]), "failed");
  EXPECT_THAT(job(ids[0]).error, HasSubstr("Error parsing xhtml"));
  EXPECT_EQ(job(ids[0]).attempts, 1);
}

TEST_F(JobRunnerTest, ATakenTitleNamesThePageThatHasIt) {
  given_mirror();
  const auto page = pages(1)[0];
  const auto ids = submit({create(page.title)});
  expect_run();
  EXPECT_EQ(state(ids[0]), "failed");
  EXPECT_THAT(job(ids[0]).error, HasSubstr(std::to_string(page.id)));
}

TEST_F(JobRunnerTest, APausedQueueSendsNothing) {
  given_mirror();
  const auto ids = submit({update(pages(1)[0], "<p>changed</p>")});
  ASSERT_TRUE(queue().pause("maintenance", base::SystemClock().now()));
  expect_run();
  EXPECT_EQ(state(ids[0]), "queued");
  ASSERT_TRUE(queue().resume());
  expect_run();
  EXPECT_EQ(state(ids[0]), "done");
}

TEST_F(JobRunnerTest, AJobThatIsSubmittedWhileItRunsIsTakenUp) {
  given_mirror();
  runner.until_idle = false;
  RunnerProcess life(process, runner);
  std::thread submitter([&] {
    const auto ids = submit({update(pages(1)[0], "<p>changed</p>")});
    for (int i = 0; i < 1000 && state(ids[0]) != "done"; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    EXPECT_EQ(state(ids[0]), "done");
    life.stop();
  });
  auto result = life.run();
  submitter.join();
  EXPECT_TRUE(result) << result.error().message;
}

TEST_F(JobRunnerTest, APageThatIsNotReadableYetIsWaitedFor) {
  given_mirror();
  site().change_settings([](site::Settings& settings) { settings.fresh_page_delay_ms = 60; });
  auto child = create("A fresh child");
  child.parent_place = 0;
  const auto ids = submit({create("A fresh parent"), child});
  expect_run();
  EXPECT_EQ(state(ids[1]), "done") << job(ids[1]).error;
  EXPECT_EQ(applied(), 2);
}

TEST_F(JobRunnerTest, DraftsAreUpdatedPublishedAndDiscardedByTheirOwnRules) {
  given_mirror();
  auto first = create("First draft");
  auto second = create("Second draft");
  first.status = second.status = "draft";
  const auto made = submit({first, second});
  expect_run();
  ASSERT_EQ(state(made[0]), "done");
  JobSpec change;
  change.page_id = job(made[0]).page_id;
  change.space_id = space_id();
  change.title = "First draft";
  change.status = "draft";
  change.base_version = 1;
  change.body = "<p>changed draft</p>";
  JobSpec discard;
  discard.action = JobAction::kDeletePage;
  discard.page_id = job(made[1]).page_id;
  discard.status = "draft";
  const auto ids = submit({change, discard});
  expect_run();
  EXPECT_EQ(state(ids[0]), "done") << job(ids[0]).error;
  EXPECT_EQ(state(ids[1]), "done") << job(ids[1]).error;
  change.status = "current";
  const auto published = submit({change});
  expect_run();
  EXPECT_EQ(state(published[0]), "done") << job(published[0]).error;
  EXPECT_EQ(row(change.page_id.value_or(0)).body->text, "<p>changed draft</p>");
}

}  // namespace
}  // namespace edits
