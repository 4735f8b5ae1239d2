#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "daemon/storage_format/render.h"
#include "tests/daemon/storage_format/render_fixture.h"
#include "tests/fuzz/html_check.h"

namespace storage_format {
namespace {

std::string html(std::string_view body) {
  const SmallSite site;
  auto text = to_html(body, site).text;
  EXPECT_EQ(HtmlCheck::fault_in(text), "") << text;
  return text;
}

TEST(Html, PlainElementsStayAndAttributesGo) {
  EXPECT_EQ(
      html("<p style=\"color:red\" data-x=\"y\" class=\"z\">a <strong onclick=\"x\">b</strong>"
           "<br />&lt;c&gt; &amp; \"</p>"),
      "<p>a <strong>b</strong><br>&lt;c&gt; &amp; &quot;</p>\n");
  EXPECT_EQ(html("<p style=\"text-align: center;\">a</p>"), "<p class=\"align-center\">a</p>\n");
  EXPECT_EQ(html("<ul><li>a<ol start=\"2\"><li>b</li></ol></li></ul>"),
            "<ul>\n<li>a\n<ol start=\"2\">\n<li>b</li>\n</ol></li>\n</ul>\n");
}

TEST(Html, UnknownElementsShowWhatIsInThem) {
  EXPECT_EQ(html("<p><blink>a</blink><x:y>b</x:y></p>"), "<p>ab</p>\n");
}

TEST(Html, WhatIsOutOfItsPlaceIsNotLost) {
  EXPECT_EQ(html("<table><p>a</p><tr>b<td>c</td></tr></table>"),
            "<table>\n<tr><td>\n<p>a</p>\n</td></tr>\n<tr><td>b</td><td>c</td></tr>\n</table>\n");
  EXPECT_EQ(html("<td>a</td>"), "<div>a</div>\n");
  EXPECT_EQ(html("<p>a<ul><li>b</li></ul></p>"), "<div>a\n<ul>\n<li>b</li>\n</ul></div>\n");
  EXPECT_EQ(html("<p>a<div>b</div></p>").find("<p>a\n<div>"), std::string::npos);
}

TEST(Html, HeadingsHaveTheAnchorsThatLinksLeadTo) {
  EXPECT_EQ(html("<h2>The Plan: B</h2><h2>The Plan: B</h2><p><ac:link ac:anchor=\"ThePlan%3AB\">"
                 "<ac:link-body>up</ac:link-body></ac:link></p>"),
            "<h2 id=\"The-Plan:-B\">The Plan: B</h2>\n<h2 id=\"The-Plan:-B.1\">The Plan: B</h2>\n"
            "<p><a href=\"#The-Plan%3A-B\">up</a></p>\n");
  EXPECT_EQ(html("<p>" + macro("anchor", parameter("", "a b")) + "x</p>"),
            "<p><a id=\"a-b\"></a>x</p>\n");
}

TEST(Html, TheTocIsBuiltFromHeadings) {
  EXPECT_EQ(
      html(macro("toc", parameter("maxLevel", "2")) + "<h1>A &amp; b</h1><h3>c</h3>"),
      "<nav class=\"toc\"><ul>\n<li class=\"level-1\"><a href=\"#A-%26-b\">A &amp; b</a></li>\n"
      "</ul></nav>\n<h1 id=\"A-&amp;-b\">A &amp; b</h1>\n<h3 id=\"c\">c</h3>\n");
}

TEST(Html, MacrosHaveTheirForms) {
  EXPECT_EQ(html(macro("info", parameter("title", "T&lt;") + rich("<p>a</p>"))),
            "<div class=\"panel info\" role=\"note\">\n<p class=\"panel-title\"><strong>T&lt;"
            "</strong></p>\n<p>a</p>\n</div>\n");
  EXPECT_EQ(html(macro("expand", parameter("title", "T") + rich("<p>a</p>"))),
            "<details><summary>T</summary>\n<p>a</p>\n</details>\n");
  EXPECT_EQ(html("<p>" + macro("status", parameter("title", "OK") + parameter("colour", "Green")) +
                 "</p>"),
            "<p><span class=\"status green\">OK</span></p>\n");
  EXPECT_EQ(html(macro("status", parameter("title", "OK") + parameter("colour", "\" onx=\""))),
            "<span class=\"status grey\">OK</span>\n");
  EXPECT_EQ(html(macro("code", parameter("language", "c#") + plain("a < b\n\nc"))),
            "<pre><code class=\"language-csharp\">a &lt; b\n\nc</code></pre>\n");
  EXPECT_EQ(html(macro("html", plain("<script>x</script>"))),
            "<pre><code class=\"language-html\">&lt;script&gt;x&lt;/script&gt;</code></pre>\n");
  EXPECT_EQ(html("<p>" + macro("jira", parameter("key", "K-1")) + "</p>"),
            "<p><a href=\"https://jira.example/browse/K-1\" rel=\"noreferrer\">K-1</a></p>\n");
  EXPECT_EQ(
      html(macro("children", parameter("all", "true"))),
      "<ul>\n<li><a href=\"a.md\">A</a>\n<ul>\n<li><a href=\"b.md\">B</a></li>\n</ul>\n</li>\n"
      "</ul>\n");
  EXPECT_EQ(html(macro("x", parameter("k", "v"))), "<span class=\"macro\">x k=v</span>\n");
}

TEST(Html, TasksAreBoxesThatNobodyCanTick) {
  EXPECT_EQ(
      html("<ac:task-list><ac:task><ac:task-id>1</ac:task-id><ac:task-status>complete"
           "</ac:task-status><ac:task-body>a</ac:task-body></ac:task></ac:task-list>"),
      "<ul class=\"tasks\">\n<li class=\"task done\"><input type=\"checkbox\" disabled checked>"
      " a</li></ul>\n");
}

TEST(Html, LayoutsAreDivisions) {
  EXPECT_EQ(html("<ac:layout><ac:layout-section ac:type=\"two_equal\"><ac:layout-cell>a"
                 "</ac:layout-cell></ac:layout-section></ac:layout>"),
            "<div class=\"layout\">\n<div class=\"layout-section two_equal\">\n"
            "<div class=\"layout-cell\">a</div></div></div>\n");
}

TEST(Html, ImagesOfThePageAreShownAndThoseOfOthersLinked) {
  EXPECT_EQ(
      html("<ac:image ac:alt=\"a&quot;b\" ac:width=\"20\">" + file("cat.png") + "</ac:image>"),
      "<img src=\"files/cat.png\" alt=\"a&quot;b\" width=\"20\" loading=\"lazy\">\n");
  const auto remote =
      "<ac:image ac:alt=\"b\"><ri:url ri:value=\"https://x.example/b.png\" />"
      "</ac:image>";
  EXPECT_EQ(html(remote), "<a href=\"https://x.example/b.png\" rel=\"noreferrer\">b</a>\n");
  EXPECT_EQ(to_html(remote, Surroundings(), {.remote_images = true}).text,
            "<img src=\"https://x.example/b.png\" alt=\"b\" loading=\"lazy\">\n");
}

TEST(Html, AnExcerptIsShownWithTheLinksOfItsPage) {
  EXPECT_EQ(html(macro("excerpt-include", parameter("", page_link("Plan")))),
            "<p class=\"included\"><a href=\"plan.md\">Plan</a></p>\n<div class=\"excerpt\">\n"
            "<p>the <strong>short</strong> of <a href=\"plan.md\">Plan</a></p>\n</div>\n");
}

TEST(HtmlHostile, ScriptsStylesAndHandlersAreGone) {
  for (const std::string_view body :
       {"<script>alert(1)</script>", "<SCRIPT>alert(1)</SCRIPT>",
        "<scr<script>ipt>alert(1)</script>", "<img src=x onerror=alert(1)>",
        "<svg onload=\"alert(1)\"><script>x</script></svg>", "<style>*{color:red}</style>",
        "<p style=\"background:url(javascript:x)\">a</p>",
        "<iframe src=\"javascript:alert(1)\"></iframe>", "<object data=\"x\"></object>",
        "<form action=\"javascript:x\"><input type=\"submit\" formaction=\"javascript:x\" "
        "/></form>",
        "<a href=\"x\" onmouseover=\"alert(1)\">a</a>",
        "<math><mi xlink:href=\"javascript:x\">a</mi>",
        "<meta http-equiv=\"refresh\" content=\"0;url=javascript:x\" />", "<base href=\"//x/\" />",
        "<a id='\"><script>x</script>'>a</a>", "<ac:image ac:alt='\"onerror=\"x'></ac:image>",
        "<template><script>x</script></template>",
        "<noscript><p title=\"</noscript><img src=x "
        "onerror=x>\"></p></noscript>",
        "<![CDATA[<script>x</script>]]>"}) {
    const auto text = html(body);
    EXPECT_EQ(text.find("<script"), std::string::npos) << text;
    EXPECT_EQ(text.find("style"), std::string::npos) << text;
    EXPECT_EQ(text.find("\"javascript"), std::string::npos) << text;
  }
}

TEST(HtmlHostile, AddressesOfOtherSchemesAreNoLinksHoweverTheyAreDisguised) {
  for (const std::string_view address : {"javascript:alert(1)",
                                         "JavaScript:alert(1)",
                                         " javascript:alert(1)",
                                         "java&#9;script:alert(1)",
                                         "java&#10;script:alert(1)",
                                         "java&#13;script:alert(1)",
                                         "&#x6A;avascript:alert(1)",
                                         "javascript&#58;alert(1)",
                                         "javascript&colon;alert(1)",
                                         "\x01javascript:alert(1)",
                                         "&#160;javascript:alert(1)",
                                         "java\x7Fscript:alert(1)",
                                         "vbscript:x",
                                         "data:text/html,&lt;script&gt;x&lt;/script&gt;",
                                         "data:image/svg+xml,x",
                                         "file:///etc/passwd",
                                         "blob:x",
                                         "view-source:x",
                                         "jar:x",
                                         "//x.example:80/",
                                         "\\\\x.example\\y",
                                         "/\\x.example",
                                         "http:javascript:x",
                                         "\\:",
                                         "javas\\cript:alert(1)",
                                         "&amp;#106;avascript:x"}) {
    for (const auto& body :
         {"<a href=\"" + std::string(address) + "\">a</a>",
          "<img src=\"" + std::string(address) + "\" />",
          "<ac:image><ri:url ri:value=\"" + std::string(address) + "\" /></ac:image>",
          "<ac:link><ri:url ri:value=\"" + std::string(address) + "\" /></ac:link>",
          macro("iframe", parameter("src", address))}) {
      const auto text = html(body);
      EXPECT_EQ(text.find("=\"javascript"), std::string::npos) << text;
      EXPECT_EQ(text.find("=\"//"), std::string::npos) << text;
      EXPECT_EQ(text.find("=\"\\"), std::string::npos) << text;
      EXPECT_EQ(text.find("=\"file"), std::string::npos) << text;
      EXPECT_EQ(text.find("=\"javas"), std::string::npos) << text;
    }
  }
  EXPECT_EQ(html("<a href=\"ftp://x.example\">a</a>"), "a <code>ftp://x.example</code>\n");
  EXPECT_EQ(html("<a href=\"//x.example/\">a</a>"),
            "<a href=\"https://x.example/\" rel=\"noreferrer\">a</a>\n");
}

TEST(HtmlHostile, OfAnAdfExtensionBothFormsAreClean) {
  EXPECT_EQ(
      html("<ac:adf-extension><ac:adf-node type=\"x\"><ac:adf-content><script>x</script>"
           "</ac:adf-content></ac:adf-node><ac:adf-fallback><img src=\"x.png\" onerror=\"x\" />"
           "</ac:adf-fallback></ac:adf-extension>"),
      "<div><img src=\"x.png\" alt=\"x.png\" loading=\"lazy\"></div>\n");
}

TEST(HtmlHostile, LinksInLinksAreText) {
  EXPECT_EQ(html("<a href=\"/x\">a<a href=\"/y\">b</a></a>"), "<a href=\"/x\">ab</a>\n");
}

TEST(HtmlHostile, DeepNestingAndManyNodesStayReadable) {
  std::string body;
  for (int level = 0; level < 3'000; ++level) body += "<div><blockquote><b>";
  body += "deep";
  EXPECT_NE(html(body).find("deep"), std::string::npos);
}

TEST(HtmlHostile, AThousandTablesOfContentsDoNotMultiplyThePage) {
  std::string body;
  for (int at = 0; at < 1'000; ++at) body += macro("toc") + "<h1>x</h1>";
  const auto page = to_html(body);
  EXPECT_LT(page.text.size(), 3'000'000U);
  EXPECT_TRUE(tells(page, "one more table of contents"));
}

TEST(HtmlHostile, WhatIsToldIsOnePrintableLine) {
  const auto page = to_html(
      "<ac:link><ri:page ri:content-title=\"a&#10;b&#x9b;[31m&#x202e;c\" />"
      "</ac:link>");
  ASSERT_EQ(page.approximations.size(), 1U);
  EXPECT_EQ(page.approximations[0].what, "page 'a b [31m c' is not known");
}

}  // namespace
}  // namespace storage_format
