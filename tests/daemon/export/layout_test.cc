#include "daemon/export/layout.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "daemon/export/file_names.h"

namespace {

using exporting::LayoutItem;
using Kind = LayoutItem::Kind;

class LayoutTest : public ::testing::Test {
 protected:
  void SetUp() override { given(Kind::kSpace, 1, "DOCS", {}); }

  void given(Kind kind, store::Id id, const std::string& title, std::optional<store::Id> parent,
             std::optional<std::string> earlier = {}) {
    LayoutItem item;
    item.kind = kind;
    item.id = id;
    item.space_id = kind == Kind::kSpace ? id : 1;
    item.parent_id = parent;
    item.title = title;
    item.earlier = std::move(earlier);
    items_.push_back(std::move(item));
  }
  void given_page(store::Id id, const std::string& title, std::optional<store::Id> parent = {},
                  std::optional<std::string> earlier = {}) {
    given(Kind::kPage, id, title, parent, std::move(earlier));
  }
  std::map<store::Id, std::string> paths() {
    exporting::lay_out(items_, rules_);
    std::map<store::Id, std::string> found;
    for (const auto& item : items_) found[item.id] = item.path;
    return found;
  }

  std::vector<LayoutItem> items_;
  exporting::LayoutRules rules_{{".md"}, false, {}, {}, {}};
};

TEST_F(LayoutTest, ChildrenLieInAFolderNamedAsTheirParent) {
  given_page(10, "Home");
  given_page(11, "Guide", 10);
  given(Kind::kNode, 12, "Drawer", 10);
  given_page(13, "Inside", 12);
  const auto found = paths();
  EXPECT_EQ(found.at(1), "DOCS");
  EXPECT_EQ(found.at(10), "DOCS/Home");
  EXPECT_EQ(found.at(11), "DOCS/Home/Guide");
  EXPECT_EQ(found.at(12), "DOCS/Home/Drawer");
  EXPECT_EQ(found.at(13), "DOCS/Home/Drawer/Inside");
}

TEST_F(LayoutTest, FlatPagesLieInTheFolderOfTheirSpace) {
  rules_.flat = true;
  given_page(10, "Home");
  given(Kind::kNode, 12, "Drawer", 10);
  given_page(13, "Inside", 12);
  const auto found = paths();
  EXPECT_EQ(found.at(13), "DOCS/Inside");
  EXPECT_EQ(found.at(12), "");
}

TEST_F(LayoutTest, UnknownParentsAndCirclesLeadToTheTopOfTheSpace) {
  given_page(10, "Lost", 99);
  given_page(20, "Own", 20);
  given_page(31, "Circle B", 32);
  given_page(32, "Circle A", 31);
  given_page(33, "Tail", 31);
  const auto found = paths();
  EXPECT_EQ(found.at(10), "DOCS/Lost");
  EXPECT_EQ(found.at(20), "DOCS/Own");
  EXPECT_EQ(found.at(31), "DOCS/Circle B");
  EXPECT_EQ(found.at(32), "DOCS/Circle B/Circle A");
  EXPECT_EQ(found.at(33), "DOCS/Circle B/Tail");
}

TEST_F(LayoutTest, OfCollidingNamesTheLowestIdHasThePlainOne) {
  given_page(12, "PLAN");
  given_page(11, "plan");
  given_page(13, "Plan (12)");
  const auto found = paths();
  EXPECT_EQ(found.at(11), "DOCS/plan");
  EXPECT_EQ(found.at(12), "DOCS/PLAN (12)");
  EXPECT_EQ(found.at(13), "DOCS/Plan (12) (13)");
}

TEST_F(LayoutTest, AFolderAndAFileNeverMeet) {
  given_page(10, "a.md");
  given_page(11, "a");
  given_page(12, "child", 10);
  const auto found = paths();
  EXPECT_EQ(found.at(10), "DOCS/a.md");
  EXPECT_EQ(found.at(11), "DOCS/a (11)") << "a.md would be the folder of the other one's children";
}

TEST_F(LayoutTest, WhatHasAPathKeepsItWhileItsTitleAndPlaceGiveIt) {
  given_page(10, "Plan");
  given_page(12, "Plan", {}, "DOCS/Plan");
  given_page(13, "Notes", {}, "DOCS/Notes (13)");
  given_page(14, "New title", {}, "DOCS/Old title");
  given_page(15, "Moved", 10, "DOCS/Moved");
  const auto found = paths();
  EXPECT_EQ(found.at(12), "DOCS/Plan");
  EXPECT_EQ(found.at(10), "DOCS/Plan (10)") << "the new page gives way";
  EXPECT_EQ(found.at(13), "DOCS/Notes (13)") << "though nothing collides any more";
  EXPECT_EQ(found.at(14), "DOCS/New title");
  EXPECT_EQ(found.at(15), "DOCS/Plan (10)/Moved");
}

TEST_F(LayoutTest, TwoThatSwapTheirTitlesSwapTheirFiles) {
  given_page(10, "B", {}, "DOCS/A");
  given_page(11, "A", {}, "DOCS/B");
  const auto found = paths();
  EXPECT_EQ(found.at(10), "DOCS/B");
  EXPECT_EQ(found.at(11), "DOCS/A");
}

TEST_F(LayoutTest, ForeignFilesAndReservedNamesAreLeftAlone) {
  rules_.occupied = [](const std::string& path, bool) { return path == "DOCS/Plan.md"; };
  rules_.reserved = {"docs"};
  rules_.reserved_in_space = {"index.md"};
  given_page(10, "Plan");
  given_page(11, "Index");
  const auto found = paths();
  EXPECT_EQ(found.at(1), "DOCS (1)");
  EXPECT_EQ(found.at(11), "DOCS (1)/Index (11)");
  EXPECT_EQ(found.at(10), "DOCS (1)/Plan");
}

TEST_F(LayoutTest, TheDeepestTreeHasPathsThatASystemTakes) {
  const std::string title(200, 'x');
  for (store::Id id = 10; id < 5010; ++id) {
    given_page(id, title, id == 10 ? std::nullopt : std::optional<store::Id>(id - 1));
  }
  std::set<std::string> distinct;
  for (const auto& [id, path] : paths()) {
    EXPECT_LE(path.size(), exporting::kMaxFolderBytes + 256) << id;
    distinct.insert(exporting::name_key(path));
  }
  EXPECT_EQ(distinct.size(), 5001U);
}

}  // namespace
