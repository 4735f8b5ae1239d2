// The rules of store/apply_pages.h for version listings, and for sites whose past changed.

#include <gmock/gmock.h>

#include "store/blob_codec.h"
#include "tests/store/apply_fixture.h"

namespace store::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class ApplyHistoryTest : public ApplyTest {};

// --- what waits for its version listing ---------------------------------------------------------

TEST_F(ApplyHistoryTest, PageOfOneVersionNeverWaitsForItsHistory) {
  write_page(5, make_page_with_body(42, 1));
  write_page(6, make_page(43, 1));
  EXPECT_THAT(history_due(), IsEmpty());
}

TEST_F(ApplyHistoryTest, PageWithOlderVersionsWaitsUntilTheListingCame) {
  EXPECT_EQ(write_page(5, make_page_with_body(42, 3)).history_due, 1);
  EXPECT_EQ(write_page(6, make_page_with_body(42, 3)).history_due, 0) << "counted once";
  EXPECT_THAT(history_due(), ElementsAre(42));
  EXPECT_EQ(write_history(7, make_history(42, 3)).versions_new, 2);
  EXPECT_THAT(history_due(), IsEmpty());
  for (std::int32_t number = 1; number <= 3; ++number) {
    EXPECT_EQ(version_body(42, number), body_text(42, number));
  }
  EXPECT_THAT(rows("SELECT count(*) FROM blob"), ElementsAre("2"))
      << "the current body is not stored twice";
  expect_sound();
}

TEST_F(ApplyHistoryTest, VersionThatRisesByOneNeedsNoListing) {
  write_page(5, make_page_with_body(42, 1));
  EXPECT_EQ(write_page(6, make_page_with_body(42, 2)).history_due, 0);
  EXPECT_EQ(write_page(7, make_page(42, 3)).history_due, 0);
  EXPECT_THAT(history_due(), IsEmpty());
}

TEST_F(ApplyHistoryTest, VersionThatRisesByTwoNeedsAListing) {
  write_page(5, make_page_with_body(42, 1));
  EXPECT_EQ(write_page(6, make_page_with_body(42, 3)).history_due, 1);
  EXPECT_THAT(history_due(), ElementsAre(42));
}

TEST_F(ApplyHistoryTest, VersionWhoseBodyWasNeverFetchedNeedsAListingWhenItIsReplaced) {
  write_page(5, make_page(42, 1));
  EXPECT_EQ(write_page(6, make_page_with_body(42, 2)).history_due, 1);
  write_history(7, make_history(42, 2));
  EXPECT_THAT(history_due(), IsEmpty());
  EXPECT_EQ(version_body(42, 1), body_text(42, 1));
}

TEST_F(ApplyHistoryTest, PartOfAListingDoesNotEndTheWaiting) {
  write_page(5, make_page_with_body(42, 3));
  PageHistory part = make_history(42, 3);
  part.up_to = 0;
  part.versions.pop_back();
  write_history(6, part);
  EXPECT_THAT(history_due(), ElementsAre(42));
  EXPECT_EQ(version_body(42, 2), body_text(42, 2));
  part.versions = {make_version(42, 1, true)};
  write_history(7, part);
  EXPECT_THAT(history_due(), IsEmpty()) << "now all are known";
  expect_sound();
}

TEST_F(ApplyHistoryTest, VersionsSeenOneByOneNeedNoListing) {
  write_page(7, make_page_with_body(42, 3));
  EXPECT_THAT(history_due(), ElementsAre(42));
  write_page(5, make_page_with_body(42, 1));
  write_page(6, make_page(42, 2));
  EXPECT_THAT(history_due(), ElementsAre(42)) << "the body of version 2 was not seen";
  write_page(6, make_page_with_body(42, 2));
  EXPECT_THAT(history_due(), IsEmpty());
  expect_sound();
}

TEST_F(ApplyHistoryTest, ListingOfAnOlderVersionDoesNotEndTheWaiting) {
  write_page(5, make_page_with_body(42, 4));
  write_history(6, make_history(42, 2));
  EXPECT_THAT(history_due(), ElementsAre(42));
}

TEST_F(ApplyHistoryTest, HistoryPolicyNoneWaitsForNothing) {
  Writer::Options options;
  options.history = "none";
  open(options);
  EXPECT_EQ(write_page(5, make_page_with_body(42, 3)).history_due, 0);
  EXPECT_THAT(history_due(), IsEmpty());
}

