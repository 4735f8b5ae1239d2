// The rules of store/apply_pages.h, seen from outside: batches go in, rows come out.

#include <gmock/gmock.h>

#include <algorithm>
#include <numeric>
#include <optional>
#include <random>

#include "tests/store/apply_fixture.h"

namespace store::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST_F(ApplyTest, NewPageIsStoredWholeWithItsBody) {
  const auto info = write_page(5, make_page_with_body(42, 1));
  EXPECT_EQ(info.pages_new, 1);
  EXPECT_EQ(info.bodies_written, 1);
  EXPECT_EQ(info.history_due, 0);
  const PageRow row = page(42);
  EXPECT_EQ(row.title, "Page 42");
  EXPECT_EQ(row.parent_id, 1);
  EXPECT_EQ(row.parent_type, "page");
  EXPECT_EQ(row.position, 10);
  EXPECT_EQ(row.author_id, "author-a");
  EXPECT_EQ(row.owner_id, "owner-o");
  EXPECT_EQ(row.last_owner_id, std::nullopt);
  EXPECT_EQ(row.created_at, at(0));
  EXPECT_EQ(row.version.number, 1);
  EXPECT_EQ(row.version.created_at, at(100));
  EXPECT_EQ(row.version.message, "edit 1");
  EXPECT_EQ(row.version.author_id, "editor-1");
  EXPECT_EQ(row.synced_at, at(5));
  EXPECT_FALSE(row.body_due);
  ASSERT_TRUE(row.body.has_value());
  EXPECT_EQ(row.body->text, body_text(42, 1));
  EXPECT_EQ(row.body_hash, sha256(body_text(42, 1)));
}

// --- what is known is not written again ---------------------------------------------------------

TEST_F(ApplyTest, SameBatchTwiceChangesNothing) {
  Batch batch(5, at(5));
  batch.pages.push_back(make_page_with_body(42, 3));
  batch.pages.push_back(make_page(43, 1));
  batch.histories.push_back(make_history(42, 3));
  write(batch);
  const auto before = everything();
  const auto info = write(batch);
  EXPECT_EQ(everything(), before);
  EXPECT_EQ(info.pages_new, 0);
  EXPECT_EQ(info.pages_changed, 0);
  EXPECT_EQ(info.bodies_written, 0);
  EXPECT_EQ(info.versions_new, 0);
}

TEST_F(ApplyTest, PageSeenAgainUnchangedOnlyMovesWhenItWasSeen) {
  write_page(5, make_page_with_body(42, 2));
  const auto before = everything_but_bookkeeping();
  const auto info = write_page(9, make_page_with_body(42, 2));
  EXPECT_EQ(info.pages_changed, 0);
  EXPECT_EQ(info.bodies_written, 0);
  EXPECT_EQ(everything_but_bookkeeping(), before);
  EXPECT_EQ(page(42).synced_at, at(9));
}

TEST_F(ApplyTest, ChangedTitleDoesNotTouchTheBody) {
  write_page(5, make_page_with_body(42, 1));
  Page renamed = make_page_with_body(42, 2);
  renamed.title = "Other";
  renamed.body = Body(body_text(42, 1));
  const auto info = write_page(6, renamed);
  EXPECT_EQ(info.pages_changed, 1);
  EXPECT_THAT(rows("SELECT count(*) FROM page_body"), ElementsAre("1"));
  EXPECT_EQ(page(42).body->text, body_text(42, 1));
  EXPECT_EQ(version_body(42, 1), body_text(42, 1));
}

// --- order --------------------------------------------------------------------------------------

