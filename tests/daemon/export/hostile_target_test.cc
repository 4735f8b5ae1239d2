// What lies in the target may have been put there by anybody: manifests that lead elsewhere, links,
// titles that want to. Nothing outside of the folder is ever touched.

#include <nlohmann/json.hpp>

#include "daemon/export/file_names.h"
#include "daemon/export/manifest.h"
#include "tests/daemon/export/export_fixture.h"

namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// What people and attackers write into titles; with the cases of each, more than 300.
std::vector<std::string> hostile_titles() {
  const std::vector<std::string> kinds = {"",
                                          " ",
                                          ".",
                                          "..",
                                          "...",
                                          "/",
                                          "//",
                                          "\\",
                                          "../..",
                                          "../../../etc/passwd",
                                          "/etc/passwd",
                                          "C:\\Windows",
                                          "a/b",
                                          "a\\b",
                                          "a:b",
                                          "a*b",
                                          "a?b",
                                          "a<b>",
                                          "a|b",
                                          "\"a\"",
                                          "CON",
                                          "con",
                                          "Con.txt",
                                          "PRN",
                                          "AUX",
                                          "NUL",
                                          "nul.tar.gz",
                                          "COM1",
                                          "com9.md",
                                          "LPT1",
                                          "LPT\u00B2",
                                          "CONIN$",
                                          "clock$",
                                          ".git",
                                          ".GIT",
                                          "git~1",
                                          ".gitignore",
                                          ".gitattributes",
                                          ".confmirror-export.json",
                                          ".confmirror-export.journal",
                                          "index",
                                          "index.html",
                                          "INDEX.xml",
                                          "README",
                                          "readme",
                                          "Readme",
                                          "ReadMe.md",
                                          "a",
                                          "A",
                                          "a.xml",
                                          "A.XML",
                                          "a.json",
                                          "a.xml.xml",
                                          "\u00C4rger",
                                          "A\u0308rger",
                                          "\u00E4RGER",
                                          "STRASSE",
                                          "Straße",
                                          "STRAẞE",
                                          "ΟΔΟΣ",
                                          "οδος",
                                          "οδοσ",
                                          "ﬁle",
                                          "FILE",
                                          "file",
                                          "Å",
                                          "Å",
                                          "a\u030A",
                                          "İ",
                                          "i",
                                          "ı",
                                          "I",
                                          "evil\u202Efdp.exe",
                                          "\u202Eabc",
                                          "\u2066x\u2069",
                                          "zero\u200Bwidth",
                                          "zerowidth",
                                          "\uFEFFbom",
                                          "bom",
                                          "soft\u00ADhyphen",
                                          "tag\U000E0041",
                                          "\u3164",
                                          "\u2800",
                                          "\u00A0",
                                          "no\u00A0break",
                                          "no break",
                                          "line\u2028sep",
                                          "para\u2029sep",
                                          "tab\there",
                                          "new\nline",
                                          "cr\rreturn",
                                          "bell\x07",
                                          "esc\x1b[31mred",
                                          "del\x7f",
                                          "c1\u0085x",
                                          "🚀",
                                          "👩‍👩‍👧‍👦",
                                          "🏴‍☠️",
                                          "e\u0301\u0301\u0301",
                                          "計画",
                                          "한국어",
                                          "한국어",
                                          "العربية",
                                          "\xff\xfe",
                                          "\xc0\xaf..",
                                          "\xed\xa0\x80",
                                          "a\xcc",
                                          "-rf",
                                          "--help",
                                          "~",
                                          "~root",
                                          "$HOME",
                                          "`id`",
                                          "$(id)",
                                          "%00",
                                          "%2e%2e%2f",
                                          "a%20b",
                                          "a b",
                                          "a  b",
                                          " a b ",
                                          "a b.",
                                          "a b. .",
                                          "...a b",
                                          "#hash",
                                          "!bang",
                                          "&amp;",
                                          "<script>alert(1)</script>",
                                          "'quoted'",
                                          "a;b",
                                          "a,b",
                                          "[x]",
                                          "{y}",
                                          "(1)",
                                          "Plan (1004)",
                                          "Plan",
                                          "plan",
                                          "PLAN",
                                          "untitled",
                                          "Untitled"};
  std::vector<std::string> titles = kinds;
  titles.push_back(std::string("nul\0inside", 10));
  for (const std::size_t size : {200UL, 249UL, 250UL, 251UL, 254UL, 255UL, 256UL, 300UL, 5000UL}) {
    titles.push_back(std::string(size, 'x'));
    titles.push_back(std::string(size, 'X'));
    std::string wide;
    while (wide.size() < size) wide += "計";
    titles.push_back(wide);
    std::string emoji;
    while (emoji.size() < size) emoji += "🚀";
    titles.push_back(emoji);
    titles.push_back(std::string(size - 1, 'y') + ".");
    titles.push_back(std::string(size - 2, 'z') + " a");
  }
  for (const auto& kind : kinds) titles.push_back(kind + ".");
  for (const auto& kind : kinds) titles.push_back(" " + kind);
  return titles;
}

