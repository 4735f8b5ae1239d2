#include "daemon/export/folder_export.h"

#include "daemon/export/file_names.h"
#include "daemon/export/manifest.h"
#include "tests/daemon/export/export_fixture.h"

namespace {

namespace fs = std::filesystem;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Key;
using ::testing::Not;

class FolderExportTest : public test::ExportFixture {
 protected:
  void given_a_small_site() {
    given_page(1, "Home");
    given_page(2, "Guide", 1);
    given_page(3, "Deep", 2);
    given_page(4, "Other", 1);
  }
  void set_status(store::Id id, const std::string& title, const std::string& status) {
    auto page = test::page(id, kDocs, title, ++versions_[id]);
    page.status = status;
    given_page(page);
  }
};

TEST_F(FolderExportTest, PagesLieAsOnTheSiteWithTheirBodiesAsTheyCame) {
  given_a_small_site();
  const auto result = export_all();
  EXPECT_EQ(result.pages, 4);
  EXPECT_EQ(result.files.written, 8);
  EXPECT_THAT(page_files(), ElementsAre("DOCS/Home.xml", "DOCS/Home/Guide.xml",
                                        "DOCS/Home/Guide/Deep.xml", "DOCS/Home/Other.xml"));
  EXPECT_EQ(files().at("DOCS/Home/Guide.xml"), "<p>Guide, version 1</p>");
  EXPECT_THAT(files().at("DOCS/Home/Guide.json"), HasSubstr("\"page_id\": \"2\""));
}

TEST_F(FolderExportTest, ASecondRunTouchesNothing) {
  given_a_small_site();
  export_all();
  const auto before = traces();
  const auto again = export_all();
  EXPECT_EQ(again.rendered, 0);
  EXPECT_EQ(again.files.written, 0);
  EXPECT_EQ(again.files.unchanged, 8);
  EXPECT_EQ(traces(), before);
}

TEST_F(FolderExportTest, OnlyWhatChangedIsWritten) {
  given_a_small_site();
  export_all();
  auto before = traces();
  given_page(4, "Other", 1);
  const auto result = export_all();
  EXPECT_EQ(result.rendered, 1);
  EXPECT_EQ(result.files.written, 2);
  auto after = traces();
  for (const char* name : {"DOCS/Home.xml", "DOCS/Home/Guide.xml", "DOCS/Home/Guide/Deep.json"}) {
    EXPECT_EQ(after.at(out_ / name), before.at(out_ / name)) << name;
  }
  EXPECT_EQ(files().at("DOCS/Home/Other.xml"), "<p>Other, version 2</p>");
}

TEST_F(FolderExportTest, ARenamedPageTakesItsSubtreeAlongAndLeavesNothingBehind) {
  given_a_small_site();
  export_all();
  given_page(2, "Manual", 1);
  export_all();
  EXPECT_THAT(page_files(), ElementsAre("DOCS/Home.xml", "DOCS/Home/Manual.xml",
                                        "DOCS/Home/Manual/Deep.xml", "DOCS/Home/Other.xml"));
  EXPECT_FALSE(fs::exists(out_ / "DOCS/Home/Guide"));
}

TEST_F(FolderExportTest, MovedTrashedAndPurgedPagesLeaveNoFile) {
  given_a_small_site();
  export_all();
  given_page(3, "Deep", 4);
  set_status(2, "Guide", "trashed");
  export_all();
  EXPECT_THAT(page_files(),
              ElementsAre("DOCS/Home.xml", "DOCS/Home/Other.xml", "DOCS/Home/Other/Deep.xml"));
  mirror_.execute("UPDATE page SET gone_at = 1, gone_reason = 'vanished' WHERE id = 3");
  export_all();
  EXPECT_THAT(page_files(), ElementsAre("DOCS/Home.xml", "DOCS/Home/Other.xml"));
  options_.selection.statuses = {"current", "archived", "trashed", "gone"};
  options_.permissions.reshape = true;
  EXPECT_EQ(export_all().pages, 4);
}

TEST_F(FolderExportTest, PagesOfASpaceThatIsGoneAreThereOnRequest) {
  given_page(1, "Home");
  mirror_.execute("UPDATE page SET gone_at = 1, gone_reason = 'vanished'");
  mirror_.execute("UPDATE space SET gone_at = 1");
  export_all();
  EXPECT_THAT(page_files(), IsEmpty());
  options_.selection.statuses = {"current", "gone"};
  options_.permissions.reshape = true;
  export_all();
  EXPECT_THAT(page_files(), ElementsAre("DOCS/Home.xml"));
}

TEST_F(FolderExportTest, TwoPagesThatSwapTheirTitlesSwapTheirFiles) {
  given_page(1, "A");
  given_page(2, "B");
  export_all();
  given_page(1, "B");
  given_page(2, "A");
  const auto result = export_all();
  EXPECT_THAT(result.problems, IsEmpty());
  EXPECT_EQ(files().at("DOCS/B.xml"), "<p>B, version 2</p>");
  EXPECT_THAT(files().at("DOCS/A.json"), HasSubstr("\"page_id\": \"2\""));
}

TEST_F(FolderExportTest, AFileThatSomebodyChangedIsKeptAndNamed) {
  given_a_small_site();
  export_all();
  put_file("DOCS/Home/Other.xml", "my own words");
  EXPECT_THAT(export_all().problems, ::testing::SizeIs(1)) << "also while its page stays as it is";
  given_page(4, "Other", 1);
  for (int run = 0; run < 2; ++run) {
    const auto result = export_all();
    ASSERT_THAT(result.problems, ::testing::SizeIs(1));
    EXPECT_EQ(result.problems[0].path, "DOCS/Home/Other.xml");
    EXPECT_EQ(files().at("DOCS/Home/Other.xml"), "my own words");
    EXPECT_THAT(files().at("DOCS/Home/Other.json"), HasSubstr("\"version\": 2"));
  }
  fs::remove(out_ / "DOCS/Home/Other.xml");
  EXPECT_THAT(export_all().problems, IsEmpty());
  EXPECT_EQ(files().at("DOCS/Home/Other.xml"), "<p>Other, version 2</p>");
}

TEST_F(FolderExportTest, AChangedFileOfAPageThatIsGoneStays) {
  given_a_small_site();
  export_all();
  put_file("DOCS/Home/Other.xml", "my own words");
  set_status(4, "Other", "trashed");
  EXPECT_THAT(export_all().problems, ::testing::SizeIs(1));
  EXPECT_EQ(files().at("DOCS/Home/Other.xml"), "my own words");
  EXPECT_THAT(export_all().problems, IsEmpty()) << "it is the user's now";
  EXPECT_EQ(files().at("DOCS/Home/Other.xml"), "my own words");
}

TEST_F(FolderExportTest, ALostFileComesBack) {
  given_a_small_site();
  export_all();
  fs::remove_all(out_ / "DOCS/Home/Guide");
  EXPECT_EQ(export_all().rendered, 1);
  EXPECT_THAT(files(), Contains(Key("DOCS/Home/Guide/Deep.xml")));
}

TEST_F(FolderExportTest, AForeignFileKeepsItsNameAndItsContent) {
  given_a_small_site();
  put_file("DOCS/Home.xml", "mine");
  put_file("notes.txt", "mine");
  const auto refused = try_export();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, store::ErrorKind::kUsage);
  EXPECT_THAT(refused.error().hint, HasSubstr("--into-existing"));
  options_.permissions.into_existing = true;
  EXPECT_THAT(export_all().problems, IsEmpty());
  EXPECT_EQ(files().at("DOCS/Home.xml"), "mine");
  EXPECT_EQ(files().at("notes.txt"), "mine");
  EXPECT_THAT(page_files(), Contains("DOCS/Home (1).xml"));
  options_.permissions.into_existing = false;
  EXPECT_EQ(export_all().files.written, 0) << "with a manifest it may be entered";
}