TEST_F(ApplyTest, OlderAnswerNeverOverwritesNewerOne) {
  Page newer = make_page_with_body(42, 4);
  newer.title = "Newer";
  write_page(9, newer);
  Page older = make_page_with_body(42, 3);
  older.title = "Older";
  older.status = "archived";
  const auto info = write_page(5, older);
  EXPECT_EQ(info.pages_changed, 0);
  const PageRow row = page(42);
  EXPECT_EQ(row.title, "Newer");
  EXPECT_EQ(row.status, "current");
  EXPECT_EQ(row.version.number, 4);
  EXPECT_EQ(row.synced_at, at(9));
  EXPECT_EQ(row.body->text, body_text(42, 4));
}

TEST_F(ApplyTest, OlderAnswerStillAddsTheVersionItSaw) {
  write_page(9, make_page_with_body(42, 4));
  write_page(5, make_page_with_body(42, 3));
  EXPECT_EQ(version_body(42, 3), body_text(42, 3));
  EXPECT_EQ(version_body(42, 4), body_text(42, 4));
}

TEST_F(ApplyTest, OlderAnswerBringsTheBodyThatANewerListingLacked) {
  write_page(9, make_page(42, 3));
  EXPECT_TRUE(page(42).body_due);
  const auto info = write_page(5, make_page_with_body(42, 3));
  EXPECT_EQ(info.bodies_written, 1);
  EXPECT_FALSE(page(42).body_due);
  EXPECT_EQ(page(42).body->text, body_text(42, 3));
  EXPECT_EQ(page(42).synced_at, at(9));
}

// What one page went through, as answers with the numbers of their observation; any order must give
// the same mirror.
class AnyOrderTest : public ApplyTest {
 protected:
  static std::vector<Batch> answers() {
    std::vector<Batch> all;
    const auto add = [&](Observation observation) -> Batch& {
      return all.emplace_back(observation, at(observation));
    };
    add(1).pages.push_back(make_page_with_body(42, 1));
    Batch& renamed = add(2);
    renamed.pages.push_back(make_page(42, 2));
    renamed.pages.back().title = "Renamed";
    Batch& with_body = add(3);
    with_body.pages.push_back(make_page_with_body(42, 2));
    with_body.pages.back().title = "Renamed";
    add(4).histories.push_back(make_history(42, 3));
    add(5).pages.push_back(make_page_with_body(42, 3));
    add(6).pages.push_back(make_page(42, 5));
    add(7).pages.push_back(make_page_with_body(42, 5));
    add(8).histories.push_back(make_history(42, 5));
    return all;
  }
};

TEST_F(AnyOrderTest, AnyOrderOfAnswersGivesTheSameRows) {
  const std::vector<Batch> all = answers();
  std::vector<std::size_t> order(all.size());
  std::iota(order.begin(), order.end(), 0);
  std::optional<std::vector<std::string>> expected;
  std::mt19937 random(7);
  for (int round = 0; round < 30; ++round) {
    start_anew();
    for (const std::size_t i : order) write(all[i]);
    const auto now = settled();
    if (!expected) {
      expected = now;
      EXPECT_THAT(history_due(), IsEmpty());
    }
    ASSERT_EQ(now, *expected) << "in the order " << ::testing::PrintToString(order);
    for (std::int32_t number = 1; number <= 5; ++number) {
      ASSERT_EQ(version_body(42, number), body_text(42, number));
    }
    expect_sound();
    std::shuffle(order.begin(), order.end(), random);
  }
}

// --- body, version and hash ---------------------------------------------------------------------

TEST_F(ApplyTest, NewerVersionWithoutBodyMarksItDueAndShowsNoBody) {
  write_page(5, make_page_with_body(42, 1));
  write_page(6, make_page(42, 2));
  const PageRow row = page(42);
  EXPECT_TRUE(row.body_due);
  EXPECT_EQ(row.body, std::nullopt);
  EXPECT_EQ(row.body_hash, std::nullopt);
  EXPECT_EQ(version_body(42, 1), body_text(42, 1));
  EXPECT_EQ(version_body(42, 2), "(none)");
  EXPECT_THAT(rows("SELECT body_storage, body_sha256 FROM pages"), ElementsAre("~|~"));
  write_page(7, make_page_with_body(42, 2));
  EXPECT_FALSE(page(42).body_due);
  EXPECT_EQ(page(42).body->text, body_text(42, 2));
  EXPECT_EQ(version_body(42, 1), body_text(42, 1));
  expect_sound();
}

