// Listings piece by piece: every order, every filter, while rows come and go; what lies below a
// page.

#include "store/listing.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <set>

#include "tests/store/apply_fixture.h"

namespace store::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class ListingTest : public ApplyTest {
 protected:
  // Ids 100 to 100+count-1 in the spaces 7, 8 and 9 by turns; every tenth archived, every seventh
  // trashed; titles, times and ids are in different orders, and some of each are the same.
  void given_pages(int count) {
    Batch batch(1, at(1));
    for (int i = 0; i < count; ++i) {
      Page page = make_page_with_body(100 + i, 1);
      page.space_id = 7 + i % 3;
      page.status = i % 10 == 0 ? "archived" : i % 7 == 0 ? "trashed" : "current";
      page.title = "Title " + std::to_string(i * 37 % 20);
      if (i % 2 == 0) page.title[0] = 't';
      page.created_at = at(i * 13 % 10);
      page.version.created_at = at(100 + i * 17 % 10);
      pages_.push_back(page);
      batch.pages.push_back(std::move(page));
    }
    write(std::move(batch));
  }
  std::vector<PageRow> piece(const PageListing& listing) {
    auto rows = reader().list_pages(listing);
    EXPECT_TRUE(rows.has_value()) << rows.error().message;
    return rows.value_or(std::vector<PageRow>());
  }
  // All of it, in pieces of `size`.
  std::vector<Id> walk(PageListing listing, std::size_t size) {
    std::vector<Id> ids;
    listing.limit = size;
    for (int pieces = 0; pieces < 1000; ++pieces) {
      const auto rows = piece(listing);
      EXPECT_LE(rows.size(), size);
      if (rows.empty()) return ids;
      for (const auto& row : rows) ids.push_back(row.id);
      listing.after = place_of(rows.back(), listing.order);
    }
    ADD_FAILURE() << "the listing does not end";
    return ids;
  }
  // The same from the pages as they were written.
  std::vector<Id> expected(const PageListing& listing) {
    std::vector<PageRow> rows;
    for (const auto& page : pages_) {
      PageRow row;
      static_cast<Page&>(row) = page;
      const auto& statuses = listing.statuses;
      const auto& spaces = listing.space_ids;
      const bool fits = (statuses.empty() || std::find(statuses.begin(), statuses.end(),
                                                       page.status) != statuses.end()) &&
                        (spaces.empty() ||
                         std::find(spaces.begin(), spaces.end(), page.space_id) != spaces.end());
      if (fits) rows.push_back(std::move(row));
    }
    std::sort(rows.begin(), rows.end(), [&](const PageRow& a, const PageRow& b) {
      const auto first = place_of(listing.descending ? b : a, listing.order);
      const auto second = place_of(listing.descending ? a : b, listing.order);
      return std::tie(first.number, first.text, first.id) <
             std::tie(second.number, second.text, second.id);
    });
    std::vector<Id> ids;
    for (const auto& row : rows) ids.push_back(row.id);
    return ids;
  }

  std::vector<Page> pages_;
};

TEST_F(ListingTest, PiecesOfEveryOrderAndFilterMakeTheWhole) {
  given_pages(60);
  for (const auto order :
       {ListOrder::kId, ListOrder::kCreated, ListOrder::kModified, ListOrder::kTitle}) {
    for (const bool descending : {false, true}) {
      for (const auto& statuses :
           {std::vector<std::string>{}, {"current", "archived"}, {"trashed"}, {"deleted"}}) {
        for (const auto& spaces : {std::vector<Id>{}, {8}, {7, 9, 9}, {1}}) {
          PageListing listing;
          listing.order = order;
          listing.descending = descending;
          listing.statuses = statuses;
          listing.space_ids = spaces;
          const auto whole = expected(listing);
          for (const std::size_t size : {1U, 7U, 1000U}) EXPECT_EQ(walk(listing, size), whole);
        }
      }
    }
  }
}

