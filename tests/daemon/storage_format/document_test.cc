#include "daemon/storage_format/document.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "daemon/storage_format/entities.h"

namespace storage_format {
namespace {

using namespace std::string_literals;

std::string repeat(std::string_view text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

// Position and text of the fault, "3:5 text"; "" for a body that is read.
std::string fault_of(std::string_view body, const Limits& limits = {}) {
  const auto document = read(body, limits);
  const auto fault = check(body, limits);
  EXPECT_EQ(document.has_value(), !fault.has_value());
  if (document) return {};
  EXPECT_EQ(document.error().at, fault->at);
  EXPECT_EQ(document.error().text, fault->text);
  return std::to_string(fault->at.line) + ":" + std::to_string(fault->at.column) + " " +
         fault->text;
}

const Node& only(const Node& node) {
  EXPECT_EQ(node.children.size(), 1U);
  return node.children.at(0);
}

TEST(DocumentTest, ElementsHaveNamesAttributesInOrderAndSpans) {
  const std::string body =
      "a<ac:image ac:width='3' data-x=\"y &amp; z\"><ri:url ri:value=\"u\" /></ac:image>b";
  const auto document = read(body);
  ASSERT_TRUE(document);
  ASSERT_EQ(document->root().children.size(), 3U);
  const auto& image = document->root().children[1];
  EXPECT_EQ(image.name, "ac:image");
  ASSERT_EQ(image.attributes.size(), 2U);
  EXPECT_EQ(image.attributes[0].name, "ac:width");
  EXPECT_EQ(image.attributes[1].name, "data-x");
  EXPECT_EQ(*image.attribute("data-x"), "y & z");
  EXPECT_EQ(image.attribute("nothing"), nullptr);
  EXPECT_EQ(document->source_of(image), body.substr(1, body.size() - 2));
  EXPECT_EQ(document->content_of(image), "<ri:url ri:value=\"u\" />");
  EXPECT_TRUE(only(image).self_closed());
  EXPECT_EQ(document->source_of(only(image)), "<ri:url ri:value=\"u\" />");
  EXPECT_EQ(document->source_of(document->root()), body);
  EXPECT_EQ(document->source(), body);
}

TEST(DocumentTest, AnEmptyElementWithAnEndTagIsNotSelfClosed) {
  const auto document = read("<p></p><p a='/'></p>");
  ASSERT_TRUE(document);
  EXPECT_FALSE(document->root().children[0].self_closed());
  EXPECT_FALSE(document->root().children[1].self_closed());
  EXPECT_EQ(document->source_of(document->root().children[1]), "<p a='/'></p>");
  EXPECT_EQ(document->content_of(document->root().children[1]), "");
}

TEST(DocumentTest, TextIsResolvedAndItsSpanIsTheSource) {
  const std::string body = "<p>a&nbsp;&#x42;&amp;\r\nc &mdash;</p>";
  const auto document = read(body);
  ASSERT_TRUE(document);
  const auto& text = only(only(document->root()));
  EXPECT_EQ(text.text, "a\u00A0B&\nc \u2014");
  EXPECT_EQ(document->source_of(text), "a&nbsp;&#x42;&amp;\r\nc &mdash;");
}

TEST(DocumentTest, AllTwoHundredAndFiftyThreeNamesAreKnown) {
  EXPECT_EQ(entity("nbsp"), 0xA0U);
  EXPECT_EQ(entity("thetasym"), 0x3D1U);
  EXPECT_EQ(entity("zwnj"), 0x200CU);
  EXPECT_EQ(entity("AMP"), 0U);
  for (const auto* name :
       {"nbsp", "yuml", "fnof", "diams", "euro", "apos", "quot", "lt", "there4"}) {
    const auto document = read("<p a=\"&"s + name + ";\">&" + name + ";</p>");
    ASSERT_TRUE(document) << name;
    EXPECT_EQ(only(only(document->root())).text, to_utf8(entity(name)));
    EXPECT_EQ(*only(document->root()).attribute("a"), to_utf8(entity(name)));
  }
}

TEST(DocumentTest, CdataIsKeptApartFromText) {
  const auto document = read("<p>a<![CDATA[<b>&nope; ]]]]><![CDATA[>]]>c<![CDATA[]]></p>");
  ASSERT_TRUE(document);
  const auto& nodes = only(document->root()).children;
  ASSERT_EQ(nodes.size(), 5U);
  EXPECT_FALSE(nodes[0].cdata);
  EXPECT_TRUE(nodes[1].cdata);
  EXPECT_EQ(nodes[1].text, "<b>&nope; ]]");
  EXPECT_EQ(document->source_of(nodes[1]), "<![CDATA[<b>&nope; ]]]]>");
  EXPECT_EQ(nodes[2].text, ">");
  EXPECT_EQ(nodes[3].text, "c");
  EXPECT_EQ(nodes[4].text, "");
  EXPECT_EQ(document->source_of(nodes[4]), "<![CDATA[]]>");
}

TEST(DocumentTest, CommentsAndInstructionsAreSpans) {
  const auto document = read("x<!-- <b> -->y<?php 1 ?>");
  ASSERT_TRUE(document);
  const auto& nodes = document->root().children;
  ASSERT_EQ(nodes.size(), 4U);
  EXPECT_EQ(nodes[1].kind, Node::Kind::kComment);
  EXPECT_EQ(document->source_of(nodes[1]), "<!-- <b> -->");
  EXPECT_EQ(document->source_of(nodes[2]), "y");
  EXPECT_EQ(nodes[3].kind, Node::Kind::kInstruction);
  EXPECT_EQ(document->source_of(nodes[3]), "<?php 1 ?>");
}

// The spans of the children fill the content of their parent, without a gap.
void expect_no_gap(const Node& node) {
  auto at = node.content_begin;
  for (const auto& child : node.children) {
    EXPECT_EQ(child.begin, at);
    at = child.end;
    if (child.is_element()) expect_no_gap(child);
  }
  EXPECT_EQ(at, node.content_end);
}

TEST(DocumentTest, SpansHaveNoGaps) {
  const auto document = read(
      "\xEF\xBB\xBF t&eacute;\r\n<p a='1'>x<br/>&lt;<b>\xE2\x82\xAC</b> <!--c--><![CDATA[ "
      "]]></p>\r<hr />&#65;");
  ASSERT_TRUE(document);
  expect_no_gap(document->root());
}

TEST(DocumentTest, BodiesMayDeclareTheirOwnPrefixes) {
  const auto document = read(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" xmlns:x=\"urn:x\" x:y=\"1\" xml:lang=\"en\"/>");
  ASSERT_TRUE(document);
  const auto& svg = only(document->root());
  EXPECT_EQ(svg.name, "svg");
  EXPECT_EQ(*svg.attribute("xmlns"), "http://www.w3.org/2000/svg");
  EXPECT_EQ(*svg.attribute("xmlns:x"), "urn:x");
  EXPECT_EQ(*svg.attribute("x:y"), "1");
  EXPECT_EQ(*svg.attribute("xml:lang"), "en");
}

TEST(DocumentTest, ADocumentOutlivesItsFirstCopy) {
  std::optional<Document> copy;
  {
    const auto document = read("<p>text that is longer than a short string</p>");
    ASSERT_TRUE(document);
    copy = *document;
  }
  EXPECT_EQ(only(copy->root()).name, "p");
}

TEST(FaultTest, MismatchedTagsNameBoth) {
  EXPECT_EQ(fault_of("<p>a</div>"), "1:5 mismatched tag: expected </p>, found </div>");
  EXPECT_EQ(fault_of("<p>a"), "1:1 <p> is never closed");
  EXPECT_EQ(fault_of("x\n y<ac:link>"), "2:3 <ac:link> is never closed");
  EXPECT_EQ(fault_of("a</p>"), "1:2 </p> closes nothing");
  EXPECT_EQ(fault_of("<p></P>"), "1:4 mismatched tag: expected </p>, found </P>");
}

TEST(FaultTest, TheBodyCannotLeaveItsRoot) {
  EXPECT_EQ(fault_of("a</body><body>"), "1:2 </body> closes nothing");
  EXPECT_EQ(fault_of("</body>"), "1:1 </body> closes nothing");
  EXPECT_EQ(fault_of("</body><!--"), "1:1 </body> closes nothing");
  EXPECT_EQ(fault_of("<body></body>"), "");
  EXPECT_EQ(fault_of("<body>"), "1:1 <body> is never closed");
}

TEST(FaultTest, PositionsCountCharactersAndLinesHoweverTheyEnd) {
  EXPECT_EQ(fault_of("é€😀</p>"), "1:4 </p> closes nothing");
  EXPECT_EQ(fault_of("a\r\nb\rc\n  </p>"), "4:3 </p> closes nothing");
  EXPECT_EQ(fault_of("&nbsp;&eacute;</p>"), "1:15 </p> closes nothing");
  EXPECT_EQ(fault_of("<p a=\"&mdash;\r\né\"/></p>"), "2:5 </p> closes nothing");
  EXPECT_EQ(fault_of("<![CDATA[\n\n]]>x</p>"), "3:5 </p> closes nothing");
}

TEST(FaultTest, UnknownEntitiesArePointedAt) {
  EXPECT_EQ(fault_of("a &nope; b"), "1:3 unknown entity &nope;");
  EXPECT_EQ(fault_of("<p t=\"é&nope;\"/>"), "1:8 unknown entity &nope;");
  EXPECT_EQ(fault_of("a & b"), "1:3 & that begins no reference: write &amp;");
  EXPECT_EQ(fault_of("a &b c"), "1:3 a reference without its semicolon: write &amp; for &");
  EXPECT_EQ(fault_of("<p>a &"), "1:6 & that begins no reference: write &amp;");
  EXPECT_EQ(fault_of("&#0;"), "1:1 a reference to a character that XML does not allow");
  EXPECT_EQ(fault_of("&#xD800;").substr(0, 4), "1:1 ");
}

TEST(FaultTest, UnknownPrefixesAreFaults) {
  EXPECT_EQ(fault_of("<o:p>x</o:p>"),
            "1:1 <o:p> has or holds a prefix that is neither ac, ri nor at");
  EXPECT_NE(fault_of("<p v:x='1'/>"), "");
  EXPECT_NE(fault_of("<a:b:c/>"), "");
  EXPECT_NE(fault_of("<ac:/>"), "");
  EXPECT_EQ(fault_of("<ac:x ri:y='1' at:z='2'/>"), "");
}

TEST(FaultTest, NoDocumentTypeOfItsOwn) {
  const std::string laughs =
      "<!DOCTYPE lolz [<!ENTITY lol \"lol\"><!ENTITY lol2 \"&lol;&lol;&lol;\">]><p>&lol2;</p>";
  EXPECT_EQ(fault_of(laughs).substr(0, 4), "1:1 ") << fault_of(laughs);
  EXPECT_EQ(fault_of("<p/>" + laughs).substr(0, 4), "1:5 ");
  EXPECT_NE(fault_of("]><!DOCTYPE x>"), "");
  EXPECT_NE(fault_of("<?xml version=\"1.0\"?><p/>"), "");
  EXPECT_NE(fault_of("<!ENTITY x \"y\">"), "");
}

TEST(FaultTest, BytesThatAreNotTextAreFaults) {
  EXPECT_EQ(fault_of("a\0b"s), "1:2 the control character U+0000 is not allowed");
  EXPECT_EQ(fault_of("a\x1b[0m"), "1:2 the control character U+001B is not allowed");
  EXPECT_EQ(fault_of("a\tb\nc\r"), "");
  for (const auto* bad :
       {"\xff", "\xC0\xAF", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xE2\x82", "\xEF\xBF\xBF"}) {
    EXPECT_EQ(fault_of("é"s + bad).substr(0, 4), "1:2 ") << fault_of("é"s + bad);
    EXPECT_NE(fault_of("<p a='"s + bad + "'/>"), "");
    EXPECT_NE(fault_of("<p"s + bad + "/>"), "");
  }
}

TEST(FaultTest, WhatIsOpenAtTheEndIsPointedAt) {
  EXPECT_EQ(fault_of("ab<![CDATA[ x"), "1:3 <![CDATA[ is never closed");
  EXPECT_EQ(fault_of("ab<![CDATA[ x ]]"), "1:3 <![CDATA[ is never closed");
  EXPECT_EQ(fault_of("ab<!-- x"), "1:3 a comment is never closed");
  EXPECT_NE(fault_of("ab<?x "), "");
  for (const auto* body : {"<", "<p", "<p ", "<p a", "<p a=", "<p a=\"", "<p a=\"x", "</", "<p/",
                           "&", "&a", "<!", "<!-", "<![CDATA", "&#", "&#x", "<p></p", "<p></"}) {
    EXPECT_NE(fault_of(body), "") << body;
    EXPECT_EQ(fault_of(body).substr(0, 2), "1:") << body;
  }
}

TEST(FaultTest, TextOfAFaultIsOnePrintableLine) {
  for (const auto& body : {"<p></é\x1b>"s, "a]]>b"s, "<\x1b>"s, "<p a=1>"s, "< b"s,
                           "<p a='1' a='2'/>"s, "<" + repeat("x", 5000) + ">", "\x7f<"s}) {
    const auto text = fault_of(body);
    EXPECT_NE(text, "");
    EXPECT_LT(text.size(), 200U);
    for (const char c : text) EXPECT_TRUE(c >= 0x20 && c < 0x7F) << text;
  }
  EXPECT_EQ(fault_of("a]]>b"), "1:2 ]]> does not belong in text");
  EXPECT_EQ(fault_of("<p a='1' a='2'/>"), "1:10 the attribute a is given twice");
  EXPECT_EQ(fault_of("a < b"), "1:3 < that begins no tag: write &lt;");
}

TEST(LimitsTest, DepthNodesAndBytesAreBounded) {
  EXPECT_EQ(fault_of(repeat("<b>", 256) + repeat("</b>", 256)), "");
  EXPECT_EQ(fault_of(repeat("<b>", 257) + repeat("</b>", 257)),
            "1:769 elements are nested more than 256 deep");
  EXPECT_NE(fault_of(repeat("<b>", 1'000'000)), "");
  Limits few;
  few.max_nodes = 10;
  EXPECT_EQ(fault_of(repeat("<b/>", 10), few), "");
  EXPECT_EQ(fault_of(repeat("<b/>", 11), few), "1:41 the body has more than 10 elements and texts");
  Limits small;
  small.max_bytes = 4;
  EXPECT_EQ(fault_of("abcd", small), "");
  EXPECT_EQ(fault_of("abcde", small), "1:1 the body has 5 bytes; at most 4 are read");
}

TEST(LimitsTest, HugeAttributesAndManyOfThemAreRead) {
  EXPECT_EQ(fault_of("<p a=\"" + std::string(8U << 20, 'x') + "\"/>"), "");
  std::string many = "<p";
  for (int i = 0; i < 20'000; ++i) many += " a" + std::to_string(i) + "=\"\"";
  EXPECT_EQ(fault_of(many + "/>"), "");
  EXPECT_EQ(fault_of(repeat("&amp;&nbsp;&#160;", 200'000)), "");
}

}  // namespace
}  // namespace storage_format