TEST_F(FolderExportTest, AnotherSiteFormatOrSelectionIsRefused) {
  given_a_small_site();
  export_all();
  const auto before = files();
  options_.format = "markdown";
  EXPECT_EQ(try_export().error().name, "another_export");
  options_.format = "storage";
  options_.flat = true;
  EXPECT_EQ(try_export().error().name, "another_selection");
  options_.flat = false;
  options_.space_keys = {"DOCS"};
  EXPECT_EQ(try_export().error().name, "another_selection");
  options_.space_keys = {};
  mirror_.execute("UPDATE meta SET value = 'https://b.example' WHERE key = 'site_url'");
  EXPECT_EQ(try_export().error().name, "another_export");
  EXPECT_EQ(files(), before);
}

TEST_F(FolderExportTest, ASelectionMayBeChangedOnRequest) {
  given_a_small_site();
  export_all();
  options_.flat = true;
  options_.permissions.reshape = true;
  export_all();
  EXPECT_THAT(page_files(),
              ElementsAre("DOCS/Deep.xml", "DOCS/Guide.xml", "DOCS/Home.xml", "DOCS/Other.xml"));
  EXPECT_FALSE(fs::exists(out_ / "DOCS/Home"));
}

TEST_F(FolderExportTest, APageMayTakeTheNameOfAFolderThatGoes) {
  given_folder(7, "x.xml");
  auto inside = test::page(8, kDocs, "Inside", 1);
  inside.parent_id = 7;
  inside.parent_type = "folder";
  given_page(inside);
  export_all();
  EXPECT_THAT(page_files(), ElementsAre("DOCS/x.xml/Inside.xml"));
  mirror_.execute("UPDATE node SET gone_at = 1 WHERE id = 7");
  set_status(8, "Inside", "trashed");
  given_page(9, "x");
  EXPECT_THAT(export_all().problems, IsEmpty());
  EXPECT_EQ(export_all().files.written, 0);
}

