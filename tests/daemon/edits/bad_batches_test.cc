// Batches that must be refused whole, sixty kinds and more: each problem is named with its line and
// its field.

#include "tests/daemon/edits/bad_batches.h"

#include <gmock/gmock.h>

#include <set>

#include "daemon/edits/batch_checks.h"
#include "tests/daemon/edits/runner_fixture.h"

namespace edits {
namespace {

using ::testing::HasSubstr;

using namespace test::bad;

class BadBatchesTest : public RunnerTest {
 protected:
  void given() {
    given_mirror(3, 120);
    names_ = test::bad::names_of(*reader());
    ASSERT_TRUE(names_.contains("TRASHED") && names_.contains("ARCHIVED"));
  }
  std::string filled(std::string text) const { return test::bad::filled(std::move(text), names_); }
  Checked check(const std::string& text) {
    CheckOptions check_options;
    check_options.max_deletes = kMostDeletes;
    auto mirror = reader();
    auto checked = check_batch(parse_batch(text), *mirror, check_options);
    EXPECT_TRUE(checked) << checked.error().message;
    return checked ? *checked : Checked();
  }

  Names names_;
};

TEST_F(BadBatchesTest, EachKindIsRefusedWithItsLineAndField) {
  given();
  std::set<std::string> kinds;
  for (const auto& bad : bad_batches()) {
    SCOPED_TRACE(bad.name);
    kinds.insert(bad.name);
    const auto checked = check(filled(bad.text));
    ASSERT_FALSE(checked.problems.empty());
    const auto& problem = checked.problems.front();
    EXPECT_EQ(problem.line, bad.line);
    EXPECT_EQ(problem.field, bad.field);
    EXPECT_THAT(problem.text, HasSubstr(bad.says));
    EXPECT_EQ(checked.problems.size(), 1U) << checked.problems.back().text;
  }
  EXPECT_GE(kinds.size(), 60U);
  std::cout << "[ BATCHES  ] kinds=" << kinds.size() << "\n";
}

TEST_F(BadBatchesTest, EveryProblemOfAFileIsNamed) {
  given();
  const auto checked = check(filled(good_create("A") + entry(R"("action":"delete_page")") +
                                    good_create("") + good_create("TITLE") + good_create("B")));
  ASSERT_EQ(checked.problems.size(), 3U);
  EXPECT_EQ(checked.problems[0].line, 2);
  EXPECT_EQ(checked.problems[1].line, 3);
  EXPECT_EQ(checked.problems[2].line, 4);
}

TEST_F(BadBatchesTest, WhatRefersToABadEntryIsNotBlamedForIt) {
  given();
  const auto checked = check(filled(
      entry(R"("action":"create_page","ref":"a","spaceKey":"SPACE",)" + kBody) +
      entry(R"("action":"create_page","title":"B","spaceKey":"SPACE","after":["a"],)" + kBody)));
  ASSERT_EQ(checked.problems.size(), 1U);
  EXPECT_EQ(checked.problems[0].line, 1);
}

TEST_F(BadBatchesTest, ATitleThatAnEntryFreesMayBeTakenByALaterOne) {
  given();
  const auto checked = check(filled(update_with(R"("title":"Another name",)" + kBody)) +
                             filled(good_create(row(std::stoll(names_["PAGE"])).title)));
  EXPECT_TRUE(checked.problems.empty()) << checked.problems.front().text;
  ASSERT_EQ(checked.jobs.size(), 2U);
  EXPECT_EQ(checked.jobs[1].after, std::vector<std::size_t>{0});
}

TEST_F(BadBatchesTest, ParentsAreDeletedAfterTheirChildren) {
  given_mirror();
  auto child = create("The child");
  auto grandchild = create("The grandchild");
  child.parent_place = 0;
  grandchild.parent_place = 1;
  const auto made = submit({create("The parent"), child, grandchild});
  expect_run();
  std::string text;
  for (const auto id : {made[0], made[2]}) {
    text += entry(R"("action":"delete_page","pageId":")" +
                  std::to_string(job(id).page_id.value_or(0)) + "\"");
  }
  const auto checked = check(text);
  ASSERT_TRUE(checked.problems.empty()) << checked.problems.front().text;
  // The child comes first, so that nothing waits for what comes later.
  EXPECT_EQ(checked.jobs[0].page_id, job(made[2]).page_id);
  EXPECT_EQ(checked.jobs[1].after, std::vector<std::size_t>{0});
  const auto ids = submit(checked.jobs);
  expect_run();
  for (const auto id : ids) EXPECT_EQ(state(id), "done") << job(id).error;
}

TEST_F(BadBatchesTest, PastedHtmlIsMadeWellFormedAndThatIsSaid) {
  given();
  const auto checked = check(filled(with_body(R"("<p>one<br>two & three</p>")")));
  ASSERT_TRUE(checked.problems.empty()) << checked.problems.front().text;
  EXPECT_EQ(checked.jobs[0].body, "<p>one<br/>two &amp; three</p>");
  ASSERT_EQ(checked.notes.size(), 2U);
  EXPECT_THAT(checked.notes[0].text, HasSubstr("line 1"));
}

}  // namespace
}  // namespace edits