TEST_F(ApplyTest, ListingWithoutBodiesKeepsTheBodyOfTheSameVersion) {
  write_page(5, make_page_with_body(42, 2));
  const auto info = write_page(6, make_page(42, 2));
  EXPECT_EQ(info.pages_changed, 0);
  EXPECT_FALSE(page(42).body_due);
  EXPECT_EQ(page(42).body->text, body_text(42, 2));
}

TEST_F(ApplyTest, DueBodyThatArrivesIsNotCountedAsAChangeOfThePage) {
  write_page(5, make_page(42, 2));
  const auto info = write_page(6, make_page_with_body(42, 2));
  EXPECT_EQ(info.bodies_written, 1);
  EXPECT_EQ(info.pages_changed, 0);
}

TEST_F(ApplyTest, ReplacedBodyIsCompressedAgainstItsNeighbour) {
  for (std::int32_t number = 1; number <= 4; ++number) {
    write_page(number, make_page_with_body(42, number));
  }
  EXPECT_THAT(
      rows("SELECT b.encoding FROM page_version v JOIN blob b ON b.id=v.blob_id ORDER BY number"),
      ElementsAre("1", "2", "2"));
  for (std::int32_t number = 1; number <= 4; ++number) {
    EXPECT_EQ(version_body(42, number), body_text(42, number));
  }
  EXPECT_THAT(rows("SELECT sum(length(data)) < max(raw_bytes) / 2 FROM blob"), ElementsAre("1"));
}

TEST_F(ApplyTest, LiveDocumentKeepsTheTextItReplaced) {
  write_page(5, make_page_with_body(42, 2));
  Page edited = make_page(42, 2);
  edited.body = Body("<p>typed on</p>");
  const auto info = write_page(6, edited);
  EXPECT_EQ(info.pages_changed, 1);
  EXPECT_EQ(page(42).body->text, "<p>typed on</p>");
  EXPECT_THAT(rows("SELECT r.number, r.observation, lower(hex(b.sha256)) FROM replaced_version r"
                   " JOIN blob b ON b.id=r.blob_id"),
              ElementsAre("2|5|" + to_hex(sha256(body_text(42, 2)))));
  expect_sound();
}

TEST_F(ApplyTest, EmptyBodyIsABody) {
  Page empty = make_page(42, 1);
  empty.body = Body("");
  write_page(5, empty);
  EXPECT_FALSE(page(42).body_due);
  ASSERT_TRUE(page(42).body.has_value());
  EXPECT_EQ(page(42).body->text, "");
  write_page(6, make_page_with_body(42, 2));
  EXPECT_EQ(version_body(42, 1), "");
  expect_sound();
}

// --- states -------------------------------------------------------------------------------------

TEST_F(ApplyTest, EveryChangeOfPlaceTitleOrStatusIsKeptWithItsTimes) {
  Page page = make_page_with_body(42, 1);
  write_page(10, page);
  write_page(20, page);
  page.parent_id = 2;
  write_page(30, page);
  page.position = 11;
  write_page(40, page);
  page.title = "Renamed";
  write_page(50, page);
  page.space_id = 8;
  write_page(60, page);
  page.status = "trashed";
  page.parent_id.reset();  // the site does not say whose child a trashed page was
  page.parent_type.reset();
  write_page(70, page);
  const auto iso = [](std::int64_t seconds) { return to_iso8601(at(seconds)); };
  EXPECT_THAT(rows("SELECT valid_from, valid_to, title, space_id, parent_id, position, status FROM "
                   "page_states"
                   " ORDER BY valid_from"),
              ElementsAre(iso(10) + "|" + iso(30) + "|Page 42|7|1|10|current",
                          iso(30) + "|" + iso(40) + "|Page 42|7|2|10|current",
                          iso(40) + "|" + iso(50) + "|Page 42|7|2|11|current",
                          iso(50) + "|" + iso(60) + "|Renamed|7|2|11|current",
                          iso(60) + "|" + iso(70) + "|Renamed|8|2|11|current",
                          iso(70) + "|~|Renamed|8|~|11|trashed"));
}

