#include "daemon/base/journal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

namespace base {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::Not;
using testing::StartsWith;

TEST(JournalTest, AnEntryHasTheMessageItsLevelAndWhoWroteIt) {
  EXPECT_THAT(
      journal_fields("http", 4, "slow"),
      ElementsAre("MESSAGE=slow", "PRIORITY=4", "SYSLOG_IDENTIFIER=confmirror", "LOGGER=http"));
}

TEST(JournalTest, WhatTheTailNamesBecomesFields) {
  const auto fields = journal_fields(
      "crawl", 6, "refused space_key=DOCS page_id=123 status=429 retry_after=30 run_id=7 other=1");
  for (const auto* field :
       {"SPACE_KEY=DOCS", "PAGE_ID=123", "STATUS=429", "RETRY_AFTER=30", "RUN_ID=7"}) {
    EXPECT_THAT(fields, Contains(field));
  }
  EXPECT_THAT(fields, Not(Contains(StartsWith("OTHER"))));
}

TEST(JournalTest, WordsInQuotesAreOneValueAndNameNothing) {
  const auto fields = journal_fields("crawl", 6, "x reason=\"page_id=1 is bad\" page_id=2");
  EXPECT_THAT(fields, Contains("PAGE_ID=2"));
  EXPECT_THAT(fields, Not(Contains("PAGE_ID=1")));
  EXPECT_THAT(journal_fields("crawl", 6, "x space_key=\"~a b\""), Contains("SPACE_KEY=~a b"));
}

TEST(JournalTest, TornTailsNameNothing) {
  for (const auto* text : {"page_id=", "=", "a=b=c", "page_id=\"", "x=\"", ""}) {
    EXPECT_THAT(journal_fields("x", 6, text), Not(Contains(StartsWith("PAGE_ID")))) << text;
  }
}

TEST(JournalTest, StandardErrorIsTheJournalOnlyIfSystemdSaysSo) {
  ::unsetenv("JOURNAL_STREAM");
  EXPECT_FALSE(stderr_is_journal());
  ::setenv("JOURNAL_STREAM", "1:1", 1);
  EXPECT_FALSE(stderr_is_journal());
  ::unsetenv("JOURNAL_STREAM");
}

}  // namespace
}  // namespace base
