#include "daemon/edits/undo.h"

#include <gmock/gmock.h>

#include <map>
#include <tuple>

#include "daemon/storage_format/normal_form.h"
#include "tests/daemon/edits/runner_fixture.h"

namespace edits {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Status, title, parent, body.
using Seen = std::tuple<std::string, std::string, site::Id, std::string>;

class UndoTest : public RunnerTest {
 protected:
  std::map<site::Id, Seen> look() {
    std::map<site::Id, Seen> seen;
    site().with_content([&](site::Content& content) {
      for (site::Index index = 0; index < content.pages().size(); ++index) {
        const auto& page = content.pages()[index];
        if (page.status == site::Status::kPurged) continue;
        const auto document = storage_format::read(content.body(index, page.version));
        seen[page.id] = {
            std::string(site::to_string(page.status)), page.title, content.parent_id(page),
            document ? storage_format::normal_form(*document) : content.body(index, page.version)};
      }
    });
    return seen;
  }
  UndoPlan plan(const std::vector<JobId>& ids) {
    auto mirror = reader();
    auto planned = plan_undo(*mirror, ids);
    EXPECT_TRUE(planned) << planned.error().message;
    return planned ? *planned : UndoPlan();
  }
  // What was created is in the trash, everything else as it was.
  void expect_as_before(const std::map<site::Id, Seen>& before) {
    int differences = 0;
    for (const auto& [id, now] : look()) {
      const auto known = before.find(id);
      if (known == before.end()) {
        EXPECT_EQ(std::get<0>(now), "trashed") << id;
      } else if (known->second != now && ++differences < 10) {
        ADD_FAILURE() << id << ": " << std::get<0>(now) << " " << std::get<1>(now) << " below "
                      << std::get<2>(now) << ", was " << std::get<0>(known->second) << " "
                      << std::get<1>(known->second) << " below " << std::get<2>(known->second);
      }
    }
    EXPECT_EQ(differences, 0);
  }
  void undo(const std::vector<JobId>& ids) {
    const auto planned = plan(ids);
    const auto undone = submit(planned.jobs);
    expect_run();
    for (const auto id : undone) EXPECT_EQ(state(id), "done") << job(id).error;
  }
};

TEST_F(UndoTest, FiveHundredJobsOfEveryKindAreTakenBack) {
  given_mirror(3, 420);
  process.connections = 8;
  const auto all = pages(360);
  std::vector<JobSpec> jobs;
  for (std::size_t i = 0; i < 120; ++i) {
    auto edit = update(all[i], "<p>changed " + std::to_string(i) + "</p>");
    if (i % 3 == 0) edit.title += " renamed";
    jobs.push_back(edit);
    if (i % 4 == 0) {
      auto again = edit;
      ++*again.base_version;
      again.body += "<p>twice</p>";
      jobs.push_back(again);
    }
  }
  for (std::size_t i = 120; i < 240; ++i) jobs.push_back(remove(all[i]));
  for (int i = 0; jobs.size() < 500; ++i) {
    jobs.push_back(create("Undo page " + std::to_string(i)));
    auto child = create("Undo child " + std::to_string(i));
    child.parent_place = jobs.size() - 1;
    if (jobs.size() < 500) jobs.push_back(child);
  }
  ASSERT_EQ(jobs.size(), 500U);
  const auto before = look();
  const auto ids = submit(jobs);
  expect_run();
  for (const auto id : ids) EXPECT_EQ(state(id), "done") << job(id).error;
  EXPECT_NE(look(), before);
  undo(ids);
  expect_as_before(before);
  expect_done(crawl());
  expect_equal();
}

TEST_F(UndoTest, ChildrenThatADeleteMovedUpAreBelowTheirPageAgain) {
  given_mirror();
  auto first = create("Child one");
  auto second = create("Child two");
  first.parent_place = second.parent_place = 0;
  const auto made = submit({create("Parent"), first, second});
  expect_run();
  const auto before = look();
  const auto ids = submit({remove(row(job(made[0]).page_id.value_or(0)))});
  expect_run();
  undo(ids);
  EXPECT_EQ(look(), before);
}

TEST_F(UndoTest, APageThatSomebodyEditedSinceIsAConflict) {
  given_mirror();
  const auto page = pages(1)[0];
  const auto ids = submit({update(page, "<p>ours</p>")});
  expect_run();
  others_update(page.id, "<p>theirs</p>");
  const auto undone = submit(plan(ids).jobs);
  expect_run();
  EXPECT_EQ(state(undone[0]), "conflict");
}

TEST_F(UndoTest, ACreatedPageThatSomebodyEditedSinceIsNotThrownAway) {
  given_mirror();
  const auto ids = submit({create("Ours at first")});
  expect_run();
  others_update(job(ids[0]).page_id.value_or(0), "<p>theirs</p>");
  expect_done(crawl());
  const auto undone = submit(plan(ids).jobs);
  expect_run();
  EXPECT_EQ(state(undone[0]), "conflict");
}

TEST_F(UndoTest, WhatWasNotWrittenIsNamed) {
  given_mirror();
  const auto page = row(pages(1)[0].id);
  const auto ids = submit({update(page, page.body->text), create(page.title)});
  expect_run();
  const auto planned = plan(ids);
  EXPECT_THAT(planned.jobs, IsEmpty());
  ASSERT_EQ(planned.left_out.size(), 2U);
  EXPECT_THAT(planned.left_out[0].second, HasSubstr("failed"));
  EXPECT_THAT(planned.left_out[1].second, HasSubstr("changed nothing"));
}

TEST_F(UndoTest, AnUndoCanBeUndone) {
  given_mirror();
  const auto all = pages(2);
  const auto ids = submit({update(all[0], "<p>ours</p>"), remove(all[1]), create("Made")});
  expect_run();
  const auto after = look();
  const auto undone = submit(plan(ids).jobs);
  expect_run();
  undo(undone);
  EXPECT_EQ(look(), after);
}

TEST_F(UndoTest, DraftsAreDiscarded) {
  given_mirror();
  auto draft = create("A draft");
  draft.status = "draft";
  const auto ids = submit({draft});
  expect_run();
  const auto before = look().size();
  undo(ids);
  EXPECT_EQ(look().size(), before - 1);
}

}  // namespace
}  // namespace edits