TEST_F(FolderExportTest, FoldersThatItMadeGoWhenTheyAreEmptyAndOthersStay) {
  fs::create_directories(out_ / "DOCS/Home");
  options_.permissions.into_existing = true;
  given_a_small_site();
  export_all();
  for (const store::Id id : {1, 2, 3, 4}) set_status(id, "T" + std::to_string(id), "trashed");
  export_all();
  EXPECT_TRUE(fs::is_directory(out_ / "DOCS/Home"));
  EXPECT_FALSE(fs::exists(out_ / "DOCS/Home/Guide"));
  EXPECT_THAT(page_files(), IsEmpty());
}

TEST_F(FolderExportTest, EqualMirrorsGiveEqualBytes) {
  given_a_small_site();
  export_all();
  const auto first = files();
  out_ = folder_ / "second";
  export_all();
  EXPECT_EQ(files(), first) << "the manifest too";
}

TEST_F(FolderExportTest, OnlyOneExportWorksInAFolder) {
  given_a_small_site();
  auto other = exporting::TargetFolder::open(out_, test::Steps());
  ASSERT_TRUE(other);
  EXPECT_EQ(try_export().error().kind, store::ErrorKind::kBusy);
}

TEST_F(FolderExportTest, TheSiteAsItWasHasItsTitlesAndBodiesOfThen) {
  given_page(1, "Before");
  given_page(1, "After");
  mirror_.put([](store::Batch& batch) { batch.histories = {test::history(1, "Before", 2)}; });
  options_.selection.as_of = test::time_of("2026-01-01T01:30:00Z");
  export_all();
  EXPECT_THAT(page_files(), ElementsAre("DOCS/Before.xml"));
  options_.selection.as_of.reset();
  export_all();
  EXPECT_THAT(page_files(), ElementsAre("DOCS/After.xml"));
}

}  // namespace
