#include "daemon/cli/text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "daemon/cli/report.h"
#include "daemon/cli/table.h"

namespace {

using ::testing::HasSubstr;

TEST(TextTest, WideCharactersTakeTwoColumnsAndCombiningOnesNone) {
  EXPECT_EQ(cli::columns_of("abc"), 3U);
  EXPECT_EQ(cli::columns_of("é"), 1U);
  EXPECT_EQ(cli::columns_of("e\u0301"), 1U);
  EXPECT_EQ(cli::columns_of("漢字"), 4U);
  EXPECT_EQ(cli::columns_of("😀"), 2U);
  EXPECT_EQ(cli::columns_of("שלום"), 4U);
  EXPECT_EQ(cli::columns_of("\xFF\xFE"), 2U)
      << "bytes that are not UTF-8 are shown as replacements";
}

TEST(TextTest, TextIsCutAtWholeCharacters) {
  EXPECT_EQ(cli::cut_to_columns("abcdef", 6), "abcdef");
  EXPECT_EQ(cli::cut_to_columns("abcdef", 5), "abcd…");
  EXPECT_EQ(cli::cut_to_columns("漢字漢字", 8), "漢字漢字");
  EXPECT_EQ(cli::cut_to_columns("漢字漢字", 7), "漢字漢…");
  EXPECT_EQ(cli::cut_to_columns("漢字漢字", 6), "漢字…") << "no half of a wide character";
  EXPECT_EQ(cli::cut_to_columns("e\u0301e\u0301e\u0301", 2), "e\u0301…");
  EXPECT_EQ(cli::cut_to_columns("abc", 1), "…");
  EXPECT_EQ(cli::cut_to_columns("abc", 0), "");
}

TEST(TextTest, WhatSteersATerminalIsReplaced) {
  EXPECT_EQ(cli::printable("a\x1B[31mb\nc\td\x7F"), "a [31mb c d ");
  EXPECT_EQ(cli::printable("a\xC2\x9B"
                           "b\xE2\x80\xA8"
                           "c"),
            "a b c");
  EXPECT_EQ(cli::printable("a\xE2\x80\xAE"
                           "b\xE2\x81\xA6"
                           "c\xE2\x81\xA9"),
            "abc");
  EXPECT_EQ(cli::printable("a\x9B"
                           "b\xC3"),
            "a\uFFFDb\uFFFD")
      << "a lone C1 byte is no UTF-8";
  EXPECT_EQ(cli::printable("漢 é 😀 שלום \u200D"), "漢 é 😀 שלום \u200D");
  EXPECT_EQ(cli::printable_lines("a\n\tb\r\x1B"), "a\n\tb  ");
}

TEST(TextTest, AnErrorOfSeveralLinesStaysReadable) {
  std::ostringstream err;
  const store::Error error(store::ErrorKind::kUsage, "config_invalid",
                           "cannot read 'x':\nx:1: a\nx:2: b\x1B", "fix it");
  EXPECT_EQ(cli::report(error, err), 2);
  EXPECT_EQ(err.str(), "confmirror: cannot read 'x':\n  x:1: a\n  x:2: b \n  fix it\n");
}

class TableTest : public ::testing::Test {
 protected:
  std::string printed(std::size_t width) const {
    std::ostringstream out;
    table_.print(out, width);
    return out.str();
  }
  cli::Table table_{{{"ID", true}, {"NAME", false, true}, {"TITLE", false, true}}};
};

TEST_F(TableTest, ColumnsAreAlignedByWhatATerminalShows) {
  table_.add({"7", "漢字", "x"});
  table_.add({"1234", "e\u0301", "y"});
  EXPECT_EQ(printed(0),
            "  ID  NAME  TITLE\n"
            "   7  漢字  x\n"
            "1234  e\u0301     y\n");
}

TEST_F(TableTest, TheWidestColumnGivesWayAndLinesFit) {
  table_.add({"7", std::string(30, 'n'), "漢字漢字漢字漢字漢字漢字"});
  EXPECT_EQ(printed(40),
            "ID  NAME               TITLE\n"
            " 7  nnnnnnnnnnnnnnnn…  漢字漢字漢字漢字…\n");
  EXPECT_THAT(printed(0), HasSubstr("nnnnnnnnnnnnnnnnnnnnnnnnnnnnnn  漢字漢字漢字漢字漢字漢字\n"));
}

TEST_F(TableTest, ATerminalThatIsTooNarrowLosesNoColumn) {
  table_.add({"1234567890", std::string(30, 'n'), std::string(30, 't')});
  EXPECT_THAT(printed(5), HasSubstr("1234567890  nnnnnnn…  ttttttt…\n"));
}

TEST_F(TableTest, NoBlanksAtTheEndOfALine) {
  table_.add({"7", "name", ""});
  table_.add({"8", "", ""});
  EXPECT_EQ(printed(0), "ID  NAME  TITLE\n 7  name\n 8\n");
}

}  // namespace
