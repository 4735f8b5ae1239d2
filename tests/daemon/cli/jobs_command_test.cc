#include "daemon/cli/jobs_command.h"

#include <regex>
#include <thread>

#include "tests/daemon/cli/jobs_fixture.h"

namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class JobsCommandTest : public test::JobsFixture {};

TEST_F(JobsCommandTest, ABatchIsQueuedRunAndShown) {
  const auto page = pages(1)[0];
  const auto batch = write(
      "batch.jsonl", update_of(page, "<p>changed</p>") + create_in(page.space_key, "Brand new"));
  const auto submitted = run({"jobs", "submit", batch});
  EXPECT_EQ(submitted.code, 0) << submitted.err;
  EXPECT_THAT(submitted.out, HasSubstr("batch 1 is queued: 2 jobs, 1 to 2"));
  const auto status = run({"status"});
  EXPECT_THAT(status.out, HasSubstr("edits    2 queued"));
  const auto ran = run({"jobs", "run"});
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("2 done, 0 failed"));
  const auto listed = run({"jobs", "list"});
  EXPECT_THAT(listed.out, HasSubstr("2 done"));
  const auto shown = run({"jobs", "show", "1"});
  EXPECT_THAT(shown.out, HasSubstr("queued    submitted"));
  EXPECT_THAT(shown.out, HasSubstr("sending   attempt 1"));
  EXPECT_THAT(shown.out, HasSubstr("done      version"));
  const auto json = run({"--json", "jobs", "list", "--batch", "1"}).json();
  EXPECT_EQ(json["jobs"].size(), 2U);
  EXPECT_EQ(json["jobs"][0]["state"], "done");
  const auto watched = run({"jobs", "watch"});
  EXPECT_EQ(watched.code, 0);
  EXPECT_THAT(watched.out, HasSubstr("batch 1: 2 done"));
}

TEST_F(JobsCommandTest, ABadBatchIsRefusedWholeWithEveryLine) {
  const auto page = pages(1)[0];
  const auto batch =
      write("bad.jsonl", create_in(page.space_key, "Good one") + create_in("NOWHERE", "A") +
                             create_in(page.space_key, page.title));
  const auto refused = run({"jobs", "submit", batch});
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.err, HasSubstr("bad.jsonl:2: spaceKey: "));
  EXPECT_THAT(refused.err, HasSubstr("bad.jsonl:3: title: "));
  EXPECT_THAT(refused.err, HasSubstr("2 problems; nothing was queued"));
  EXPECT_THAT(run({"jobs", "list"}).err, HasSubstr("the queue is empty"));
}

TEST_F(JobsCommandTest, TheSameFileIsQueuedOnceUnlessAgainIsSaid) {
  const auto batch = write("batch.jsonl", update_of(pages(1)[0], "<p>changed</p>"));
  EXPECT_EQ(run({"jobs", "submit", batch}).code, 0);
  const auto second = run({"jobs", "submit", batch});
  EXPECT_EQ(second.code, 0);
  EXPECT_THAT(second.out, HasSubstr("nothing was queued; --again"));
  EXPECT_THAT(run({"jobs", "submit", batch, "--again"}).out, HasSubstr("batch 2 is queued"));
}

TEST_F(JobsCommandTest, ADryRunShowsWhatWouldBeSentAndQueuesNothing) {
  const auto page = pages(1)[0];
  const auto shown =
      run({"jobs", "submit", "-", "--dry-run"}, update_of(page, "<p>quite another text</p>"));
  EXPECT_EQ(shown.code, 0) << shown.err;
  EXPECT_THAT(shown.out, HasSubstr("PUT page " + std::to_string(page.id)));
  EXPECT_THAT(shown.out, HasSubstr("+ quite another text"));
  EXPECT_THAT(run({"jobs", "list"}).err, HasSubstr("the queue is empty"));
}