class HostileTargetTest : public test::ExportFixture {
 protected:
  void SetUp() override {
    ExportFixture::SetUp();
    std::ofstream(folder_ / "secret") << "untouched";
    fs::create_directory(folder_ / "elsewhere");
    std::ofstream(folder_ / "elsewhere/file") << "untouched";
  }
  void TearDown() override {
    EXPECT_EQ(content(folder_ / "secret"), "untouched");
    EXPECT_THAT(files_in(folder_ / "elsewhere"),
                ::testing::ElementsAre(::testing::Pair("file", "untouched")));
  }
  void expect_every_page_once(std::size_t pages) {
    const auto found = files();
    const auto manifest = exporting::parse_manifest(found.at(exporting::kManifestName));
    ASSERT_TRUE(manifest) << manifest.error().message;
    EXPECT_EQ(manifest->pages.size(), pages);
    std::set<std::string> paths;
    std::set<std::string> keys;
    for (const auto& [id, record] : manifest->pages) {
      ASSERT_EQ(record.files.size(), 2U) << id;
      for (const auto& file : record.files) {
        EXPECT_TRUE(exporting::is_safe_path(file.path)) << file.path;
        EXPECT_TRUE(paths.insert(file.path).second) << file.path;
        EXPECT_TRUE(keys.insert(exporting::name_key(file.path)).second) << file.path;
        const auto text = found.find(file.path);
        ASSERT_NE(text, found.end()) << file.path;
        EXPECT_EQ(store::sha256(text->second), file.hash);
      }
      const auto json = nlohmann::json::parse(found.at(record.files[1].path));
      EXPECT_EQ(json.at("page_id"), std::to_string(id)) << "the manifest names its file";
    }
    EXPECT_EQ(found.size(), paths.size() + 1) << "and nothing else lies there";
  }
};

TEST_F(HostileTargetTest, EveryTitleHasItsFileOnce) {
  const auto titles = hostile_titles();
  EXPECT_GT(titles.size(), 300U);
  std::vector<store::Page> pages;
  store::Id id = 1000;
  for (const auto& title : titles) pages.push_back(test::page(id++, kDocs, title));
  // And below each a child, so that each has a folder too.
  for (store::Id parent = 1000; parent < 1000 + static_cast<store::Id>(titles.size()); ++parent) {
    auto child = test::page(parent + 5000, kDocs, titles[static_cast<std::size_t>(parent - 1000)]);
    child.parent_id = parent;
    pages.push_back(child);
  }
  mirror_.put([&](store::Batch& batch) { batch.pages = pages; });
  const auto result = export_all();
  EXPECT_THAT(result.problems, IsEmpty());
  EXPECT_EQ(result.pages, static_cast<std::int64_t>(pages.size()));
  expect_every_page_once(pages.size());
  const auto before = traces();
  EXPECT_EQ(export_all().files.written, 0);
  EXPECT_EQ(traces(), before);
  options_.flat = true;
  out_ = folder_ / "flat";
  export_all();
  expect_every_page_once(pages.size());
}

