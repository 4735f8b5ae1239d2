#include "daemon/cli/read_commands.h"

#include <nlohmann/json.hpp>

#include "daemon/cli/text.h"
#include "tests/daemon/cli/command_fixture.h"

namespace {

using test::lines;
using test::page;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

nlohmann::json parse(const std::string& text) {
  EXPECT_EQ(lines(text).size(), 1U) << "machine output is one line: " << text;
  return nlohmann::json::parse(text);
}

class ReadCommandsTest : public test::CommandFixture {
 protected:
  static std::vector<std::string> ids(const nlohmann::json& pages) {
    std::vector<std::string> found;
    for (const auto& row : pages) found.push_back(row.at("page_id"));
    return found;
  }
  std::vector<std::string> page_ids(std::vector<std::string> args) const {
    args.insert(args.begin(), {"pages", "--json"});
    const auto outcome = run_on_mirror(std::move(args));
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    return ids(parse(outcome.out).at("pages"));
  }
  void given_three_pages() {
    auto archived = page(7, kDocs, "Beta", 4);
    archived.status = "archived";
    auto trashed = page(8, kDocs, "alpha", 2);
    trashed.status = "trashed";
    given_page(page(9, kDocs, "Gamma", 3));
    given_page(archived);
    given_page(trashed);
    given_page(page(5, kAnn, "Diary"));
  }
};

TEST_F(ReadCommandsTest, SpacesAreATableByKey) {
  given_page(page(9, kDocs, "Gamma"));
  const auto outcome = run_on_mirror({"spaces"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_THAT(outcome.err, IsEmpty());
  EXPECT_THAT(lines(outcome.out), ElementsAre("KEY   ID  TYPE      STATUS   PAGES  NAME",
                                              "DOCS  20  global    current      1  Space DOCS",
                                              "~ann  10  personal  current      0  Space ~ann"));
}

TEST_F(ReadCommandsTest, SpacesAsJsonHaveIdsAsStringsAndTimes) {
  const auto outcome = run_on_mirror({"spaces", "--json"});
  const auto spaces = parse(outcome.out).at("spaces");
  ASSERT_EQ(spaces.size(), 2U);
  EXPECT_EQ(spaces[0].at("space_id"), "20");
  EXPECT_EQ(spaces[0].at("space_key"), "DOCS");
  EXPECT_EQ(spaces[0].at("current_alias"), "manual");
  EXPECT_EQ(spaces[0].at("created_at"), "2020-01-02T03:04:05.678Z");
  EXPECT_EQ(spaces[0].at("synced_at"), "2026-01-01T00:00:00.000Z");
  EXPECT_EQ(spaces[0].at("web_url"), "https://example.atlassian.net/wiki/spaces/DOCS");
  EXPECT_TRUE(spaces[0].at("description").is_null());
}

TEST_F(ReadCommandsTest, PagesOfASpaceAreATableByTitle) {
  given_three_pages();
  const auto outcome = run_on_mirror({"pages", "--space", "docs"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_THAT(lines(outcome.out),
              ElementsAre("ID  STATUS    VERSION  MODIFIED                  TITLE",
                          " 8  trashed         2  2021-01-03T00:00:00.000Z  alpha",
                          " 7  archived        4  2021-01-05T00:00:00.000Z  Beta",
                          " 9  current         3  2021-01-04T00:00:00.000Z  Gamma"));
}

TEST_F(ReadCommandsTest, PagesOfAllSpacesNameTheSpace) {
  given_three_pages();
  const auto table = lines(run_on_mirror({"pages"}).out);
  ASSERT_EQ(table.size(), 5U);
  EXPECT_THAT(table[0], HasSubstr("SPACE  TITLE"));
  EXPECT_THAT(table[3], HasSubstr("~ann   Diary"));
}

TEST_F(ReadCommandsTest, PagesAreFilteredSortedAndCut) {
  given_three_pages();
  EXPECT_THAT(page_ids({"--space", "MANUAL"}), ElementsAre("8", "7", "9"));
  EXPECT_THAT(page_ids({"--status", "trashed", "--status", "current"}), ElementsAre("8", "5", "9"));
  EXPECT_THAT(page_ids({"--title", "ALPHA"}), ElementsAre("8"));
  EXPECT_THAT(page_ids({"--sort", "id"}), ElementsAre("5", "7", "8", "9"));
  EXPECT_THAT(page_ids({"--sort", "-modified"}), ElementsAre("7", "9", "8", "5"));
  EXPECT_THAT(page_ids({"--sort=-id", "--limit", "2", "--offset", "1"}), ElementsAre("8", "7"));
  EXPECT_THAT(page_ids({"--limit", "0"}), IsEmpty());
}

TEST_F(ReadCommandsTest, NothingFoundIsSaidBesideTheResult) {
  const auto outcome = run_on_mirror({"pages", "--title", "absent"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.err, "nothing found\n");
  EXPECT_THAT(run_on_mirror({"pages", "--title", "absent", "--quiet"}).err, IsEmpty());
}

TEST_F(ReadCommandsTest, WrongValuesAreUsageErrors) {
  for (const auto& args : std::vector<std::vector<std::string>>{
           {"pages", "--status", "gone"},
           {"pages", "--sort", "size"},
           {"pages", "--limit", "-1"},
           {"pages", "--limit", "many"},
           {"page"},
           {"page", "5", "--version", "0"},
           {"page", "5", "--format", "pdf"},
           {"export", "--out", "-"},
           {"export", "--format", "jsonl"},
           {"export", "--format", "docx", "--out", "-"},
       }) {
    const auto outcome = run_on_mirror(args);
    EXPECT_EQ(outcome.code, 2) << testing::PrintToString(args);
    EXPECT_THAT(outcome.err, StartsWith("confmirror: cannot run 'confmirror " + args[0]));
    EXPECT_THAT(outcome.out, IsEmpty());
  }
}

TEST_F(ReadCommandsTest, AnUnknownSpaceIsAUsageErrorWithTheNearestKey) {
  const auto near = run_on_mirror({"pages", "--space", "dosc"});
  EXPECT_EQ(near.code, 2);
  EXPECT_EQ(near.err,
            "confmirror: cannot find space 'dosc': the mirror has no space of that key\n"
            "  did you mean 'DOCS'?\n");
  const auto far =
      run_on_mirror({"export", "--format", "jsonl", "--out", "-", "--space", "ZZZZZZ"});
  EXPECT_EQ(far.code, 2);
  EXPECT_THAT(far.err, HasSubstr("'confmirror spaces' lists"));
  EXPECT_THAT(far.out, IsEmpty());
}

TEST_F(ReadCommandsTest, AnUnknownPageIsAUsageError) {
  for (const char* command : {"page", "history"}) {
    const auto outcome = run_on_mirror({command, "404"});
    EXPECT_EQ(outcome.code, 2);
    EXPECT_THAT(outcome.err, StartsWith("confmirror: cannot find page '404': the mirror has no"));
    EXPECT_THAT(outcome.out, IsEmpty());
  }
  for (const char* id : {"12x", "0", "-5", "99999999999999999999", "0x1F"}) {
    const auto outcome = run_on_mirror({"page", "--", id});
    EXPECT_EQ(outcome.code, 2) << id;
    EXPECT_THAT(outcome.err, HasSubstr("an id is a number"));
  }
}

TEST_F(ReadCommandsTest, APageThatTheSiteCouldNotDeliverIsToldApart) {
  mirror_.put([](store::Batch& batch) {
    batch.quarantined = {
        {"page:404", "http 500 three times", test::time_of("2026-02-01T00:00:00Z")}};
  });
  const auto outcome = run_on_mirror({"page", "404"});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("http 500 three times"));
}

TEST_F(ReadCommandsTest, APageIsAHeaderAndItsBody) {
  auto shown = page(9, kDocs, "Gamma", 3);
  shown.version.message = "typo";
  shown.version.minor_edit = true;
  shown.parent_id = 4;
  shown.parent_type = "folder";
  given_page(shown);
  const auto outcome = run_on_mirror({"page", "9"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_THAT(lines(outcome.out),
              ElementsAre("title    Gamma", "page     9 in space DOCS, current",
                          "version  3 of 2021-01-04T00:00:00.000Z by account-0, a minor edit: typo",
                          "created  2021-01-01T00:00:00.000Z by Ann", "parent   folder 4",
                          "link     https://example.atlassian.net/wiki/spaces/S/pages/9",
                          "synced   2026-01-01T00:00:00.000Z", "", "Gamma, version 3"));
}

TEST_F(ReadCommandsTest, AParentIsNamedWhereItIsKnownPageOrNot) {
  auto below_folder = page(9, kDocs, "Gamma");
  below_folder.parent_id = 4;
  below_folder.parent_type = "folder";
  auto below_page = page(8, kDocs, "Delta");
  below_page.parent_id = 9;
  below_page.parent_type = "page";
  given_page(below_folder);
  given_page(below_page);
  mirror_.put([](store::Batch& batch) {
    store::Node folder;
    folder.id = 4;
    folder.type = "folder";
    folder.status = "current";
    folder.title = "Plans\x1B[2J";
    batch.nodes = {folder};
  });
  EXPECT_THAT(run_on_mirror({"page", "9"}).out, HasSubstr("\nparent   folder 4: Plans"));
  EXPECT_THAT(run_on_mirror({"page", "9"}).out, Not(HasSubstr("\x1B")));
  EXPECT_THAT(run_on_mirror({"page", "8"}).out, HasSubstr("\nparent   page 9: Gamma\n"));
  EXPECT_EQ(parse(run_on_mirror({"status", "--json"}).out).at("nodes"), 1);
  EXPECT_THAT(run_on_mirror({"status"}).out, HasSubstr("\nnodes    1 (folders, "));
}

TEST_F(ReadCommandsTest, StorageIsTheBodyExactly) {
  const std::string body = "<p>\x1B[31m \xC2\x9B r\r\n\tz</p>\xE2\x80\xAE";
  auto shown = page(9, kDocs, "Gamma");
  shown.body.emplace(body);
  given_page(shown);
  EXPECT_EQ(run_on_mirror({"page", "9", "--format", "storage"}).out, body);
  EXPECT_THAT(run_on_mirror({"page", "9"}).out, Not(HasSubstr("\x1B")));
}

TEST_F(ReadCommandsTest, AnEmptyBodyIsABody) {
  auto shown = page(9, kDocs, "Empty");
  shown.body.emplace("");
  given_page(shown);
  const auto outcome = run_on_mirror({"page", "9", "--format", "storage"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.out, "");
  EXPECT_EQ(parse(run_on_mirror({"page", "9", "--json"}).out).at("body").at("storage"), "");
}

TEST_F(ReadCommandsTest, APageAsJsonHasEverything) {
  given_page(page(9, kDocs, "Gamma", 4));
  const auto json = parse(run_on_mirror({"page", "9", "--format", "json"}).out);
  EXPECT_EQ(json.at("page_id"), "9");
  EXPECT_EQ(json.at("space_id"), "20");
  EXPECT_EQ(json.at("version"), 4);
  EXPECT_EQ(json.at("modified_by"), "account-1");
  EXPECT_EQ(json.at("modified_by_name"), "Ann");
  EXPECT_EQ(json.at("synced_at"), "2026-01-01T00:00:00.000Z");
  EXPECT_EQ(json.at("body").at("storage"), "<p>Gamma, version 4</p>");
  EXPECT_EQ(json.at("body_sha256"), store::to_hex(store::sha256("<p>Gamma, version 4</p>")));
  EXPECT_FALSE(json.contains("gone_at"));
  EXPECT_EQ(json, parse(run_on_mirror({"page", "9", "--json"}).out));
}

TEST_F(ReadCommandsTest, APageThatIsGoneIsShownWithWhenAndWhy) {
  given_page(page(9, kDocs, "Gamma"));
  mirror_.execute("UPDATE page SET gone_at = 1767225600000, gone_reason = 'vanished' WHERE id = 9");
  EXPECT_THAT(run_on_mirror({"page", "9"}).out,
              HasSubstr("gone     2026-01-01T00:00:00.000Z, vanished\n"));
  const auto json = parse(run_on_mirror({"page", "9", "--json"}).out);
  EXPECT_EQ(json.at("gone_at"), "2026-01-01T00:00:00.000Z");
  EXPECT_EQ(json.at("gone_reason"), "vanished");
  EXPECT_THAT(page_ids({}), IsEmpty()) << "pages lists what the site holds now";
}

TEST_F(ReadCommandsTest, AnOlderVersionIsShownWithItsOwnBody) {
  given_page(page(9, kDocs, "Gamma", 3));
  given_history(9, "Gamma", 3);
  EXPECT_EQ(run_on_mirror({"page", "9", "--version", "2", "--format", "storage"}).out,
            "<p>Gamma, version 2</p>");
  EXPECT_EQ(run_on_mirror({"page", "9", "--version", "3", "--format", "storage"}).out,
            "<p>Gamma, version 3</p>");
  EXPECT_THAT(run_on_mirror({"page", "9", "--version", "1"}).out,
              AllOf(HasSubstr("version  1 of 2021-01-02T00:00:00.000Z by Ann\nnewest   3\n"),
                    HasSubstr("\n\nGamma, version 1\n")));
  const auto json = parse(run_on_mirror({"page", "9", "--version", "1", "--json"}).out);
  EXPECT_EQ(json.at("page_id"), "9");
  EXPECT_EQ(json.at("version"), 1);
  EXPECT_EQ(json.at("body").at("storage"), "<p>Gamma, version 1</p>");
}

TEST_F(ReadCommandsTest, AVersionThatTheMirrorLacksIsAUsageErrorThatNamesThoseItHas) {
  given_page(page(9, kDocs, "Gamma", 3));
  given_history(9, "Gamma", 3);
  const auto outcome = run_on_mirror({"page", "9", "--version", "4"});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_EQ(outcome.err,
            "confmirror: cannot show version 4 of page '9': the mirror does not have it\n"
            "  it has: 1, 2, 3\n");
}

TEST_F(ReadCommandsTest, ABodyThatWasNotFetchedIsNotPassedOffAsEmpty) {
  auto listed = page(9, kDocs, "Gamma");
  listed.body.reset();
  given_page(listed);
  const auto storage = run_on_mirror({"page", "9", "--format", "storage"});
  EXPECT_EQ(storage.code, 4);
  EXPECT_THAT(storage.out, IsEmpty());
  EXPECT_THAT(storage.err, HasSubstr("its body is not in the mirror"));
  EXPECT_THAT(run_on_mirror({"page", "9"}).out, HasSubstr("(the body is not in the mirror yet)"));
  EXPECT_FALSE(parse(run_on_mirror({"page", "9", "--json"}).out).contains("body"));
}

TEST_F(ReadCommandsTest, HistoryIsATableNewestFirst) {
  given_page(page(9, kDocs, "Gamma", 2));
  mirror_.put([](store::Batch& batch) {
    auto known = test::history(9, "Gamma", 2);
    known.versions[1].version.message = "first";
    known.versions[1].version.minor_edit = true;
    batch.histories = {known};
  });
  const auto outcome = run_on_mirror({"history", "9"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_THAT(lines(outcome.out),
              ElementsAre("VERSION  CREATED                   BYTES  EDIT   AUTHOR     MESSAGE",
                          "      2  2021-01-03T00:00:00.000Z     23         account-2",
                          "      1  2021-01-02T00:00:00.000Z     23  minor  Ann        first"));
  const auto json = parse(run_on_mirror({"history", "9", "--json"}).out);
  EXPECT_EQ(json.at("page_id"), "9");
  ASSERT_EQ(json.at("versions").size(), 2U);
  EXPECT_EQ(json.at("versions")[1].at("version"), 1);
  EXPECT_EQ(json.at("versions")[1].at("author_name"), "Ann");
  EXPECT_EQ(json.at("versions")[1].at("body_bytes"), 23);
}

TEST_F(ReadCommandsTest, NoTitleSteersTheTerminalOrBreaksTheTable) {
  const std::string hostile =
      "a\x1B]0;owned\x07 b\nc\td \xC2\x9B"
      "31m e \xE2\x80\xAE evil \xE2\x80\xA8 f\x7F";
  auto shown = page(9, kDocs, hostile);
  shown.version.message = hostile;
  given_page(shown);
  given_page(
      page(10, kDocs, "\xD7\xA9\xD7\x9C\xD7\x95\xD7\x9D"));  // right to left by nature: as it is
  for (const auto& args : std::vector<std::vector<std::string>>{
           {"pages"}, {"page", "9"}, {"history", "9"}, {"pages", "--space", hostile}}) {
    const auto outcome = run_on_mirror(args);
    for (const char* bad : {"\x1B", "\x07", "\xC2\x9B", "\xE2\x80\xAE", "\xE2\x80\xA8", "\x7F"}) {
      EXPECT_THAT(outcome.out + outcome.err, Not(HasSubstr(bad))) << args[0];
    }
  }
  const auto table = lines(run_on_mirror({"pages"}).out);
  ASSERT_EQ(table.size(), 3U) << "one line for each page";
  EXPECT_THAT(table[2], testing::EndsWith("  \xD7\xA9\xD7\x9C\xD7\x95\xD7\x9D"));
  const auto json = parse(run_on_mirror({"pages", "--json"}).out);
  EXPECT_EQ(json.at("pages")[0].at("title"), hostile) << "machines get it as it is";
}

TEST_F(ReadCommandsTest, InAPipeNoTitleIsCut) {
  const std::string longest(255, 'w');
  given_page(page(9, kDocs, longest));
  EXPECT_THAT(run_on_mirror({"pages"}).out, HasSubstr(longest + "\n"));
}

TEST_F(ReadCommandsTest, AMirrorThatIsNotThereIsAnError) {
  const auto outcome = test::run({"spaces", "--db", (folder_ / "absent.db").string()});
  EXPECT_NE(outcome.code, 0);
  EXPECT_THAT(outcome.err, HasSubstr("absent.db"));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "absent.db"));
}

TEST_F(ReadCommandsTest, AFileThatIsNoMirrorIsDamage) {
  std::ofstream(folder_ / "text.db") << std::string(5000, 'x');
  EXPECT_EQ(test::run({"spaces", "--db", (folder_ / "text.db").string()}).code, 6);
}

}  // namespace
