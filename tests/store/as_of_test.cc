// "The site as of a time": what was observed then, and what is said where nothing was.

#include <gmock/gmock.h>

#include <map>

#include "tests/store/apply_fixture.h"

namespace store::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// The site was first looked at at(1000); page 42 was made at(0) and edited at(100), at(200), ...
class AsOfTest : public ApplyTest {
 protected:
  void observe(Observation observation, std::int64_t when, Page page) {
    Batch batch(observation, at(when));
    batch.pages.push_back(std::move(page));
    write(std::move(batch));
  }
  void observe_gone(Observation observation, std::int64_t when, Id id) {
    Batch batch(observation, at(when));
    batch.gone_pages.push_back({id, "vanished"});
    write(std::move(batch));
  }
  void given_history(Id id, std::int32_t up_to, std::map<std::int32_t, std::string> titles = {}) {
    Batch batch(500, at(5000));
    batch.histories.push_back(make_history(id, up_to));
    for (auto& version : batch.histories.back().versions) {
      const auto title = titles.find(version.version.number);
      if (title != titles.end()) version.title = title->second;
    }
    write(std::move(batch));
  }
  PageRow then(std::int64_t when, Id id = 42) {
    auto row = reader().page(id, true, at(when));
    EXPECT_TRUE(row.has_value()) << row.error().message;
    EXPECT_TRUE(row->has_value()) << "not there at " << when;
    return row->value_or(PageRow());
  }
  std::vector<Id> there(std::int64_t when, std::vector<std::string> statuses = {}) {
    PageFilter filter;
    filter.as_of = at(when);
    filter.sort = "id";
    filter.statuses = std::move(statuses);
    const auto found = reader().pages(filter);
    EXPECT_TRUE(found.has_value()) << found.error().message;
    std::vector<Id> ids;
    for (const auto& row : *found) ids.push_back(row.id);
    return ids;
  }
  TextQuery titled(std::int64_t when, const std::string& word) {
    TextQuery query;
    query.as_of = at(when);
    TextTerm term;
    term.text = word;
    query.all = {{term}};
    return query;
  }
  std::vector<Id> found(const TextQuery& query) {
    const auto hits = reader().search(query);
    EXPECT_TRUE(hits.has_value()) << hits.error().message;
    std::vector<Id> ids;
    for (const auto& hit : hits->hits) ids.push_back(hit.page_id);
    EXPECT_EQ(hits->total, static_cast<std::int64_t>(ids.size()));
    return ids;
  }
};

TEST_F(AsOfTest, AMovedAndRenamedPageStandsWhereItStoodThen) {
  observe(1, 1000, make_page_with_body(42, 2));
  auto moved = make_page_with_body(42, 2);
  moved.title = "Renamed";
  moved.parent_id = 77;
  moved.status = "archived";
  observe(2, 2000, moved);
  EXPECT_EQ(then(1500).title, "Page 42");
  EXPECT_EQ(then(1500).parent_id, 1);
  EXPECT_EQ(then(1500).status, "current");
  EXPECT_FALSE(then(1500).assumed);
  EXPECT_EQ(then(2000).title, "Renamed");
  EXPECT_EQ(then(2000).parent_id, 77);
  EXPECT_FALSE(then(2000).assumed);
  EXPECT_THAT(there(1500, {"current"}), ElementsAre(42));
  EXPECT_THAT(there(2500, {"current"}), IsEmpty());
}

TEST_F(AsOfTest, TheVersionAndTheBodyAreThoseOfThen) {
  observe(1, 1000, make_page_with_body(42, 5));
  given_history(42, 5);
  for (std::int32_t number = 1; number <= 5; ++number) {
    const auto row = then(100 * number + 50);
    EXPECT_EQ(row.version.number, number);
    EXPECT_EQ(row.version.message, "edit " + std::to_string(number));
    EXPECT_EQ(row.version.created_at, at(100 * number));
    ASSERT_TRUE(row.body) << number;
    EXPECT_EQ(row.body->text, body_text(42, number));
    EXPECT_EQ(row.body_hash, sha256(row.body->text));
    EXPECT_EQ(row.body_bytes, static_cast<std::int64_t>(row.body->text.size()));
  }
}

TEST_F(AsOfTest, BeforeTheFirstLookTheTitleIsThatOfTheVersionAndThePlaceIsAssumed) {
  auto page = make_page_with_body(42, 3);
  page.title = "Newest";
  observe(1, 1000, page);
  given_history(42, 3, {{1, "First"}, {2, "Second"}, {3, "Newest"}});
  EXPECT_EQ(then(150).title, "First");
  EXPECT_EQ(then(250).title, "Second");
  EXPECT_TRUE(then(250).assumed);
  EXPECT_EQ(then(250).parent_id, 1);
  EXPECT_EQ(then(999).title, "Newest");
  EXPECT_TRUE(then(999).assumed);
  EXPECT_FALSE(then(1000).assumed);
}

TEST_F(AsOfTest, WhatWasMadeLaterIsNotThere) {
  observe(1, 1000, make_page_with_body(42, 1));
  auto later = make_page_with_body(43, 1);
  later.created_at = at(1500);
  later.version.created_at = at(1500);
  observe(2, 1600, later);
  EXPECT_THAT(there(1400), ElementsAre(42));
  EXPECT_THAT(there(1550), ElementsAre(42, 43));
  const auto row = reader().page(43, false, at(1400));
  ASSERT_TRUE(row);
  EXPECT_FALSE(row->has_value());
}

