#include "daemon/export/file_names.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using exporting::is_safe_path;
using exporting::kMaxNameBytes;
using exporting::name_key;
using exporting::name_to_try;
using exporting::safe_name;

std::string name(std::string_view title) { return safe_name(title, kMaxNameBytes); }

TEST(FileNamesTest, ReadableTitlesStayAsTheyAre) {
  for (const char* title : {"Release notes 1.2", "Größe & Gewicht", "計画書", "Pläne (2027), v2",
                            "emoji 🚀", "C#", "100%", "a_b-c+d=e", "~draft", "$HOME"}) {
    EXPECT_EQ(name(title), title);
  }
}

TEST(FileNamesTest, WhatSeparatesOrSteersIsReplaced) {
  EXPECT_EQ(name("a/b\\c:d"), "a-b-c-d");
  EXPECT_EQ(name("../../etc/passwd"), "etc-passwd");
  EXPECT_EQ(name("is it? <yes> \"no\" a|b *"), "is it- -yes- 'no' a-b -");
  EXPECT_EQ(name(std::string("a\0b", 3)), "a b");
  EXPECT_EQ(name("a\nb\tc\x1b[31md"), "a b c [31md");
  EXPECT_EQ(name("evil\u202Efdp.exe"), "evilfdp.exe");
  EXPECT_EQ(name("zero\u200Bwidth\uFEFF\u2060\u00AD"), "zerowidth");
  EXPECT_EQ(name("no\u00A0break\u2003space\u3000x"), "no break space x");
  EXPECT_EQ(name("bad \xff\xfe utf8"), "bad \uFFFD\uFFFD utf8");
}

TEST(FileNamesTest, NoNameIsHiddenLooksLikeAnOptionOrEndsInADot) {
  EXPECT_EQ(name(".htaccess"), "htaccess");
  EXPECT_EQ(name("...and so on..."), "and so on");
  EXPECT_EQ(name("  padded . "), "padded");
  EXPECT_EQ(name("--help"), "help");
  EXPECT_EQ(name("-rf"), "rf");
  EXPECT_EQ(name(".git"), "git");
}

TEST(FileNamesTest, WhatLeavesNothingIsUntitled) {
  for (const char* title : {"", " ", ".", "..", "...", "\u200B", "\u202E\u202C", "\t\n", "\u3164",
                            "\u2800", "---", ". . ."}) {
    EXPECT_EQ(name(title), "untitled") << title;
  }
}

TEST(FileNamesTest, NamesOfDevicesAreNone) {
  EXPECT_EQ(name("CON"), "CON_");
  EXPECT_EQ(name("nul.tar.gz"), "nul_.tar.gz");
  EXPECT_EQ(name("Com1"), "Com1_");
  EXPECT_EQ(name("LPT\u00B9"), "LPT\u00B9_");
  EXPECT_EQ(name("aux .txt"), "aux_ .txt");
  EXPECT_EQ(name("CONIN$"), "CONIN$_");
  EXPECT_EQ(name("git~1"), "git~1_");
  for (const char* title : {"CONSOLE", "COM10", "COM", "LPTX", "nullable", "a.con", "git~x"}) {
    EXPECT_EQ(name(title), title);
  }
}

TEST(FileNamesTest, LongNamesAreCutBetweenCharacters) {
  const std::string wide = "計";
  std::string title;
  for (int i = 0; i < 300; ++i) title += wide;
  for (const std::size_t most : {40UL, 41UL, 42UL, 250UL, 255UL}) {
    const auto cut = safe_name(title, most);
    EXPECT_LE(cut.size(), most);
    EXPECT_GE(cut.size(), most - 3);
    EXPECT_EQ(cut.size() % wide.size(), 0U);
  }
  EXPECT_EQ(name(std::string(253, 'a') + " . .b").size(), 253U) << "nothing dangles at the cut";
  EXPECT_LE(name(std::string(255, 'x')).size(), 255U);
}

TEST(FileNamesTest, TheIdComesBehindANameThatIsTaken) {
  EXPECT_EQ(name_to_try("Plan", 7, 0, 250), "Plan");
  EXPECT_EQ(name_to_try("Plan", 7, 1, 250), "Plan (7)");
  EXPECT_EQ(name_to_try("Plan", 7, 2, 250), "Plan (7) (2)");
  EXPECT_EQ(name_to_try("CON", 7, 1, 250), "CON_ (7)");
  const auto longest = name_to_try(std::string(400, 'a'), 9223372036854775807, 2, 250);
  EXPECT_LE(longest.size(), 250U);
  EXPECT_TRUE(longest.ends_with(" (9223372036854775807) (2)"));
}

TEST(FileNamesTest, OneKeyForWhatMayBeOneFile) {
  EXPECT_EQ(name_key("README"), name_key("readme"));
  EXPECT_EQ(name_key("\u00C4rger"), name_key("a\u0308rger")) << "composed or not";
  EXPECT_EQ(name_key("STRASSE"), name_key("straße"));
  EXPECT_EQ(name_key("ΟΔΟΣ"), name_key("οδος"));
  EXPECT_NE(name_key("a"), name_key("b"));
  EXPECT_EQ(name("a\u0308"), "\u00E4") << "names are composed";
}

TEST(FileNamesTest, APathOfAManifestStaysInside) {
  for (const char* path : {"a", "a/b.md", "~ann/x", "a b/c.d", "a/.git/x", "計/画"}) {
    EXPECT_TRUE(is_safe_path(path)) << path;
  }
  for (const char* path : {"", "/", "/etc/passwd", "..", "../x", "a/../b", "a//b", "a/", "./a",
                           "a/.", ".git/config", ".GIT/hooks/x", "a\nb"}) {
    EXPECT_FALSE(is_safe_path(path)) << path;
  }
  EXPECT_FALSE(is_safe_path(std::string("a\0b", 3)));
  EXPECT_FALSE(is_safe_path(std::string(256, 'a')));
}

}  // namespace
