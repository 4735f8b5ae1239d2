#include "daemon/cli/report.h"

#include <gtest/gtest.h>

#include <sstream>
#include <utility>
#include <vector>

namespace {

using cli::printable;

TEST(PrintableTest, KeepsTextOfEveryScript) {
  EXPECT_EQ(printable("plain — ü 漢字 עברית 🎉"), "plain — ü 漢字 עברית 🎉");
}

TEST(PrintableTest, EscapeSequencesLoseTheirEffect) {
  EXPECT_EQ(printable("a\x1b[31mred\x1b[0m"), "a [31mred [0m");
  EXPECT_EQ(printable("a\r\n\tb\x7f"), "a   b ");
  EXPECT_EQ(printable(std::string("a\0b", 3)), "a b");
}

TEST(PrintableTest, ControlCharactersOfTheSecondBlockLoseTheirEffectToo) {
  EXPECT_EQ(printable("a\xC2\x9B"
                      "31m"),
            "a 31m");
  EXPECT_EQ(printable("\xC2\xA0"), "\xC2\xA0") << "a no-break space is none of them";
}

TEST(PrintableTest, WhatIsNoUtf8CannotSteer) {
  EXPECT_EQ(printable("a\x9b"
                      "31m\xff"),
            "a\xEF\xBF\xBD"
            "31m\xEF\xBF\xBD");
}

TEST(ReportTest, PrintsMessageAndHintAndGivesTheExitCode) {
  std::ostringstream err;
  EXPECT_EQ(
      cli::report(store::Error(store::ErrorKind::kCredentialsBad, "x", "cannot a 'b': c", "do d"),
                  err),
      3);
  EXPECT_EQ(err.str(), "confmirror: cannot a 'b': c\n  do d\n");
}

TEST(ReportTest, AMessageOfSeveralLinesStaysReadable) {
  std::ostringstream err;
  EXPECT_EQ(cli::report(store::Error(store::ErrorKind::kUsage, "x",
                                     "two problems:\nf:1:2: a\nf:3:4: b\x1b"),
                        err),
            2);
  EXPECT_EQ(err.str(), "confmirror: two problems:\n  f:1:2: a\n  f:3:4: b \n");
}

TEST(ReportTest, EveryKindHasTheCodeThatIsPromised) {
  using Kind = store::ErrorKind;
  const std::vector<std::pair<Kind, int>> codes = {
      {Kind::kUsage, 2},    {Kind::kCredentialsBad, 3}, {Kind::kItemBad, 4},
      {Kind::kSpaceBad, 4}, {Kind::kStopped, 5},        {Kind::kStoreBad, 6},
      {Kind::kBusy, 7},     {Kind::kUnreachable, 8},    {Kind::kRetryAfter, 8},
      {Kind::kSystem, 9},   {Kind::kCanceled, 130}};
  for (const auto& [kind, code] : codes) {
    std::ostringstream err;
    EXPECT_EQ(cli::report(store::Error(kind, "x", "y"), err), code) << store::to_string(kind);
  }
}

}  // namespace