TEST_F(JobsCommandTest, WhatComesAfterAFailureIsNotTriedUntilThatIsRetried) {
  const auto page = pages(1)[0];
  server_->set_closed_spaces({page.space_id});
  const auto batch = write(
      "chain.jsonl", create_in(page.space_key, "First", R"(,"ref":"a")") +
                         create_in(page.space_key, "Second", R"(,"ref":"b","parentRef":"a")") +
                         create_in(page.space_key, "Third", R"(,"after":["b"])"));
  ASSERT_EQ(run({"jobs", "submit", batch}).code, 0);
  EXPECT_EQ(run({"jobs", "run"}).code, 1);
  const auto watched = run({"jobs", "watch"});
  EXPECT_EQ(watched.code, 1);
  EXPECT_THAT(watched.out, HasSubstr("2 not tried"));
  EXPECT_THAT(watched.err, HasSubstr("job 2 (line 2) not tried"));
  EXPECT_THAT(run({"jobs", "show", "3"}).out, HasSubstr("after        job 2"));
  server_->set_closed_spaces({});
  EXPECT_THAT(run({"jobs", "retry", "--batch", "1"}).out, HasSubstr("1 job queued again"));
  EXPECT_EQ(run({"jobs", "run"}).code, 0);
  EXPECT_THAT(run({"jobs", "list"}).out, HasSubstr("3 done"));
}

TEST_F(JobsCommandTest, AConflictShowsAllThreeAndGoesOnAsTold) {
  const auto page = pages(1)[0];
  const nlohmann::json theirs = {
      {"id", std::to_string(page.id)},
      {"status", "current"},
      {"title", page.title},
      {"version", {{"number", page.version.number + 1}}},
      {"body", {{"representation", "storage"}, {"value", "<p>theirs</p>"}}}};
  const auto target = "/wiki/api/v2/pages/" + std::to_string(page.id);
  ASSERT_EQ(server_->others_write("PUT", target, theirs.dump()).first, 200);
  ASSERT_EQ(run({"jobs", "submit", "-"}, update_of(page, "<p>ours</p>")).code, 0);
  EXPECT_EQ(run({"jobs", "run"}).code, 1);
  const auto shown = run({"jobs", "show", "1"});
  EXPECT_THAT(shown.out, HasSubstr("conflict"));
  EXPECT_THAT(shown.out, HasSubstr("theirs"));
  EXPECT_THAT(shown.out, HasSubstr("ours"));
  ASSERT_EQ(run({"jobs", "retry", "1", "--on-conflict", "overwrite"}).code, 0);
  EXPECT_EQ(run({"jobs", "run"}).code, 0);
  EXPECT_THAT(run({"jobs", "show", "1"}).out, HasSubstr("overwrites version"));
}

TEST_F(JobsCommandTest, UndoBringsBackWhatWasThereAndCountsItsDeletes) {
  const auto page = pages(1)[0];
  ASSERT_EQ(run({"jobs", "submit", "-"},
                update_of(page, "<p>changed</p>") + create_in(page.space_key, "Made by a batch"))
                .code,
            0);
  ASSERT_EQ(run({"jobs", "run"}).code, 0);
  const auto refused = run({"jobs", "undo", "--batch", "1", "--max-deletes", "0"});
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.err, HasSubstr("--max-deletes 1"));
  EXPECT_THAT(run({"jobs", "undo", "--batch", "1", "--dry-run"}).out, HasSubstr("DELETE page"));
  ASSERT_EQ(run({"jobs", "undo", "--batch", "1"}).code, 0);
  EXPECT_EQ(run({"jobs", "run"}).code, 0);
  const auto now = run({"page", std::to_string(page.id), "--format", "storage"});
  EXPECT_THAT(now.out, Not(HasSubstr("changed")));
  EXPECT_THAT(run({"jobs", "undo", "--batch", "1"}).out, HasSubstr("nothing was queued"));
}

