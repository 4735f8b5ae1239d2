#include "daemon/cli/progress_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

class ProgressLineTest : public testing::Test {
 protected:
  ProgressLineTest() {
    view_.progress.phase = "pages";
    view_.progress.spaces = 200;
    view_.progress.walks = 3;
    view_.progress.walks_done = 1;
    view_.progress.pages_listed = 4210;
    view_.progress.pages_seen = 4210;
    view_.progress.pages_known = 10'000;
    view_.usage.requests = 312;
    view_.elapsed = 10s;
    view_.now = store::Time(1'700'000'000s);
  }
  std::string line() const { return cli::progress_line(view_, 0); }

  cli::ProgressView view_;
};

TEST_F(ProgressLineTest, SaysHowFarHowFastAndHowLong) {
  EXPECT_EQ(line(), "pages 4,210 of 10,000+ · 421 pages/s · 312 requests, 31/s · about 13s left");
}

TEST_F(ProgressLineTest, ThePlusGoesWhenEveryListingIsAtItsEnd) {
  view_.progress.walks_done = 3;
  EXPECT_THAT(line(), HasSubstr("pages 4,210 of 10,000 ·"));
}

TEST_F(ProgressLineTest, BeforeTheFirstPageItSaysWhatIsDone) {
  view_.progress = {};
  view_.elapsed = 1s;
  EXPECT_THAT(line(), testing::StartsWith("asking the site ·"));
  view_.progress.spaces = 1200;
  EXPECT_THAT(line(), testing::StartsWith("1,200 spaces ·"));
  EXPECT_THAT(line(), Not(HasSubstr("left")));
}

TEST_F(ProgressLineTest, ASyncThatHasTheBodiesCountsWhatItLists) {
  view_.progress.pages_seen = 0;
  EXPECT_THAT(line(), HasSubstr("pages 4,210 of 10,000+"));
}

TEST_F(ProgressLineTest, HistoriesWeighAsTheRequestsThatTheyCost) {
  view_.progress.phase = "history";
  view_.progress.pages_seen = view_.progress.pages_known = 10'000;
  view_.progress.histories_done = 60;
  view_.progress.histories_known = 160;
  // 40 listings and 60 of 160 histories in 10 s: 100 answers are left of 200.
  EXPECT_THAT(line(), HasSubstr("history 60 of 160"));
  EXPECT_THAT(line(), testing::EndsWith("about 10s left"));
}

TEST_F(ProgressLineTest, AResumedCrawlDoesNotWaitForPagesThatItNeedNotSee) {
  view_.progress.phase = "history";
  view_.progress.histories_done = view_.progress.histories_known = 10;
  EXPECT_THAT(line(), Not(HasSubstr("left")));
}

TEST_F(ProgressLineTest, AWaitIsNamedAndAddsToTheTimeLeft) {
  view_.governor.closed_until = view_.now + 60s;
  view_.governor.closed_reason = "429\x1b[2J";
  EXPECT_THAT(line(), HasSubstr("waiting 1m 00s (429"));
  EXPECT_THAT(line(), Not(HasSubstr("\x1b")));
  EXPECT_THAT(line(), HasSubstr("about 1m 13s left"));
  view_.governor.closed_until = view_.now - 1s;
  EXPECT_THAT(line(), Not(HasSubstr("waiting")));
}

TEST_F(ProgressLineTest, WhatIsSlowIsNamed) {
  view_.governor.concurrency = 8;
  view_.governor.in_flight = 7;
  EXPECT_THAT(line(), Not(HasSubstr("connections")));
  view_.governor.in_flight = 8;
  EXPECT_THAT(line(), HasSubstr("all 8 connections busy"));
  view_.governor.rate_bound = true;
  view_.governor.requests_per_second = 20;
  EXPECT_THAT(line(), HasSubstr("held at 20.0/s by the site's limit"));
}

TEST_F(ProgressLineTest, FailuresAreCounted) {
  view_.progress.failures = {"page 1", "page 2"};
  EXPECT_THAT(line(), HasSubstr("2 failed"));
}

TEST_F(ProgressLineTest, IsCutAtACharacter) {
  for (std::size_t width = 1; width < 40; ++width) {
    const auto cut = cli::progress_line(view_, width);
    EXPECT_EQ(line().substr(0, cut.size()), cut);
    std::size_t columns = 0;
    for (const char c : cut) columns += (static_cast<unsigned char>(c) & 0xC0u) != 0x80u ? 1 : 0;
    EXPECT_EQ(columns, width);
    EXPECT_NE(static_cast<unsigned char>(line()[cut.size()]) & 0xC0u, 0x80u) << width;
  }
}

TEST(NumbersTest, HaveThousands) {
  EXPECT_EQ(cli::with_thousands(0), "0");
  EXPECT_EQ(cli::with_thousands(999), "999");
  EXPECT_EQ(cli::with_thousands(1000), "1,000");
  EXPECT_EQ(cli::with_thousands(1'234'567), "1,234,567");
  EXPECT_EQ(cli::with_thousands(-123'456), "-123,456");
}

TEST(NumbersTest, DurationsAndSizesAreInWords) {
  EXPECT_EQ(cli::in_words(450ms), "0.5s");
  EXPECT_EQ(cli::in_words(59s), "59s");
  EXPECT_EQ(cli::in_words(185s), "3m 05s");
  EXPECT_EQ(cli::in_words(7260s), "2h 01m");
  EXPECT_EQ(cli::bytes_in_words(1023), "1023 bytes");
  EXPECT_EQ(cli::bytes_in_words(1536), "1.5 KiB");
  EXPECT_EQ(cli::bytes_in_words(std::int64_t{5} << 40), "5120.0 GiB");
}

}  // namespace