TEST_F(ApplyHistoryTest, ChangedHistoryPolicyTakesEffectOnTheWholeFile) {
  Writer::Options options;
  options.history = "none";
  open(options);
  write_page(5, make_page_with_body(42, 3));
  write_page(6, make_page_with_body(43, 1));
  close();
  options.history = "metadata";
  open(options);
  EXPECT_THAT(history_due(), ElementsAre(42));
  write_history(7, make_history(42, 3, false));
  EXPECT_THAT(history_due(), IsEmpty());
  close();
  options.history = "bodies";
  open(options);
  EXPECT_THAT(history_due(), ElementsAre(42)) << "metadata is not bodies";
  write_history(8, make_history(42, 3, true));
  EXPECT_THAT(history_due(), IsEmpty());
  EXPECT_EQ(version_body(42, 1), body_text(42, 1));
  close();
  open(options);
  EXPECT_THAT(history_due(), IsEmpty()) << "the same policy changes nothing";
  close();
  options.history = "none";
  open(options);
  write_page(9, make_page_with_body(42, 9));
  EXPECT_THAT(history_due(), IsEmpty());
  expect_sound();
}

TEST_F(ApplyHistoryTest, UnknownHistoryPolicyIsRefused) {
  Writer::Options options;
  options.history = "all";
  const auto writer = Writer::open(path(), options);
  ASSERT_FALSE(writer.has_value());
  EXPECT_EQ(writer.error().kind, ErrorKind::kUsage);
}

// --- version listings ---------------------------------------------------------------------------

TEST_F(ApplyHistoryTest, ListingEncodedBeforehandGivesTheSameBodies) {
  write_page(5, make_page_with_body(42, 12));
  PageHistory history = make_history(42, 12);
  history.versions[5].body = history.versions[4].body;  // a version that changed only the title
  encode(history);
  ASSERT_EQ(history.versions[5].encoded->form, EncodedBody::Form::kSame);
  write_history(6, history);
  for (std::int32_t number = 1; number <= 12; ++number) {
    EXPECT_EQ(version_body(42, number), body_text(42, number == 7 ? 8 : number));
  }
  expect_sound();
}

TEST_F(ApplyHistoryTest, ListingThatContainsTheCurrentVersionAsANeighbourIsWhole) {
  write_page(5, make_page_with_body(42, 6));
  PageHistory part = make_history(42, 6);
  part.up_to =
      0;  // of several answers: the current version's body is encoded, and the next one needs it
  encode(part);
  write_history(6, part);
  for (std::int32_t number = 1; number <= 6; ++number) {
    EXPECT_EQ(version_body(42, number), body_text(42, number));
  }
  expect_sound();
}

TEST_F(ApplyHistoryTest, EncodedBodyWithoutItsNeighbourIsRefusedAndNothingIsKept) {
  write_page(5, make_page_with_body(42, 4));
  const auto before = everything();
  PageHistory history = make_history(42, 4);
  encode(history);
  history.versions[2].encoded->neighbour = 99;
  Batch batch(6, at(6));
  batch.histories.push_back(history);
  const auto result = submit(std::move(batch)).get();
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().kind, ErrorKind::kBug);
  EXPECT_EQ(everything(), before);
}

TEST_F(ApplyHistoryTest, MetadataOnlyListingKeepsBodiesThatAreKnown) {
  write_page(5, make_page_with_body(42, 1));
  write_page(6, make_page_with_body(42, 2));
  write_history(7, make_history(42, 2, false));
  EXPECT_EQ(version_body(42, 1), body_text(42, 1));
}

TEST_F(ApplyHistoryTest, LongRunOfEditsKeepsEveryChainShort) {
  for (std::int32_t number = 1; number <= 60; ++number) {
    write_page(number, make_page_with_body(42, number));
  }
  EXPECT_THAT(rows("SELECT max(depth) <= 16, count(*) FROM blob"), ElementsAre("1|59"));
  for (std::int32_t number = 1; number <= 60; ++number) {
    ASSERT_EQ(version_body(42, number), body_text(42, number));
  }
  expect_sound();
}

// --- another past: a restored site --------------------------------------------------------------

