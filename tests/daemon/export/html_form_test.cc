#include "daemon/export/folder_export.h"
#include "daemon/export/html_page.h"
#include "daemon/export/search_index.h"
#include "tests/daemon/export/export_fixture.h"

namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Key;
using ::testing::Not;

class HtmlFormTest : public test::ExportFixture {
 protected:
  void SetUp() override {
    ExportFixture::SetUp();
    form_ = exporting::make_html_form();
    options_.format = "html";
  }
  std::string file(const std::string& path) const { return files().at(path); }
};

TEST_F(HtmlFormTest, EveryPageHasAPolicyAndItsPlace) {
  given_page(1, "Home");
  given_page(2, "Guide", 1);
  given_page(3, "Deep", 2);
  export_all();
  const auto text = file("DOCS/Home/Guide.html");
  EXPECT_THAT(text, HasSubstr("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src "
                              "'none'; script-src 'self' file:;"));
  EXPECT_THAT(text, HasSubstr("<li><a href=\"../index.html\">Space DOCS</a></li>"
                              "<li><a href=\"../Home.html\">Home</a></li>"));
  EXPECT_THAT(text, HasSubstr("<li><a href=\"Guide/Deep.html\">Deep</a></li>"));
  EXPECT_THAT(text, HasSubstr("src=\"../../_assets/app.js\""));
  EXPECT_THAT(text, HasSubstr("data-root=\"../../\" data-space=\"20\" data-folder=\"DOCS\" "
                              "data-path=\"DOCS/Home/Guide\""));
  for (const char* path :
       {"index.html", "DOCS/index.html", "_assets/style.css", "_assets/app.js", "_assets/site.js",
        "_assets/tree/20.js", "_assets/search/0.js", "_assets/documents/0.js"}) {
    EXPECT_THAT(files(), Contains(Key(path)));
  }
}

TEST_F(HtmlFormTest, NoTextOfAPageBecomesMarkup) {
  const std::string evil = "</title><script>alert(1)</script>\"'><img src=x onerror=alert(2)>";
  mirror_.put([&](store::Batch& batch) {
    auto space = test::space(30, "EVIL");
    space.name = evil;
    space.description = evil;
    batch.spaces = {space};
    batch.users = {{"account-1", evil, "active"}};
  });
  auto page = test::page(1, 30, evil);
  page.body.emplace("<p>" + evil + "</p><a href=\"javascript:alert(3)\">x</a>");
  page.web_path = "/\"><script>alert(4)</script>";
  given_page(page);
  auto child = test::page(2, 30, evil + "2");
  child.parent_id = 1;
  given_page(child);
  export_all();
  for (const auto& [path, text] : files()) {
    if (!path.ends_with(".html")) continue;
    EXPECT_THAT(text, Not(HasSubstr("<script>"))) << path;
    EXPECT_THAT(text, Not(HasSubstr("<img src=x"))) << path;
    EXPECT_THAT(text, Not(HasSubstr("href=\"javascript:"))) << path;
  }
}

TEST_F(HtmlFormTest, ANewTitleChangesOnlyThePagesThatShowIt) {
  given_page(1, "Home");
  given_page(2, "Guide", 1);
  given_page(3, "Deep", 2);
  given_page(4, "Far away");
  export_all();
  const auto before = traces();
  given_page(3, "Deeper", 2);
  const auto result = export_all();
  EXPECT_EQ(result.rendered, 2) << "itself, and the one above";
  EXPECT_EQ(traces().at(out_ / "DOCS/Far away.html"), before.at(out_ / "DOCS/Far away.html"));
  EXPECT_THAT(file("_assets/tree/20.js"), HasSubstr("[1,\"Deeper\",0]"));
  EXPECT_THAT(files(), Not(Contains(Key("DOCS/Home/Guide/Deep.html"))));
  const auto quiet = traces();
  EXPECT_EQ(export_all().files.written, 0);
  EXPECT_EQ(traces(), quiet);
}

TEST_F(HtmlFormTest, PagesNamedAsOurOwnFilesGiveWay) {
  mirror_.put([](store::Batch& batch) { batch.spaces = {test::space(30, "_ASSETS")}; });
  given_page(test::page(1, 30, "index"));
  export_all();
  EXPECT_THAT(files(), Contains(Key("_ASSETS (30)/index (1).html")));
  EXPECT_THAT(files(), Contains(Key("_ASSETS (30)/index.html")));
}

TEST_F(HtmlFormTest, TheIndexNamesTheDocumentsOfEachWord) {
  given_page(1, "Home", {}, "<p>incident plan</p>");
  given_page(2, "Incident", {}, "<p>other</p>");
  export_all();
  const auto shard = exporting::SearchIndex(8).shard_of("incident");
  // Document 0 with weight 1, document 1 by its title.
  EXPECT_THAT(file("_assets/search/" + std::to_string(shard) + ".js"),
              HasSubstr("\"incident\":[0,1,1,16]"));
  EXPECT_THAT(file("_assets/documents/0.js"),
              HasSubstr("[\"Home\",\"DOCS/Home\",\"Space DOCS\",\"incident plan\"]"));
  EXPECT_EQ(file("_assets/site.js"),
            "confmirrorSite({documents:2,documentsInFile:200,shards:8});\n");
}

TEST(SearchWordsTest, WordsAreFoldedAndCjkIsCutInPairs) {
  using exporting::words_of;
  EXPECT_THAT(words_of("Größe, CAFÉ-Menu 2027!"), ElementsAre("grosse", "cafe", "menu", "2027"));
  EXPECT_THAT(words_of("計画書 v2"), ElementsAre("計画", "画書", "v2"));
  EXPECT_THAT(words_of("計"), ElementsAre("計"));
  EXPECT_THAT(words_of("ｆｕｌｌ Οδός"), ElementsAre("full", "οδοσ"));
  EXPECT_THAT(words_of("\xff\xfe..  "), IsEmpty());
}

}  // namespace
