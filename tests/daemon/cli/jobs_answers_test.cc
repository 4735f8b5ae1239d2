// What the commands of the queue answer: to scripts (--json), and where it matters that a job is
// not lost or told wrongly.

#include <optional>

#include "store/lock.h"
#include "tests/daemon/cli/jobs_fixture.h"
#include "tests/daemon/cli/program_process.h"

namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class JobsAnswersTest : public test::JobsFixture {
 protected:
  std::string delete_json(const store::PageRow& page) const {
    return R"({"pageId": ")" + std::to_string(page.id) + "\"}";
  }
};

TEST_F(JobsAnswersTest, ADryRunInJsonIsJsonAlone) {
  const auto page = pages(1)[0];
  const auto ran =
      run({"--json", "jobs", "submit", "-", "--dry-run"},
          update_of(page, "<p>quite another text</p>") + create_in(page.space_key, "Brand new"));
  ASSERT_EQ(ran.code, 0) << ran.err;
  const auto json = ran.json();
  ASSERT_TRUE(json.is_object()) << ran.out;
  EXPECT_EQ(json["queued"], false);
  ASSERT_EQ(json["jobs"].size(), 2U);
  const auto& update = json["jobs"][0];
  EXPECT_EQ(update["method"], "PUT");
  EXPECT_EQ(update["path"], "/wiki/api/v2/pages/" + std::to_string(page.id));
  EXPECT_EQ(update["versionBecomes"], page.version.number + 1);
  EXPECT_GT(update["bytes"], 100);
  EXPECT_EQ(update["changesNothing"], false);
  EXPECT_THAT(update["diff"].get<std::string>(), HasSubstr("+ quite another text"));
  EXPECT_EQ(json["jobs"][1]["method"], "POST");
}

TEST_F(JobsAnswersTest, ADryRunKnowsWhatWillNotBeSent) {
  auto page = pages(1)[0];
  auto reader = store::Reader::open(file("mirror.db"));
  const auto body = (*reader)->page(page.id, true).value()->body->text;
  auto same = update_of(page, body);
  const auto ran = run({"jobs", "submit", "-", "--dry-run"}, same);
  EXPECT_THAT(ran.out, HasSubstr("changes nothing: will not be sent"));
  // A draft with the text of the page is a draft that was not there.
  same.insert(1, R"("status":"draft",)");
  const auto draft = run({"jobs", "submit", "-", "--dry-run"}, same);
  EXPECT_EQ(draft.code, 0) << draft.err;
  EXPECT_THAT(draft.out, Not(HasSubstr("will not be sent")));
}

TEST_F(JobsAnswersTest, ARefusalInJsonNamesEachProblem) {
  const auto ran = run({"--json", "jobs", "submit", "-"}, create_in("NOWHERE", "A"));
  EXPECT_EQ(ran.code, 2);
  const auto json = ran.json();
  ASSERT_TRUE(json.is_object()) << ran.out;
  EXPECT_EQ(json["queued"], false);
  ASSERT_EQ(json["problems"].size(), 1U);
  EXPECT_EQ(json["problems"][0]["line"], 1);
  EXPECT_EQ(json["problems"][0]["field"], "spaceKey");
  EXPECT_THAT(ran.err, HasSubstr("standard input:1: spaceKey: "));
}

TEST_F(JobsAnswersTest, WhatWasHandedInBeforeSaysWhen) {
  const auto batch = update_of(pages(1)[0], "<p>changed</p>");
  ASSERT_EQ(run({"jobs", "submit", "-"}, batch).code, 0);
  EXPECT_THAT(run({"jobs", "submit", "-"}, batch).out, HasSubstr("(submitted 20"));
  const auto json = run({"--json", "jobs", "submit", "-"}, batch).json();
  EXPECT_EQ(json["queued"], false);
  EXPECT_TRUE(json["submittedAt"].is_string());
}

