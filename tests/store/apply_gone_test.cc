// Tombstones: what they keep, what revives them, and what a safety valve kept from being believed.

#include "tests/store/apply_fixture.h"

namespace store::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class GoneTest : public ApplyTest {
 protected:
  CommitInfo gone(Observation observation, Id page_id, const std::string& reason) {
    Batch batch(observation, at(observation));
    batch.gone_pages.push_back({page_id, reason});
    return write(batch);
  }
};

TEST_F(GoneTest, AGonePageKeepsWhatWasKnownLastAndSinceWhen) {
  write_page(10, make_page_with_body(42, 1));
  write_page(20, make_page_with_body(42, 2));
  EXPECT_EQ(gone(30, 42, "vanished").pages_gone, 1);
  const auto row = page(42);
  EXPECT_EQ(row.gone_at, at(30));
  EXPECT_EQ(row.gone_reason, "vanished");
  EXPECT_EQ(row.synced_at, at(20)) << "what the row says was said then";
  EXPECT_EQ(row.version.number, 2);
  EXPECT_THAT(rows("SELECT count(*) FROM pages"), ElementsAre("0"));
  EXPECT_THAT(rows("SELECT count(*) FROM page_versions WHERE body_sha256 IS NOT NULL"),
              ElementsAre("2"));
  expect_sound();
}

TEST_F(GoneTest, ItsStateEndsThenAndBeginsAgainWhenItReturns) {
  write_page(10, make_page_with_body(42, 1));
  gone(20, 42, "vanished");
  write_page(30, make_page_with_body(42, 1));
  const auto iso = [](std::int64_t seconds) { return to_iso8601(at(seconds)); };
  EXPECT_THAT(rows("SELECT valid_from, valid_to FROM page_states ORDER BY valid_from"),
              ElementsAre(iso(10) + "|" + iso(20), iso(30) + "|~"));
  expect_sound();
}

TEST_F(GoneTest, AnAnswerThatWasAskedForEarlierDoesNotMakeItGoneNorBringItBack) {
  write_page(20, make_page_with_body(42, 1));
  EXPECT_EQ(gone(15, 42, "vanished").pages_gone, 0);
  EXPECT_EQ(page(42).gone_at, std::nullopt);
  gone(30, 42, "vanished");
  write_page(25, make_page_with_body(42, 1));
  EXPECT_EQ(page(42).gone_reason, "vanished");
  write_page(31, make_page_with_body(42, 1));
  EXPECT_EQ(page(42).gone_at, std::nullopt);
}

TEST_F(GoneTest, AnotherReasonReplacesTheFirstButNotItsTime) {
  write_page(10, make_page_with_body(42, 1));
  gone(20, 42, "excluded");
  EXPECT_EQ(gone(30, 42, "deleted").pages_gone, 0);
  EXPECT_EQ(page(42).gone_at, at(20));
  EXPECT_EQ(page(42).gone_reason, "deleted");
  EXPECT_THAT(rows("SELECT count(*) FROM page_state"), ElementsAre("1"));
}

TEST_F(GoneTest, AGonePageIsNotUnseenAndWaitsForNothing) {
  write_page(10, make_page(42, 3));
  write_page(20, make_page(43, 1));
  auto unseen = reader().unseen_pages(15, 0, 10);
  ASSERT_TRUE(unseen);
  ASSERT_EQ(unseen->size(), 1U);
  EXPECT_EQ(unseen->front().page_id, 42);
  gone(30, 42, "vanished");
  unseen = reader().unseen_pages(100, 0, 10);
  ASSERT_TRUE(unseen);
  ASSERT_EQ(unseen->size(), 1U);
  EXPECT_EQ(unseen->front().page_id, 43);
  auto due = reader().bodies_due(0, 10, Time::max());
  ASSERT_TRUE(due);
  EXPECT_EQ(due->size(), 1U);
}

TEST_F(GoneTest, ASpaceIsGoneUntilItIsShownAgain) {
  Space space;
  space.id = 7;
  space.key = "K";
  Batch first(9, at(9));
  first.spaces.push_back(space);
  write(first);
  Batch early(8, at(8));
  early.gone_spaces.push_back({7, "vanished"});
  write(early);
  EXPECT_THAT(rows("SELECT gone_reason FROM spaces"), ElementsAre("~"));
  Batch later(10, at(10));
  later.gone_spaces.push_back({7, "vanished"});
  write(later);
  EXPECT_THAT(rows("SELECT gone_reason FROM spaces"), ElementsAre("vanished"));
  Batch again(11, at(11));
  again.spaces.push_back(space);
  write(again);
  EXPECT_THAT(rows("SELECT gone_reason FROM spaces"), ElementsAre("~"));
}

TEST_F(GoneTest, CandidatesOfTheLastTwentyRunsAreKept) {
  for (std::int64_t run = 1; run <= 25; ++run) {
    Batch batch(0, at(run));
    batch.vanished = VanishedCandidates{run, {100 + run, 7}};
    write(batch);
  }
  auto newest = reader().vanished_candidates({});
  ASSERT_TRUE(newest);
  EXPECT_EQ(newest->run_id, 25);
  EXPECT_THAT(newest->page_ids, ElementsAre(7, 125));
  auto named = reader().vanished_candidates(6);
  ASSERT_TRUE(named);
  EXPECT_THAT(named->page_ids, ElementsAre(7, 106));
  auto old = reader().vanished_candidates(5);
  ASSERT_TRUE(old);
  EXPECT_THAT(old->page_ids, IsEmpty());
}

}  // namespace
}  // namespace store::testing
