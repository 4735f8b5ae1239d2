// Folders, whiteboards, databases and embeds: which answer rules, which are to be asked for, and
// what the views say of them.

#include "tests/store/apply_fixture.h"

namespace store::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

class NodesTest : public ApplyTest {
 protected:
  static Node make_node(Id id, const std::string& title, const std::string& type = "folder") {
    Node node;
    node.id = id;
    node.type = type;
    node.status = "current";
    node.title = title;
    node.space_id = 7;
    node.author_id = "author-a";
    node.created_at = at(0);
    node.version = 1;
    return node;
  }
  void node(Observation observation, Node node) {
    Batch batch(observation, at(observation));
    batch.nodes.push_back(std::move(node));
    write(batch);
  }
  void gone(Observation observation, Id id, const std::string& reason = "vanished") {
    Batch batch(observation, at(observation));
    batch.gone_nodes.push_back({id, reason});
    write(batch);
  }
  void page_in(Observation observation, Id id, Id parent, const std::string& type = "folder") {
    Page page = make_page(id, 1);
    page.parent_id = parent;
    page.parent_type = type;
    write_page(observation, page);
  }
  NodeRow stored(Id id) {
    auto row = reader().node(id);
    EXPECT_TRUE(row && *row) << "node " << id << " is missing";
    return row && *row ? **row : NodeRow();
  }
  // "ID type", with "known" behind it where it is.
  std::vector<std::string> due(Observation since, Time now = Time::max()) {
    auto nodes = reader().nodes_due(since, now);
    EXPECT_TRUE(nodes) << nodes.error().message;
    std::vector<std::string> found;
    for (const auto& node : *nodes) {
      found.push_back(std::to_string(node.id) + " " + node.type + (node.known ? " known" : ""));
    }
    return found;
  }
};

TEST_F(NodesTest, OfTwoAnswersTheLaterObservedOneRules) {
  node(20, make_node(5, "New"));
  node(10, make_node(5, "Old"));
  EXPECT_EQ(stored(5).title, "New");
  EXPECT_EQ(stored(5).synced_at, at(20));
  auto moved = make_node(5, "Newer");
  moved.parent_id = 3;
  moved.parent_type = "whiteboard";
  moved.position = 12;
  moved.status = "trashed";
  node(30, moved);
  const auto row = stored(5);
  EXPECT_EQ(row.title, "Newer");
  EXPECT_EQ(row.status, "trashed");
  EXPECT_EQ(row.parent_id, 3);
  EXPECT_EQ(row.parent_type, "whiteboard");
  EXPECT_EQ(row.position, 12);
  EXPECT_EQ(row.author_id, "author-a");
  EXPECT_EQ(row.version, 1);
  expect_sound();
}

TEST_F(NodesTest, ATombstoneKeepsWhatWasKnownAndEndsWhenTheNodeIsShownAgain) {
  node(10, make_node(5, "Plans"));
  gone(5, 5);
  EXPECT_FALSE(stored(5).gone_at) << "an older answer does not count";
  gone(20, 5);
  gone(25, 5, "deleted");
  EXPECT_EQ(stored(5).gone_at, at(20));
  EXPECT_EQ(stored(5).gone_reason, "deleted");
  EXPECT_EQ(stored(5).title, "Plans");
  EXPECT_EQ(stored(5).synced_at, at(10));
  node(22, make_node(5, "Late"));
  EXPECT_EQ(stored(5).title, "Plans");
  node(30, make_node(5, "Back"));
  EXPECT_FALSE(stored(5).gone_at);
  EXPECT_EQ(stored(5).gone_reason, "");
  EXPECT_EQ(stored(5).title, "Back");
}

TEST_F(NodesTest, ATombstoneOfWhatNobodyKnowsIsNothing) {
  gone(20, 5);
  EXPECT_THAT(rows("SELECT * FROM node"), IsEmpty());
}

