// Section 7 of the notes on the API, row by row: what each construct and each macro is in Markdown.

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "daemon/storage_format/render.h"
#include "tests/daemon/storage_format/render_fixture.h"

namespace storage_format {
namespace {

std::string markdown(std::string_view body) {
  const SmallSite site;
  return to_markdown(body, site).text;
}

Rendering rendered(std::string_view body) {
  const SmallSite site;
  return to_markdown(body, site);
}

std::string code(std::string_view parameters, std::string_view text) {
  return macro("code", std::string(parameters) + plain(text));
}

TEST(Markdown, HeadingsParagraphsAndStyles) {
  EXPECT_EQ(markdown("<h2>A <em>b</em></h2><p>x <strong> y </strong>z <del>q</del></p>"),
            "## A *b*\n\nx **y** z ~~q~~\n");
  EXPECT_EQ(markdown("<p><u>a</u><sub>b</sub><sup>c</sup></p>"),
            "<u>a</u><sub>b</sub><sup>c</sup>\n");
  EXPECT_EQ(markdown("<p>a<br />b</p><hr /><blockquote><p>c</p><p>d</p></blockquote>"),
            "a\\\nb\n\n---\n\n> c\n>\n> d\n");
}

TEST(Markdown, StylesThatStarsCannotSayAreTags) {
  EXPECT_EQ(markdown("<p>a<strong>(b)</strong>c</p>"), "a<strong>(b)</strong>c\n");
  EXPECT_EQ(markdown("<p>a<strong>b</strong>c</p>"), "a**b**c\n");
  EXPECT_EQ(markdown("<p><strong>a</strong><strong>b</strong></p>"), "<strong>a</strong>**b**\n");
  EXPECT_EQ(markdown("<p><strong><em>a</em></strong></p>"), "**_a_**\n");
}

TEST(Markdown, AStyleWithinItselfIsOne) {
  EXPECT_EQ(markdown("<p><em>a <em>b</em> " + macro("livesearch") + " c</em></p>"),
            "*a b \\[livesearch\\] c*\n");
  EXPECT_EQ(
      markdown("<p><strong>is " + macro("status", parameter("title", "OK")) + "</strong></p>"),
      "**is \\[OK\\]**\n");
}

TEST(Markdown, ListsNestAndStandApart) {
  EXPECT_EQ(markdown("<ul><li>a<ol><li>b</li><li>c</li></ol></li><li><p>d</p></li></ul>"),
            "- a\n  1. b\n  2. c\n- d\n");
  EXPECT_EQ(markdown("<ul><li>a</li></ul><ul><li>b</li></ul>"), "- a\n\n* b\n");
  EXPECT_EQ(markdown("<ol start=\"3\"><li>a</li></ol>"), "3. a\n");
  EXPECT_EQ(markdown("<ul><li><p>a</p><p>b</p></li><li>c</li></ul>"), "- a\n\n  b\n\n- c\n");
  EXPECT_EQ(markdown("<ul><li></li></ul>"), "- <!-- -->\n");
}

TEST(Markdown, PreformattedTextIsAFenceLongerThanItsBackticks) {
  EXPECT_EQ(markdown("<pre>a ```` b\n c</pre>"), "`````\na ```` b\n c\n`````\n");
  EXPECT_EQ(markdown("<p><code>a`b</code> <code>`</code></p>"), "``a`b`` `` ` ``\n");
}

TEST(Markdown, RectangularTablesOfLinesHavePipes) {
  EXPECT_EQ(markdown("<table><colgroup><col /></colgroup><tbody><tr><th>A</th><th><p>B|C</p></th>"
                     "</tr><tr><td><p>a</p><p>b</p></td><td><code>x|y</code></td></tr></tbody>"
                     "</table>"),
            "| A | B\\|C |\n| --- | --- |\n| a<br>b | <code>x&#124;y</code> |\n");
  EXPECT_EQ(markdown("<table><tbody><tr><th>r</th><td>1</td></tr></tbody></table>"),
            "|  |  |\n| --- | --- |\n| **r** | 1 |\n");
  EXPECT_EQ(markdown("<table><tbody><tr><th><p style=\"text-align: right;\">n</p></th></tr>"
                     "<tr><td style=\"text-align:right\">1</td></tr></tbody></table>"),
            "| n |\n| -: |\n| 1 |\n");
}

TEST(Markdown, OtherTablesAreHtml) {
  EXPECT_EQ(markdown("<table><tbody><tr><td colspan=\"2\">a</td></tr><tr><td>b</td><td><ul><li>c"
                     "</li></ul></td></tr></tbody></table>"),
            "<table>\n<tbody>\n<tr><td colspan=\"2\">a</td></tr>\n<tr><td>b</td><td>\n<ul>\n"
            "<li>c</li>\n</ul></td></tr>\n</tbody>\n</table>\n");
  const auto kept = markdown("<table><tr><td rowspan=\"2\"><pre>a\n\nb</pre></td></tr></table>");
  EXPECT_EQ(kept.find("\n\n"), std::string::npos) << kept;
}

TEST(Markdown, LinksLeadWhereTheSurroundingsSay) {
  EXPECT_EQ(markdown("<p>" + page_link("Plan") + "</p>"), "[Plan](plan.md)\n");
  EXPECT_EQ(
      markdown("<ac:link ac:anchor=\"x\"><ri:page ri:content-title=\"Plan\" />"
               "<ac:plain-text-link-body><![CDATA[a *b*]]></ac:plain-text-link-body></ac:link>"),
      "[a \\*b\\*](plan.md#x)\n");
  EXPECT_EQ(markdown("<p>" + page_link("Notes") + "</p>"), "Notes\n");
  EXPECT_EQ(markdown("<a href=\"https://x.example/a_(b)\">t</a>"),
            "[t](https://x.example/a_\\(b\\))\n");
  EXPECT_EQ(markdown("<a href=\"https://x.example/\">https://x.example/</a>"),
            "<https://x.example/>\n");
}

TEST(Markdown, AReferenceThatIsNotKnownStaysReadableAndIsTold) {
  const auto page = rendered("<p>see " + page_link("Gone") + "</p>");
  EXPECT_EQ(page.text, "see Gone\n");
  EXPECT_TRUE(tells(page, "page 'Gone' is not known"));
  EXPECT_EQ(page.approximations.front().at, (Position{1, 8}));
  EXPECT_EQ(markdown("<ac:image>" + file("x.gif") + "</ac:image>"), "x.gif\n");
}

TEST(Markdown, AnchorsOfThisPageAreGitHubsSlugs) {
  EXPECT_EQ(markdown("<h1>The Plan: B</h1><p><ac:link ac:anchor=\"The%20Plan%3A%20B\">"
                     "<ac:link-body>up</ac:link-body></ac:link> <a href=\"#nope\">no</a></p>"),
            "# The Plan: B\n\n[up](#the-plan-b) no\n");
  EXPECT_EQ(markdown("<p>" + macro("anchor", parameter("", "my place")) +
                     "<a href=\"#my place\">x</a></p>"),
            "<a id=\"my-place\"></a>[x](#my-place)\n");
}

TEST(Markdown, PeopleDatesAndEmojiAreText) {
  EXPECT_EQ(markdown("<p><ac:link><ri:user ri:account-id=\"u1\" /></ac:link> "
                     "<time datetime=\"2026-01-31\" /> <ac:emoticon ac:emoji-id=\"1f604\" /></p>"),
            "@Ada \\*L\\* 2026-01-31 😄\n");
}

TEST(Markdown, ImagesHaveTextTitleAndCaption) {
  EXPECT_EQ(markdown("<ac:image ac:alt=\"a [cat]\" ac:title=\"T &quot;q&quot;\">" +
                     file("cat.png") + "<ac:caption><p>so <b>nice</b></p></ac:caption></ac:image>"),
            "![a \\[cat\\]](files/cat.png \"T \\\"q\\\"\")\\\n*so __nice__*\n");
  EXPECT_EQ(markdown("<p>wow!<img src=\"/a b.png\" /></p>"), "wow\\!![/a b.png](/a%20b.png)\n");
}

TEST(Markdown, TasksAreTaskLists) {
  EXPECT_EQ(markdown("<ac:task-list><ac:task><ac:task-id>1</ac:task-id><ac:task-status>complete"
                     "</ac:task-status><ac:task-body>a<ac:task-list><ac:task><ac:task-status>"
                     "incomplete</ac:task-status><ac:task-body>b</ac:task-body></ac:task>"
                     "</ac:task-list></ac:task-body></ac:task></ac:task-list>"),
            "- [x] a\n  - [ ] b\n");
}

TEST(Markdown, ATaskThatBeginsWithABlockKeepsItsBox) {
  EXPECT_EQ(markdown("<ac:task-list><ac:task><ac:task-body><ul><li>a</li></ul></ac:task-body>"
                     "</ac:task><ac:task><ac:task-body><pre>b</pre></ac:task-body></ac:task>"
                     "</ac:task-list>"),
            "- [ ] <!-- -->\n\n  - a\n\n- [ ] <!-- -->\n\n  ```\n  b\n  ```\n");
}

TEST(Markdown, LayoutCellsComeInOrder) {
  EXPECT_EQ(markdown("<ac:layout><ac:layout-section ac:type=\"two_equal\"><ac:layout-cell><p>a</p>"
                     "</ac:layout-cell><ac:layout-cell>b</ac:layout-cell></ac:layout-section>"
                     "</ac:layout>"),
            "a\n\nb\n");
}

TEST(Markdown, WhatNobodyFilledInIsLeftOutAndTold) {
  const auto page =
      rendered("<p>a<ac:placeholder>hint</ac:placeholder></p><at:var at:name=\"x\" />");
  EXPECT_EQ(page.text, "a\n");
  EXPECT_TRUE(tells(page, "placeholder 'hint'"));
  EXPECT_TRUE(tells(page, "template"));
}

TEST(Markdown, OfAnAdfExtensionItsContentIsShown) {
  EXPECT_EQ(markdown("<ac:adf-extension><ac:adf-node type=\"panel\"><ac:adf-content><p>c</p>"
                     "</ac:adf-content></ac:adf-node><ac:adf-fallback><p>f</p></ac:adf-fallback>"
                     "</ac:adf-extension>"),
            "c\n");
}

TEST(Markdown, DefinitionsAreParagraphs) {
  EXPECT_EQ(markdown("<dl><dt>t</dt><dd>d</dd></dl>"), "**t**\n\nd\n");
}

// Macros, by their number in the table.

TEST(MarkdownMacro, Code1) {
  EXPECT_EQ(
      markdown(code(parameter("language", "c#") + parameter("title", "My *code*"), "a\n```\n  b")),
      "**My \\*code\\***\n\n````csharp\na\n```\n  b\n````\n");
  EXPECT_EQ(markdown(code(parameter("language", "none"), "x")), "```\nx\n```\n");
  EXPECT_EQ(markdown(code(parameter("language", "a`b\n# c"), "x")), "```\nx\n```\n");
}

TEST(MarkdownMacro, NoFormat2) {
  EXPECT_EQ(markdown(macro("noformat", plain(" a"))), "```\n a\n```\n");
}

TEST(MarkdownMacro, Boxes3To6) {
  EXPECT_EQ(markdown(macro("info", parameter("title", "T") + rich("<p>a</p><p>b</p>"))),
            "> [!NOTE]\n> <!-- macro: info -->\n>\n> **T**\n>\n> a\n>\n> b\n");
  EXPECT_TRUE(markdown(macro("note", rich("x"))).starts_with("> [!IMPORTANT]\n"));
  EXPECT_TRUE(markdown(macro("warning", rich("x"))).starts_with("> [!WARNING]\n"));
  EXPECT_TRUE(markdown(macro("tip", rich("x"))).starts_with("> [!TIP]\n"));
}

TEST(MarkdownMacro, Panel7) {
  EXPECT_EQ(markdown(macro("panel", parameter("title", "T") + parameter("panelIconText", "🪄") +
                                        rich("<p>a</p>"))),
            "> 🪄 **T**\n>\n> a\n");
}

TEST(MarkdownMacro, Expand8) {
  EXPECT_EQ(markdown(macro("expand", parameter("title", "A &lt;b&gt;") + rich("<p>*c*</p>"))),
            "<details><summary>A &lt;b&gt;</summary>\n\n\\*c\\*\n\n</details>\n");
}

TEST(MarkdownMacro, Toc9) { EXPECT_EQ(markdown(macro("toc") + "<h1>a</h1>"), "# a\n"); }

TEST(MarkdownMacro, Jira10) {
  EXPECT_EQ(markdown("<p>" + macro("jira", parameter("key", "K-1")) + "</p>"),
            "[K-1](https://jira.example/browse/K-1)\n");
  EXPECT_EQ(markdown(macro("jira", parameter("jqlQuery", "project = K"))), "`Jira: project = K`\n");
}

TEST(MarkdownMacro, Status11) {
  EXPECT_EQ(markdown("<p>is " + macro("status", parameter("title", "DONE")) + ".</p>"),
            "is **\\[DONE\\]**.\n");
}

TEST(MarkdownMacro, Children12) {
  EXPECT_EQ(markdown(macro("children")), "- [A](a.md)\n");
  EXPECT_EQ(markdown(macro("children", parameter("all", "true"))), "- [A](a.md)\n  - [B](b.md)\n");
}

TEST(MarkdownMacro, PageTree13) {
  EXPECT_EQ(markdown(macro("pagetree", parameter("root", "@self"))),
            "- [A](a.md)\n  - [B](b.md)\n");
}

TEST(MarkdownMacro, Excerpt14) {
  EXPECT_EQ(markdown(macro("excerpt", rich("<p>a</p>"))), "a\n");
  const auto hidden = rendered(macro("excerpt", parameter("hidden", "true") + rich("<p>a</p>")));
  EXPECT_EQ(hidden.text, "");
  EXPECT_TRUE(tells(hidden, "hidden excerpt"));
}

TEST(MarkdownMacro, ExcerptInclude15) {
  EXPECT_EQ(markdown(macro("excerpt-include", parameter("", page_link("Plan")))),
            "[Plan](plan.md)\n\nthe **short** of [Plan](plan.md)\n");
}

TEST(MarkdownMacro, AnExcerptThatIncludesItselfEnds) {
  const auto loop = rendered(macro("excerpt-include", parameter("", page_link("Loop"))));
  EXPECT_TRUE(tells(loop, "linked, not shown"));
  EXPECT_LT(loop.text.size(), 1'000U);
}

TEST(MarkdownMacro, Include16) {
  EXPECT_EQ(markdown(macro("include", parameter("", page_link("Plan")))), "[Plan](plan.md)\n");
}

TEST(MarkdownMacro, Details17) {
  EXPECT_EQ(markdown(macro("details", rich("<table><tbody><tr><th>k</th><td>v</td></tr></tbody>"
                                           "</table>"))),
            "|  |  |\n| --- | --- |\n| **k** | v |\n");
}

TEST(MarkdownMacro, DetailsSummary18) {
  const auto report = rendered(macro("detailssummary", parameter("cql", "label = x")));
  EXPECT_EQ(report.text, "*\\[detailssummary cql=label = x\\]*\n");
  EXPECT_TRUE(tells(report, "detailssummary"));
}

TEST(MarkdownMacro, Attachments19) {
  EXPECT_EQ(markdown(macro("attachments")), "- [cat.png](files/cat.png)\n");
}

TEST(MarkdownMacro, ViewFile20) {
  EXPECT_EQ(markdown("<p>a" + macro("view-file", parameter("name", file("c.png"))) + "b</p>"),
            "a [c.png](files/c.png) b\n");
  EXPECT_EQ(markdown(macro("viewpdf", parameter("name", file("c.pdf")))), "c.pdf\n");
}

TEST(MarkdownMacro, DrawIo21) {
  EXPECT_EQ(markdown(macro("drawio", parameter("diagramName", "net") +
                                         parameter("diagramDisplayName", "The net"))),
            "![The net](files/net.png)\n");
}

TEST(MarkdownMacro, Gliffy22) {
  EXPECT_EQ(markdown(macro("gliffy", parameter("name", "net"))), "![net.png](files/net.png)\n");
}

TEST(MarkdownMacro, PlantUml23) {
  EXPECT_EQ(markdown(macro("plantuml", plain("a -> b"))), "```plantuml\na -> b\n```\n");
  EXPECT_TRUE(tells(rendered(macro("plantumlcloud", parameter("data", "eJ"))), "compressed"));
}

TEST(MarkdownMacro, Mermaid24) {
  EXPECT_EQ(markdown(macro("mermaid-macro", plain("graph"))), "```mermaid\ngraph\n```\n");
}

TEST(MarkdownMacro, Markdown25) {
  EXPECT_EQ(markdown(macro("markdown", plain("# A\n\n* b"))), "# A\n\n* b\n");
  for (const auto* hostile :
       {"<script>x</script>", "```\nopen", "[a](javascript:b)", "[a](java\tscript:b)",
        "[a](javascript\\:b)", "[a](&#106;avascript:b)", "<!--"}) {
    EXPECT_TRUE(markdown(macro("markdown", plain(hostile))).starts_with("```")) << hostile;
  }
}

TEST(MarkdownMacro, Html26) {
  EXPECT_EQ(markdown(macro("html", plain("<b>x</b>"))), "```html\n<b>x</b>\n```\n");
  EXPECT_EQ(
      markdown(macro("iframe", parameter("src", "<ri:url ri:value=\"https://x.example/\" />"))),
      "<https://x.example/>\n");
  EXPECT_EQ(markdown(macro("widget", parameter("url", "https://x.example/"))),
            "<https://x.example/>\n");
}

TEST(MarkdownMacro, Anchor27) {
  EXPECT_EQ(markdown("<p>" + macro("anchor", parameter("", "x\"y")) + "a</p>"),
            "<a id=\"x&quot;y\"></a>a\n");
}

TEST(MarkdownMacro, Sections28) {
  EXPECT_EQ(markdown(macro("section", rich(macro("column", rich("<p>a</p>")) +
                                           macro("column", rich("<p>b</p>"))))),
            "a\n\nb\n");
}

TEST(MarkdownMacro, Dynamic29) {
  EXPECT_EQ(markdown(macro("contentbylabel", parameter("cql", "label = \"a\""))),
            "*\\[contentbylabel cql=label = \"a\"\\]*\n");
}

TEST(MarkdownMacro, Media30) {
  EXPECT_EQ(markdown(macro("roadmap", parameter("title", "R"))), "*\\[roadmap title=R\\]*\n");
  EXPECT_EQ(markdown(macro("profile", parameter("user", "<ri:user ri:account-id=\"u1\" />"))),
            "@Ada \\*L\\*\n");
}

TEST(MarkdownMacro, Formulas31) {
  EXPECT_EQ(markdown(macro("mathblock", plain("a+b"))), "$$a+b$$\n");
  EXPECT_EQ(markdown(macro("mathblock", plain("a_{1} < b"))), "```math\na_{1} < b\n```\n");
  EXPECT_EQ(markdown("<p>" + macro("mathinline", parameter("body", "a+b")) + "</p>"), "$a+b$\n");
  EXPECT_EQ(markdown("<p>" + macro("mathinline", parameter("body", "a_1")) + "</p>"), "$`a_1`$\n");
}

TEST(MarkdownMacro, Wrappers32) {
  EXPECT_EQ(markdown(macro("ui-tabs",
                           rich(macro("ui-tab", parameter("title", "One") + rich("<p>a</p>"))))),
            "**One**\n\na\n");
}

TEST(MarkdownMacro, OpenApi33) {
  EXPECT_EQ(markdown(macro("openapi", plain("openapi: 3"))), "```yaml\nopenapi: 3\n```\n");
}

TEST(MarkdownMacro, SharedBlocks34) {
  EXPECT_EQ(markdown(macro("multiexcerpt", rich("<p>a</p>"))), "a\n");
  EXPECT_EQ(markdown(macro("multiexcerpt-include", parameter("", page_link("Plan")))),
            "[Plan](plan.md)\n\nthe **short** of [Plan](plan.md)\n");
}

TEST(MarkdownMacro, AnythingElse) {
  EXPECT_EQ(markdown(macro("x", rich("<p>a</p>"))), "a\n");
  EXPECT_EQ(markdown(macro("x", plain("a"))), "```\na\n```\n");
  const auto empty = rendered("<p>a " + macro("x", parameter("k", "v --> <b>")) + "b</p>");
  EXPECT_EQ(empty.text, "a b <!-- macro: x k=v - -? -->\n");
  EXPECT_TRUE(tells(empty, "macro 'x'"));
}

TEST(MarkdownMacro, WikiMarkupStaysReadable) {
  EXPECT_EQ(markdown(macro("unmigrated-wiki-markup", plain("h1. A\n* b"))),
            "```\nh1. A\n* b\n```\n");
  EXPECT_EQ(markdown("h1. A\n* b"), "```\nh1. A\n* b\n```\n");
}

}  // namespace
}  // namespace storage_format
