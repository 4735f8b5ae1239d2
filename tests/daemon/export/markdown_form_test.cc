#include "daemon/export/folder_export.h"
#include "tests/daemon/export/export_fixture.h"

namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

std::string link_to(const std::string& title, const std::string& more = "") {
  return "<p><ac:link" + more + "><ri:page ri:content-title=\"" + title + "\"/></ac:link></p>";
}

class MarkdownFormTest : public test::ExportFixture {
 protected:
  void SetUp() override {
    ExportFixture::SetUp();
    form_ = exporting::make_markdown_form();
    options_.format = "markdown";
  }
  std::string file(const std::string& path) const { return files().at(path); }
  std::int64_t rendered() { return export_all().rendered; }
};

TEST_F(MarkdownFormTest, FrontMatterTellsWhatTheMirrorKnows) {
  auto page = test::page(2, kDocs, "Guide", 4);
  page.parent_id = 1;
  given_page(1, "Home");
  given_page(page);
  export_all();
  EXPECT_THAT(file("DOCS/Home/Guide.md"), StartsWith(R"(---
id: "2"
title: "Guide"
space: "DOCS"
status: "current"
version: 4
author: "Ann"
created: "2021-01-01T00:00:00.000Z"
modified: "2021-01-05T00:00:00.000Z"
modified_by: "Ann"
parent: "1"
url: "https://example.atlassian.net/wiki/spaces/S/pages/2"
---

# Guide

Guide, version 4
)"));
}

TEST_F(MarkdownFormTest, NoTitleBreaksOutOfFrontMatterOrHeading) {
  given_page(1, "a\"b\\c: {x}\n---\nevil: true\u2028\u202E\x7f #");
  export_all();
  const auto text = files().begin()->second.empty() ? "" : files().rbegin()->second;
  EXPECT_THAT(text, AllOf(HasSubstr("title: \"a\\\"b\\\\c: {x}\\n---\\nevil: "
                                    "true\\u2028\\u202e\\u007f #\"\n"),
                          Not(HasSubstr("\nevil"))));
  EXPECT_THAT(text, HasSubstr("\n# a\"b"));
}

TEST_F(MarkdownFormTest, LinksLeadToFiles) {
  given_page(1, "Home");
  given_page(2, "Target (one)", 1, "<h2>A part</h2>");
  mirror_.put([](store::Batch& batch) { batch.spaces = {test::space(30, "OPS")}; });
  auto other = test::page(5, 30, "Elsewhere");
  given_page(other);
  given_page(3, "Links", 1,
             link_to("tArGeT (ONE)") + link_to("Target (one)", " ac:anchor=\"A part\"") +
                 "<p><ac:link><ri:page ri:space-key=\"ops\" ri:content-title=\"Elsewhere\"/>"
                 "</ac:link></p>" +
                 "<p><a href=\"/wiki/spaces/X/pages/2/old+title\">by id</a> "
                 "<a href=\"https://example.atlassian.net/wiki/pages/viewpage.action?pageId=5\">"
                 "full</a> <a href=\"https://other.example/x\">out</a></p>");
  export_all();
  const auto text = file("DOCS/Home/Links.md");
  EXPECT_THAT(text, HasSubstr("](Target%20%28one%29.md)"));
  EXPECT_THAT(text, HasSubstr("](Target%20%28one%29.md#a-part)"));
  EXPECT_THAT(text, HasSubstr("[Elsewhere](../../OPS/Elsewhere.md)"));
  EXPECT_THAT(text, HasSubstr("[by id](Target%20%28one%29.md)"));
  EXPECT_THAT(text, HasSubstr("[full](../../OPS/Elsewhere.md)"));
  EXPECT_THAT(text, HasSubstr("[out](https://other.example/x)"));
}

TEST_F(MarkdownFormTest, WhatIsNotExportedIsLinkedOnTheSite) {
  auto trashed = test::page(2, kDocs, "Trashed");
  trashed.status = "trashed";
  given_page(trashed);
  given_page(3, "Links", {}, link_to("Trashed") + link_to("No such page"));
  export_all();
  const auto text = file("DOCS/Links.md");
  EXPECT_THAT(text, HasSubstr("](https://example.atlassian.net/wiki/spaces/S/pages/2)"));
  EXPECT_THAT(text,
              HasSubstr("](https://example.atlassian.net/wiki/display/DOCS/No%20such%20page)"));
}

TEST_F(MarkdownFormTest, APageIsRenderedAgainWhereItsTargetMovedAppearedOrWent) {
  given_page(1, "Home");
  given_page(2, "Target", 1);
  given_page(3, "Links", {}, link_to("Target") + link_to("Later"));
  given_page(4, "By id", {}, "<p><a href=\"/wiki/spaces/D/pages/2/x\">t</a></p>");
  given_page(9, "Unconcerned");
  EXPECT_EQ(rendered(), 5);
  EXPECT_EQ(rendered(), 0);
  given_page(2, "Target");  // moved to the top
  EXPECT_EQ(rendered(), 3);
  EXPECT_THAT(file("DOCS/Links.md"), HasSubstr("[Target](Target.md)"));
  given_page(5, "Later", 1);
  EXPECT_EQ(rendered(), 2);
  EXPECT_THAT(file("DOCS/Links.md"), HasSubstr("[Later](Home/Later.md)"));
  given_page(2, "Renamed");
  EXPECT_EQ(rendered(), 3);
  EXPECT_THAT(file("DOCS/By id.md"), HasSubstr("[t](Renamed.md)"));
  EXPECT_THAT(file("DOCS/Links.md"), HasSubstr("/wiki/display/DOCS/Target"));
}

TEST_F(MarkdownFormTest, IncludesListsAndMentionsAreFollowed) {
  given_page(1, "Home", {},
             "<p><ac:structured-macro ac:name=\"children\"/></p>"
             "<ac:structured-macro ac:name=\"include\"><ac:parameter ac:name=\"\"><ac:link>"
             "<ri:page ri:content-title=\"Part\"/></ac:link></ac:parameter></ac:structured-macro>"
             "<ac:structured-macro ac:name=\"excerpt-include\"><ac:parameter ac:name=\"\"><ac:link>"
             "<ri:page ri:content-title=\"Part\"/></ac:link></ac:parameter></ac:structured-macro>"
             "<p><ac:link><ri:user ri:account-id=\"account-7\"/></ac:link></p>");
  given_page(2, "Part", {},
             "<ac:structured-macro ac:name=\"excerpt\"><ac:rich-text-body><p>first words</p>"
             "</ac:rich-text-body></ac:structured-macro>");
  EXPECT_EQ(rendered(), 2);
  EXPECT_THAT(file("DOCS/Home.md"), HasSubstr("first words"));
  given_page(3, "Child", 1);
  EXPECT_EQ(rendered(), 2);
  EXPECT_THAT(file("DOCS/Home.md"), HasSubstr("[Child](Home/Child.md)"));
  given_page(2, "Part", {},
             "<ac:structured-macro ac:name=\"excerpt\"><ac:rich-text-body><p>other words</p>"
             "</ac:rich-text-body></ac:structured-macro>");
  EXPECT_EQ(rendered(), 2);
  EXPECT_THAT(file("DOCS/Home.md"), HasSubstr("other words"));
  mirror_.put([](store::Batch& batch) { batch.users = {{"account-7", "Zoe", "active"}}; });
  EXPECT_EQ(rendered(), 1);
  EXPECT_THAT(file("DOCS/Home.md"), HasSubstr("Zoe"));
  EXPECT_EQ(rendered(), 0);
}

// The fingerprint is sound if no change of the site leaves a file that a fresh export would not
// have written.
TEST_F(MarkdownFormTest, ManySmallChangesLeaveWhatAFreshExportWouldHave) {
  const std::vector<std::string> titles = {"A", "B", "C", "Later", "a", "Index"};
  std::uint32_t dice = 7;
  const auto roll = [&dice](std::uint32_t sides) {
    dice = dice * 1664525U + 1013904223U;
    return (dice >> 8) % sides;
  };
  for (int round = 0; round < 60; ++round) {
    const auto id = static_cast<store::Id>(1 + roll(12));
    auto page = test::page(id, kDocs, titles[roll(6)] + (roll(2) == 0 ? "" : std::to_string(id)),
                           ++versions_[id]);
    if (roll(3) != 0) page.parent_id = static_cast<store::Id>(1 + roll(12));
    if (roll(5) == 0) page.status = "trashed";
    page.body.emplace(link_to(titles[roll(6)]) + link_to(titles[roll(6)] + "3") +
                      "<p><a href=\"/wiki/spaces/D/pages/" + std::to_string(1 + roll(12)) +
                      "/x#B\">x</a></p><p><ac:structured-macro ac:name=\"children\"/></p>");
    given_page(page);
    export_all();
    const auto grown = files();
    // A fresh folder with the names that were given before.
    const auto incremental = std::exchange(out_, folder_ / "fresh");
    std::filesystem::create_directory(out_);
    auto manifest = *exporting::parse_manifest(grown.at(exporting::kManifestName));
    for (auto& [page_id, record] : manifest.pages) {
      record.files.clear();
      record.inputs.clear();
    }
    put_file(exporting::kManifestName, exporting::to_text(manifest));
    export_all();
    EXPECT_EQ(files(), grown) << "round " << round;
    std::filesystem::remove_all(out_);
    out_ = incremental;
  }
}

TEST_F(MarkdownFormTest, ApproximationsAreCountedAndNamed) {
  given_page(1, "Home", {}, "<ac:structured-macro ac:name=\"roadmap\"/>");
  const auto result = export_all();
  ASSERT_EQ(result.approximated.size(), 1U);
  EXPECT_EQ(result.approximated[0].path, "DOCS/Home.md");
  EXPECT_THAT(result.approximated[0].what.at(0), HasSubstr("roadmap"));
  EXPECT_EQ(result.approximations, 1);
}

}  // namespace
