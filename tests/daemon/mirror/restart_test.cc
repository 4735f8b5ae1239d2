#include <gmock/gmock.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <chrono>

#include "tests/daemon/mirror/mirror_fixture.h"

namespace mirror {
namespace {

class RestartTest : public MirrorTest {
 protected:
  void given_small_site() {
    given_site(content(5, 90, 3));
    site().change_settings([](site::Settings& settings) {
      settings.results_cap = 12;
      settings.body_results_cap = 12;
    });
  }
  // From an empty mirror, before ever later commits, until it leaves what `ready` asks for: which
  // commits come first is a matter of chance.
  bool crawl_and_die_where(int commits, const std::function<bool()>& ready) {
    for (const int last = commits + 30; commits < last; ++commits) {
      forget_mirror();
      if (!crawl_and_die_before_commit(commits)) return false;
      // It may have died while it made the tables.
      if (store::Reader::open(process.path) && ready()) return true;
    }
    return false;
  }
};

TEST_F(RestartTest, KilledBeforeAnyCommitItGoesOnAndEndsTheSame) {
  given_small_site();
  expect_done(crawl());
  const auto whole = export_mirror();
  const auto listings = site().counters().body_listings;
  int n = 1;
  // Every one of the first commits, then every fifth.
  for (; n < 400; n += n < 20 ? 1 : 5) {
    forget_mirror();
    site().reset_counters();
    if (!crawl_and_die_before_commit(n)) break;
    expect_done(crawl());
    EXPECT_TRUE(export_mirror() == whole) << "killed before commit " << n;
    // Five groups of one space, and batches by id on four connections: two each at most.
    EXPECT_LE(site().counters().body_listings, listings + 2 * (5 + 4))
        << "killed before commit " << n;
    if (n % 8 == 1) {
      const auto again = crawl();
      expect_done(again);
      EXPECT_EQ(again.progress.pages_changed, 0) << n;
      EXPECT_EQ(again.progress.bodies_written, 0) << n;
      EXPECT_EQ(again.progress.versions_new, 0) << n;
    }
    if (HasFailure()) return;
  }
  EXPECT_GT(n, 20) << "too few commits to be a test";
}

TEST_F(RestartTest, KilledAgainAndAgainItStillArrives) {
  given_small_site();
  int kills = 0;
  // Each life gets a few commits; some end before they have done anything.
  while (crawl_and_die_before_commit(5 + kills)) ASSERT_LT(++kills, 100);
  EXPECT_GT(kills, 3);
  expect_done(crawl());
  expect_equal();
  expect_same_details();
}

TEST_F(RestartTest, AStoppedCrawlEndsSoonAndIsTakenUp) {
  given_small_site();
  for (const std::uint64_t moment : {3U, 6U, 10U, 15U, 25U, 40U, 60U}) {
    Outcome outcome{store::Result<void>(), {}, {}};
    outcome = crawl([&](Process& life) { at_request(moment, [&life] { life.stop(); }); });
    if (outcome.result) break;
    EXPECT_EQ(outcome.result.error().kind, store::ErrorKind::kCanceled);
    EXPECT_EQ(last_outcome(), "interrupted");
    EXPECT_THAT(quarantined(), ::testing::IsEmpty());
  }
  expect_done(crawl());
  expect_equal();
  auto runs = reader()->runs(100);
  ASSERT_TRUE(runs);
  EXPECT_LE(runs->size(), 3U) << "what is taken up goes on under its number";
}

TEST_F(RestartTest, StopDoesNotWaitForTheSite) {
  given_small_site();
  const auto begun = std::chrono::steady_clock::now();
  const auto outcome = crawl([&](Process& life) {
    at_request(12, [this, &life] {
      site().change_settings([](site::Settings& settings) { settings.latency_ms = 30'000; });
      life.stop();
    });
  });
  ASSERT_FALSE(outcome.result);
  EXPECT_EQ(outcome.result.error().kind, store::ErrorKind::kCanceled);
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(10));
}

TEST_F(RestartTest, StopEndsAWaitOfTheSiteAndTheWaitOutlivesTheProcess) {
  given_small_site();
  at_request(9, [this] { site().set_fault(site::Fault::k429, 1); });
  auto stop_in_wait = [](Process& life) -> base::Awaitable<void> {
    while (!life.governor().status().closed_until) {
      co_await base::sleep_for(std::chrono::milliseconds(1));
    }
    life.stop();
  };
  const auto outcome = crawl([&](Process& life) {
    boost::asio::co_spawn(life.io(), stop_in_wait(life), boost::asio::detached);
  });
  ASSERT_FALSE(outcome.result);
  EXPECT_EQ(outcome.result.error().kind, store::ErrorKind::kCanceled);
  auto until = reader()->meta("rate_wait_until");
  ASSERT_TRUE(until && *until);
  site().clear_faults();
  expect_done(crawl());
  EXPECT_EQ(site().counters().sent_while_waiting, 0U);
  expect_equal();
}

TEST_F(RestartTest, CursorsThatAreRefusedAfterARestartOnlyStartTheirWalkAgain) {
  given_small_site();
  const auto has_cursor = [](const store::WalkState& walk) {
    return !walk.done && walk.next_link.find("cursor=") != std::string::npos;
  };
  std::vector<store::WalkState> walks;
  ASSERT_TRUE(crawl_and_die_where(8, [&] {
    walks = *reader()->walks();
    return std::any_of(walks.begin(), walks.end(), has_cursor);
  }));
  // Every cursor of the life before is worthless, new ones are not: the orders of the site changed.
  store::Writer::Options writer_options;
  auto writer = store::Writer::open(process.path, writer_options);
  ASSERT_TRUE(writer);
  store::Batch batch(0, base::SystemClock().now());
  int spoiled = 0;
  for (auto& walk : walks) {
    if (!has_cursor(walk)) continue;
    walk.next_link.replace(walk.next_link.find("cursor="), 12, "cursor=AAAAA");
    batch.walks.push_back(walk);
    ++spoiled;
  }
  ASSERT_GT(spoiled, 0);
  (*writer)->submit(std::move(batch), [](const store::Result<store::CommitInfo>&) {});
  ASSERT_TRUE((*writer)->close());
  expect_done(crawl());
  expect_equal();
}

TEST_F(RestartTest, AnInterruptedCrawlOfAnotherScopeIsLeftForItsTurn) {
  given_small_site();
  const auto open_walks = [this] {
    auto walks = reader()->walks();
    return walks ? walks->size() : 0;
  };
  ASSERT_TRUE(crawl_and_die_where(9, [&] { return open_walks() > 0; }));
  const auto left = open_walks();
  std::string key;
  const auto& server = site();
  server.with_content([&](const site::Content& content) { key = content.spaces()[1].key; });
  const auto everything = options;
  options.admits = [key](const store::Space& space) { return space.key == key; };
  options.scope = "one space";
  options.whole_site = false;
  expect_done(crawl());
  EXPECT_EQ(open_walks(), left);
  options = everything;
  expect_done(crawl());
  EXPECT_EQ(open_walks(), 0U);
  expect_equal();
}

TEST_F(RestartTest, ASpaceThatIsNoLongerWantedDoesNotKeepTheOthersOfItsWalkBack) {
  given_small_site();
  process.connections = 2;  // two walks of several spaces
  std::string key;
  store::Id id = 0;
  const auto& server = site();
  server.with_content([&](const site::Content& content) {
    key = content.spaces()[0].key;
    id = content.spaces()[0].id;
  });
  const auto in_an_open_walk = [this, id] {
    auto walks = reader()->walks();
    auto spaces = reader()->spaces();
    return walks && spaces &&
           std::any_of(spaces->begin(), spaces->end(),
                       [id](const auto& space) { return space.id == id; }) &&
           std::any_of(walks->begin(), walks->end(), [id](const store::WalkState& walk) {
             return !walk.done && walk.space_ids.size() > 1 &&
                    std::find(walk.space_ids.begin(), walk.space_ids.end(), id) !=
                        walk.space_ids.end();
           });
  };
  ASSERT_TRUE(crawl_and_die_where(7, in_an_open_walk));
  options.admits = [key](const store::Space& space) { return space.key != key; };
  options.whole_site = false;  // or its pages would be excluded ones
  expect_done(crawl());
  site::CompareOptions compare;
  server.with_content([&](const site::Content& content) {
    for (const auto& page : content.pages()) {
      if (content.spaces()[page.space].id == id) compare.except_pages.insert(page.id);
    }
  });
  expect_equal(compare);
}

}  // namespace
}  // namespace mirror
