// Runs that ask only for what changed: what they cost, what they find, and when they are not
// enough.

#include <gmock/gmock.h>

#include "tests/daemon/mirror/mirror_fixture.h"

namespace mirror {
namespace {

using site::Fault;
using site::Index;

class IncrementalTest : public MirrorTest {
 protected:
  void given_a_mirror() {
    given_site(content(6, 600, 2));
    expect_done(crawl());
    expect_equal();
    options.incremental = true;
    options.overlap = std::chrono::seconds(0);
    site().reset_counters();
  }
  void edit(std::size_t count) {
    const auto pages = some_pages(count);
    site().with_content([&](site::Content& content) {
      for (const auto page : pages) {
        site::Edit edit;
        edit.body = "<p>edited</p>";
        ASSERT_TRUE(content.edit(page, edit));
      }
    });
  }
  std::string last_kind() {
    auto runs = reader()->runs(1);
    return runs && !runs->empty() ? runs->front().kind : "";
  }
};

TEST_F(IncrementalTest, WhereNothingChangedThreeRequestsAreEnough) {
  given_a_mirror();
  expect_done(crawl());
  EXPECT_EQ(last_kind(), "incremental");
  EXPECT_EQ(site().counters().requests, 3U);  // who we are, the poll, who we are
  EXPECT_EQ(site().counters().plain_listings, 1U);
  expect_equal();
}

TEST_F(IncrementalTest, AFewChangesCostTheirBodiesAndNoListingOfVersions) {
  given_a_mirror();
  edit(40);
  const auto outcome = crawl();
  expect_done(outcome);
  EXPECT_EQ(outcome.progress.pages_changed, 40);
  EXPECT_LE(site().counters().requests, 3U + 1U + 1U);  // bodies, and names that are new
  EXPECT_EQ(site().counters().version_listings, 0U);
  expect_equal();
}

TEST_F(IncrementalTest, ANewPageAndOneThatWasEditedTwiceComeInWhole) {
  given_a_mirror();
  site().with_content([&](site::Content& content) {
    site::NewPage page;
    page.space = 2;
    page.title = "new since";
    page.body = "<p>new</p>";
    ASSERT_NE(content.add(page), site::kNone);
  });
  edit(1);
  edit(1);
  expect_done(crawl());
  expect_equal();
}

TEST_F(IncrementalTest, WhatMakesNoVersionIsForTheNextFullRun) {
  given_a_mirror();
  const auto pages = some_pages(2);
  site().with_content([&](site::Content& content) {
    ASSERT_TRUE(content.set_status(pages[0], site::Status::kTrashed));
    ASSERT_TRUE(content.set_status(pages[1], site::Status::kPurged));
  });
  expect_done(crawl());
  options.incremental = false;
  const auto outcome = crawl();
  expect_done(outcome);
  EXPECT_EQ(last_kind(), "full");
  EXPECT_EQ(outcome.progress.pages_gone, 1);
  expect_equal();
}

TEST_F(IncrementalTest, WithoutAFullRunOfThisScopeBeforeItIsOne) {
  given_site(content(4, 200, 1));
  options.incremental = true;
  expect_done(crawl());
  EXPECT_EQ(last_kind(), "full");
  expect_equal();
  expect_done(crawl());
  EXPECT_EQ(last_kind(), "incremental");
  options.scope = "another";
  expect_done(crawl());
  EXPECT_EQ(last_kind(), "full");
}

TEST_F(IncrementalTest, AFullRunThatWasInterruptedIsLeftForAFullOne) {
  given_site(content(6, 600, 2));
  expect_done(crawl());
  options.refetch_bodies = true;
  std::size_t open_walks = 0;
  for (int commits = 6; open_walks == 0; ++commits) {
    ASSERT_TRUE(crawl_and_die_before_commit(commits));
    open_walks = reader()->walks()->size();
  }
  options.refetch_bodies = false;
  options.incremental = true;
  expect_done(crawl());
  EXPECT_EQ(last_kind(), "incremental");
  EXPECT_EQ(reader()->walks()->size(), open_walks);
  EXPECT_TRUE(*has_unfinished(*reader(), options.scope));
  options.incremental = false;
  expect_done(crawl());
  EXPECT_FALSE(*has_unfinished(*reader(), options.scope));
  EXPECT_EQ(last_kind(), "incremental") << "what is taken up goes on under its number";
  expect_equal();
}

TEST_F(IncrementalTest, APollThatFailsIsRepeatedFromWhereTheLastOneWas) {
  given_a_mirror();
  site().change_settings([](site::Settings& settings) { settings.results_cap = 10; });
  edit(30);
  site().set_fault(Fault::kRefusedCursor, 1);  // it comes no farther than one page of rows
  const auto failed = crawl();
  EXPECT_FALSE(failed.progress.failures.empty());
  site().set_fault(Fault::kRefusedCursor, 0);
  // Were the watermark beyond them, nothing would look for the other twenty again.
  const auto outcome = crawl();
  EXPECT_EQ(outcome.progress.pages_changed, 20);
  expect_equal();
}

TEST_F(IncrementalTest, AFullRunIsWholeOnlyIfEveryListingCameToItsEnd) {
  given_site(content(6, 300, 2));
  EXPECT_TRUE(crawl().progress.whole);
  site().change_settings([](site::Settings& settings) { settings.results_cap = 10; });
  site().set_fault(Fault::kRefusedCursor, 1);
  const auto failed = crawl();
  EXPECT_TRUE(failed.result);
  EXPECT_FALSE(failed.progress.whole);
  const auto before = quarantined();
  EXPECT_THAT(before, ::testing::Contains(::testing::StartsWith("listing:")));
  // An incremental run looks at none of those listings, and says nothing about them.
  site().clear_faults();
  options.incremental = true;
  EXPECT_TRUE(crawl().result);
  EXPECT_THAT(quarantined(), ::testing::Contains(::testing::StartsWith("listing:space")));
  options.incremental = false;
  EXPECT_TRUE(crawl().progress.whole);
  EXPECT_THAT(quarantined(), ::testing::IsEmpty());
}

TEST_F(IncrementalTest, BesideAFullRunThereMustHaveBeenOneBefore) {
  given_site(content(3, 60, 2));
  options.incremental = true;
  options.beside_run = 7;
  const auto outcome = crawl();
  ASSERT_FALSE(outcome.result);
  EXPECT_EQ(outcome.result.error().name, "full_run_under_way");
  EXPECT_TRUE(reader()->runs(10)->empty());
}

TEST_F(IncrementalTest, AFullRunIsTakenUpHoweverManyOthersEndedSince) {
  given_site(content(6, 600, 2));
  expect_done(crawl());
  options.refetch_bodies = true;
  std::int64_t run_id = 0;
  for (int commits = 6; run_id == 0; ++commits) {
    ASSERT_TRUE(crawl_and_die_before_commit(commits));
    const auto walks = reader()->walks();
    if (!walks->empty()) run_id = walks->front().crawl_id;
  }
  {
    auto writer = store::Writer::open(process.path, {});
    ASSERT_TRUE(writer);
    store::Batch batch(0, base::SystemClock().now());
    for (int i = 1; i <= 150; ++i) {
      store::RunUpdate run;
      run.run_id = run_id + i;
      run.kind = "incremental";
      run.outcome = "done";
      batch.runs.push_back(std::move(run));
    }
    (*writer)->submit(std::move(batch), [](const store::Result<store::CommitInfo>&) {});
    ASSERT_TRUE((*writer)->close());
  }
  expect_done(crawl());
  const auto runs = reader()->runs(1000);
  for (const auto& run : *runs) {
    if (run.run_id == run_id) {
      EXPECT_EQ(run.outcome, "done") << "it was begun anew";
    }
  }
  expect_equal();
}

TEST_F(IncrementalTest, AChangeInASpaceThatNobodyKnowsLooksAtEverything) {
  given_site(content(6, 600, 2));
  site().with_content([](site::Content& content) { content.restrict_space(3, true); });
  expect_done(crawl());
  expect_equal();
  options.incremental = true;
  site().with_content([](site::Content& content) {
    content.restrict_space(3, false);
    site::Edit edit;
    edit.body = "<p>edited</p>";
    ASSERT_TRUE(content.edit(content.spaces()[3].homepage, edit));
  });
  expect_done(crawl());
  EXPECT_EQ(last_kind(), "full");
  expect_equal();
}

TEST_F(IncrementalTest, ASpaceThatIsLeftOutDoesNotCountAsUnknown) {
  given_site(content(6, 600, 2));
  Index left_out = 3;
  std::string key;
  site().with_content([&](site::Content& content) { key = content.spaces()[left_out].key; });
  options.admits = [key](const store::Space& space) { return space.key != key; };
  expect_done(crawl());
  options.incremental = true;
  site().with_content([&](site::Content& content) {
    site::Edit edit;
    edit.body = "<p>edited</p>";
    ASSERT_TRUE(content.edit(content.spaces()[left_out].homepage, edit));
  });
  const auto outcome = crawl();
  expect_done(outcome);
  EXPECT_EQ(last_kind(), "incremental");
  EXPECT_EQ(outcome.progress.pages_changed, 0);
}

}  // namespace
}  // namespace mirror