TEST_F(JobsAnswersTest, PauseAndResumeInJsonAreJsonAlone) {
  const auto paused = run({"--json", "jobs", "pause", "maintenance"});
  EXPECT_EQ(paused.json()["paused"], true) << paused.out;
  EXPECT_THAT(paused.json()["reason"].get<std::string>(), HasSubstr("maintenance"));
  const auto resumed = run({"--json", "jobs", "resume"});
  EXPECT_EQ(resumed.json()["paused"], false) << resumed.out;
}

TEST_F(JobsAnswersTest, AJobThatIsNamedTwiceIsChangedOnce) {
  ASSERT_EQ(run({"jobs", "submit", "-"}, update_of(pages(1)[0], "<p>changed</p>")).code, 0);
  const auto canceled = run({"jobs", "cancel", "1", "1", "--batch", "1"});
  EXPECT_EQ(canceled.code, 0) << canceled.err;
  EXPECT_THAT(canceled.out, HasSubstr("1 job canceled"));
}

TEST_F(JobsAnswersTest, TheSameJobsAreUndoneOnceInWhateverOrderTheyAreNamed) {
  const auto some = pages(2);
  ASSERT_EQ(run({"jobs", "submit", "-"},
                update_of(some[0], "<p>changed</p>") + update_of(some[1], "<p>changed</p>"))
                .code,
            0);
  ASSERT_EQ(run({"jobs", "run"}).code, 0);
  const auto first = run({"--json", "jobs", "undo", "1", "2", "77"});
  EXPECT_EQ(first.json()["queued"], true) << first.out;
  EXPECT_EQ(first.json()["leftOut"][0]["jobId"], "77");
  EXPECT_THAT(run({"jobs", "undo", "2", "1", "1", "77"}).out, HasSubstr("nothing was queued"));
}

TEST_F(JobsAnswersTest, NothingToUndoIsJsonToo) {
  const auto ran = run({"--json", "jobs", "undo", "77"});
  EXPECT_EQ(ran.code, 1);
  EXPECT_EQ(ran.json()["queued"], false) << ran.out;
  EXPECT_EQ(ran.json()["leftOut"].size(), 1U);
}

TEST_F(JobsAnswersTest, ABatchThatIsNotThereIsNotRun) {
  const auto ran = run({"jobs", "run", "--batch", "9"});
  EXPECT_EQ(ran.code, 2);
  EXPECT_THAT(ran.err, HasSubstr("batch 9"));
}

TEST_F(JobsAnswersTest, ABatchThatFailedBeforeHasStillFailed) {
  const auto page = pages(1)[0];
  server_->set_closed_spaces({page.space_id});
  ASSERT_EQ(run({"jobs", "submit", "-"}, create_in(page.space_key, "A")).code, 0);
  EXPECT_EQ(run({"jobs", "run", "--batch", "1"}).code, 1);
  EXPECT_EQ(run({"jobs", "run", "--batch", "1"}).code, 1);
}

TEST_F(JobsAnswersTest, BesideAnotherProcessARunSaysWhoExecutes) {
  ASSERT_EQ(run({"jobs", "submit", "-"}, update_of(pages(1)[0], "<p>changed</p>")).code, 0);
  auto lock = store::MirrorLock::acquire(file("mirror.db"));
  ASSERT_TRUE(lock);
  const auto ran = run({"jobs", "run"});
  EXPECT_EQ(ran.code, 7);
  EXPECT_THAT(ran.err, HasSubstr("a daemon executes the queue by itself"));
}

TEST_F(JobsAnswersTest, AWatchInJsonEndsWithTheBatch) {
  ASSERT_EQ(run({"jobs", "submit", "-"}, update_of(pages(1)[0], "<p>changed</p>")).code, 0);
  ASSERT_EQ(run({"jobs", "run"}).code, 0);
  const auto watched = run({"--json", "jobs", "watch", "1"});
  EXPECT_EQ(watched.code, 0);
  EXPECT_EQ(watched.json()["ended"], true) << watched.out;
  EXPECT_EQ(watched.json()["states"]["done"], 1);
}

