#include "daemon/storage_format/diff.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "daemon/storage_format/normal_form.h"
#include "tests/daemon/storage_format/corpus.h"

namespace storage_format {
namespace {

std::string readable(std::string_view body) {
  const auto document = read(body);
  return document ? readable_text(*document, document->root()) : document.error().text;
}

TEST(ReadableTest, BlocksReadAsText) {
  EXPECT_EQ(readable("<h2>Title</h2><p>a <b>b</b>\n c<br/>d</p>"), "## Title\na b c\nd");
  EXPECT_EQ(readable("<ul><li>a</li><li><p>b</p></li></ul>"), "- a\n- b");
  EXPECT_EQ(readable("<table><tbody><tr><th>h</th><td><p>x</p></td></tr></tbody></table>"),
            "| h | x");
  EXPECT_EQ(readable("<p><a href='u'>t</a> <ac:link><ri:page ri:content-title='P'/></ac:link></p>"),
            "[t](u) [](P)");
  EXPECT_EQ(readable("<ac:image><ri:attachment ri:filename='f.png'/></ac:image>"), "[image f.png]");
  EXPECT_EQ(readable("<ac:structured-macro ac:name='code'><ac:parameter ac:name='language'>c"
                     "</ac:parameter><ac:plain-text-body><![CDATA[a\n  b]]></ac:plain-text-body>"
                     "</ac:structured-macro>"),
            "[macro code language=c]\na\n  b");
  EXPECT_EQ(readable("<ac:task-list><ac:task><ac:task-id>1</ac:task-id><ac:task-status>complete"
                     "</ac:task-status><ac:task-body>do</ac:task-body></ac:task></ac:task-list>"),
            "[x] do");
}

TEST(DiffTest, EveryBlockIsSameAddedRemovedOrChanged) {
  const auto changes =
      diff("<p>a</p>\n<p>b c d</p><p>z</p>", "<p>a</p>\n<p>b c e</p><p>n</p><p>z</p>");
  ASSERT_TRUE(changes);
  ASSERT_EQ(changes->size(), 4U);
  EXPECT_EQ((*changes)[0].kind, Change::Kind::kSame);
  EXPECT_EQ((*changes)[1].kind, Change::Kind::kChanged);
  EXPECT_EQ((*changes)[1].before, "b c d");
  EXPECT_EQ((*changes)[1].after, "b c e");
  EXPECT_EQ((*changes)[1].at, (Position{2, 1}));
  EXPECT_EQ((*changes)[2].kind, Change::Kind::kAdded);
  EXPECT_EQ((*changes)[2].after, "n");
  EXPECT_EQ((*changes)[3].kind, Change::Kind::kSame);
}

TEST(DiffTest, AChangedCellIsOneChange) {
  const auto changes = diff("<table><tr><td>a</td><td>b</td></tr></table>",
                            "<table><tr><td>a</td><td>B</td></tr></table>");
  ASSERT_TRUE(changes);
  ASSERT_EQ(changes->size(), 2U);
  EXPECT_EQ((*changes)[1].before, "b");
  EXPECT_EQ((*changes)[1].after, "B");
}

TEST(DiffTest, WhatOnlyTheSourceShowsIsShownAsSource) {
  EXPECT_EQ(readable_diff("<p class=\"a\">x</p>", "<p class=\"b\">x</p>"),
            "@@ line 1, column 1 @@\n- <p class=\"a\">x</p>\n+ <p class=\"b\">x</p>\n");
  EXPECT_EQ(readable_diff("<p>x</p>", "<p><b>x</b></p>"),
            "@@ line 1, column 1 @@\n- <p>x</p>\n+ <p><b>x</b></p>\n");
  EXPECT_EQ(readable_diff("", "<p/>"), "@@ line 1, column 1 @@\n+ <p/>\n");
  EXPECT_EQ(readable_diff("<ul a='1'><li>x</li></ul>", "<ul a='2'><li>x</li></ul>"),
            "@@ line 1, column 1 @@\n- <ul a='1'>\n+ <ul a='2'>\n  - x\n");
}

TEST(DiffTest, NothingThatCountsIsNoDiff) {
  EXPECT_EQ(readable_diff("<p>a</p><br/>", "<p local-id='1'>a</p><br />"), "");
  EXPECT_EQ(readable_diff3("<p>a</p>", "<p >a</p>", "<p local-id='1'>a</p>"), "");
}

TEST(DiffTest, UnchangedBlocksAreReducedToContext) {
  std::string before;
  for (int i = 0; i < 20; ++i) before += "<p>line " + std::to_string(i) + "</p>";
  auto after = before;
  after.replace(after.find("line 10"), 7, "LINE 10");
  EXPECT_EQ(readable_diff(before, after, 1),
            "@@ line 1, column 131 @@\n  line 9\n- line 10\n+ LINE 10\n  line 11\n");
  EXPECT_EQ(readable_diff(before, after, 0), "@@ line 1, column 131 @@\n- line 10\n+ LINE 10\n");
}

TEST(DiffTest, LinesOfCodeAreComparedOneByOne) {
  const auto code = [](const std::string& text) {
    return "<ac:structured-macro ac:name=\"code\"><ac:plain-text-body><![CDATA[" + text +
           "]]></ac:plain-text-body></ac:structured-macro>";
  };
  const auto text = readable_diff(code("a\nb\nc"), code("a\nB\nc"));
  EXPECT_NE(text.find("  a\n- b\n+ B\n  c\n"), std::string::npos) << text;
}

TEST(DiffTest, AMalformedBodyIsComparedByLines) {
  EXPECT_EQ(readable_diff("<p>\na\nb", "<p>\na\nc"),
            "@@ line 3, column 1 @@\n  <p>\n  a\n- b\n+ c\n");
  EXPECT_FALSE(diff("<p>", "").has_value());
  EXPECT_NE(readable_diff3("<p>", "<p>x", "").find("== base to theirs ==\n"), std::string::npos);
}

TEST(Diff3Test, EachPlaceSaysWhoChangedIt) {
  EXPECT_EQ(
      readable_diff3("<p>a</p><p>b</p><p>c</p>", "<p>A</p><p>b</p><p>C</p>", "<p>a</p><p>b</p>"),
      "== line 1, column 1: changed by ours ==\nbase:\n  a\nours:\n  A\ntheirs:\n  a\n"
      "== line 1, column 17: conflict ==\nbase:\n  c\nours:\n  C\ntheirs:\n  (absent)\n");
}

TEST(DiffTest, EveryChangeOfRealBodiesIsVisible) {
  const auto bodies = real_bodies();
  if (bodies.empty()) GTEST_SKIP() << "the corpus of real bodies is not there";
  for (std::size_t i = 0; i < bodies.size(); ++i) {
    for (const std::size_t step : {0U, 1U, 7U}) {
      const auto& before = bodies[i].text;
      const auto& after = bodies[(i + step) % bodies.size()].text;
      const bool same = same_content(before, after);
      EXPECT_EQ(readable_diff(before, after).empty(), same) << bodies[i].name << " " << step;
      EXPECT_EQ(readable_diff3(before, after, before).empty(), same) << bodies[i].name;
    }
  }
}

}  // namespace
}  // namespace storage_format
