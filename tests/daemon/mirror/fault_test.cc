#include <gmock/gmock.h>
#include <sqlite3.h>

#include <algorithm>
#include <chrono>

#include "tests/daemon/mirror/mirror_fixture.h"

namespace mirror {
namespace {

using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAreArray;

using Faults = std::vector<std::pair<site::Fault, double>>;
struct Weather {
  const char* name;
  Faults faults;
};
class FaultTest : public MirrorTest, public ::testing::WithParamInterface<Weather> {};

TEST_P(FaultTest, PassingFaultsLeaveNoTrace) {
  given_site(content(5, 150, 4));
  site().change_settings([](site::Settings& settings) {
    settings.drip_ms = 60;
    settings.body_results_cap = 5;
  });
  for (const auto& [fault, share] : GetParam().faults) site().set_fault(fault, share);
  const auto something_went_wrong = [this] {
    const auto counters = site().counters();
    // What shapes a listing is not counted, but makes more of them.
    return !counters.faults.empty() || counters.body_listings > 150 / 5 + 10;
  };
  // The site draws its faults: now and then it draws none.
  for (int tries = 0; tries < 5 && !something_went_wrong(); ++tries) {
    forget_mirror();
    site().reset_counters();
    expect_done(crawl());
  }
  EXPECT_TRUE(something_went_wrong()) << "the test shows nothing";
  EXPECT_EQ(site().counters().sent_while_waiting, 0U);
  site().clear_faults();
  expect_equal();
  expect_same_details();
}

using site::Fault;
INSTANTIATE_TEST_SUITE_P(
    Weathers, FaultTest,
    ::testing::Values(
        Weather{"ServerErrors", {{Fault::k500, 0.06}, {Fault::k502Html, 0.06}}},
        Weather{"LostConnections",
                {{Fault::kResetBefore, 0.06}, {Fault::kResetAfter, 0.06}, {Fault::kCutBody, 0.06}}},
        Weather{"NotWhatWasAskedFor",
                {{Fault::kTruncatedJson, 0.04},
                 {Fault::kMalformedJson, 0.04},
                 {Fault::kEmpty200, 0.04},
                 {Fault::kHtml200, 0.04}}},
        Weather{"RefusedCursors", {{Fault::kRefusedCursor, 0.15}}},
        Weather{"OddListings",
                {{Fault::kShortPage, 0.3}, {Fault::kEmptyPage, 0.2}, {Fault::kRepeatedRow, 0.3}}},
        Weather{"SlowAndUnsure", {{Fault::kSlowDrip, 0.05}, {Fault::kBetaHeaders, 0.5}}},
        Weather{"Refusals",
                {{Fault::k429, 0.01}, {Fault::k429HttpDate, 0.01}, {Fault::k503RetryAfter, 0.01}}}),
    [](const auto& test) { return std::string(test.param.name); });

using SiteTest = MirrorTest;

TEST_F(SiteTest, ARateIsKeptAndAnOpenWaitIsRespected) {
  given_site(content(3, 30, 1));
  site().change_settings([](site::Settings& settings) {
    settings.rate = 6;
    settings.burst = 1;
    settings.rate_headers = site::RateHeaders::kRetryAfter;
  });
  expect_done(crawl());
  EXPECT_GT(site().counters().refused, 0U);
  EXPECT_EQ(site().counters().sent_while_waiting, 0U);
  expect_equal();
}

TEST_F(SiteTest, AResultsCapIsNotTheEndOfAListing) {
  given_site(content(4, 200, 3));
  site().change_settings([](site::Settings& settings) {
    settings.results_cap = 7;
    settings.body_results_cap = 5;
  });
  expect_done(crawl());
  expect_equal();
  expect_same_details();
}

TEST_F(SiteTest, AChangedLimitThatIsRefusedOnlyCostsTheChange) {
  given_site(content(3, 250, 2));
  site().change_settings([](site::Settings& settings) {
    settings.refuse_changed_limit = true;
    settings.results_cap = 20;
  });
  site().set_fault(Fault::k500, 0.2);  // makes the page size change
  expect_done(crawl());
  site().clear_faults();
  expect_equal();
}

TEST_F(SiteTest, WhereALimitMayNotChangeAWalkGoesOnWithTheOneItHas) {
  given_site(content(1, 250, 1));
  site().change_settings([](site::Settings& settings) {
    settings.refuse_changed_limit = true;
    settings.results_cap = 20;
  });
  options.split = SplitScheme::kNone;
  // Both tries of one request fail: the walk wants to go on with half the page size.
  at_request(10, [this] {
    site().set_fault(Fault::k500, 1);
    at_request(3, [this] { site().clear_faults(); });
  });
  expect_done(crawl());
  expect_equal();
  // The walk did not have to begin again without bodies: such are the closing poll's alone.
  EXPECT_LE(site().counters().plain_listings, 2U);
}

TEST_F(SiteTest, PoisonPagesAreNamedAndEverythingElseIsThere) {
  site::ServerOptions server;
  server.content = content(4, 400, 2);
  server.poison = 5;
  given_site(server);
  const auto outcome = crawl();
  ASSERT_TRUE(outcome.result);
  EXPECT_EQ(last_outcome(), "partial");
  std::vector<std::string> subjects;
  site::CompareOptions compare;
  for (const auto id : site().poison_pages()) {
    subjects.push_back("page:" + std::to_string(id));
    subjects.push_back("versions:" + std::to_string(id));
    compare.except_pages.insert(id);
  }
  // Which of them have older versions is the site's affair.
  for (const auto& subject : quarantined()) EXPECT_THAT(subjects, ::testing::Contains(subject));
  for (const auto id : site().poison_pages()) {
    EXPECT_THAT(quarantined(), ::testing::Contains("page:" + std::to_string(id)));
  }
  EXPECT_EQ(outcome.progress.quarantined, static_cast<std::int64_t>(quarantined().size()));
  EXPECT_EQ(outcome.progress.failures.size(), quarantined().size());
  expect_equal(compare);

  // Not before its time is it tried again, but still told.
  site().reset_counters();
  const auto waiting = crawl();
  ASSERT_TRUE(waiting.result);
  EXPECT_EQ(last_outcome(), "partial");
  EXPECT_THAT(waiting.progress.failures, IsEmpty());
  EXPECT_EQ(waiting.progress.quarantined, outcome.progress.quarantined);
  EXPECT_EQ(site().counters().body_listings, 0U);

  site().set_poison({});
  options.retry_quarantine = true;
  expect_done(crawl());
  EXPECT_THAT(quarantined(), IsEmpty());
  expect_equal();
}

TEST_F(SiteTest, PoisonRowsAreNamedAndComeInWhenTheyAreHealed) {
  site::ServerOptions server;
  server.content = content(3, 200, 2);
  server.poison_rows = 6;
  given_site(server);
  const auto outcome = crawl();
  ASSERT_TRUE(outcome.result);
  EXPECT_EQ(last_outcome(), "partial");
  std::vector<std::string> subjects;
  site::CompareOptions compare;
  for (const auto id : site().poison_rows()) {
    subjects.push_back("page:" + std::to_string(id));
    compare.except_pages.insert(id);
  }
  for (const auto& subject : subjects) EXPECT_THAT(quarantined(), ::testing::Contains(subject));
  expect_equal(compare);

  site().set_poison_rows({});
  options.retry_quarantine = true;
  expect_done(crawl());
  EXPECT_THAT(quarantined(), IsEmpty());
  expect_equal();
}

TEST_F(SiteTest, ABadRowWhosePageWasPurgedSinceIsForgotten) {
  site::ServerOptions server;
  server.content = content(2, 60, 1);
  server.poison_rows = 1;
  given_site(server);
  ASSERT_TRUE(crawl().result);
  EXPECT_EQ(quarantined().size(), 1U);
  const auto id = site().poison_rows().front();
  site().set_poison_rows({});
  site().with_content([&](site::Content& content) {
    ASSERT_TRUE(content.set_status(content.find_page(id), site::Status::kPurged));
  });
  options.retry_quarantine = true;
  expect_done(crawl());
  expect_equal();
}

TEST_F(SiteTest, AnUnknownTokenChangesNothing) {
  given_site(content(2, 30, 1));
  process.token = "wrong";
  const auto outcome = crawl();
  ASSERT_FALSE(outcome.result);
  EXPECT_EQ(outcome.result.error().kind, store::ErrorKind::kCredentialsBad);
  EXPECT_EQ(last_outcome(), "none");
}

class DeadTokenTest : public MirrorTest, public ::testing::WithParamInterface<bool> {};

TEST_P(DeadTokenTest, EndsTheCrawlAndMarksNothing) {
  for (const std::uint64_t moment : {4U, 8U, 12U, 30U, 70U}) {
    given_site(content(4, 200, 3));
    forget_mirror();
    site().change_settings([](site::Settings& settings) {
      settings.anonymous_access = GetParam();
      settings.body_results_cap = 20;
    });
    at_request(moment, [this] { site().set_token("another"); });
    const auto outcome = crawl();
    ASSERT_FALSE(outcome.result) << moment;
    EXPECT_EQ(outcome.result.error().kind, store::ErrorKind::kCredentialsBad) << moment;
    EXPECT_THAT(outcome.progress.failures, IsEmpty()) << moment;
    EXPECT_THAT(quarantined(), IsEmpty()) << moment;
    EXPECT_EQ(last_outcome(), "failed");
    process.token = "another";
    expect_done(crawl());
    expect_equal();
    expect_same_details();
    process.token = "site-token";
  }
}
INSTANTIATE_TEST_SUITE_P(Site, DeadTokenTest, ::testing::Bool(), [](const auto& test) {
  return std::string(test.param ? "WithAnonymousAccess" : "Closed");
});

TEST_F(SiteTest, AnOutageEndsTheCrawlInsteadOfMarkingEverything) {
  given_site(content(4, 200, 4));
  at_request(30, [this] { site().set_fault(Fault::k500, 1); });
  const auto outcome = crawl();
  ASSERT_FALSE(outcome.result);
  EXPECT_EQ(store::exit_code(outcome.result.error().kind), 8);
  EXPECT_LE(quarantined().size(), 12U);
  site().clear_faults();
  options.retry_quarantine = true;
  expect_done(crawl());
  expect_equal();
}

TEST_F(SiteTest, AWriterThatFailsEndsTheCrawlAndItsCursorsStayBehind) {
  given_site(content(3, 120, 2));
  site().change_settings([](site::Settings& settings) { settings.body_results_cap = 20; });
  const auto sql = [this](const char* text) {
    sqlite3* db = nullptr;
    ASSERT_EQ(sqlite3_open(process.path.c_str(), &db), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(db, text, nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(db);
    sqlite3_close(db);
  };
  {
    Process life(process);
    options.admits = [](const store::Space&) { return false; };
    ASSERT_FALSE(life.crawl(options));
  }
  options.admits = [](const store::Space&) { return true; };
  sql("CREATE TRIGGER refuse BEFORE INSERT ON page WHEN (SELECT count(*) FROM page) >= 60"
      " BEGIN SELECT raise(ABORT, 'refused by the test'); END");
  const auto outcome = crawl();
  ASSERT_FALSE(outcome.result);
  EXPECT_THAT(outcome.result.error().message, HasSubstr("refused by the test"));
  sql("DROP TRIGGER refuse");
  expect_done(crawl());
  expect_equal();
}

}  // namespace
}  // namespace mirror