TEST_F(JobsCommandTest, APausedQueueIsLeftAloneAndSaysSo) {
  ASSERT_EQ(run({"jobs", "submit", "-"}, update_of(pages(1)[0], "<p>changed</p>")).code, 0);
  EXPECT_EQ(run({"jobs", "pause", "maintenance"}).code, 0);
  const auto ran = run({"jobs", "run"});
  EXPECT_EQ(ran.code, 5);
  EXPECT_THAT(ran.err, HasSubstr("maintenance"));
  EXPECT_THAT(run({"status"}).out, HasSubstr("paused since"));
  EXPECT_EQ(run({"jobs", "resume"}).code, 0);
  EXPECT_EQ(run({"jobs", "run"}).code, 0);
}

TEST_F(JobsCommandTest, WhatIsCanceledIsNotSent) {
  ASSERT_EQ(run({"jobs", "submit", "-"}, update_of(pages(1)[0], "<p>changed</p>")).code, 0);
  EXPECT_THAT(run({"jobs", "cancel", "--batch", "1"}).out, HasSubstr("1 job canceled"));
  const auto again = run({"jobs", "cancel", "1", "77"});
  EXPECT_EQ(again.code, 1);
  EXPECT_THAT(again.err, HasSubstr("job 1 is not canceled: it is canceled"));
  EXPECT_THAT(again.err, HasSubstr("job 77 is not canceled: there is no such job"));
  EXPECT_EQ(run({"jobs", "run"}).code, 0);
  EXPECT_EQ(server_->counters().writes, 0U);
}

TEST_F(JobsCommandTest, ADeadTokenEndsTheRunAndFailsNothing) {
  ASSERT_EQ(run({"jobs", "submit", "-"}, update_of(pages(1)[0], "<p>changed</p>")).code, 0);
  server_->set_token("another");
  const auto ran = run({"jobs", "run"});
  EXPECT_EQ(ran.code, 3);
  EXPECT_THAT(run({"jobs", "list"}).out, HasSubstr("1 queued"));
  server_->set_token("site-token");
  EXPECT_EQ(run({"jobs", "run"}).code, 0);
}

TEST_F(JobsCommandTest, TwoProcessesMaySubmitAtOnceWhileTheQueueIsExecuted) {
  const auto all = pages(40);
  auto submit_many = [&](std::size_t from) {
    for (std::size_t i = from; i < from + 20; ++i) {
      EXPECT_EQ(run({"jobs", "submit", "-"}, update_of(all[i], "<p>changed</p>")).code, 0);
    }
  };
  std::thread first(submit_many, 0);
  std::thread second(submit_many, 20);
  while (
      run({"--json", "jobs", "list", "--limit", "1000", "--state", "done"}).json()["jobs"].size() <
      40U) {
    const auto ran = run({"jobs", "run"});
    EXPECT_EQ(ran.code, 0) << ran.err;
  }
  first.join();
  second.join();
  std::set<site::Id> written;
  for (const auto& entry : server_->writes()) {
    EXPECT_TRUE(written.insert(entry.page).second) << "page " << entry.page << " was written twice";
  }
  EXPECT_EQ(written.size(), 40U);
}

// The samples of the three write actions, as the connector's contract shows them.
std::vector<std::string> samples() {
  std::ifstream in(std::string(CONFMIRROR_SHARED_DIR) + "/connector-actions.md");
  std::vector<std::string> found;
  std::string action;
  for (std::string line; std::getline(in, line);) {
    if (line == "## Create Page") action = "create_page";
    if (line == "## Update Page") action = "update_page";
    if (line == "## Delete Page") action = "delete_page";
    if (!action.empty() && line.starts_with("{")) found.push_back(action + " " + line);
  }
  return found;
}

class ActionCommandTest : public JobsCommandTest {
 protected:
  std::string other_space(const store::PageRow& page) const {
    for (const auto& other : pages(70)) {
      if (other.space_id != page.space_id) return other.space_key;
    }
    return {};
  }
  // The spaces and the page that the samples name, as this site has them.
  std::string fitted(std::string json, const store::PageRow& page, std::int32_t version) const {
    json = std::regex_replace(json, std::regex("\"(PROJ|DESIGN)\""), "\"" + page.space_key + "\"");
    json = std::regex_replace(json, std::regex("123456789"), std::to_string(page.id));
    return std::regex_replace(json, std::regex("\"version\": [0-9]+"),
                              "\"version\": " + std::to_string(version));
  }
};

