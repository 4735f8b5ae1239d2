// `diff`, `blame`, and what `pages` and `page` show of other times and in other forms.

#include <nlohmann/json.hpp>

#include "tests/daemon/cli/command_fixture.h"

namespace {

using test::lines;
using test::page;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class VersionCommandsTest : public test::CommandFixture {
 protected:
  // Version n of page 9 has one paragraph more than the one before.
  void given_versions(std::int32_t newest) {
    auto body_of = [](std::int32_t number) {
      std::string body = "<h1>Plan</h1>";
      for (std::int32_t i = 1; i <= number; ++i) {
        body += "<p>paragraph " + std::to_string(i) + " as version " +
                std::to_string(i == 1 ? number : i) + " left it</p>";
      }
      return body;
    };
    auto newest_page = page(9, kDocs, "Gamma", newest);
    newest_page.body.emplace(body_of(newest));
    given_page(newest_page);
    auto history = test::history(9, "Gamma", newest);
    for (auto& row : history.versions) row.body.emplace(body_of(row.version.number));
    mirror_.put([&](store::Batch& batch) { batch.histories = {history}; });
  }
};

TEST_F(VersionCommandsTest, ADiffInAPipeIsAUnifiedOneOfTheReadableText) {
  given_versions(3);
  const auto outcome = run_on_mirror({"diff", "9", "1", "3"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(lines(outcome.out),
              ElementsAre(HasSubstr("--- version 1 of"), HasSubstr("+++ version 3 of"),
                          "@@ -1,2 +1,4 @@", " # Plan", "-paragraph 1 as version 1 left it",
                          "+paragraph 1 as version 3 left it", "+paragraph 2 as version 2 left it",
                          "+paragraph 3 as version 3 left it"));
}

TEST_F(VersionCommandsTest, WithoutVersionsADiffIsWhatTheNewestChanged) {
  given_versions(3);
  const auto newest = run_on_mirror({"diff", "9"});
  EXPECT_THAT(newest.out, HasSubstr("--- version 2 of"));
  const auto since = run_on_mirror({"diff", "9", "1"});
  EXPECT_THAT(since.out, HasSubstr("--- version 1 of"));
  EXPECT_THAT(since.out, HasSubstr("+++ version 3 of"));
}

TEST_F(VersionCommandsTest, TheStorageFormatIsComparedByBlocks) {
  given_versions(2);
  const auto outcome = run_on_mirror({"diff", "9", "--storage"});
  EXPECT_THAT(outcome.out, HasSubstr("+<p>paragraph 2 as version 2 left it</p>"));
}

TEST_F(VersionCommandsTest, ADiffAsJsonNamesEachChange) {
  given_versions(2);
  const auto json = nlohmann::json::parse(run_on_mirror({"--json", "diff", "9"}).out);
  EXPECT_EQ(json["before"]["version"], 1);
  EXPECT_EQ(json["after"]["version"], 2);
  EXPECT_EQ(json["changes"][0]["kind"], "changed");
  EXPECT_EQ(json["changes"][1]["kind"], "added");
}

TEST_F(VersionCommandsTest, WhatChangedOnlyInTheSourceIsSaid) {
  given_page(page(9, kDocs, "Gamma", 2));
  auto history = test::history(9, "Gamma", 2);
  history.versions[1].body.emplace("<p><strong>Gamma, version 2</strong></p>");
  mirror_.put([&](store::Batch& batch) { batch.histories = {history}; });
  const auto outcome = run_on_mirror({"diff", "9"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_THAT(outcome.out, IsEmpty());
  EXPECT_THAT(outcome.err, HasSubstr("--storage shows what else changed"));
}

TEST_F(VersionCommandsTest, ADiffOfAVersionThatIsNotThereIsExit2) {
  given_versions(2);
  EXPECT_EQ(run_on_mirror({"diff", "9", "7"}).code, 2);
  EXPECT_EQ(run_on_mirror({"diff", "9", "1", "2", "3"}).code, 2);
  given_page(page(10, kDocs, "Delta", 1));
  const auto first = run_on_mirror({"diff", "10"});
  EXPECT_EQ(first.code, 2);
  EXPECT_THAT(first.err, HasSubstr("the mirror has none"));
}

TEST_F(VersionCommandsTest, BlameNamesWhoBroughtEachParagraph) {
  given_versions(3);
  const auto outcome = run_on_mirror({"blame", "9"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(lines(outcome.out),
              ElementsAre(HasSubstr("VERSION"), HasSubstr("1  2021-01-02  Ann        # Plan"),
                          HasSubstr("3  2021-01-04  account-0  paragraph 1 as version 3"),
                          HasSubstr("2  2021-01-03  account-2  paragraph 2 as version 2"),
                          HasSubstr("3  2021-01-04  account-0  paragraph 3 as version 3")));
}

TEST_F(VersionCommandsTest, APageIsShownInEachForm) {
  auto shown = page(9, kDocs, "Gamma");
  shown.body.emplace(
      "<h2>Title</h2><p>See <ac:link><ri:page ri:content-title=\"Delta\"/></ac:link>"
      "<script>alert(1)</script></p>");
  given_page(shown);
  given_page(page(10, kDocs, "Delta"));
  const auto in = [this](const char* form) {
    const auto outcome = run_on_mirror({"page", "9", "--format", form});
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    return outcome.out;
  };
  EXPECT_THAT(in("storage"), HasSubstr("<ri:page"));
  EXPECT_THAT(in("markdown"),
              HasSubstr("[Delta](https://example.atlassian.net/wiki/spaces/S/pages/10)"));
  EXPECT_THAT(in("text"), HasSubstr("Title\n"));
  const auto html = in("html");
  EXPECT_THAT(html, HasSubstr("Content-Security-Policy"));
  EXPECT_THAT(html, HasSubstr("<title>Gamma</title>"));
  EXPECT_THAT(html, Not(HasSubstr("<script")));
}

TEST_F(VersionCommandsTest, TheTreeIndentsWhatLiesBelow) {
  auto home = page(1, kDocs, "Home");
  auto child = page(2, kDocs, "Child");
  child.parent_id = 1;
  child.parent_type = "page";
  auto grandchild = page(3, kDocs, "Grandchild");
  grandchild.parent_id = 2;
  grandchild.parent_type = "page";
  for (const auto& row : {grandchild, child, home}) given_page(row);
  const auto outcome = run_on_mirror({"pages", "--tree", "--space", "DOCS"});
  EXPECT_THAT(lines(outcome.out),
              ElementsAre("ID  TYPE  STATUS   TITLE", " 1  page  current  Home",
                          " 2  page  current    Child", " 3  page  current      Grandchild"));
  const auto json = nlohmann::json::parse(run_on_mirror({"--json", "pages", "--tree"}).out)["tree"];
  ASSERT_EQ(json.size(), 3U);
  EXPECT_EQ(json[2]["depth"], 2);
  EXPECT_EQ(run_on_mirror({"pages", "--tree", "--status", "current"}).code, 2);
}

TEST_F(VersionCommandsTest, AListAsOfADayShowsWhatWasThereAndSaysWhatIsAssumed) {
  given_versions(3);  // made on 2021-01-01, first observed on 2026-01-01
  const auto then = run_on_mirror({"pages", "--as-of", "2021-01-03T12:00:00Z"});
  EXPECT_EQ(then.code, 0) << then.err;
  EXPECT_THAT(lines(then.out)[1], HasSubstr("2021-01-03T00:00:00.000Z"));
  EXPECT_THAT(then.err, HasSubstr("1 page was not observed at 2021-01-03T12:00:00.000Z"));
  EXPECT_THAT(run_on_mirror({"pages", "--as-of", "2020-12-31"}).err, HasSubstr("nothing found"));
  const auto now = run_on_mirror({"pages", "--as-of", "2026-06-01"});
  EXPECT_THAT(now.err, IsEmpty()) << "it was observed then";
  const auto shown = run_on_mirror({"page", "9", "--as-of", "2021-01-03", "--format", "text"});
  EXPECT_THAT(shown.out, HasSubstr("paragraph 2 as version 2"));
  EXPECT_THAT(shown.out, Not(HasSubstr("paragraph 3")));
  EXPECT_EQ(run_on_mirror({"page", "9", "--as-of", "2020-01-01"}).code, 2);
  EXPECT_EQ(run_on_mirror({"pages", "--as-of", "yesterday"}).code, 2);
}

}  // namespace
