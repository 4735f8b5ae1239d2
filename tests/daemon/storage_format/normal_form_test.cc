#include "daemon/storage_format/normal_form.h"

#include <gtest/gtest.h>

#include <iostream>
#include <map>
#include <string>

#include "tests/daemon/storage_format/corpus.h"

namespace storage_format {
namespace {

void expect_same(std::string_view a, std::string_view b) {
  EXPECT_TRUE(same_content(a, b)) << a << "\n" << b;
  EXPECT_EQ(content_hash(a), content_hash(b)) << a << "\n" << b;
}

void expect_different(std::string_view a, std::string_view b) {
  EXPECT_FALSE(same_content(a, b)) << a << "\n" << b;
  EXPECT_NE(content_hash(a), content_hash(b)) << a << "\n" << b;
}

TEST(NormalFormTest, IdentitiesThatTheServerGivesDoNotCount) {
  expect_same(R"(<ac:structured-macro ac:name="toc"/>)",
              R"(<ac:structured-macro ac:name="toc" ac:schema-version="1" ac:macro-id="x" />)");
  expect_same(R"(<p>a</p>)", R"(<p local-id="1" ac:local-id="2" data-local-id="3">a</p>)");
  expect_same(R"(<ac:link><ri:user ri:account-id="1" ri:local-id="5"/></ac:link>)",
              R"(<ac:link><ri:user ri:account-id="1" ri:local-id="6"/></ac:link>)");
}

TEST(NormalFormTest, TheWayATagIsWrittenDoesNotCount) {
  expect_same("<br/><hr></hr>", "<br  />\n<hr\t/>");
  expect_same(R"(<p a="1" b="2">x</p>)", "<p\n  b='2'\n  a='1'  >x</p >");
  expect_same("<p a='\"&#38;'>x</p>", "<p a=\"&quot;&amp;\">x</p>");
}

TEST(NormalFormTest, TheWayACharacterIsWrittenDoesNotCount) {
  expect_same("<p>a&nbsp;&mdash;</p>", "<p>a&#160;\u2014</p>");
  expect_same("<p>a&#xA0;&#8212;</p>", "<p>a\u00A0&mdash;</p>");
  expect_same("<p>a\r\nb\rc</p>", "<p>a\nb\nc</p>");
  expect_same("<p t='&eacute;'/>", "<p t='\u00e9'/>");
}

TEST(NormalFormTest, SplitsOfCdataDoNotCount) {
  expect_same("<pre><![CDATA[a]]]]><![CDATA[>b]]></pre>",
              "<pre><![CDATA[a]]]><![CDATA[]>b]]></pre>");
  expect_same("<pre><![CDATA[a<b]]></pre>", "<pre>a&lt;b</pre>");
  expect_different("<pre><![CDATA[&amp;]]></pre>", "<pre>&amp;</pre>");
  expect_different("<pre><![CDATA[<b></b>]]></pre>", "<pre><b></b></pre>");
}

TEST(NormalFormTest, WhiteSpaceBetweenBlocksDoesNotCount) {
  expect_same("<p>a</p><p>b</p>", "\n<p>a</p>\r\n\t<p>b</p> ");
  expect_same("<ul><li>a</li></ul>", "<ul>\n <li>a</li>\n</ul>\n");
  expect_same("<table><tbody><tr><td><p>x</p></td></tr></tbody></table>",
              "<table>\n<tbody>\n<tr>\n<td>\n<p>x</p>\n</td>\n</tr>\n</tbody>\n</table>");
  expect_same(
      R"(<ac:structured-macro ac:name="info"><ac:parameter ac:name="t">v</ac:parameter><ac:rich-text-body><p>x</p></ac:rich-text-body></ac:structured-macro>)",
      R"(<ac:structured-macro ac:name="info"> <ac:parameter ac:name="t">v</ac:parameter> <ac:rich-text-body> <p>x</p> </ac:rich-text-body> </ac:structured-macro>)");
}

TEST(NormalFormTest, WhiteSpaceThatCanBeSeenCounts) {
  expect_different("<p>a <b>b</b></p>", "<p>a<b>b</b></p>");
  expect_different("<p><b>a</b> <i>b</i></p>", "<p><b>a</b><i>b</i></p>");
  expect_different("<b>a</b> <i>b</i>", "<b>a</b><i>b</i>");
  expect_different("<td><b>a</b> <i>b</i></td>", "<td><b>a</b><i>b</i></td>");
  expect_different("<span><b>a</b> <p>b</p></span>", "<span><b>a</b><p>b</p></span>");
  expect_different("<pre> <b>a</b></pre>", "<pre><b>a</b></pre>");
  expect_different("<pre>a\n\nb</pre>", "<pre>a\nb</pre>");
  expect_different("<div style='white-space: pre'> <p>a</p></div>",
                   "<div style='white-space: pre'><p>a</p></div>");
  expect_different("<p>a&nbsp;</p>&nbsp;<p>b</p>", "<p>a&nbsp;</p><p>b</p>");
  expect_different(
      "<ac:structured-macro ac:name='status'/> <ac:structured-macro ac:name='status'/>",
      "<ac:structured-macro ac:name='status'/><ac:structured-macro ac:name='status'/>");
  expect_different("<ac:parameter ac:name='x'> </ac:parameter>", "<ac:parameter ac:name='x'/>");
  expect_different("<ac:plain-text-body><![CDATA[ ]]></ac:plain-text-body>",
                   "<ac:plain-text-body><![CDATA[]]></ac:plain-text-body>");
}

TEST(NormalFormTest, WhatCanBeToldApartStaysApart) {
  expect_different("<p>a</p>", "<p>b</p>");
  expect_different("<p>a</p>", "<h1>a</h1>");
  expect_different("<p>a</p>", "<p class='x'>a</p>");
  expect_different("<p>a&nbsp;b</p>", "<p>a b</p>");
  expect_different("<p a='1 b=2'/>", "<p a='1' b='2'/>");
  expect_different("<p>&lt;b&gt;&lt;/&gt;</p>", "<p><b></b></p>");
  expect_different("<p a='&quot;&gt;'/>", "<p a=''>&gt;</p>");
  expect_different("<p><b>a</b></p>", "<p><b></b>a</p>");
  expect_different("<p>a</p><!-- x -->", "<p>a</p>");
  expect_different("<p>&lt;!-- x --&gt;</p>", "<p><!-- x --></p>");
  expect_different("<ri:page ri:content-title='A'/>", "<ri:page ri:content-title='a'/>");
  expect_different("<p>&#13;</p>", "<p>\r</p>");
}

TEST(NormalFormTest, MalformedBodiesAreTheSameOnlyByteForByte) {
  expect_same("<p>", "<p>");
  expect_different("<p>", "<p >");
  expect_different("<p>", "<p></p>");
  EXPECT_EQ(content_hash("<p>"), store::sha256("<p>"));
}

// The normal form is itself no body; what can be asked: a rewrite as the server does it changes
// nothing, and no two bodies are taken for one.
TEST(NormalFormTest, RealBodiesSurviveARewriteAndStayApart) {
  const auto bodies = real_bodies();
  if (bodies.empty()) GTEST_SKIP() << "the corpus of real bodies is not there";
  std::map<std::string, std::string> seen;
  for (const auto& [name, text] : bodies) {
    const auto document = read(text);
    if (!document) continue;
    std::string rewritten;
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text.compare(i, 9, "<![CDATA[") == 0) {
        const auto end = text.find("]]>", i);
        rewritten += text.substr(i, end - i);
        i = end;
      }
      if (text.compare(i, 2, "/>") == 0 && text[i - 1] != ' ') rewritten += ' ';
      rewritten += text[i];
      if (text.compare(i, 20, "ac:structured-macro ") == 0 && text[i - 1] == '<') {
        rewritten += text.substr(i + 1, 19);
        rewritten += "ac:local-id='fresh' ";
        i += 19;
      }
    }
    if (!read(rewritten)) continue;  // it had one
    expect_same(text, rewritten);
    const auto [other, fresh] = seen.emplace(normal_form(*document), text);
    EXPECT_TRUE(fresh || other->second.size() == text.size()) << name;
  }
  EXPECT_GT(seen.size(), 50U);
}

TEST(NormalFormTest, RealBodiesAreReadOrFaultedWithAPosition) {
  const auto bodies = real_bodies();
  if (bodies.empty()) GTEST_SKIP() << "the corpus of real bodies is not there";
  int good = 0;
  for (const auto& [name, text] : bodies) {
    const auto document = read(text);
    if (document) {
      ++good;
    } else {
      EXPECT_GE(document.error().at.line, 1);
      EXPECT_FALSE(document.error().text.empty());
      std::cout << name << ":" << document.error().at.line << ":" << document.error().at.column
                << ": " << document.error().text << "\n";
    }
  }
  std::cout << "real bodies read: " << good << " of " << bodies.size() << "\n";
  RecordProperty("read", good);
  RecordProperty("bodies", static_cast<int>(bodies.size()));
  EXPECT_GT(good, 0);
}

}  // namespace
}  // namespace storage_format
