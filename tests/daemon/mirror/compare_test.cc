#include "daemon/mirror/compare.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <set>

namespace mirror {
namespace {

using Kind = DifferenceKind;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

store::Time minute(int n) { return store::Time(std::chrono::minutes(30'000'000 + n)); }

store::Page page_of_site() {
  store::Page page;
  page.id = 7;
  page.status = "current";
  page.title = "Title";
  page.space_id = 3;
  page.parent_id = 5;
  page.parent_type = "page";
  page.position = 1000;
  page.author_id = "ann";
  page.owner_id = "ann";
  page.created_at = minute(1);
  page.version.number = 4;
  page.version.created_at = minute(2);
  page.version.message = "words";
  page.version.author_id = "bob";
  page.body = store::Body("<p>text</p>");
  return page;
}

MirrorPage mirror_of(const store::Page& page) {
  MirrorPage mirror;
  mirror.row.emplace();
  static_cast<store::Page&>(*mirror.row) = page;
  mirror.row->body.reset();
  mirror.row->space_key = "DOCS";
  mirror.row->body_hash = page.body->hash;
  mirror.text_hash = page.body->hash;
  return mirror;
}

std::vector<Kind> kinds(const std::vector<Difference>& differences) {
  std::vector<Kind> found;
  for (const auto& difference : differences) found.push_back(difference.kind);
  return found;
}

std::vector<Kind> after_change(const std::function<void(store::Page&)>& change) {
  auto site = page_of_site();
  const auto mirror = mirror_of(site);
  change(site);
  return kinds(compare_page(mirror, &site));
}

TEST(ComparePageTest, EqualPagesAndWhatIsOnNeitherSideAreNoDifference) {
  const auto site = page_of_site();
  EXPECT_THAT(compare_page(mirror_of(site), &site), IsEmpty());
  EXPECT_THAT(compare_page(MirrorPage(), nullptr), IsEmpty());
  auto gone = mirror_of(site);
  gone.row->gone_at = minute(9);
  EXPECT_THAT(compare_page(gone, nullptr), IsEmpty());
  auto deleted = site;
  deleted.status = "deleted";
  EXPECT_THAT(compare_page(gone, &deleted), IsEmpty());
  EXPECT_THAT(compare_page(MirrorPage(), &deleted), IsEmpty());
}

TEST(ComparePageTest, WhatIsOnOneSideOnlyIsNamed) {
  const auto site = page_of_site();
  const auto missing = compare_page(MirrorPage(), &site);
  ASSERT_THAT(kinds(missing), ElementsAre(Kind::kMissingPage));
  EXPECT_EQ(missing[0].page_id, 7);
  EXPECT_EQ(missing[0].title, "Title");
  EXPECT_EQ(missing[0].on_site, "current, version 4");
  EXPECT_THAT(kinds(compare_page(mirror_of(site), nullptr)), ElementsAre(Kind::kExtraPage));
  EXPECT_THAT(after_change([](store::Page& page) { page.status = "deleted"; }),
              ElementsAre(Kind::kExtraPage));
  auto gone = mirror_of(site);
  gone.row->gone_at = minute(9);
  gone.row->gone_reason = "vanished";
  const auto alive = compare_page(gone, &site);
  ASSERT_THAT(kinds(alive), ElementsAre(Kind::kTombstoneAlive));
  EXPECT_THAT(alive[0].in_mirror, HasSubstr("vanished since "));
}

TEST(ComparePageTest, AnotherVersionIsAllThatIsSaidOfAPage) {
  const auto edited = [](int by) {
    return [by](store::Page& page) {
      page.version.number += by;
      page.version.created_at = minute(5);
      page.title = "Another";
      page.body = store::Body("<p>another</p>");
    };
  };
  EXPECT_THAT(after_change(edited(1)), ElementsAre(Kind::kStaleVersion));
  EXPECT_THAT(after_change(edited(-1)), ElementsAre(Kind::kVersionAhead));
}

TEST(ComparePageTest, EachFieldHasItsKind) {
  EXPECT_THAT(after_change([](store::Page& page) { page.status = "archived"; }),
              ElementsAre(Kind::kStatus));
  EXPECT_THAT(after_change([](store::Page& page) { page.title = "title"; }),
              ElementsAre(Kind::kTitle));
  EXPECT_THAT(after_change([](store::Page& page) { page.parent_type = "folder"; }),
              ElementsAre(Kind::kParent));
  EXPECT_THAT(after_change([](store::Page& page) { page.position.reset(); }),
              ElementsAre(Kind::kPosition));
  EXPECT_THAT(after_change([](store::Page& page) { page.version.created_at = minute(3); }),
              ElementsAre(Kind::kModifiedAt));
  EXPECT_THAT(after_change([](store::Page& page) { page.version.author_id = "cid"; }),
              ElementsAre(Kind::kModifiedBy));
  EXPECT_THAT(after_change([](store::Page& page) { page.version.message.clear(); }),
              ElementsAre(Kind::kMessage));
  EXPECT_THAT(after_change([](store::Page& page) { page.version.minor_edit = true; }),
              ElementsAre(Kind::kMinorEdit));
  EXPECT_THAT(after_change([](store::Page& page) { page.author_id = "cid"; }),
              ElementsAre(Kind::kAuthor));
  EXPECT_THAT(after_change([](store::Page& page) { page.owner_id.reset(); }),
              ElementsAre(Kind::kOwner));
  EXPECT_THAT(after_change([](store::Page& page) { page.body = store::Body("<p>other</p>"); }),
              ElementsAre(Kind::kBody));
}

TEST(ComparePageTest, OneMoveIsOneDifference) {
  EXPECT_THAT(after_change([](store::Page& page) {
                page.space_id = 4;
                page.parent_id = 6;
                page.position = 2000;
              }),
              ElementsAre(Kind::kSpace));
  EXPECT_THAT(after_change([](store::Page& page) {
                page.parent_id = 6;
                page.position = 2000;
              }),
              ElementsAre(Kind::kParent));
  EXPECT_THAT(after_change([](store::Page& page) {
                page.status = "trashed";
                page.parent_id.reset();
                page.parent_type.reset();
                page.position.reset();
              }),
              ElementsAre(Kind::kStatus));
}

TEST(ComparePageTest, ABodyThatIsNotThereAndOneThatIsDamagedAreToldApart) {
  const auto site = page_of_site();
  auto due = mirror_of(site);
  due.row->body_due = true;
  EXPECT_THAT(kinds(compare_page(due, &site)), ElementsAre(Kind::kBodyDue));
  due.row->body_due = false;
  due.row->body_hash.reset();
  EXPECT_THAT(kinds(compare_page(due, &site)), ElementsAre(Kind::kBodyDue));

  auto damaged = mirror_of(site);
  damaged.text_hash = store::sha256("something else");
  EXPECT_THAT(kinds(compare_page(damaged, &site)), ElementsAre(Kind::kDamagedBody));
  damaged.row->body_hash = store::sha256("yet another thing");
  EXPECT_THAT(kinds(compare_page(damaged, &site)), ElementsAre(Kind::kDamagedBody));

  auto listed = site;  // no body came along
  listed.body.reset();
  auto other = mirror_of(site);
  other.row->body_hash = store::sha256("something else");
  other.text_hash.reset();
  EXPECT_THAT(compare_page(other, &listed), IsEmpty());
}

TEST(CompareSpaceTest, EachFieldHasItsKind) {
  store::Space same;
  same.id = 3;
  same.key = "DOCS";
  same.name = "Docs";
  same.type = "global";
  same.status = "current";
  store::SpaceRow row;
  static_cast<store::Space&>(row) = same;
  EXPECT_THAT(compare_space(&row, &same), IsEmpty());
  EXPECT_THAT(compare_space(nullptr, nullptr), IsEmpty());
  EXPECT_THAT(kinds(compare_space(nullptr, &same)), ElementsAre(Kind::kMissingSpace));
  EXPECT_THAT(kinds(compare_space(&row, nullptr)), ElementsAre(Kind::kExtraSpace));
  auto other = same;
  other.key = "MANUAL";
  other.name = "Manual";
  other.type = "personal";
  other.status = "archived";
  other.current_alias = "manual";
  other.homepage_id = 9;
  EXPECT_THAT(kinds(compare_space(&row, &other)),
              ElementsAre(Kind::kSpaceKey, Kind::kSpaceName, Kind::kSpaceType, Kind::kSpaceStatus,
                          Kind::kSpaceAlias, Kind::kSpaceHomepage));
}

TEST(FactsTest, AreTheSameForTheSameAndTellWhereOneFieldEnds) {
  auto one = page_of_site();
  auto another = page_of_site();
  another.body.reset();
  another.web_path = "/elsewhere";
  EXPECT_EQ(facts_of(one), facts_of(another)) << "bodies and links are no facts";
  one.version.message = "ab";
  one.version.author_id = "c";
  another.version.message = "a";
  another.version.author_id = "bc";
  EXPECT_NE(facts_of(one), facts_of(another));
}

TEST(SameRowTest, SeesEveryWrite) {
  const auto one = mirror_of(page_of_site());
  EXPECT_TRUE(same_row(one, one));
  EXPECT_TRUE(same_row(MirrorPage(), MirrorPage()));
  EXPECT_FALSE(same_row(one, MirrorPage()));
  auto seen_again = one;
  seen_again.row->synced_at = minute(50);
  EXPECT_FALSE(same_row(one, seen_again));
  auto gone = one;
  gone.row->gone_at = minute(50);
  EXPECT_FALSE(same_row(one, gone));
}

TEST(SiteClockTest, IsOursUnlessTheSiteContradicts) {
  const auto began = minute(0);
  const auto asked = began + std::chrono::milliseconds(300);
  const auto received = began + std::chrono::milliseconds(500);
  EXPECT_EQ(by_clock_of_site(began, asked, received, {}), began);
  EXPECT_EQ(by_clock_of_site(began, asked, received, minute(0)), began) << "within its second";
  EXPECT_EQ(by_clock_of_site(began, asked, received, minute(1)),
            began + std::chrono::milliseconds(59'500));
  EXPECT_EQ(by_clock_of_site(began, asked, received, minute(-1)),
            began - std::chrono::milliseconds(59'300));
}

TEST(DifferenceKindTest, EveryKindHasANameOfItsOwn) {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < kDifferenceKinds; ++i) {
    const auto kind = static_cast<Kind>(i);
    EXPECT_FALSE(describe(kind).empty());
    EXPECT_TRUE(names.insert(to_string(kind)).second) << to_string(kind);
  }
  EXPECT_EQ(to_string(Kind::kDamagedBody), "damaged_body");
  EXPECT_EQ(to_string(Kind::kTombstoneAlive), "tombstone_alive");
}

}  // namespace
}  // namespace mirror