TEST_F(ApplyTest, NewVersionAloneIsNoNewState) {
  write_page(10, make_page_with_body(42, 1));
  write_page(20, make_page_with_body(42, 2));
  EXPECT_THAT(rows("SELECT count(*) FROM page_state"), ElementsAre("0"));
}

TEST_F(ApplyTest, ClockThatWasSetBackMakesNoStateEndBeforeItBegins) {
  write_page(10, make_page(42, 1));
  Batch batch(20, at(3));
  batch.pages.push_back(make_page(42, 1));
  batch.pages.back().title = "Renamed";
  write(batch);
  EXPECT_THAT(rows("SELECT valid_from <= valid_to FROM page_state"), ElementsAre("1"));
  expect_sound();
}

TEST_F(ApplyTest, PageThatReturnsIsNoTombstoneAnyMore) {
  write_page(5, make_page_with_body(42, 1));
  tamper("UPDATE page SET gone_at=1, gone_reason='vanished'");
  EXPECT_EQ(page(42).gone_reason, "vanished");
  EXPECT_EQ(write_page(6, make_page_with_body(42, 1)).pages_changed, 1);
  EXPECT_EQ(page(42).gone_at, std::nullopt);
  EXPECT_EQ(page(42).gone_reason, "");
}

// --- everything else ----------------------------------------------------------------------------

TEST_F(ApplyTest, NewerAnswerAboutASpaceRules) {
  Space space;
  space.id = 7;
  space.key = "K";
  space.name = "Newer";
  Batch newer(9, at(9));
  newer.spaces.push_back(space);
  write(newer);
  space.name = "Older";
  Batch older(5, at(5));
  older.spaces.push_back(space);
  write(older);
  EXPECT_EQ(reader().spaces()->at(0).name, "Newer");
  EXPECT_EQ(reader().spaces()->at(0).synced_at, at(9));
}

TEST_F(ApplyTest, LabelsAreReplacedAsASetByTheNewerAnswer) {
  const auto put = [&](Observation observation, std::vector<std::string> labels) {
    Batch batch(observation, at(observation));
    SpaceLabels row;
    row.space_id = 7;
    row.labels = std::move(labels);
    batch.space_labels.push_back(std::move(row));
    write(batch);
  };
  put(5, {"a", "b"});
  put(9, {"b", "c"});
  put(6, {"old"});
  EXPECT_THAT(rows("SELECT label FROM space_label ORDER BY label"), ElementsAre("b", "c"));
}

TEST_F(ApplyTest, UsersAreAskedForOnceAndTheirNamesAppearEverywhere) {
  write_page(5, make_page_with_body(42, 1));
  EXPECT_THAT(*reader().unknown_users(10), ElementsAre("author-a", "owner-o", "editor-1"));
  Batch batch(6, at(6));
  batch.users.push_back({"author-a", "Ada", "active"});
  batch.users.push_back({"owner-o", std::nullopt, std::nullopt});
  write(batch);
  EXPECT_THAT(*reader().unknown_users(10), ElementsAre("editor-1"));
  EXPECT_EQ(page(42).author_name, "Ada");
  Batch older(4, at(4));
  older.users.push_back({"author-a", "Old name", "active"});
  write(older);
  EXPECT_EQ(page(42).author_name, "Ada");
}

