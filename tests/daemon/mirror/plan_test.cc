#include "daemon/mirror/plan.h"

#include <gtest/gtest.h>

#include <set>

namespace mirror {
namespace {

std::vector<SpaceLoad> given_spaces(std::size_t count, std::int64_t pages) {
  std::vector<SpaceLoad> spaces;
  for (std::size_t i = 0; i < count; ++i) {
    SpaceLoad load;
    load.space_id = static_cast<store::Id>(1000 + i);
    load.known_pages = pages;
    spaces.push_back(load);
  }
  return spaces;
}

std::set<store::Id> all_of(const std::vector<std::vector<store::Id>>& groups) {
  std::set<store::Id> ids;
  for (const auto& group : groups) ids.insert(group.begin(), group.end());
  return ids;
}

TEST(GroupSpacesTest, EverySpaceIsInExactlyOneGroup) {
  const auto groups = group_spaces(given_spaces(203, 0), 8);
  std::size_t total = 0;
  for (const auto& group : groups) total += group.size();
  EXPECT_EQ(total, 203u);
  EXPECT_EQ(all_of(groups).size(), 203u);
  EXPECT_EQ(groups.size(), 8u);
}

TEST(GroupSpacesTest, NoGroupIsLargerThanTheFilterOfTheApi) {
  for (const auto& group : group_spaces(given_spaces(1050, 5), 4))
    EXPECT_LE(group.size(), kMaxSpacesPerWalk);
  EXPECT_EQ(group_spaces(given_spaces(1050, 5), 4).size(), 11u);
}

TEST(GroupSpacesTest, ASmallKnownSiteIsListedInOneWalk) {
  EXPECT_EQ(group_spaces(given_spaces(40, 5), 8).size(), 1u);
}

TEST(GroupSpacesTest, AHugeSpaceGetsAGroupWithLittleBesideIt) {
  auto spaces = given_spaces(80, 100);
  spaces[17].known_pages = 100'000;
  const auto groups = group_spaces(std::move(spaces), 8);
  for (const auto& group : groups) {
    if (std::find(group.begin(), group.end(), 1017) != group.end()) {
      EXPECT_EQ(group.size(), 1u);
    }
  }
}

TEST(GroupSpacesTest, NoSpacesMakeNoGroups) { EXPECT_TRUE(group_spaces({}, 8).empty()); }

TEST(SweepGroupsTest, AreSideBySideAndNoMoreThanThePagesAreWorth) {
  const auto groups = sweep_groups(given_spaces(203, 100), 8, true);
  EXPECT_EQ(groups.size(), 8u);
  EXPECT_EQ(all_of(groups).size(), 203u);
  EXPECT_EQ(sweep_groups(given_spaces(3, 100), 8, false).size(), 2u);
  EXPECT_EQ(sweep_groups(given_spaces(1, 100'000), 8, true).front().size(), 1u);
}

TEST(SweepGroupsTest, TheWholeSiteIsOneListingWhereThatCostsNoMore) {
  const std::vector<std::vector<store::Id>> whole_site{{}};
  EXPECT_EQ(sweep_groups(given_spaces(5000, 1), 8, true), whole_site);
  EXPECT_EQ(sweep_groups(given_spaces(3, 100), 8, true), whole_site);
  EXPECT_EQ(sweep_groups(given_spaces(5000, 1), 8, false).size(), 50u) << "others are in its way";
  EXPECT_TRUE(sweep_groups({}, 8, true).empty());
}

TEST(PageSizerTest, HalvesOnFailureDownToTheFloorAndSaysWhenItIsThere) {
  PageSizer sizer;
  EXPECT_TRUE(sizer.shrink());
  EXPECT_EQ(sizer.size(), 125);
  EXPECT_TRUE(sizer.shrink());
  EXPECT_TRUE(sizer.shrink());
  EXPECT_EQ(sizer.size(), kMinPageSize);
  EXPECT_FALSE(sizer.shrink());
  EXPECT_EQ(sizer.size(), kMinPageSize);
}

TEST(PageSizerTest, GrowsBackAfterThreeGoodAnswers) {
  PageSizer sizer;
  sizer.shrink();
  const std::chrono::milliseconds quick{100};
  sizer.succeeded(quick);
  sizer.succeeded(quick);
  EXPECT_EQ(sizer.size(), 125);
  sizer.succeeded(quick);
  EXPECT_EQ(sizer.size(), 250);
}

TEST(PageSizerTest, ASlowAnswerCountsAgainstTheSize) {
  PageSizer sizer;
  sizer.succeeded(PageSizer::kSlow + std::chrono::milliseconds(1));
  EXPECT_EQ(sizer.size(), 125);
}

TEST(SpanTest, TwoEndsAreDoneWhenTheyMeet) {
  Span span;
  EXPECT_FALSE(span.met());
  span.up_reached(100);
  EXPECT_FALSE(span.met());
  span.down_reached(150);
  EXPECT_FALSE(span.met());
  span.up_reached(150);
  EXPECT_TRUE(span.met());
}

TEST(SpanTest, AWalkThatStartedAgainDoesNotGiveGroundBack) {
  Span span;
  span.up_reached(100);
  span.up_reached(10);
  EXPECT_EQ(span.low(), 100);
}

TEST(SpanTest, AListingOutOfOrderProvesNothing) {
  Span span;
  span.up_reached(200);
  span.down_reached(100);
  span.spoil();
  EXPECT_FALSE(span.met());
}

TEST(SamePlaceTest, LimitsMakeNoDifferenceButCursorsDo) {
  EXPECT_TRUE(same_place("/wiki/api/v2/pages?limit=250&cursor=a=",
                         "/wiki/api/v2/pages?limit=31&cursor=a="));
  EXPECT_FALSE(same_place("/wiki/api/v2/pages?limit=250&cursor=a=",
                          "/wiki/api/v2/pages?limit=250&cursor=b="));
  EXPECT_TRUE(same_place("/wiki/api/v2/pages?cursor=a=", "/wiki/api/v2/pages?cursor=a="));
  EXPECT_FALSE(same_place("", ""));
}

TEST(QuarantinePauseTest, DoublesFromAnHourToADay) {
  using std::chrono::hours;
  EXPECT_EQ(quarantine_pause(1), hours(1));
  EXPECT_EQ(quarantine_pause(2), hours(2));
  EXPECT_EQ(quarantine_pause(5), hours(16));
  EXPECT_EQ(quarantine_pause(6), hours(24));
  EXPECT_EQ(quarantine_pause(1'000'000), hours(24));
}

}  // namespace
}  // namespace mirror