TEST_F(ListingTest, PagesAreFoundByIdTitleSubtypeAndPlace) {
  given_pages(20);
  Page root = make_page(500, 1);
  root.parent_id.reset();
  root.parent_type.reset();
  root.subtype = "live";
  root.title = "Übersicht";
  write_page(2, root);
  PageListing listing;
  listing.page_ids = {105, 103, 1, 500};
  EXPECT_THAT(walk(listing, 2), ElementsAre(103, 105, 500));
  listing = PageListing();
  listing.title = "üBERSICHT";
  EXPECT_THAT(walk(listing, 2), ElementsAre(500));
  listing.title = "";
  EXPECT_THAT(walk(listing, 2), IsEmpty());
  listing = PageListing();
  listing.subtype = "live";
  EXPECT_THAT(walk(listing, 2), ElementsAre(500));
  listing = PageListing();
  listing.root_only = true;
  EXPECT_THAT(walk(listing, 2), ElementsAre(500));
}

TEST_F(ListingTest, RowsThatComeAndGoDoNotMoveTheOthers) {
  given_pages(30);
  PageListing listing;
  listing.limit = 10;
  const auto first = piece(listing);
  ASSERT_EQ(first.size(), 10U);
  listing.after = place_of(first.back(), listing.order);
  Batch batch(2, at(2));
  batch.gone_pages.push_back({100, "vanished"});
  batch.gone_pages.push_back({first.back().id, "vanished"});
  batch.pages.push_back(make_page(50, 1));
  write(std::move(batch));
  const auto second = piece(listing);
  ASSERT_EQ(second.size(), 10U);
  EXPECT_EQ(second.front().id, first.back().id + 1);
}

TEST_F(ListingTest, BodiesComeWhereTheyAreAskedFor) {
  given_pages(3);
  PageListing listing;
  for (const auto& row : piece(listing)) EXPECT_FALSE(row.body.has_value());
  listing.with_bodies = true;
  for (const auto& row : piece(listing)) EXPECT_EQ(row.body.value().text, body_text(row.id, 1));
}

TEST_F(ListingTest, WhatLiesBelowIsFoundThroughNodesAndCircles) {
  const auto below = [](Id id, Id parent, const std::string& type) {
    Page page = make_page(id, 1);
    page.parent_id = parent;
    page.parent_type = type;
    return page;
  };
  Batch batch(1, at(1));
  batch.pages = {below(2, 1, "page"), below(3, 2, "page"), below(5, 4, "folder"),
                 below(1, 5, "page"), below(6, 5, "page")};
  batch.pages.back().status = "trashed";
  Node folder;
  folder.id = 4;
  folder.type = "folder";
  folder.status = "current";
  folder.title = "Folder";
  folder.space_id = 7;
  folder.parent_id = 2;
  folder.parent_type = "page";
  batch.nodes.push_back(folder);
  write(std::move(batch));
  const auto found = [&](int depth, Id after, std::size_t limit) {
    std::vector<std::pair<Id, int>> rows;
    const auto listed = reader().list_descendants(1, depth, after, limit);
    EXPECT_TRUE(listed.has_value());
    for (const auto& row : *listed) rows.emplace_back(row.id, row.depth);
    return rows;
  };
  using Rows = std::vector<std::pair<Id, int>>;
  EXPECT_EQ(found(10, 0, 100), (Rows{{2, 1}, {3, 2}, {4, 2}, {5, 3}}));
  EXPECT_EQ(found(2, 0, 100), (Rows{{2, 1}, {3, 2}, {4, 2}}));
  EXPECT_EQ(found(10, 2, 2), (Rows{{3, 2}, {4, 2}}));
  auto children = reader().list_children(2);
  ASSERT_TRUE(children.has_value());
  std::set<std::pair<Id, std::string>> of_two;
  for (const auto& row : *children) of_two.emplace(row.id, row.type);
  EXPECT_EQ(of_two, (std::set<std::pair<Id, std::string>>{{3, "page"}, {4, "folder"}}));
}

}  // namespace
}  // namespace store::testing
