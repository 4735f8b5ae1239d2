#include <gmock/gmock.h>

#include <algorithm>

#include "tests/daemon/mirror/mirror_fixture.h"

namespace mirror {
namespace {

using CrawlTest = MirrorTest;

TEST_F(CrawlTest, AColdCrawlEqualsTheSite) {
  given_site(content(6, 300, 5));
  expect_done(crawl());
  expect_equal();
  expect_same_details();
}

TEST_F(CrawlTest, AHugeBodyIsMirrored) {
  auto made = content(2, 40, 3);
  made.huge_body_bytes = 4U << 20U;
  given_site(made);
  expect_done(crawl());
  expect_equal();
}

TEST_F(CrawlTest, ASecondCrawlChangesNothingAndMovesNoBodies) {
  given_site(content(5, 300, 4));
  expect_done(crawl());
  const auto before = export_mirror();
  site().reset_counters();
  const auto again = crawl();
  expect_done(again);
  EXPECT_EQ(again.progress.pages_changed, 0);
  EXPECT_EQ(again.progress.bodies_written, 0);
  EXPECT_EQ(again.progress.versions_new, 0);
  EXPECT_EQ(site().counters().body_listings, 0U);
  EXPECT_EQ(site().counters().version_listings, 0U);
  EXPECT_TRUE(export_mirror() == before);
}

TEST_F(CrawlTest, AnEditBetweenCrawlsBringsTheNewVersionAndKeepsTheOldBody) {
  given_site(content(3, 120, 3));
  expect_done(crawl());
  const auto edited = some_pages(5);
  std::vector<std::pair<store::Id, std::string>> old_bodies;
  site().with_content([&](site::Content& content) {
    for (const auto index : edited) {
      const auto& page = content.pages()[index];
      old_bodies.emplace_back(page.id, content.body(index, page.version));
      site::Edit edit;
      edit.message = "changed";
      ASSERT_TRUE(content.edit(index, edit));
    }
  });
  site().reset_counters();
  const auto again = crawl();
  expect_done(again);
  EXPECT_EQ(again.progress.pages_changed, 5);
  EXPECT_EQ(site().counters().body_listings, 1U);
  // The version before is known: nothing else is to be asked for.
  EXPECT_EQ(site().counters().version_listings, 0U);
  expect_equal();
  expect_same_details();
  auto mirror = reader();
  for (const auto& [id, body] : old_bodies) {
    auto page = mirror->page(id, false);
    ASSERT_TRUE(page && *page);
    auto stored = mirror->version_body(id, (*page)->version.number - 1);
    ASSERT_TRUE(stored && *stored);
    EXPECT_EQ(**stored, body);
  }
}

TEST_F(CrawlTest, EditsDuringACrawlAreInTheMirrorAtItsEnd) {
  given_site(content(4, 300, 3));
  const auto edited = some_pages(12);
  // Half-way through: of some of them the old version has been seen.
  at_request(40, [&] {
    site().with_content([&](site::Content& content) {
      for (const auto index : edited) content.edit(index, {});
      site::NewPage fresh;
      fresh.title = "written during the crawl";
      fresh.body = "<p>new</p>";
      content.add(fresh);
    });
  });
  expect_done(crawl());
  expect_equal();
}

TEST_F(CrawlTest, MovesArchivingAndTrashingDuringACrawlAreFoundAtItsEndOrByTheNext) {
  given_site(content(4, 300, 3));
  const auto moved = some_pages(12);
  at_request(20, [&] {
    site().with_content([&](site::Content& content) {
      for (std::size_t i = 0; i < moved.size(); ++i) {
        const auto index = moved[i];
        if (i % 3 == 0) {
          content.set_status(index, site::Status::kTrashed);
        } else if (i % 3 == 1) {
          content.set_status(index, site::Status::kArchived);
        } else {
          content.move_to_space(index, (content.pages()[index].space + 1) % 4);
        }
      }
    });
  });
  expect_done(crawl());
  expect_done(crawl());
  expect_equal();
  expect_same_details();
}

TEST_F(CrawlTest, APageMovedBehindTheCrawlsBackIsNotLost) {
  given_site(content(4, 300, 6));
  // The history that follows makes the crawl long enough for a sweep at its end.
  options.closing_sweep = true;
  const auto moved = some_pages(30);
  at_request(6, [&] {
    site().with_content([&](site::Content& content) {
      for (const auto index : moved)
        content.move_to_space(index, (content.pages()[index].space + 1) % 4);
    });
  });
  expect_done(crawl());
  expect_equal();
  expect_same_details();
}

TEST_F(CrawlTest, ASpaceThatAppearsBetweenCrawlsIsMirrored) {
  given_site(content(5, 100, 2));
  std::string key;
  const auto& server = site();
  server.with_content([&](const site::Content& content) { key = content.spaces()[2].key; });
  auto everything = options.admits;
  options.admits = [key](const store::Space& space) { return space.key != key; };
  expect_done(crawl());
  options.admits = everything;
  expect_done(crawl());
  expect_equal();
}

TEST_F(CrawlTest, OnlyTheAdmittedSpacesAreAskedForAndNothingElseIsBackfilled) {
  given_site(content(4, 200, 3));
  options.history = History::kNone;
  expect_done(
      crawl());  // every page with older versions waits for its listing (policy of the file)
  std::string key;
  store::Id id = 0;
  std::size_t versioned = 0;
  const auto& server = site();
  server.with_content([&](const site::Content& content) {
    key = content.spaces()[0].key;
    id = content.spaces()[0].id;
    for (const auto& page : content.pages()) versioned += page.space == 0 && page.version > 1;
  });
  options.admits = [key](const store::Space& space) { return space.key == key; };
  options.history = History::kBodies;
  options.scope = "one space";
  site().reset_counters();
  expect_done(crawl());
  EXPECT_EQ(site().counters().version_listings, versioned);
}

TEST_F(CrawlTest, WithoutHistoryNoVersionListingIsAskedFor) {
  given_site(content(3, 150, 5));
  options.history = History::kNone;
  process.history = "none";
  expect_done(crawl());
  EXPECT_EQ(site().counters().version_listings, 0U);
  site::CompareOptions compare;
  compare.current_only = true;
  expect_equal(compare);
}

TEST_F(CrawlTest, HistoryAsMetadataBringsVersionsWithoutBodies) {
  given_site(content(3, 100, 4));
  options.history = History::kMetadata;
  process.history = "metadata";
  expect_done(crawl());
  expect_same_details();
  // And bodies when the policy asks for them.
  options.history = History::kBodies;
  process.history = "bodies";
  expect_done(crawl());
  expect_equal();
}

TEST_F(CrawlTest, HistoryDepthKeepsTheNewestVersions) {
  given_site(content(2, 80, 8));
  options.history_depth = 3;
  expect_done(crawl());
  auto mirror = reader();
  const auto& server = site();
  server.with_content([&](const site::Content& content) {
    for (site::Index index = 0; index < content.pages().size(); ++index) {
      const auto all = content.versions(index);
      auto kept = mirror->versions(content.pages()[index].id);
      ASSERT_TRUE(kept);
      ASSERT_EQ(kept->size(), std::min<std::size_t>(3, all.size()));
      EXPECT_EQ(kept->back().version.number, all.back().number);
    }
  });
  site().reset_counters();
  expect_done(crawl());
  EXPECT_EQ(site().counters().version_listings, 0U);
}

TEST_F(CrawlTest, RequestsStayWithinTheirBounds) {
  given_site(content(150, 1500, 2));
  process.connections = 8;
  expect_done(crawl());
  std::size_t older = 0;
  const auto& server = site();
  server.with_content([&](const site::Content& content) {
    for (site::Index i = 0; i < content.pages().size(); ++i)
      older += content.versions(i).size() > 1;
  });
  const auto counters = site().counters();
  EXPECT_LE(static_cast<double>(counters.body_listings), 1500 / 250.0 * 1.15 + 150 / 100.0 + 10);
  EXPECT_LE(static_cast<double>(counters.version_listings), static_cast<double>(older) * 1.05);
  expect_equal();
}

struct Split {
  SplitScheme scheme;
  const char* name;
};
class SplitTest : public MirrorTest, public ::testing::WithParamInterface<Split> {};

TEST_P(SplitTest, OneHugeSpaceEqualsTheSiteWithFewRequestsTwice) {
  auto made = content(20, 4000, 1);
  made.big_space_share = 0.6;
  made.avg_body_bytes = 300;
  given_site(made);
  site().change_settings([](site::Settings& settings) {
    settings.body_results_cap = 50;
    settings.results_cap = 50;
    settings.latency_ms = 5;
  });
  options.split = GetParam().scheme;
  process.connections = 8;
  expect_done(crawl());
  expect_equal();
  const auto counters = site().counters();
  RecordProperty("body_listings", static_cast<int>(counters.body_listings));
  RecordProperty("plain_listings", static_cast<int>(counters.plain_listings));
  // Every page once, the ends of eight groups, and what is under way when two walks meet.
  EXPECT_LE(counters.body_listings, 4000 / 50 + 8 + 6);
  if (GetParam().scheme == SplitScheme::kScout) {
    // More than two walks from both ends could keep busy.
    EXPECT_GT(counters.max_open_requests, 2U);
    EXPECT_LE(counters.plain_listings, 4000 / 50 + 12);
  }
}

INSTANTIATE_TEST_SUITE_P(Schemes, SplitTest,
                         ::testing::Values(Split{SplitScheme::kNone, "None"},
                                           Split{SplitScheme::kTwoEnds, "TwoEnds"},
                                           Split{SplitScheme::kScout, "Scout"}),
                         [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace mirror
