// A verification invents nothing, whatever happens while it runs.

#include <gmock/gmock.h>

#include <atomic>
#include <thread>

#include "tests/daemon/mirror/verify_fixture.h"

namespace mirror {
namespace {

using site::Fault;
using site::Index;
using site::Status;
using Kind = DifferenceKind;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class VerifyMeanwhileTest : public VerifyTest {};

TEST_F(VerifyMeanwhileTest, ASiteThatIsEditedMeanwhileHasNoDifference) {
  given_a_mirror();
  const auto pages = some_pages(40);
  std::atomic<std::size_t> requests{0};
  site().observe([&](const site::Seen&) {
    const auto n = requests++;
    site().with_content([&](site::Content& content) {
      site::Edit edit;
      edit.body = "<p>edited</p>";
      edit.title = "Renamed " + std::to_string(n);
      EXPECT_TRUE(content.edit(pages[n % pages.size()], edit));
      EXPECT_TRUE(content.edit(pages[(n + 13) % pages.size()], site::Edit()));
      site::NewPage page;
      page.space = static_cast<Index>(n % 6);
      page.title = "new " + std::to_string(n);
      page.body = "<p>new</p>";
      EXPECT_NE(content.add(page), site::kNone);
    });
  });
  verify_options.sample = kEvery;
  const auto verified = verify();
  expect_no_difference(verified);
  EXPECT_GT(verified.result->changing, 0);
}

TEST_F(VerifyMeanwhileTest, WhatMovesBetweenTwoLooksIsNoDifference) {
  given_a_mirror();
  // Stale, and so looked at again; it is restored from the trash and trashed in turn.
  const auto pages = some_pages(4);
  change([&](site::Content& content) {
    for (const auto page : pages) ASSERT_TRUE(content.set_status(page, Status::kArchived));
  });
  std::atomic<std::size_t> looks{0};
  site().observe([&](const site::Seen& seen) {
    if (seen.target.find("id=") == std::string::npos) return;
    const auto status = looks++ % 2 == 0 ? Status::kTrashed : Status::kArchived;
    site().with_content([&](site::Content& content) {
      for (const auto page : pages) content.set_status(page, status);
    });
  });
  verify_options.sample = 0;
  const auto verified = verify();
  ASSERT_TRUE(verified.result);
  for (const auto& difference : verified.result->differences) {
    // Children of a page in the trash have moved for good.
    EXPECT_EQ(difference.kind, Kind::kParent) << show_difference(difference);
  }
  EXPECT_EQ(verified.result->changing, 4);
}

TEST_F(VerifyMeanwhileTest, AMirrorThatIsSyncedMeanwhileHasNoDifference) {
  given_a_mirror();
  options.incremental = true;
  options.overlap = std::chrono::seconds(0);
  // All of it is stale when the verification begins, and comes in while it looks.
  const auto pages = some_pages(60);
  change([&](site::Content& content) {
    for (const auto page : pages) {
      site::Edit edit;
      edit.body = "<p>edited</p>";
      ASSERT_TRUE(content.edit(page, edit));
    }
  });
  std::thread sync;
  std::atomic<int> listings{0};
  std::atomic<bool> synced{false};
  site().observe([&](const site::Seen& seen) {
    const bool listing = seen.target.find("body-format") == std::string::npos &&
                         seen.target.find("/pages?") != std::string::npos &&
                         seen.target.find("sort=id") != std::string::npos;
    if (!listing || ++listings != 1) return;
    sync = std::thread([&] {
      Process life(process);
      auto result = life.crawl(options);
      EXPECT_TRUE(result) << result.error().message;
      synced = true;
    });
    sync.join();  // another thread of the site serves it
  });
  const auto verified = verify();
  EXPECT_TRUE(synced);
  expect_no_difference(verified);
}

TEST_F(VerifyMeanwhileTest, ATruncatedListingInventsNothingAndIsNamed) {
  given_a_mirror();
  site().set_fault(Fault::kLostNext, 1);
  site().change_settings([](site::Settings& settings) { settings.results_cap = 40; });
  const auto verified = verify();
  ASSERT_TRUE(verified.result) << verified.result.error().message;
  EXPECT_THAT(verified.result->differences, IsEmpty());
  ASSERT_TRUE(verified.result->left_out.contains("listing:pages"));
  EXPECT_THAT(verified.result->left_out.at("listing:pages"), HasSubstr("left out 560 pages"));
}

TEST_F(VerifyMeanwhileTest, ATruncatedListOfSpacesInventsNothingAndTheirPagesAreListed) {
  given_a_mirror();
  site().set_fault(Fault::kLostNext, 1);
  site().change_settings([](site::Settings& settings) { settings.results_cap = 2; });
  at_request(4, [this] {
    site().clear_faults();
    site().change_settings([](site::Settings& settings) { settings.results_cap = 0; });
  });
  const auto verified = verify();
  ASSERT_TRUE(verified.result) << verified.result.error().message;
  EXPECT_THAT(verified.result->differences, IsEmpty());
  EXPECT_EQ(verified.result->pages_on_site, 600);
  EXPECT_TRUE(verified.result->left_out.contains("listing:spaces"));
}

TEST_F(VerifyMeanwhileTest, AListingThatFailsIsNamedAndItsPagesAreNot) {
  given_a_mirror();
  site().set_fault(Fault::kRefusedCursor, 1);
  site().change_settings([](site::Settings& settings) { settings.results_cap = 100; });
  const auto verified = verify();
  ASSERT_TRUE(verified.result) << verified.result.error().message;
  EXPECT_THAT(verified.result->differences, IsEmpty());
  EXPECT_TRUE(verified.result->left_out.contains("listing:pages of all spaces"));
  EXPECT_THAT(verified.result->left_out.at("pages"), HasSubstr("500 pages"));
}

TEST_F(VerifyMeanwhileTest, PagesThatTheSiteCannotDeliverAreNamedAndNothingElse) {
  given_a_mirror();
  const auto pages = some_pages(3);
  site().set_poison_rows({id_of(pages[0])});
  site().set_poison({id_of(pages[1]), id_of(pages[2])});
  verify_options.sample = kEvery;
  const auto verified = verify();
  ASSERT_TRUE(verified.result) << verified.result.error().message;
  EXPECT_THAT(verified.result->differences, IsEmpty());
  for (const auto page : pages) {
    EXPECT_TRUE(verified.result->left_out.contains("page:" + std::to_string(id_of(page))));
  }
  EXPECT_EQ(verified.result->bodies_compared, 597);
}

TEST_F(VerifyMeanwhileTest, APageInQuarantineIsNamedAsSuch) {
  given_site(content(6, 600, 2));
  const auto bad = id_of(some_pages(1).front());
  site().set_poison({bad});
  EXPECT_EQ(crawl().progress.failures.size(), 1U);
  const auto verified = verify();
  ASSERT_TRUE(verified.result) << verified.result.error().message;
  ASSERT_EQ(verified.result->differences.size(), 1U);
  const auto& difference = verified.result->differences[0];
  EXPECT_EQ(difference.page_id, bad);
  EXPECT_TRUE(difference.kind == Kind::kBodyDue || difference.kind == Kind::kMissingPage);
  EXPECT_THAT(difference.note, HasSubstr("in quarantine: "));
  EXPECT_EQ(verified.result->quarantined, 1);
}

TEST_F(VerifyMeanwhileTest, ADeadTokenIsNoDifference) {
  given_a_mirror();
  process.token = "dead";
  for (const bool anonymous : {false, true}) {
    site().change_settings(
        [&](site::Settings& settings) { settings.anonymous_access = anonymous; });
    const auto verified = verify();
    ASSERT_FALSE(verified.result);
    EXPECT_EQ(verified.result.error().kind, store::ErrorKind::kCredentialsBad);
    EXPECT_LE(verified.usage.requests, 1);
  }
}

TEST_F(VerifyMeanwhileTest, ATokenThatDiesMeanwhileIsNoDifference) {
  given_a_mirror();
  site().change_settings([](site::Settings& settings) { settings.anonymous_access = true; });
  const auto token = process.token;
  // Before each of its requests in turn.
  for (std::uint64_t n = 2; n <= 8; ++n) {
    site().set_token(token);
    at_request(n, [this] { site().set_token("another"); });
    const auto verified = verify();
    ASSERT_FALSE(verified.result) << n;
    EXPECT_EQ(verified.result.error().kind, store::ErrorKind::kCredentialsBad) << n;
  }
}

TEST_F(VerifyMeanwhileTest, AnotherAccountThanTheMirrorsIsNoDifference) {
  given_a_mirror();
  alter_mirror("UPDATE meta SET value='someone-else' WHERE key='account_id'");
  const auto verified = verify();
  ASSERT_FALSE(verified.result);
  EXPECT_EQ(verified.result.error().kind, store::ErrorKind::kCredentialsBad);
  EXPECT_EQ(verified.result.error().name, "another_account");
}

TEST_F(VerifyMeanwhileTest, AStopEndsItWithoutAReportWhereverItIs) {
  given_a_mirror();
  verify_options.sample = kEvery;
  for (std::uint64_t n = 1; n <= 11; ++n) {
    Verification life(process, verify_options);
    at_request(n, [&life] { life.stop(); });
    const auto verified = life.run();
    site().observe({});
    if (n > static_cast<std::uint64_t>(verified.usage.requests)) break;
    ASSERT_FALSE(verified.result) << n;
    EXPECT_EQ(verified.result.error().kind, store::ErrorKind::kCanceled) << n;
  }
}

TEST_F(VerifyMeanwhileTest, TheMirrorIsOnlyRead) {
  given_a_mirror();
  alter_mirror("PRAGMA wal_checkpoint(TRUNCATE)");
  const auto before = std::filesystem::last_write_time(process.path);
  const auto text = export_mirror();
  expect_no_difference(verify());
  EXPECT_EQ(std::filesystem::last_write_time(process.path), before);
  EXPECT_EQ(export_mirror(), text);
}

}  // namespace
}  // namespace mirror