TEST_F(ActionCommandTest, EverySampleOfTheConnectorIsTakenAndReturnsItsFields) {
  const auto all = samples();
  if (all.empty()) GTEST_SKIP() << "the connector's contract is not beside the checkout";
  ASSERT_EQ(all.size(), 7U);
  const auto page = pages(1)[0];
  auto version = page.version.number;
  for (const auto& sample : all) {
    SCOPED_TRACE(sample);
    const auto name = sample.substr(0, sample.find(' '));
    auto json = fitted(sample.substr(sample.find(' ') + 1), page, version);
    // One of them takes the title that another one gives to a page of its space.
    if (name == "create_page" && json.find("parentId") == json.npos) {
      json = std::regex_replace(json, std::regex(page.space_key), other_space(page));
    }
    const auto answer = run({"action", name, json, "--wait"});
    ASSERT_EQ(answer.code, 0) << answer.err << answer.out;
    const auto result = answer.json();
    EXPECT_TRUE(result["id"].is_string());
    if (name == "delete_page") {
      EXPECT_EQ(result["deleted"], true);
      EXPECT_EQ(result["httpStatus"], 204);
      continue;
    }
    for (const auto* field : {"title", "url", "status", "space", "version", "createdAt",
                              "modifiedAt", "versionMessage"}) {
      EXPECT_TRUE(result.contains(field)) << field;
    }
    const auto moved = json.find("spaceKey") != json.npos && json.find("parentId") == json.npos;
    EXPECT_EQ(result["space"]["key"], moved ? other_space(page) : page.space_key);
    if (name == "update_page" && result["status"] == "current") {
      EXPECT_EQ(result["version"], version + 1);
      ++version;
    }
  }
}

TEST_F(ActionCommandTest, TheSamplesAreOneBatchAsWell) {
  const auto all = samples();
  if (all.empty()) GTEST_SKIP() << "the connector's contract is not beside the checkout";
  const auto some = pages(4);
  std::string batch;
  std::size_t next = 0;
  for (const auto& sample : all) {
    const auto name = sample.substr(0, sample.find(' '));
    const auto& page = some[name == "create_page" ? 0 : next++ % some.size()];
    auto json = fitted(sample.substr(sample.find(' ') + 1), page, page.version.number);
    json.insert(1, "\"action\": \"" + name + "\", ");
    batch += json + "\n";
  }
  const auto submitted = run({"jobs", "submit", "-"}, batch);
  ASSERT_EQ(submitted.code, 0) << submitted.err;
  EXPECT_EQ(run({"jobs", "run"}).code, 0);
  EXPECT_THAT(run({"jobs", "list"}).out, HasSubstr("7 done"));
}

TEST_F(ActionCommandTest, WithoutWaitTheJobIsNamed) {
  const auto page = pages(1)[0];
  const auto answer =
      run({"action", "delete_page", R"({"pageId": ")" + std::to_string(page.id) + "\"}"});
  EXPECT_EQ(answer.code, 0);
  EXPECT_EQ(answer.json()["state"], "queued");
  EXPECT_EQ(answer.json()["jobId"], "1");
}

TEST_F(ActionCommandTest, ARefusalIsAnAnswerToo) {
  const auto page = pages(1)[0];
  server_->set_closed_spaces({page.space_id});
  const auto answer = run({"action", "create_page", "-", "--wait"},
                          R"({"title": "A", "spaceKey": ")" + page.space_key +
                              R"(", "body": {"storage": {"value": "<p>x</p>"}}})");
  EXPECT_EQ(answer.code, 1);
  EXPECT_EQ(answer.json()["state"], "failed");
  const auto wrong = run({"action", "create_page", R"({"titel": "A"})"});
  EXPECT_EQ(wrong.code, 2);
  EXPECT_THAT(wrong.err, HasSubstr("titel: unknown field"));
}

}  // namespace