TEST_F(HostileTargetTest, AKeyOfASpaceLeadsNowhereElse) {
  mirror_.put([](store::Batch& batch) {
    batch.spaces = {test::space(30, "../elsewhere"), test::space(31, ".git"),
                    test::space(32, "docs")};
  });
  for (store::Id id = 1; id <= 3; ++id) given_page(test::page(id, 29 + id, "T"));
  given_page(9, "T");
  export_all();
  expect_every_page_once(4);
}

TEST_F(HostileTargetTest, LinksInTheTargetAreNotFollowed) {
  given_page(1, "Home");
  given_page(2, "Guide", 1);
  fs::create_directory(out_);
  fs::create_symlink(folder_ / "elsewhere", out_ / "DOCS");
  options_.permissions.into_existing = true;
  EXPECT_THAT(export_all().problems, IsEmpty());
  EXPECT_THAT(page_files(),
              ::testing::ElementsAre("DOCS (20)/Home.xml", "DOCS (20)/Home/Guide.xml"));
}

TEST_F(HostileTargetTest, LinksThatAppearLaterAreNotFollowedEither) {
  given_page(1, "Home");
  given_page(2, "Guide", 1);
  export_all();
  fs::remove_all(out_ / "DOCS/Home");
  fs::create_symlink(folder_ / "elsewhere", out_ / "DOCS/Home");
  given_page(2, "Guide", 1);
  EXPECT_FALSE(export_all().problems.empty() && !fs::is_symlink(out_ / "DOCS/Home"));
  EXPECT_TRUE(fs::is_symlink(out_ / "DOCS/Home"));
  fs::remove(out_ / "DOCS/Home.xml");
  fs::create_symlink(folder_ / "secret", out_ / "DOCS/Home.xml");
  given_page(1, "Home");
  export_all();
  EXPECT_TRUE(fs::is_symlink(out_ / "DOCS/Home.xml"));
}

TEST_F(HostileTargetTest, AManifestThatLeadsElsewhereIsRefused) {
  given_page(1, "Home");
  export_all();
  const auto good = files().at(exporting::kManifestName);
  for (const std::string path :
       {"../secret", "/etc/passwd", "DOCS/../../secret", ".git/config", "DOCS//x", ""}) {
    auto text = good;
    const std::string wanted = "\"DOCS/Home.xml\"";
    text.replace(text.find(wanted), wanted.size(), nlohmann::json(path).dump());
    put_file(exporting::kManifestName, text);
    const auto refused = try_export();
    ASSERT_FALSE(refused) << path;
    EXPECT_EQ(refused.error().kind, store::ErrorKind::kUsage);
  }
  for (const std::string text : {"", "{", "[]", "{}", "null", "{\"confmirror_export\":2}",
                                 "{\"confmirror_export\":1}", "\xff\xfe"}) {
    put_file(exporting::kManifestName, text);
    EXPECT_FALSE(try_export()) << text;
  }
  put_file(exporting::kManifestName, std::string(100000, '['));
  EXPECT_FALSE(try_export());
}

TEST_F(HostileTargetTest, AManifestThatClaimsForeignFilesGetsThemNeitherRemovedNorOverwritten) {
  given_page(1, "Home");
  export_all();
  put_file("mine.txt", "mine");
  put_file("DOCS/Plan.xml", "mine");
  auto manifest = *exporting::parse_manifest(files().at(exporting::kManifestName));
  auto& record = manifest.pages[77];
  record.path = "DOCS/Plan";
  record.files = {{"mine.txt", 4, store::sha256("theirs")}, {"DOCS/Plan.xml", 4, {}}};
  put_file(exporting::kManifestName, exporting::to_text(manifest));
  given_page(77, "Plan");
  EXPECT_FALSE(export_all().problems.empty());
  EXPECT_EQ(files().at("mine.txt"), "mine");
  EXPECT_EQ(files().at("DOCS/Plan.xml"), "mine");
}

TEST_F(HostileTargetTest, ALinkInThePlaceOfTheManifestOrJournalIsRefused) {
  given_page(1, "Home");
  for (const char* name : {exporting::kManifestName, exporting::kJournalName}) {
    export_all();
    fs::remove(out_ / name);
    fs::create_symlink(folder_ / "secret", out_ / name);
    EXPECT_FALSE(try_export()) << name;
    fs::remove_all(out_);
  }
}

}  // namespace
