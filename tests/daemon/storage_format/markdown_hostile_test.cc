// Text that looks like markup: GitHub's reader must find it as text again, and nothing else.

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "daemon/storage_format/render.h"
#include "tests/daemon/storage_format/gfm.h"
#include "tests/daemon/storage_format/render_fixture.h"
#include "tests/fuzz/html_check.h"

namespace storage_format {
namespace {

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    out += c == '<'   ? "&lt;"
           : c == '>' ? "&gt;"
           : c == '&' ? "&amp;"
           : c == '"' ? "&quot;"
                      : std::string(1, c);
  }
  return out;
}

std::string without(std::string text, std::string_view part) {
  for (auto at = text.find(part); at != text.npos; at = text.find(part))
    text.erase(at, part.size());
  return text;
}

// How the text comes back through Markdown, where it stands in a body so.
std::string there_and_back(std::string_view before, std::string_view text, std::string_view after) {
  const auto body = std::string(before) + escaped(text) + std::string(after);
  return without(gfm_to_html(to_markdown(body).text), "<!-- -->");
}

constexpr std::string_view kTexts[] = {"# a",
                                       "####### a #",
                                       "> a",
                                       "- a",
                                       "-",
                                       "---",
                                       "===",
                                       "* a",
                                       "+ a",
                                       "1. a",
                                       "23) a",
                                       "1.",
                                       "- [ ] a",
                                       "[x] a",
                                       "```",
                                       "~~~ a",
                                       "`a` ``",
                                       "*a* **b** _c_ __d__ ~e~ ~~f~~",
                                       "a*b*c_d_e",
                                       "_a",
                                       "[a](b)",
                                       "![a](b)",
                                       "!",
                                       "[a]: b",
                                       "[^1]: a",
                                       "[!NOTE]",
                                       "<script>alert(1)</script>",
                                       "<b onclick=\"x\">a</b>",
                                       "<!-- a",
                                       "<https://x.example>",
                                       "http://x.example/ https://x.example ftp://x.example",
                                       "HTTP://x.example",
                                       "www.x.example WWW.x.example (www.x.example)",
                                       "mailto:a@b.example a@b.example a.b+c@d.example xmpp:a@b.c",
                                       "&amp; &lt; &#42; &copy &x",
                                       "a \\ b \\* \\",
                                       "C:\\dir\\_x",
                                       "| a | b |",
                                       ":-- | --:",
                                       "a | b",
                                       "$a$ $$b$$",
                                       "\\(a\\)",
                                       "a&&b",
                                       "a <b"};

TEST(MarkdownHostile, ATextInAParagraphIsThatText) {
  for (const auto text : kTexts) {
    EXPECT_EQ(there_and_back("<p>", text, "</p>"), "<p>" + escaped(text) + "</p>\n");
  }
}

TEST(MarkdownHostile, ATextBehindABreakIsThatText) {
  for (const auto text : kTexts) {
    EXPECT_EQ(there_and_back("<p>x<br />", text, "<br />y</p>"),
              "<p>x<br />\n" + escaped(text) + "<br />\ny</p>\n");
  }
}

TEST(MarkdownHostile, ATextInAHeadingIsThatText) {
  for (const auto text : kTexts) {
    EXPECT_EQ(there_and_back("<h2>", text, "</h2>"), "<h2>" + escaped(text) + "</h2>\n");
  }
}

TEST(MarkdownHostile, ATextInAnItemIsThatText) {
  for (const auto text : kTexts) {
    EXPECT_EQ(there_and_back("<ul><li>", text, "</li></ul>"),
              "<ul>\n<li>" + escaped(text) + "</li>\n</ul>\n");
  }
}

TEST(MarkdownHostile, ATextInACellIsThatText) {
  for (const auto text : kTexts) {
    EXPECT_EQ(there_and_back("<table><tr><th>", text, "</th><th>x</th></tr></table>"),
              "<table>\n<thead>\n<tr>\n<th>" + escaped(text) +
                  "</th>\n<th>x</th>\n</tr>\n</thead>\n</table>\n");
  }
}