TEST_F(ApplyTest, QuarantineCountsAttemptsUntilItIsReleased) {
  for (int i = 1; i <= 2; ++i) {
    Batch batch(i, at(i));
    batch.quarantined.push_back({"page:42", "reason " + std::to_string(i), at(100 * i)});
    write(batch);
  }
  const auto waiting = *reader().quarantine();
  ASSERT_EQ(waiting.size(), 1U);
  EXPECT_EQ(waiting[0].attempts, 2);
  EXPECT_EQ(waiting[0].reason, "reason 2");
  EXPECT_EQ(waiting[0].next_try_at, at(200));
  Batch batch(3, at(3));
  batch.released.push_back("page:42");
  write(batch);
  EXPECT_THAT(*reader().quarantine(), IsEmpty());
}

TEST_F(ApplyTest, MetaIsSetAndAnEmptyValueDeletesIt) {
  Batch set(1, at(1));
  set.meta["watermark"] = "then";
  write(set);
  EXPECT_EQ(*reader().meta("watermark"), "then");
  Batch drop(2, at(2));
  drop.meta["watermark"] = "";
  write(drop);
  EXPECT_EQ(*reader().meta("watermark"), std::nullopt);
}

TEST_F(ApplyTest, LastObservationOnlyRises) {
  write(Batch(9, at(9)));
  write(Batch(5, at(5)));
  write(Batch(0, at(10)));
  EXPECT_EQ(*reader().last_observation(), 9);
}

TEST_F(ApplyTest, WalksAreKeptUntilTheirCrawlEnds) {
  Batch batch(1, at(1));
  for (std::int64_t id = 1; id <= 3; ++id) {
    WalkState walk;
    walk.walk_id = id;
    walk.crawl_id = id == 3 ? 2 : 1;
    walk.kind = "bodies";
    walk.space_ids = {7, 8};
    walk.sort = "id";
    walk.page_size = 250;
    batch.walks.push_back(walk);
  }
  write(batch);
  Batch moved(2, at(2));
  WalkState walk = batch.walks[0];
  walk.next_link = "/wiki/next";
  walk.reached = 42;
  walk.page_size = 125;
  walk.done = true;
  moved.walks.push_back(walk);
  write(moved);
  auto walks = *reader().walks();
  ASSERT_EQ(walks.size(), 3U);
  EXPECT_THAT(walks[0].space_ids, ElementsAre(7, 8));
  EXPECT_EQ(walks[0].next_link, "/wiki/next");
  EXPECT_EQ(walks[0].reached, 42);
  EXPECT_EQ(walks[0].page_size, 125);
  EXPECT_TRUE(walks[0].done);
  Batch end(3, at(3));
  end.drop_walks_of_crawl = 1;
  write(end);
  walks = *reader().walks();
  ASSERT_EQ(walks.size(), 1U);
  EXPECT_EQ(walks[0].walk_id, 3);
}

TEST_F(ApplyTest, RunIsOneRowThatIsBroughtUpToDate) {
  RunUpdate run;
  run.run_id = *(writer(), reader().next_run_id());
  EXPECT_EQ(run.run_id, 1);
  run.kind = "sync";
  run.started_at = at(1);
  run.outcome = "running";
  Batch begin(1, at(1));
  begin.runs.push_back(run);
  write(begin);
  run.finished_at = at(2);
  run.outcome = "partial";
  run.requests = 5;
  run.error = "one page failed";
  Batch end(2, at(2));
  end.runs.push_back(run);
  write(end);
  const auto runs = *reader().runs(10);
  ASSERT_EQ(runs.size(), 1U);
  EXPECT_EQ(runs[0].outcome, "partial");
  EXPECT_EQ(runs[0].finished_at, at(2));
  EXPECT_EQ(runs[0].requests, 5);
  EXPECT_EQ(runs[0].error, "one page failed");
  EXPECT_EQ(*reader().next_run_id(), 2);
}

}  // namespace
}  // namespace store::testing