// What a watch shows while others do something.
class JobsWatchTest : public JobsAnswersTest {
 protected:
  std::unique_ptr<test::ProgramProcess> started(std::vector<std::string> args) const {
    args.insert(args.begin(), {"--config", file("confmirror.toml").string(), "--no-progress"});
    return std::make_unique<test::ProgramProcess>(folder_.path(), "program", std::move(args));
  }
  // As somebody who executes, or synchronises.
  std::optional<store::MirrorLock> locked() const {
    auto taken = store::MirrorLock::acquire(file("mirror.db"));
    EXPECT_TRUE(taken);
    return taken ? std::optional(std::move(*taken)) : std::nullopt;
  }
};

TEST_F(JobsWatchTest, ItNoticesThatNobodyExecutesAnyMore) {
  ASSERT_EQ(run({"jobs", "submit", "-"}, update_of(pages(1)[0], "<p>changed</p>")).code, 0);
  auto lock = locked();
  const auto watch = started({"jobs", "watch"});
  ASSERT_TRUE(watch->shows("1 queued"));
  EXPECT_EQ(watch->err(), "");
  lock.reset();  // nothing is written to the mirror for it
  EXPECT_TRUE(watch->tells("nothing executes the queue"));
  EXPECT_EQ(run({"jobs", "cancel", "--batch", "1"}).code, 0);
  EXPECT_EQ(watch->wait(), 1);
}

TEST_F(JobsWatchTest, ItNamesABadEndWhenItComes) {
  const auto some = pages(2);
  ASSERT_EQ(run({"jobs", "submit", "-"},
                update_of(some[0], "<p>changed</p>") + update_of(some[1], "<p>changed</p>"))
                .code,
            0);
  auto lock = locked();
  const auto watch = started({"jobs", "watch"});
  ASSERT_TRUE(watch->shows("2 queued"));
  EXPECT_EQ(run({"jobs", "cancel", "1"}).code, 0);
  EXPECT_TRUE(watch->tells("job 1 (line 1) canceled"));
  EXPECT_TRUE(watch->shows("1 canceled, 1 queued"));  // though it came soon after the first line
  EXPECT_EQ(run({"jobs", "cancel", "2"}).code, 0);
  EXPECT_EQ(watch->wait(), 1);
  const auto err = watch->err();
  EXPECT_EQ(err.find("job 1 ("), err.rfind("job 1 (")) << err;
}

TEST_F(JobsWatchTest, ItSaysThatTheQueueIsPaused) {
  ASSERT_EQ(run({"jobs", "submit", "-"}, update_of(pages(1)[0], "<p>changed</p>")).code, 0);
  auto lock = locked();
  const auto watch = started({"jobs", "watch"});
  ASSERT_TRUE(watch->shows("1 queued"));
  EXPECT_EQ(run({"jobs", "pause", "maintenance"}).code, 0);
  EXPECT_TRUE(watch->tells("maintenance"));
  watch->signal(SIGINT);
  EXPECT_EQ(watch->wait(), 130);
  EXPECT_THAT(run({"jobs", "list"}).out, HasSubstr("1 queued"));
}

TEST_F(JobsWatchTest, OnATerminalOneLineIsDrawnAgain) {
  ASSERT_EQ(run({"jobs", "submit", "-"}, update_of(pages(1)[0], "<p>changed</p>")).code, 0);
  auto lock = locked();
  const test::Pty terminal;
  test::ProgramProcess watch(folder_.path(), "program",
                             {"--config", file("confmirror.toml"), "jobs", "watch"},
                             ::ttyname(terminal.program_end()));
  std::string screen;
  const auto shown = [&](const char* what) {
    return test::eventually([&] {
      screen += terminal.screen();
      return screen.find(what) != std::string::npos;
    });
  };
  EXPECT_TRUE(shown("\r\033[Kbatch 1: 1 queued")) << screen;
  EXPECT_EQ(run({"jobs", "cancel", "1"}).code, 0);
  EXPECT_TRUE(shown("\r\033[Kbatch 1: 1 canceled")) << screen;
  EXPECT_EQ(watch.wait(), 1);
  EXPECT_TRUE(shown("canceled\r\n")) << screen;
  EXPECT_THAT(watch.err(), HasSubstr("job 1 (line 1) canceled"));
}

// An action whose outcome is not there is in the queue all the same: whoever asks again because no
// job was named would write twice.
using ActionAnswersTest = JobsWatchTest;

