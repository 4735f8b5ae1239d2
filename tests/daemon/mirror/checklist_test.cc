#include "daemon/mirror/checklist.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daemon/mirror/compare.h"

namespace mirror {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::size_t kAll = 1'000'000;

store::PageRow row_of(store::Id id, store::Id space_id = 1) {
  store::PageRow row;
  row.id = id;
  row.space_id = space_id;
  row.status = "current";
  row.title = "Page " + std::to_string(id);
  row.version.number = 1;
  row.body_hash = store::sha256(row.title);
  return row;
}

class ChecklistTest : public ::testing::Test {
 protected:
  std::vector<store::Id> suspects() const { return ids(list_.suspects()); }
  std::vector<store::Id> sample(std::size_t count, std::uint64_t seed = 1) const {
    return ids(list_.sample(count, seed));
  }
  void given(std::initializer_list<store::Id> page_ids) {
    for (const auto id : page_ids) list_.expect(row_of(id), true);
  }
  void see(std::initializer_list<store::Id> page_ids) {
    for (const auto id : page_ids) list_.see(row_of(id), true);
  }

  Checklist list_;

 private:
  static std::vector<store::Id> ids(const std::vector<Checklist::Suspect>& all) {
    std::vector<store::Id> found;
    for (const auto& suspect : all) found.push_back(suspect.page_id);
    return found;
  }
};

TEST_F(ChecklistTest, WhatIsTheSameOnBothSidesIsNoSuspect) {
  given({1, 2, 3});
  see({3, 1, 2, 2});
  EXPECT_THAT(suspects(), IsEmpty());
  EXPECT_EQ(list_.pages_listed(), 3);
  EXPECT_EQ(list_.pages_seen(), 3);
}

TEST_F(ChecklistTest, WhatOneSideLacksIsASuspectAndSoIsWhatDiffers) {
  given({1, 2, 3, 4});
  see({1, 2, 9});
  auto moved = row_of(3, 2);
  list_.see(moved, true);
  EXPECT_THAT(suspects(), ElementsAre(3, 4, 9));
  const auto all = list_.suspects();
  EXPECT_EQ(all[0].seen, facts_of(moved));
  EXPECT_FALSE(all[1].seen) << "no listing showed it";
  EXPECT_TRUE(all[2].seen);
  EXPECT_EQ(list_.pages_seen(), 4);
  EXPECT_EQ(list_.seen_by_space().at(2), 1);
}

TEST_F(ChecklistTest, ATombstoneIsASuspectOnlyWhereTheSiteShowsIt) {
  for (const auto id : {1, 2}) {
    auto gone = row_of(id);
    gone.gone_at = store::Time{};
    list_.expect(gone, true);
  }
  see({2});
  EXPECT_THAT(suspects(), ElementsAre(2));
  EXPECT_EQ(list_.pages_listed(), 0);
}

TEST_F(ChecklistTest, ABodyThatIsNotThereMakesASuspect) {
  auto due = row_of(1);
  due.body_due = true;
  list_.expect(due, true);
  given({2});
  see({1, 2});
  EXPECT_THAT(suspects(), ElementsAre(1));
  EXPECT_EQ(list_.bodies_missing(), 1);
  EXPECT_THAT(sample(kAll), ElementsAre(2));
}

TEST_F(ChecklistTest, WhatTheMirrorIsNotToHoldIsNoSuspectUnlessItHoldsItElsewhere) {
  list_.expect(row_of(1, 5), false);  // a space that is left out
  list_.expect(row_of(2, 1), true);
  list_.see(row_of(1, 5), false);
  list_.see(row_of(2, 5), false);  // moved there
  list_.see(row_of(3, 5), false);
  EXPECT_THAT(suspects(), ElementsAre(2));
  EXPECT_EQ(list_.pages_seen(), 0);
}

TEST_F(ChecklistTest, AListingThatBrokeOffSaysNothingAboutWhatItDidNotShow) {
  list_.expect(row_of(1, 1), true);
  list_.expect(row_of(2, 2), true);
  list_.expect(row_of(3, 2), true);
  auto changed = row_of(3, 2);
  changed.title = "Another";
  list_.see(changed, true);
  list_.excuse(2);
  EXPECT_THAT(suspects(), ElementsAre(1, 3));
  EXPECT_EQ(list_.not_looked_at(), 1);
}

TEST_F(ChecklistTest, ARowThatCannotBeReadIsNeitherMissingNorPartOfTheSample) {
  given({1, 2});
  see({2});
  list_.see_unreadable(1);
  EXPECT_THAT(suspects(), IsEmpty());
  EXPECT_THAT(sample(kAll), ElementsAre(2));
}

TEST_F(ChecklistTest, TheSampleIsDrawnByLotFromWhatBothSidesHave) {
  for (store::Id id = 1; id <= 200; ++id) list_.expect(row_of(id), true);
  for (store::Id id = 1; id <= 100; ++id) list_.see(row_of(id), true);
  EXPECT_EQ(sample(kAll).size(), 100U);
  EXPECT_THAT(sample(0), IsEmpty());
  const auto some = sample(10, 1);
  EXPECT_EQ(some.size(), 10U);
  EXPECT_TRUE(std::is_sorted(some.begin(), some.end()));
  EXPECT_EQ(some, sample(10, 1));
  EXPECT_NE(some, sample(10, 2));
}

}  // namespace
}  // namespace mirror