TEST(MarkdownHostile, ATextInALinkIsThatText) {
  for (const auto text : kTexts) {
    EXPECT_EQ(there_and_back("<p><a href=\"/x\">", text, "</a></p>"),
              "<p><a href=\"/x\">" + escaped(text) + "</a></p>\n");
  }
}

TEST(MarkdownHostile, ATextInAStyleIsThatText) {
  for (const auto text : kTexts) {
    EXPECT_EQ(there_and_back("<p>q <strong>", text, "</strong> q</p>"),
              "<p>q <strong>" + escaped(text) + "</strong> q</p>\n");
  }
}

TEST(MarkdownHostile, ATextAsCodeIsThatText) {
  for (const auto text : kTexts) {
    EXPECT_EQ(there_and_back("<p><code>", text, "</code></p>"),
              "<p><code>" + escaped(text) + "</code></p>\n");
    EXPECT_EQ(there_and_back("<table><tr><th><code>", text, "</code></th></tr></table>"),
              "<table>\n<thead>\n<tr>\n<th><code>" + escaped(text) +
                  "</code></th>\n</tr>\n</thead>\n</table>\n");
    EXPECT_EQ(there_and_back("<pre>", text, "</pre>"),
              "<pre><code>" + escaped(text) + "\n</code></pre>\n");
  }
}

TEST(MarkdownHostile, TextsThatAreOnlyTogetherMarkupAreText) {
  EXPECT_EQ(there_and_back("<p>htt<span>p:", "", "//x.example</span></p>"),
            "<p>http://x.example</p>\n");
  EXPECT_EQ(there_and_back("<p>1<span>. a", "", "</span></p>"), "<p>1. a</p>\n");
  EXPECT_EQ(there_and_back("<p>wow!<a href=\"/x\">y", "", "</a></p>"),
            "<p>wow!<a href=\"/x\">y</a></p>\n");
  EXPECT_EQ(there_and_back("<p>a<br />--<br />b", "", "</p>"), "<p>a<br />\n--<br />\nb</p>\n");
}

TEST(MarkdownHostile, TitlesAndParametersAreTextToo) {
  for (const auto text : kTexts) {
    const auto value = escaped(text);
    for (const auto& body :
         {macro("expand", parameter("title", value) + rich("<p>x</p>")),
          macro("info", parameter("title", value) + rich("<p>x</p>")),
          macro("status", parameter("title", value)), macro("x", parameter("k", value)),
          macro("contentbylabel", parameter("cql", value)), macro("anchor", parameter("", value)),
          macro("jira", parameter("jqlQuery", value)),
          macro("mathinline", parameter("body", value)),
          "<ac:image ac:alt=\"" + value + "\" ac:title=\"" + value + "\">" + file("cat.png") +
              "</ac:image>",
          macro("code", parameter("language", value) + plain("x")),
          "<table><tr><td colspan=\"2\"><ac:image ac:alt=\"&#10;&#10;" + value + "\">" +
              file("cat.png") + "</ac:image></td></tr></table>"}) {
      const SmallSite site;
      const auto html = gfm_to_html(to_markdown(body, site).text);
      EXPECT_EQ(HtmlCheck::fault_in(html), "") << html;
      EXPECT_EQ(html.find("<a href=\"http"), std::string::npos) << html;
    }
  }
}

TEST(MarkdownHostile, AddressesOfOtherSchemesAreNoLinks) {
  const auto page = to_markdown("<a href=\"java&#9;script:alert(1)\">x</a>");
  EXPECT_EQ(page.text, "x `java script:alert(1)`\n");
  EXPECT_TRUE(tells(page, "shown as text"));
  EXPECT_EQ(to_markdown("<a href=\"/a b)(&lt;c&gt;&quot;\">x</a>").text,
            "[x](/a%20b\\)\\(%3Cc%3E%22)\n");
}

TEST(MarkdownHostile, DeepNestingStaysLinear) {
  std::string body;
  for (int level = 0; level < 250; ++level) body += "<ul><li>a<blockquote>";
  std::string lines;
  for (int line = 0; line < 1'000; ++line) lines += "<p>x</p>";
  const auto page = to_markdown(body + lines);
  EXPECT_LT(page.text.size(), 400'000U);
  EXPECT_TRUE(tells(page, "nested too deep"));
}

}  // namespace
}  // namespace storage_format