TEST_F(ActionAnswersTest, InAPausedQueueItIsQueuedAndSaysSo) {
  const auto page = pages(1)[0];
  ASSERT_EQ(run({"jobs", "pause", "maintenance"}).code, 0);
  const auto ran = run({"action", "delete_page", delete_json(page), "--wait"});
  EXPECT_EQ(ran.code, 5);
  EXPECT_EQ(ran.json()["jobId"], "1") << ran.out;
  EXPECT_EQ(ran.json()["state"], "queued");
  EXPECT_THAT(ran.json()["error"].get<std::string>(), HasSubstr("maintenance"));
  EXPECT_THAT(ran.err, HasSubstr("maintenance"));
  EXPECT_EQ(server_->counters().writes, 0U);
}

TEST_F(ActionAnswersTest, WithADeadTokenItNamesTheJobThatStaysQueued) {
  const auto page = pages(1)[0];
  server_->set_token("another");
  const auto ran = run({"action", "delete_page", delete_json(page), "--wait"});
  EXPECT_EQ(ran.code, 3);
  EXPECT_EQ(ran.json()["jobId"], "1") << ran.out;
  EXPECT_EQ(ran.json()["state"], "queued");
  EXPECT_FALSE(ran.json()["error"].get<std::string>().empty());
}

TEST_F(ActionAnswersTest, InterruptedItNamesTheJob) {
  const auto page = pages(1)[0];
  ASSERT_EQ(run({"jobs", "pause", "maintenance"}).code, 0);
  auto lock = locked();
  const auto action = started({"action", "delete_page", delete_json(page), "--wait"});
  ASSERT_TRUE(action->tells("maintenance"));  // it waits, and would for ever
  action->signal(SIGINT);
  EXPECT_EQ(action->wait(), 130);
  const auto answer = nlohmann::json::parse(action->out(), nullptr, false);
  ASSERT_TRUE(answer.is_object()) << action->out();
  EXPECT_EQ(answer["jobId"], "1");
  EXPECT_EQ(answer["state"], "queued");
}

TEST_F(ActionAnswersTest, BesideASyncItWaitsAndExecutesItselfAfterwards) {
  const auto page = pages(1)[0];
  auto lock = locked();
  const auto action = started({"action", "delete_page", delete_json(page), "--wait"});
  ASSERT_TRUE(test::eventually([&] { return run({"jobs", "list"}).err.empty(); }));
  lock.reset();
  EXPECT_EQ(action->wait(), 0) << action->err();
  EXPECT_THAT(action->out(), HasSubstr("\"httpStatus\":204"));
}

TEST_F(ActionAnswersTest, TheConfigurationsMostDeletesCountForIt) {
  const auto page = pages(1)[0];
  std::ifstream in(file("confmirror.toml"));
  const std::string config{std::istreambuf_iterator<char>(in), {}};
  write("confmirror.toml", config + "[jobs]\nmax_deletes = 0\n");
  const auto ran = run({"action", "delete_page", delete_json(page)});
  EXPECT_EQ(ran.code, 2) << ran.out;
}

TEST_F(ActionAnswersTest, AskedTwiceItIsDoneTwice) {
  const auto page = pages(1)[0];
  const auto json = R"({"title": "A", "spaceKey": ")" + page.space_key +
                    R"(", "status": "draft", "body": {"storage": {"value": "<p>x</p>"}}})";
  EXPECT_EQ(run({"action", "create_page", json}).json()["batch"], "1");
  EXPECT_EQ(run({"action", "create_page", json}).json()["batch"], "2");
}

TEST_F(ActionAnswersTest, ADryRunQueuesNothing) {
  const auto page = pages(1)[0];
  const auto ran = run({"--json", "action", "delete_page", delete_json(page), "--dry-run"});
  EXPECT_EQ(ran.code, 0);
  EXPECT_EQ(ran.json()["jobs"][0]["method"], "DELETE") << ran.out;
  EXPECT_THAT(run({"jobs", "list"}).err, HasSubstr("the queue is empty"));
}

}  // namespace