TEST_F(AsOfTest, AGonePageIsThereUntilItWentAndAgainWhenItReturned) {
  observe(1, 1000, make_page_with_body(42, 2));
  observe_gone(2, 2000, 42);
  EXPECT_THAT(there(1999), ElementsAre(42));
  EXPECT_THAT(there(2000), IsEmpty());
  EXPECT_FALSE(then(1500).gone_at) << "it was not gone then";
  observe(3, 3000, make_page_with_body(42, 2));
  EXPECT_THAT(there(1999), ElementsAre(42));
  EXPECT_THAT(there(2500), IsEmpty());
  EXPECT_THAT(there(3000), ElementsAre(42));
}

TEST_F(AsOfTest, AnUnknownVersionOfThenIsAssumedToBeTheOldestKnown) {
  observe(1, 1000, make_page_with_body(42, 5));
  const auto row = then(150);
  EXPECT_EQ(row.version.number, 5);
  EXPECT_TRUE(row.assumed);
}

TEST_F(AsOfTest, AnExportOfThenShowsTheSameRowsWithBodies) {
  observe(1, 1000, make_page_with_body(42, 2));
  given_history(42, 2);
  observe(2, 2000, make_page_with_body(43, 1));
  std::vector<std::string> bodies;
  const auto visited = reader().for_each_page(
      [&](const PageRow& row) {
        bodies.push_back(row.body ? row.body->text : "none");
        return true;
      },
      true, {7}, at(150));
  ASSERT_TRUE(visited) << visited.error().message;
  EXPECT_THAT(bodies, ElementsAre(body_text(42, 1), body_text(43, 1)));
}

TEST_F(AsOfTest, TheMirrorSaysSinceWhenItLooked) {
  open();
  EXPECT_FALSE(reader().observed_since()->has_value());
  Batch batch(1, at(1000));
  RunUpdate run;
  run.run_id = 1;
  run.kind = "full";
  run.started_at = at(900);
  run.outcome = "done";
  batch.runs.push_back(run);
  write(std::move(batch));
  EXPECT_EQ(*reader().observed_since(), at(900));
}

TEST_F(AsOfTest, SpacesAreThoseOfThen) {
  Space space;
  space.id = 7;
  space.key = "K";
  space.created_at = at(100);
  Batch batch(1, at(1000));
  batch.spaces.push_back(space);
  write(std::move(batch));
  Batch gone(2, at(2000));
  gone.gone_spaces.push_back({7, "vanished"});
  write(std::move(gone));
  EXPECT_EQ(reader().spaces(at(50))->size(), 0U);
  EXPECT_EQ(reader().spaces(at(1500))->size(), 1U);
  EXPECT_EQ(reader().spaces(at(2000))->size(), 0U);
}

TEST_F(AsOfTest, TitlesOfThenAreFoundByTheirWords) {
  auto page = make_page_with_body(42, 2);
  page.title = "Grüße of the Team";
  observe(1, 1000, page);
  auto other = make_page_with_body(43, 1);
  other.title = "Team";
  observe(2, 1000, other);
  page.title = "Farewell";
  page.status = "archived";
  observe(3, 2000, page);
  observe_gone(4, 3000, 43);

  EXPECT_THAT(found(titled(1500, "grüße")), ElementsAre(42));
  EXPECT_THAT(found(titled(1500, "team")), ElementsAre(43, 42)) << "the shorter title first";
  EXPECT_THAT(found(titled(1500, "farewell")), IsEmpty());
  EXPECT_THAT(found(titled(2500, "farewell")), ElementsAre(42));
  EXPECT_THAT(found(titled(2500, "team")), ElementsAre(43));
  EXPECT_THAT(found(titled(3500, "team")), IsEmpty()) << "it was gone then";

  const auto hits = reader().search(titled(1500, "grüße"));
  ASSERT_TRUE(hits.has_value());
  const MarkedText marked = {{"Grüße", true}, {" of the Team", false}};
  EXPECT_EQ(hits->hits.at(0).title, marked);
  EXPECT_TRUE(hits->hits.at(0).snippet.empty()) << "the text of then is not searched";
}

TEST_F(AsOfTest, ConditionsOfATitleSearchAreThoseOfThen) {
  auto page = make_page_with_body(42, 2);
  page.title = "Team";
  observe(1, 1000, page);
  page.status = "archived";
  observe(2, 2000, page);
  auto query = titled(1500, "team");
  TextCondition archived;
  archived.field = TextCondition::Field::kStatus;
  archived.values = {"archived"};
  query.conditions = {archived};
  EXPECT_THAT(found(query), IsEmpty());
  query.as_of = at(2500);
  EXPECT_THAT(found(query), ElementsAre(42));

  query.all.clear();
  EXPECT_THAT(found(query), ElementsAre(42)) << "without words all that the conditions admit";
  TextTerm term;
  term.text = "team";
  query.none = {term};
  EXPECT_THAT(found(query), IsEmpty());

  query.history = true;
  const auto refused = reader().search(query);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().name, "as_of_history");
}

}  // namespace
}  // namespace store::testing
