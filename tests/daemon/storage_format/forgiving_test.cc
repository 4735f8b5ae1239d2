#include "daemon/storage_format/forgiving.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "daemon/storage_format/extract.h"
#include "daemon/storage_format/render.h"

namespace storage_format {
namespace {

// The tree on one line: <p>[text]<br/></p>.
std::string shape(const Node& node) {
  if (node.is_text()) return "[" + node.text + "]";
  if (!node.is_element()) return "!";
  std::string inside;
  for (const auto& child : node.children) inside += shape(child);
  if (node.name.empty()) return inside;
  std::string attributes;
  for (const auto& each : node.attributes) attributes += " " + each.name + "=" + each.value;
  const auto name = std::string(node.name);
  return inside.empty() ? "<" + name + attributes + "/>"
                        : "<" + name + attributes + ">" + inside + "</" + name + ">";
}

std::string read_as(std::string_view body) { return shape(read_forgiving(body).root()); }

TEST(Forgiving, ElementsThatStayOpenEndWithTheirParent) {
  EXPECT_EQ(read_as("<div><b>a</div>c"), "<div><b>[a]</b></div>[c]");
  EXPECT_EQ(read_as("<p>a"), "<p>[a]</p>");
}

TEST(Forgiving, OptionalEndTagsFollowHtmlsRules) {
  EXPECT_EQ(read_as("<p>a<p>b"), "<p>[a]</p><p>[b]</p>");
  EXPECT_EQ(read_as("<ul><li>a<li>b</ul>c"), "<ul><li>[a]</li><li>[b]</li></ul>[c]");
  EXPECT_EQ(read_as("<table><tr><td>a<td>b<tr><td>c</table>"),
            "<table><tr><td>[a]</td><td>[b]</td></tr><tr><td>[c]</td></tr></table>");
}

TEST(Forgiving, CrossedTagsLoseNoText) {
  EXPECT_EQ(read_as("<b>a<i>b</b>c</i>d"), "<b>[a]<i>[b]</i></b>[c][d]");
}

TEST(Forgiving, AnyEndOfAHeadingEndsOneThatIsOpen) {
  EXPECT_EQ(read_as("<h2>a</h3>b"), "<h2>[a]</h2>[b]");
  EXPECT_EQ(read_as("<h2>a<h3>b</h3>"), "<h2>[a]</h2><h3>[b]</h3>");
}

TEST(Forgiving, AnEndTagDoesNotReachOutOfACell) {
  EXPECT_EQ(read_as("<b><table><tr><td>a</b>b</td></tr></table></b>"),
            "<b><table><tr><td>[a][b]</td></tr></table></b>");
}

TEST(Forgiving, VoidElementsNeedNoSlash) {
  EXPECT_EQ(read_as("a<br>b<hr>c<img src=x>"), "[a]<br/>[b]<hr/>[c]<img src=x/>");
  EXPECT_EQ(read_as("<p><br></br>x"), "<p><br/>[x]</p>");
}

TEST(Forgiving, CapitalsAndBareAttributesAreHtml) {
  EXPECT_EQ(read_as("<P CLASS=x Hidden>a"), "<p class=x hidden=hidden>[a]</p>");
}

TEST(Forgiving, WhatBeginsNothingIsText) {
  EXPECT_EQ(read_as("<p>a & b < c &unknown; &#0; &#xD800; &amp;</p>"),
            "<p>[a & b < c &unknown; &#0; &#xD800; &]</p>");
  EXPECT_EQ(read_as("a <! b"), "[a <! b]");
  EXPECT_EQ(read_as("<p>a</p"), "<p>[a</p]</p>");
}

TEST(Forgiving, AReferenceMayHaveAnyNumberOfZerosInFront) {
  const auto zeros = std::string(200, '0');
  EXPECT_EQ(read_as("<p>&#x" + zeros + "41;&#" + zeros + "66;</p>"), "<p>[AB]</p>");
  EXPECT_EQ(read_as("<p>&#" + zeros + "</p>"), "<p>[&#" + zeros + "]</p>");
  EXPECT_EQ(read_as("<p>&#x;&#;&#x</p>"), "<p>[&#x;&#;&#x]</p>");
}

TEST(Forgiving, BytesThatAreNoCharacterAreReplaced) {
  EXPECT_EQ(read_as("a\xff\x01z\xC3\xA9"), "[a\uFFFD\uFFFDzé]");
}

TEST(Forgiving, PrefixesThatNobodyDeclaredAreNames) {
  EXPECT_EQ(read_as("<o:p>a</o:p>"), "<o:p>[a]</o:p>");
  EXPECT_EQ(read_as("<![if x]><?xml:namespace o /><b>a"), "!!<b>[a]</b>");
}

TEST(Forgiving, AQuoteThatIsMissingEndsWithItsTag) {
  EXPECT_EQ(read_as("<a href=\"x>y</a> <b class=\"z\">c</b>"),
            "<a href=x>[y]</a>[ ]<b class=z>[c]</b>");
}

TEST(Forgiving, CharacterDataThatNeverEndsIsText) {
  EXPECT_EQ(read_as("<p><![CDATA[a</p>"), "<p>[<![CDATA[a]</p>");
}

TEST(Forgiving, EntityBombsStayWhatTheyAre) {
  const auto text = plain_text(
      "<!DOCTYPE x [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;\">]><p>&b;&b;</p>");
  EXPECT_NE(text.find("&b;&b;"), std::string::npos);
  EXPECT_EQ(text.find("aaaa&a"), std::string::npos);
}

TEST(Forgiving, APageDoesNotVanishInWhatIsNeverShown) {
  for (const std::string_view open :
       {"<ac:structured-macro ac:name=\"toc\">",
        "<ac:structured-macro ac:name=\"x\"><ac:parameter>",
        "<ac:task-list><ac:task><ac:task-status>", "<ac:emoticon ac:name=\"\">", "<ac:placeholder>",
        "<table><colgroup><col><tbody><tr><td>", "<ac:image><ri:attachment ri:filename=\"\">",
        "<ac:link><ri:page ri:content-title=\"\">", "<ac:adf-extension>",
        "<ac:adf-extension>"
        "<ac:adf-node><ac:adf-content>c</ac:adf-content></ac:adf-node>",
        "<time>", "<hr>", "<br>",
        "<ac:structured-macro ac:name=\"excerpt\"><ac:parameter ac:name=\"hidden\">true"
        "</ac:parameter>"}) {
    const auto body = std::string(open) + "<p>the rest</p>";
    EXPECT_NE(plain_text(body).find("the rest"), std::string::npos) << body;
    EXPECT_NE(to_markdown(body).text.find("the rest"), std::string::npos) << body;
    EXPECT_NE(to_html(body).text.find("the rest"), std::string::npos) << body;
  }
}

TEST(Forgiving, TheFaultOfTheStrictReadIsTold) {
  const auto forgiven = forgive("<p>a</b></p>");
  ASSERT_TRUE(forgiven.fault);
  EXPECT_EQ(forgiven.fault->at, (Position{1, 5}));
  EXPECT_FALSE(forgive("<p>a</p>").fault);
}

TEST(Forgiving, ElementsThatAreNestedTooDeepLoseNoText) {
  std::string body;
  for (int level = 0; level < 5'000; ++level) body += "<div>";
  body += "deep";
  for (int level = 0; level < 5'000; ++level) body += "</div>";
  body += "<p>after</p>";
  EXPECT_EQ(plain_text(body), "deep\nafter");
}

TEST(Forgiving, WhatComesAfterTooManyNodesIsTextWithoutTags) {
  Limits limits;
  limits.max_nodes = 4;
  const auto document = read_forgiving("<p>a</p><p>b</p><p>c &amp; d</p>e", limits);
  EXPECT_EQ(shape(document.root()), "<p>[a]</p><p>[b]</p><p/>[c & d e]");
}

TEST(Forgiving, ABodyThatIsTooLongIsTextWithoutTags) {
  Limits limits;
  limits.max_bytes = 10;
  EXPECT_EQ(read_as("<p>a</p>"), "<p>[a]</p>");
  EXPECT_EQ(shape(read_forgiving("<p>abc</p><p>def</p>", limits).root()), "[ abc  def ]");
}

TEST(Forgiving, TimeIsLinearWhateverIsOpen) {
  // Each of these would be quadratic if an end were looked for again and again.
  for (const std::string_view part : {"<!--", "<![CDATA[", "<?", "<!", "<a x=\"", "<a x='\"", "<a",
                                      "</", "<script>", "&", "<b></i>", "<p><b>"}) {
    std::string body;
    while (body.size() < 300'000) body += part;
    EXPECT_LE(plain_text(body).size(), 2 * body.size()) << part;
  }
}

}  // namespace
}  // namespace storage_format
