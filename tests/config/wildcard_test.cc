#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "config/config.h"

namespace {

using config::matches;

TEST(MatchesTest, StarIsAnyTextAndQuestionMarkOneCharacter) {
  EXPECT_TRUE(matches("*", ""));
  EXPECT_TRUE(matches("*", "DOCS"));
  EXPECT_TRUE(matches("DOC*", "DOC"));
  EXPECT_TRUE(matches("*OC*", "DOCS"));
  EXPECT_TRUE(matches("D?CS", "DOCS"));
  EXPECT_TRUE(matches("*a*b?c*", "xxaxxbxbycz"));
  EXPECT_FALSE(matches("DOC", "DOCS"));
  EXPECT_FALSE(matches("DOCS?", "DOCS"));
  EXPECT_FALSE(matches("OCS", "DOCS"));
  EXPECT_FALSE(matches("", "DOCS"));
  EXPECT_TRUE(matches("", ""));
  EXPECT_FALSE(matches("?", ""));
}

TEST(MatchesTest, CaseDoesNotMatter) {
  EXPECT_TRUE(matches("docs", "DOCS"));
  EXPECT_TRUE(matches("DO*", "docs"));
}

TEST(MatchesTest, OneCharacterIsNotOneByte) {
  EXPECT_TRUE(matches("?", "ü"));
  EXPECT_TRUE(matches("a?b", "a漢b"));
  EXPECT_FALSE(matches("??", "ü"));
  EXPECT_TRUE(matches("*?z", "xüz"));
}

TEST(MatchesTest, ManyStarsTakeNoLongTime) {
  std::string pattern;
  for (int i = 0; i < 200; ++i) pattern += "*a";
  EXPECT_FALSE(matches(pattern + "b", std::string(20'000, 'a')));
}

TEST(AdmitsTest, WhatIsIncludedAndNotExcludedAndOfAnAllowedType) {
  config::MirrorConfig mirror;
  EXPECT_TRUE(admits(mirror, "DOCS", "global"));
  mirror.include_spaces = {"DOCS", "TEAM*"};
  EXPECT_TRUE(admits(mirror, "docs", "global"));
  EXPECT_TRUE(admits(mirror, "TEAM42", "personal"));
  EXPECT_FALSE(admits(mirror, "OTHER", "global"));
  mirror.exclude_spaces = {"*42"};
  EXPECT_FALSE(admits(mirror, "TEAM42", "global"));
  mirror.space_types = {"global"};
  EXPECT_TRUE(admits(mirror, "TEAM41", "global"));
  EXPECT_FALSE(admits(mirror, "TEAM41", "personal"));
}

}  // namespace
