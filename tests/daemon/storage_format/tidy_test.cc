#include "daemon/storage_format/tidy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/daemon/storage_format/corpus.h"

namespace storage_format {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::string tidied(std::string_view html) {
  const auto result = tidy(html);
  if (result) {
    EXPECT_FALSE(check(result->body)) << result->body;
    EXPECT_EQ(result->body == html, result->changes.empty()) << html;
    return result->body;
  }
  return std::to_string(result.error().at.line) + ":" + std::to_string(result.error().at.column) +
         " " + result.error().text;
}

TEST(TidyTest, WellFormedInputComesBackByteForByte) {
  for (const auto* body : {"", "<P>a</P>", "<br />", "<p>a<p>b</p></p>",
                           "<ac:link><ri:page ri:content-title='x'/></ac:link>"}) {
    const auto result = tidy(body);
    ASSERT_TRUE(result);
    EXPECT_EQ(result->body, body);
    EXPECT_THAT(result->changes, IsEmpty());
  }
  for (const auto& [name, text] : real_bodies()) {
    if (check(text)) continue;
    EXPECT_EQ(tidied(text), text) << name;
  }
}

TEST(TidyTest, VoidElementsAreClosedAndThePlacesAreTold) {
  const auto result = tidy("<p>a<br>\nb<img src=\"x\"><hr ></p>");
  EXPECT_FALSE(result.has_value());  // <hr> ends the <p>, and </p> is left over
  const auto good = tidy("<p>a<br>\nb<img src=\"x\" ></p><hr>");
  ASSERT_TRUE(good);
  EXPECT_EQ(good->body, "<p>a<br/>\nb<img src=\"x\" /></p><hr/>");
  EXPECT_THAT(good->changes,
              ElementsAre("line 1, column 5: closed <br>", "line 2, column 2: closed <img>",
                          "line 2, column 20: closed <hr>"));
}

TEST(TidyTest, AttributesAreQuotedAndNamesLowered) {
  EXPECT_EQ(tidied("<TABLE Width=5><TR><TD nowrap COLSPAN='2'>x</TD></TR></TABLE>"),
            "<table width=\"5\"><tr><td nowrap=\"nowrap\" colspan='2'>x</td></tr></table>");
  EXPECT_EQ(tidied("<ac:Link ac:Anchor=x></ac:Link>"), "<ac:Link ac:Anchor=\"x\"></ac:Link>");
  EXPECT_EQ(tidied("<p>a</P>"), "<p>a</p>");
  EXPECT_EQ(tidied("<a href=\"?a=1&b=2<3\">x</a>"), "<a href=\"?a=1&amp;b=2&lt;3\">x</a>");
  EXPECT_EQ(tidied("<a href=\"?a=1&copy=2\">x</a>"), "<a href=\"?a=1&amp;copy=2\">x</a>");
}

TEST(TidyTest, SignsThatBeginNothingAreEscaped) {
  EXPECT_EQ(tidied("<p>a & b < c, AT&T, 1<2 ]]></p>"),
            "<p>a &amp; b &lt; c, AT&amp;T, 1&lt;2 ]]&gt;</p>");
  EXPECT_EQ(tidied("&nbsp;&amp;&"), "&nbsp;&amp;&amp;");
  EXPECT_EQ(tidied("&COPY; & &#x41; &#X41;"), "&copy; &amp; &#x41; &#x41;");
}

TEST(TidyTest, EndTagsThatHtmlLetsOutArePutIn) {
  EXPECT_EQ(tidied("<ul><li>a<li>b<ul><li>c</ul><li>d</ul>"),
            "<ul><li>a</li><li>b<ul><li>c</li></ul></li><li>d</li></ul>");
  EXPECT_EQ(tidied("<p>a<p>b<h1>c</h1>"), "<p>a</p><p>b</p><h1>c</h1>");
  EXPECT_EQ(tidied("<table><tr><td>a<td><p>b<tr><th>c</table>"),
            "<table><tr><td>a</td><td><p>b</p></td></tr><tr><th>c</th></tr></table>");
  EXPECT_EQ(tidied("<table><thead><tr><td>a<tbody><tr><td>b</table>"),
            "<table><thead><tr><td>a</td></tr></thead><tbody><tr><td>b</td></tr></tbody></table>");
  EXPECT_EQ(tidied("<dl><dt>a<dd>b<dt>c</dl>"), "<dl><dt>a</dt><dd>b</dd><dt>c</dt></dl>");
  EXPECT_EQ(tidied("<ul><li><p>a<li>b</ul>"), "<ul><li><p>a</p></li><li>b</li></ul>");
  EXPECT_EQ(tidied("<table><tr><td><table><tr><td>x</table><td>y</table>"),
            "<table><tr><td><table><tr><td>x</td></tr></table></td><td>y</td></tr></table>");
  EXPECT_EQ(tidied("<div><p>a</div>"), "<div><p>a</p></div>");
  EXPECT_EQ(tidied("<select><option>a<option>b</select>"),
            "<select><option>a</option><option>b</option></select>");
}

TEST(TidyTest, WhatNeedsAGuessIsAFaultWithItsPosition) {
  EXPECT_EQ(tidied("<b><i>x</b></i>"), "1:8 crossed tags: expected </i>, found </b>");
  EXPECT_EQ(tidied("<p>a<div>b"), "1:5 <div> is never closed");
  EXPECT_EQ(tidied("a\n<div>b<br>"), "2:1 <div> is never closed");
  EXPECT_EQ(tidied("<br><script>if (a < b) x();</script>"),
            "1:5 <script> does not belong in a body");
  EXPECT_EQ(tidied("<br><style>p {}</style>"), "1:5 <style> does not belong in a body");
  EXPECT_EQ(tidied("<p><b>a<p>b"), "1:8 <p> would end the <p> around an element that is open");
  EXPECT_EQ(tidied("a</b>"), "1:2 </b> closes nothing");
  EXPECT_EQ(tidied("<p a=1 A=2>"), "1:8 the attribute a is given twice");
  EXPECT_EQ(tidied("&copy 2020"),
            "1:1 &copy without its semicolon: write &amp; for &, or add the semicolon");
  EXPECT_EQ(tidied("&nothing"),
            "1:1 &nothing without its semicolon: write &amp; for &, or add the semicolon");
  EXPECT_EQ(tidied("é &foo; x"), "1:3 unknown entity &foo;");
  EXPECT_EQ(tidied("<!DOCTYPE html><br>"),
            "1:1 a document type or declaration does not belong in a body");
  EXPECT_EQ(tidied("<br><!-- x"), "1:5 a comment is never closed");
  EXPECT_EQ(tidied("<b><p>x</b>"), "1:8 crossed tags: expected </p>, found </b>");
}

TEST(TidyTest, AFaultThatOnlyTheStrictReaderSeesHasThePlaceOfTheInput) {
  EXPECT_EQ(tidied("<br>&<p>\x01</p>"), "1:9 the control character U+0001 is not allowed");
  EXPECT_EQ(tidied("a & b\n<br><o:p>x</o:p>"),
            "2:5 <o:p> has or holds a prefix that is neither ac, ri nor at");
}

TEST(TidyTest, WhiteSpaceInAnEndTagStaysAndAFormFeedIsTakenOutAndSaid) {
  const auto kept = tidy("<p>a</p ><br>");
  ASSERT_TRUE(kept.has_value());
  EXPECT_EQ(kept->body, "<p>a</p ><br/>");
  const auto fed = tidy("<p>a</p \f>");
  ASSERT_TRUE(fed.has_value());
  EXPECT_EQ(fed->body, "<p>a</p >");
  ASSERT_EQ(fed->changes.size(), 1U);
  EXPECT_EQ(fed->changes[0], "line 1, column 5: took a form feed out of </p>");
}

TEST(TidyTest, HostileInputEndsSoon) {
  std::string deep;
  for (int i = 0; i < 20'000; ++i) deep += "<ul><li>";
  EXPECT_NE(tidied(deep), "");
  EXPECT_EQ(tidied("<br>" + deep.substr(0, 7 * 130)).substr(0, 2), "1:");
  std::string signs(200'000, '&');
  EXPECT_EQ(tidied(signs).size(), 1'000'000U);
  std::string paragraphs;
  for (int i = 0; i < 100'000; ++i) paragraphs += "<p>";
  EXPECT_EQ(tidied(paragraphs).size(), 700'000U);
  std::string bold;
  for (int i = 0; i < 50'000; ++i) bold += "<b>";
  EXPECT_EQ(tidied(bold), "1:769 elements are nested more than 256 deep");
}

}  // namespace
}  // namespace storage_format