TEST_F(NodesTest, WhatPagesAndNodesNameIsDueUntilItIsKnown) {
  page_in(10, 42, 5);
  page_in(11, 43, 5);
  page_in(12, 44, 6, "whiteboard");
  write_page(13, make_page(45, 1));  // below a page
  EXPECT_THAT(due(0), ElementsAre("5 folder", "6 whiteboard"));
  auto nested = make_node(5, "Plans");
  nested.parent_id = 4;
  nested.parent_type = "database";
  node(20, nested);
  EXPECT_THAT(due(0), ElementsAre("4 database", "6 whiteboard"));
  node(21, make_node(4, "Above", "database"));
  node(22, make_node(6, "Board", "whiteboard"));
  EXPECT_THAT(due(0), IsEmpty());
}

TEST_F(NodesTest, AFullRunAsksOnceMoreForEachThatIsKnown) {
  page_in(10, 42, 5);
  node(20, make_node(5, "Plans"));
  node(21, make_node(6, "Nobody's"));
  node(22, make_node(7, "Gone"));
  gone(23, 7);
  EXPECT_THAT(due(30), ElementsAre("5 folder known", "6 folder known"));
  node(31, make_node(5, "Plans"));
  EXPECT_THAT(due(30), ElementsAre("6 folder known"));
}

TEST_F(NodesTest, WhatIsGoneIsDueAgainWhenSomethingNamesIt) {
  node(20, make_node(5, "Plans"));
  gone(21, 5);
  EXPECT_THAT(due(0), IsEmpty());
  page_in(22, 42, 5);
  EXPECT_THAT(due(0), ElementsAre("5 folder"));
  Batch batch(23, at(23));
  batch.gone_pages.push_back({42, "vanished"});
  write(batch);
  EXPECT_THAT(due(0), IsEmpty());
}

TEST_F(NodesTest, QuarantineHoldsANodeBackUntilItsNextTryAndThenAsksForAKnownOneToo) {
  page_in(10, 42, 5);
  page_in(11, 43, 6);
  node(20, make_node(6, "Known"));
  Batch batch(0, at(30));
  batch.quarantined.push_back({"node:5", "http 500", at(100)});
  batch.quarantined.push_back({"node:6", "http 500", at(100)});
  write(batch);
  EXPECT_THAT(due(0, at(99)), IsEmpty());
  EXPECT_THAT(due(0, at(100)), ElementsAre("5 folder", "6 folder known"));
}

TEST_F(NodesTest, WhichAreNamedIsToldOfWhatWasObservedSince) {
  page_in(10, 42, 5);
  page_in(20, 43, 6);
  auto nested = make_node(6, "Inner");
  nested.parent_id = 4;
  nested.parent_type = "folder";
  node(21, nested);
  auto all = reader().nodes_named(0);
  ASSERT_TRUE(all);
  EXPECT_THAT(*all, UnorderedElementsAre(4, 5, 6));
  auto late = reader().nodes_named(20);
  ASSERT_TRUE(late);
  EXPECT_THAT(*late, UnorderedElementsAre(4));
}

TEST_F(NodesTest, TheViewsShowNodesAndTheWholeTree) {
  Space space;
  space.id = 7;
  space.key = "K";
  Batch batch(5, at(5));
  batch.spaces.push_back(space);
  write(batch);
  page_in(10, 42, 5);
  node(20, make_node(5, "Plans"));
  node(21, make_node(6, "Lost", "embed"));
  gone(22, 6);
  EXPECT_THAT(rows("SELECT node_id, type, space_key, title, author_id, created_at, synced_at,"
                   " gone_at, gone_reason, version FROM nodes"),
              ElementsAre("5|folder|K|Plans|author-a|" + to_iso8601(at(0)) + "|" +
                              to_iso8601(at(20)) + "|~|~|1",
                          "6|embed|K|Lost|author-a|" + to_iso8601(at(0)) + "|" +
                              to_iso8601(at(21)) + "|" + to_iso8601(at(22)) + "|vanished|1"));
  EXPECT_THAT(rows("SELECT id, type, space_key, parent_id, parent_type, title FROM tree"
                   " ORDER BY id"),
              ElementsAre("5|folder|K|~|~|Plans", "42|page|K|5|folder|Page 42"));
  auto counts = reader().counts();
  ASSERT_TRUE(counts);
  EXPECT_EQ(counts->nodes, 1);
}

}  // namespace
}  // namespace store::testing