TEST_F(ApplyHistoryTest, VersionThatDropsIsFollowedAndItsPastIsKeptAside) {
  write_page(5, make_page_with_body(42, 7));
  write_history(6, make_history(42, 7));
  Page restored = make_page(42, 3);
  restored.version.created_at = at(999);
  restored.body = Body("<p>restored</p>");
  const auto info = write_page(20, restored);
  EXPECT_EQ(info.pages_changed, 1);
  EXPECT_EQ(info.history_due, 1);
  const PageRow row = page(42);
  EXPECT_EQ(row.version.number, 3);
  EXPECT_EQ(row.version.created_at, at(999));
  EXPECT_EQ(row.body->text, "<p>restored</p>");
  EXPECT_THAT(rows("SELECT number FROM page_version ORDER BY number"), ElementsAre("1", "2", "3"));
  EXPECT_THAT(
      rows("SELECT r.number, lower(hex(b.sha256)) FROM replaced_version r JOIN blob b"
           " ON b.id=r.blob_id ORDER BY r.number"),
      ElementsAre("3|" + to_hex(sha256(body_text(42, 3))), "4|" + to_hex(sha256(body_text(42, 4))),
                  "5|" + to_hex(sha256(body_text(42, 5))), "6|" + to_hex(sha256(body_text(42, 6))),
                  "7|" + to_hex(sha256(body_text(42, 7)))));
  EXPECT_THAT(history_due(), ElementsAre(42));
  expect_sound();
}

TEST_F(ApplyHistoryTest, ListingObservedBeforeTheDropTellsOfAnotherPast) {
  write_page(5, make_page_with_body(42, 7));
  write_page(20, make_page_with_body(42, 3));
  const auto before = everything();
  write_history(19, make_history(42, 7));
  EXPECT_EQ(rows("SELECT number FROM page_version ORDER BY number"), std::vector<std::string>{"3"});
  EXPECT_THAT(history_due(), ElementsAre(42));
  PageHistory anew = make_history(42, 3);
  anew.versions[1].version.created_at = at(555);
  write_history(21, anew);
  EXPECT_THAT(history_due(), IsEmpty());
  EXPECT_THAT(rows("SELECT created_at FROM page_version WHERE number=2"),
              ElementsAre(std::to_string(at(555).time_since_epoch().count())));
  expect_sound();
}

TEST_F(ApplyHistoryTest, DropSeenWithoutBodyKeepsTheOldBodyAsideAndWaitsForTheNewOne) {
  write_page(5, make_page_with_body(42, 7));
  write_page(20, make_page(42, 3));
  EXPECT_TRUE(page(42).body_due);
  EXPECT_EQ(page(42).body, std::nullopt);
  EXPECT_THAT(
      rows("SELECT number, lower(hex(sha256)) FROM replaced_version JOIN blob ON id=blob_id"),
      ElementsAre("7|" + to_hex(sha256(body_text(42, 7)))));
  write_page(21, make_page_with_body(42, 3));
  EXPECT_EQ(page(42).body->text, body_text(42, 3));
  expect_sound();
}

TEST_F(ApplyHistoryTest, SameNumberWithAnotherDateIsAnotherVersion) {
  write_page(5, make_page_with_body(42, 2));
  write_history(6, make_history(42, 2));
  Page other = make_page(42, 2);
  other.version.created_at = at(777);
  other.body = Body("<p>other</p>");
  write_page(20, other);
  EXPECT_EQ(version_body(42, 2), "<p>other</p>");
  EXPECT_THAT(
      rows("SELECT number, lower(hex(sha256)) FROM replaced_version JOIN blob ON id=blob_id"),
      ElementsAre("2|" + to_hex(sha256(body_text(42, 2)))));
  EXPECT_THAT(history_due(), ElementsAre(42));
  expect_sound();
}

TEST_F(ApplyHistoryTest, LateAnswerFromBeforeTheDropIsKeptAsideToo) {
  write_page(20, make_page_with_body(42, 3));
  write_history(19, make_history(42, 3));
  EXPECT_THAT(history_due(), IsEmpty());
  write_page(5, make_page_with_body(42, 7));
  EXPECT_EQ(page(42).version.number, 3);
  EXPECT_THAT(rows("SELECT number FROM replaced_version"), ElementsAre("7"));
  EXPECT_THAT(history_due(), ElementsAre(42))
      << "what was listed may be of the past that was dropped";
  expect_sound();
}

}  // namespace
}  // namespace store::testing
