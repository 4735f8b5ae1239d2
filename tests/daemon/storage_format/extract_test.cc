#include "daemon/storage_format/extract.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "daemon/storage_format/anchors.h"
#include "tests/daemon/storage_format/render_fixture.h"

namespace storage_format {
namespace {

using Role = LinkUse::Role;
using Kind = Reference::Kind;

TEST(ExtractText, BlocksStandOnLinesAndWhiteSpaceIsReduced) {
  EXPECT_EQ(
      plain_text("<h1>A  title</h1>\n<p>one\n two<br />three</p><ul><li>x</li><li>y</li></ul>"),
      "A title\none two\nthree\nx\ny");
  EXPECT_EQ(plain_text("<p>in<b>si</b>de&nbsp; &nbsp;out</p>"), "inside out");
}

TEST(ExtractText, CellsHaveTabsBetweenThem) {
  EXPECT_EQ(plain_text("<table><tbody><tr><th>a</th><th><p>b</p></th></tr>"
                       "<tr><td>c</td><td>d</td></tr></tbody></table>"),
            "a\tb\nc\td");
}

TEST(ExtractText, CodeKeepsItsLinesAndItsSplitCharacterData) {
  EXPECT_EQ(plain_text(macro("code",
                             "<ac:parameter ac:name=\"title\">T</ac:parameter>"
                             "<ac:plain-text-body><![CDATA[if (a)\n  b]]]]><![CDATA[>;]]>"
                             "</ac:plain-text-body>") +
                       "<p>after</p>"),
            "T\nif (a)\n  b]]>;\nafter");
  EXPECT_EQ(plain_text("<pre>a <b>b</b>  c\n d</pre>"), "a b  c\n d");
}

TEST(ExtractText, WhatNobodySeesIsNotInIt) {
  EXPECT_EQ(plain_text(macro("toc", "<ac:parameter ac:name=\"maxLevel\">3</ac:parameter>")), "");
  EXPECT_EQ(plain_text("<p>a<ac:placeholder>hint</ac:placeholder><script>x</script><!-- c --></p>"),
            "a");
  EXPECT_EQ(plain_text(macro("excerpt",
                             "<ac:parameter ac:name=\"hidden\">true</ac:parameter>"
                             "<ac:rich-text-body><p>x</p></ac:rich-text-body>")),
            "");
}

TEST(ExtractText, WhatMacrosAndLinksShowIsInIt) {
  EXPECT_EQ(plain_text("<p>" +
                       macro("status",
                             "<ac:parameter ac:name=\"title\">DONE"
                             "</ac:parameter>") +
                       "</p>"),
            "DONE");
  EXPECT_EQ(plain_text("<ac:link><ri:page ri:content-title=\"Plan B\" /></ac:link>"), "Plan B");
  EXPECT_EQ(plain_text("<ac:image ac:alt=\"a cat\"><ri:attachment ri:filename=\"c.png\" />"
                       "</ac:image>"),
            "a cat");
  EXPECT_EQ(
      plain_text("<p>on <time datetime=\"2026-01-31\" /> <ac:emoticon ac:name=\"tick\" /></p>"),
      "on 2026-01-31 ✅");
}

TEST(ExtractText, OfAnAdfExtensionOnlyOneFormIsShown) {
  const std::string both =
      "<ac:adf-extension><ac:adf-node type=\"panel\"><ac:adf-attribute key=\"k\">note"
      "</ac:adf-attribute><ac:adf-content><p>content</p></ac:adf-content></ac:adf-node>"
      "<ac:adf-fallback><p>fallback</p></ac:adf-fallback></ac:adf-extension>";
  EXPECT_EQ(plain_text(both), "content");
  EXPECT_EQ(plain_text("<ac:adf-extension><ac:adf-node><ac:adf-content> </ac:adf-content>"
                       "</ac:adf-node><ac:adf-fallback><p>fallback</p></ac:adf-fallback>"
                       "</ac:adf-extension>"),
            "fallback");
}

TEST(ExtractText, WikiMarkupKeepsItsLines) {
  EXPECT_EQ(plain_text("h1. Title\n\n* a\n* b &amp; c"), "h1. Title\n\n* a\n* b & c");
  EXPECT_EQ(
      plain_text(macro("unmigrated-wiki-markup",
                       "<ac:plain-text-body><![CDATA[h2. Old\n{toc}]]></ac:plain-text-body>")),
      "h2. Old\n{toc}");
}

TEST(Extract, HeadingsHaveConfluencesAnchors) {
  const auto content =
      extract("<h1>The plan</h1><h2>The <b>plan</b></h2><h3> Ümläut &amp; more?</h3>");
  ASSERT_EQ(content.headings.size(), 3U);
  EXPECT_EQ(content.headings[0].anchor, "The-plan");
  EXPECT_EQ(content.headings[1].anchor, "The-plan.1");
  EXPECT_EQ(content.headings[1].text, "The plan");
  EXPECT_EQ(content.headings[1].level, 2);
  EXPECT_EQ(content.headings[2].anchor, "Ümläut-&-more?");
  EXPECT_EQ(content.headings[1].at, (Position{1, 18}));
}

TEST(Extract, AnchorsOfLinksFindTheirHeading) {
  const Anchors anchors(extract("<h1>The Plan: B</h1>" + macro("anchor",
                                                               "<ac:parameter ac:name=\"\">my place"
                                                               "</ac:parameter>")));
  for (const auto* anchor :
       {"The-Plan:-B", "The Plan: B", "ThePlan:B", "theplanb", "PageTitle-ThePlan:B"}) {
    EXPECT_EQ(anchors.find(anchor), "The-Plan:-B") << anchor;
  }
  EXPECT_EQ(anchors.find("my place"), "my-place");
  EXPECT_EQ(anchors.find("elsewhere"), std::nullopt);
}

TEST(Extract, LinksOfEveryKindComeWithTheirTarget) {
  const auto links =
      extract(
          "<ac:link ac:anchor=\"a%20b\"><ri:page ri:space-key=\"K\" ri:content-title=\"T\" />"
          "<ac:link-body>see <b>this</b></ac:link-body></ac:link>\n"
          "<ac:link><ri:user ri:account-id=\"u1\" /></ac:link>"
          "<ac:image><ri:attachment ri:filename=\"f.png\"><ri:page ri:content-title=\"P\" />"
          "</ri:attachment></ac:image>"
          "<a href=\"https://x.example/?a=1&amp;b=2\" data-card-appearance=\"inline\">card</a>"
          "<a href=\"#here\">h</a>"
          "<ac:link><ri:content-entity ri:content-id=\"42\" /></ac:link>"
          "<ac:link><ri:blog-post ri:posting-day=\"2026/01/02\" ri:content-title=\"B\" />"
          "</ac:link>")
          .links;
  ASSERT_EQ(links.size(), 7U);
  EXPECT_EQ(links[0].to.kind, Kind::kPage);
  EXPECT_EQ(links[0].to.space_key, "K");
  EXPECT_EQ(links[0].to.anchor, "a b");
  EXPECT_EQ(links[0].text, "see this");
  EXPECT_EQ(links[1].role, Role::kMention);
  EXPECT_EQ(links[1].to.account_id, "u1");
  EXPECT_EQ(links[1].at, (Position{2, 1}));
  EXPECT_EQ(links[2].role, Role::kImage);
  EXPECT_EQ(links[2].to.file_name, "f.png");
  EXPECT_EQ(links[2].to.title, "P");
  EXPECT_EQ(links[3].to.url, "https://x.example/?a=1&b=2");
  EXPECT_EQ(links[4].to.kind, Kind::kPage);
  EXPECT_EQ(links[4].to.anchor, "here");
  EXPECT_EQ(links[5].to.content_id, 42);
  EXPECT_EQ(links[6].to.posting_day, "2026/01/02");
}

TEST(Extract, ReferencesInParametersAreLinksToo) {
  const auto included =
      extract(macro("include",
                    "<ac:parameter ac:name=\"\"><ac:link><ri:page ri:content-title=\"T\""
                    " /></ac:link></ac:parameter>") +
              macro("excerpt-include", "<ac:parameter ac:name=\"\">KEY:Old page</ac:parameter>") +
              macro("view-file",
                    "<ac:parameter ac:name=\"name\"><ri:attachment "
                    "ri:filename=\"a.pdf\" /></ac:parameter>"));
  ASSERT_EQ(included.links.size(), 3U);
  EXPECT_EQ(included.links[0].role, Role::kInclude);
  EXPECT_EQ(included.links[0].to.title, "T");
  EXPECT_EQ(included.links[1].role, Role::kInclude);
  EXPECT_EQ(included.links[1].to.space_key, "KEY");
  EXPECT_EQ(included.links[1].to.title, "Old page");
  EXPECT_EQ(included.links[2].role, Role::kLink);
  EXPECT_EQ(included.links[2].to.file_name, "a.pdf");
}

TEST(Extract, MacrosComeWithTheirParametersInOrder) {
  const auto macros = extract(
                          "<ac:macro ac:name=\"old\"><ac:default-parameter>d"
                          "</ac:default-parameter></ac:macro>" +
                          macro("jira",
                                "<ac:parameter ac:name=\"key\">K-1</ac:parameter>"
                                "<ac:parameter ac:name=\"server\">S</ac:parameter>"))
                          .macros;
  ASSERT_EQ(macros.size(), 2U);
  EXPECT_EQ(macros[0].name, "old");
  EXPECT_EQ(macros[0].parameters.at(0).second, "d");
  EXPECT_EQ(macros[1].parameters.at(0).first, "key");
  EXPECT_EQ(macros[1].parameters.at(1).second, "S");
}

TEST(Extract, TasksKnowWhoAndWhenAndNotWhatIsBelow) {
  const auto tasks =
      extract(
          "<ac:task-list><ac:task><ac:task-id>7</ac:task-id><ac:task-status>incomplete"
          "</ac:task-status><ac:task-body>Call <ac:link><ri:user ri:account-id=\"u1\" />"
          "</ac:link> by <time datetime=\"2026-02-03\" /><ac:task-list><ac:task><ac:task-id>8"
          "</ac:task-id><ac:task-status>complete</ac:task-status><ac:task-body>inner"
          "</ac:task-body></ac:task></ac:task-list></ac:task-body></ac:task></ac:task-list>")
          .tasks;
  ASSERT_EQ(tasks.size(), 2U);
  EXPECT_EQ(tasks[0].id, "7");
  EXPECT_FALSE(tasks[0].done);
  EXPECT_EQ(tasks[0].text, "Call by 2026-02-03");
  EXPECT_EQ(tasks[0].assignees, std::vector<std::string>{"u1"});
  EXPECT_EQ(tasks[0].due, "2026-02-03");
  EXPECT_TRUE(tasks[1].done);
  EXPECT_EQ(tasks[1].text, "inner");
}

TEST(Extract, PlaceholdersAreTold) {
  const auto content =
      extract("<p><ac:placeholder ac:type=\"mention\"> Who? </ac:placeholder></p>");
  ASSERT_EQ(content.placeholders.size(), 1U);
  EXPECT_EQ(content.placeholders[0].text, "Who?");
}

TEST(Extract, AMalformedBodyIsReadAndItsFaultTold) {
  const auto content = extract("<h1>A<p>b & c");
  EXPECT_TRUE(content.fault);
  EXPECT_EQ(content.text, "A\nb & c");
}

}  // namespace
}  // namespace storage_format
