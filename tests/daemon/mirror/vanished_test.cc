// What is gone from the site: told apart, believed only with reason, kept, and revived.

#include <gmock/gmock.h>

#include <set>

#include "tests/daemon/mirror/mirror_fixture.h"

namespace mirror {
namespace {

using site::Fault;
using site::Index;
using site::Status;

class VanishedTest : public MirrorTest {
 protected:
  void given_a_mirror(std::uint32_t pages = 600) {
    given_site(content(6, pages, 2));
    expect_done(crawl());
    expect_equal();
  }
  template <typename Work>
  void change(Work work) {
    site().with_content([&](site::Content& content) { work(content); });
  }
  std::vector<store::Id> ids_of(const std::vector<Index>& pages) {
    std::vector<store::Id> ids;
    change([&](site::Content& content) {
      for (const auto page : pages) ids.push_back(content.pages()[page].id);
    });
    return ids;
  }
  std::string reason(store::Id id) {
    auto row = reader()->page(id, true);
    if (!row || !*row) return "not in the mirror";
    return (*row)->gone_reason;
  }
  std::int64_t tombstones() {
    std::int64_t count = 0;
    auto visited = reader()->for_each_page(
        [&count](const store::PageRow& row) {
          count += row.gone_at.has_value() ? 1 : 0;
          return true;
        },
        false, {});
    EXPECT_TRUE(visited);
    return count;
  }
  void restrict_pages(const std::vector<Index>& pages, bool restricted) {
    change([&](site::Content& content) {
      for (const auto page : pages) content.restrict_page(page, restricted);
    });
  }
  void restrict_half_of_the_spaces(bool restricted) {
    change([&](site::Content& content) {
      for (Index space = 0; space < 3; ++space) content.restrict_space(space, restricted);
    });
  }
  void expect_stopped(const Outcome& outcome) {
    ASSERT_FALSE(outcome.result);
    EXPECT_EQ(outcome.result.error().kind, store::ErrorKind::kStopped)
        << outcome.result.error().message;
  }
};

TEST_F(VanishedTest, WhatIsGoneIsToldApartAndKept) {
  given_a_mirror();
  const auto pages = some_pages(5);
  const auto ids = ids_of(pages);
  change([&](site::Content& content) {
    ASSERT_TRUE(content.set_status(pages[0], Status::kPurged));
    ASSERT_TRUE(content.set_status(pages[1], Status::kDeleted));
    ASSERT_TRUE(content.set_status(pages[2], Status::kTrashed));
    ASSERT_TRUE(content.set_status(pages[3], Status::kArchived));
    content.restrict_page(pages[4], true);
  });
  const auto outcome = crawl();
  expect_done(outcome);
  EXPECT_EQ(outcome.progress.pages_gone, 3);
  EXPECT_EQ(reason(ids[0]), "vanished");
  EXPECT_EQ(reason(ids[1]), "deleted");
  EXPECT_EQ(reason(ids[2]), "");
  EXPECT_EQ(reason(ids[3]), "");
  EXPECT_EQ(reason(ids[4]), "vanished");
  auto kept = reader()->page(ids[0], true);
  ASSERT_TRUE(kept && *kept);
  EXPECT_TRUE((*kept)->body) << "a tombstone keeps the last body";
  EXPECT_FALSE(reader()->versions(ids[0])->empty());
  expect_equal();
}

TEST_F(VanishedTest, WhatComesBackIsNoTombstoneAnyMore) {
  given_a_mirror();
  const auto pages = some_pages(4);
  restrict_pages(pages, true);
  expect_done(crawl());
  EXPECT_EQ(tombstones(), 4);
  restrict_pages(pages, false);
  expect_done(crawl());
  EXPECT_EQ(tombstones(), 0);
  expect_equal();
}

TEST_F(VanishedTest, ASecondCrawlAsksNothingMoreWhereNothingIsGone) {
  given_a_mirror();
  site().reset_counters();
  expect_done(crawl());
  const auto before = site().counters().requests;
  restrict_pages(some_pages(3), true);
  site().reset_counters();
  expect_done(crawl());
  EXPECT_LE(site().counters().requests, before + 2) << "two looks, by ids";
  site().reset_counters();
  expect_done(crawl());
  EXPECT_EQ(site().counters().requests, before + 1) << "whether the tombstones are deleted since";
}

TEST_F(VanishedTest, ATruncatedListingMakesNothingGone) {
  given_a_mirror();
  site().set_fault(Fault::kLostNext, 1);
  site().change_settings([](site::Settings& settings) { settings.results_cap = 40; });
  options.max_vanished_pages = 1'000'000;  // not for the valve to save it
  options.max_vanished_percent = 100;
  expect_done(crawl());
  EXPECT_EQ(tombstones(), 0);
  expect_equal();
}

TEST_F(VanishedTest, ALostPermissionOnHalfOfTheSiteStopsTheRunAndMarksNothing) {
  given_a_mirror();
  restrict_half_of_the_spaces(true);
  const auto outcome = crawl();
  expect_stopped(outcome);
  EXPECT_EQ(outcome.result.error().name, "too_many_vanished");
  EXPECT_EQ(tombstones(), 0);
  EXPECT_EQ(last_outcome(), "stopped");
  auto stopped = reader()->vanished_candidates({});
  ASSERT_TRUE(stopped);
  EXPECT_GT(stopped->page_ids.size(), 200U);
  // It is no passing state: the next run stops as well.
  expect_stopped(crawl());
  EXPECT_EQ(tombstones(), 0);
  restrict_half_of_the_spaces(false);
  expect_done(crawl());
  expect_equal();
}

TEST_F(VanishedTest, AcceptedPagesAreBelievedAndNoOthers) {
  given_a_mirror();
  restrict_half_of_the_spaces(true);
  expect_stopped(crawl());
  auto stopped = reader()->vanished_candidates({});
  ASSERT_TRUE(stopped);
  options.accepted_vanished.insert(stopped->page_ids.begin(), stopped->page_ids.end());

  // Meanwhile as much again has gone.
  change([](site::Content& content) { content.restrict_space(3, true); });
  options.max_vanished_pages = 10;
  expect_stopped(crawl());
  EXPECT_EQ(tombstones(), 0);

  change([](site::Content& content) { content.restrict_space(3, false); });
  expect_done(crawl());
  EXPECT_EQ(tombstones(), static_cast<std::int64_t>(stopped->page_ids.size()));
  auto spaces = reader()->spaces();
  ASSERT_TRUE(spaces);
  EXPECT_EQ(spaces->size(), 3U) << "a space that is not shown is gone too";
  expect_equal();
}

TEST_F(VanishedTest, AFewAreBelievedWhateverTheirShare) {
  given_a_mirror(60);
  restrict_pages(some_pages(15), true);
  expect_done(crawl());
  EXPECT_EQ(tombstones(), 15);
}

TEST_F(VanishedTest, NoSpaceAtAllStopsTheRun) {
  given_a_mirror();
  change([](site::Content& content) {
    for (Index space = 0; space < content.spaces().size(); ++space) {
      content.restrict_space(space, true);
    }
  });
  expect_stopped(crawl());
  EXPECT_EQ(tombstones(), 0);
}

TEST_F(VanishedTest, ADeadTokenMarksNothing) {
  given_a_mirror();
  restrict_pages(some_pages(3), true);
  // It dies behind the listings, before the second canary.
  std::uint64_t requests = 0;
  site().reset_counters();
  restrict_pages(some_pages(3), true);
  expect_done(crawl());
  requests = site().counters().requests;
  restrict_pages(some_pages(3), false);
  expect_done(crawl());
  ASSERT_EQ(tombstones(), 0);
  restrict_pages(some_pages(3), true);
  site().change_settings([](site::Settings& settings) { settings.anonymous_access = true; });
  at_request(requests, [this] { site().set_token("another"); });
  const auto outcome = crawl();
  ASSERT_FALSE(outcome.result);
  EXPECT_EQ(outcome.result.error().kind, store::ErrorKind::kCredentialsBad);
  EXPECT_EQ(tombstones(), 0);
}

TEST_F(VanishedTest, AListingThatFailsForGoodMakesNothingGone) {
  given_a_mirror();
  restrict_pages(some_pages(3), true);
  options.retry_quarantine = false;
  const auto failing = [this](double share) {
    site().set_fault(Fault::kRefusedCursor, share);
    site().change_settings([](site::Settings& settings) { settings.results_cap = 20; });
  };
  failing(1);
  const auto outcome = crawl();
  EXPECT_FALSE(outcome.progress.failures.empty());
  EXPECT_EQ(tombstones(), 0);
  failing(0);
  expect_done(crawl());
  EXPECT_EQ(tombstones(), 3);
}

TEST_F(VanishedTest, WhatTheConfigurationExcludesIsKeptAsExcludedAndComesBackWithIt) {
  given_a_mirror();
  std::string key;
  change([&](site::Content& content) { key = content.spaces()[1].key; });
  const auto everything = options.admits;
  options.admits = [key](const store::Space& space) { return space.key != key; };
  options.scope = "all but one";
  expect_done(crawl());
  const auto excluded = tombstones();
  EXPECT_GT(excluded, 0);
  auto space = reader()->space_by_key(key);
  ASSERT_TRUE(space);
  EXPECT_FALSE(*space);
  options.admits = everything;
  options.scope = {};
  expect_done(crawl());
  EXPECT_EQ(tombstones(), 0);
  expect_equal();
}

TEST_F(VanishedTest, ARunOverOneSpaceLooksForNothingElse) {
  given_a_mirror();
  std::string key;
  change([&](site::Content& content) {
    key = content.spaces()[1].key;
    content.restrict_space(2, true);
  });
  options.admits = [key](const store::Space& space) { return space.key == key; };
  options.whole_site = false;
  options.scope = "one space";
  expect_done(crawl());
  EXPECT_EQ(tombstones(), 0);
}

TEST_F(VanishedTest, APageInQuarantineThatIsGoneIsGone) {
  given_a_mirror();
  const auto pages = some_pages(2);
  const auto ids = ids_of(pages);
  change([&](site::Content& content) {
    site::Edit edit;
    edit.body = "<p>edited</p>";
    for (const auto page : pages) ASSERT_TRUE(content.edit(page, edit));
  });
  site().set_poison(ids);
  EXPECT_EQ(crawl().progress.failures.size(), 2U);
  change(
      [&](site::Content& content) { ASSERT_TRUE(content.set_status(pages[0], Status::kPurged)); });
  EXPECT_TRUE(crawl().result);
  EXPECT_EQ(reason(ids[0]), "vanished");
  EXPECT_EQ(reason(ids[1]), "") << "its row is shown, its body is not";
}

TEST_F(VanishedTest, WhatWasHiddenAndIsDeletedSinceIsToldApart) {
  given_a_mirror();
  const auto pages = some_pages(3);
  const auto ids = ids_of(pages);
  restrict_pages(pages, true);
  expect_done(crawl());
  EXPECT_EQ(reason(ids[0]), "vanished");
  restrict_pages({pages[0]}, false);
  change(
      [&](site::Content& content) { ASSERT_TRUE(content.set_status(pages[0], Status::kDeleted)); });
  const auto outcome = crawl();
  expect_done(outcome);
  EXPECT_EQ(outcome.progress.pages_gone, 0) << "it was gone before";
  EXPECT_EQ(reason(ids[0]), "deleted");
  EXPECT_EQ(reason(ids[1]), "vanished");
  expect_equal();
}

TEST_F(VanishedTest, ARowThatCannotBeReadKeepsNoOtherPageFromBeingGone) {
  given_a_mirror();
  const auto pages = some_pages(12);
  const auto ids = ids_of(pages);
  site().set_poison_rows({ids[5]});
  restrict_pages({pages[0], pages[1], pages[11]}, true);
  EXPECT_TRUE(crawl().result);
  for (const auto gone : {0U, 1U, 11U}) EXPECT_EQ(reason(ids[gone]), "vanished");
  EXPECT_EQ(reason(ids[5]), "");
}

TEST_F(VanishedTest, APageInQuarantineIsNotGone) {
  given_a_mirror();
  const auto pages = some_pages(2);
  const auto ids = ids_of(pages);
  site().set_poison_rows(ids);
  const auto outcome = crawl();
  EXPECT_EQ(outcome.progress.failures.size(), 2U);
  EXPECT_EQ(tombstones(), 0);
}

}  // namespace
}  // namespace mirror
