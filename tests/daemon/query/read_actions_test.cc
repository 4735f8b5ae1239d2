#include "daemon/query/read_actions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/daemon/export/mirror_builder.h"

namespace {

using querying::Json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Two spaces, PROJ and DOCS, and a personal one; in PROJ a small tree.
class ReadActionsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    mirror_.put_site_url();
    mirror_.put([](store::Batch& batch) {
      auto proj = test::space(10, "PROJ");
      proj.description = "All of the project";
      proj.icon_path = "/wiki/images/proj.png";
      proj.homepage_id = 100;
      auto docs = test::space(20, "DOCS");
      docs.status = "archived";
      auto ann = test::space(30, "~ann");
      ann.type = "personal";
      batch.spaces = {proj, docs, ann};
      batch.space_labels.push_back({10, {"team-a", "team-b"}});
      batch.users = {{"account-1", "Ann", "active"}};
      store::RunUpdate run;
      run.run_id = 1;
      run.kind = "full";
      run.started_at = test::time_of("2026-01-01T00:00:00Z");
      run.finished_at = test::time_of("2026-01-01T00:05:00Z");
      run.outcome = "done";
      batch.runs.push_back(run);
    });
    given(100, "Home", {});
    given(101, "Meeting Notes", 100, 2);
    given(102, "Archive", 100, 1);
    given(103, "Minutes", 101, 1);
    given(104, "Old", 100, 3, "archived");
    given(105, "Thrown away", {}, {}, "trashed");
  }

  void given(store::Id id, const std::string& title, std::optional<store::Id> parent,
             std::optional<std::int64_t> position = {}, const std::string& status = "current") {
    auto page = test::page(id, 10, title, 2);
    page.parent_id = parent;
    if (parent) page.parent_type = "page";
    page.position = position;
    page.status = status;
    mirror_.put([&](store::Batch& batch) { batch.pages = {page}; });
  }
  Json ask(const std::string& name, const std::string& input) {
    const auto parsed = querying::parse_read(name, input, false);
    EXPECT_TRUE(parsed.request) << (parsed.problems.empty() ? "" : parsed.problems[0].text);
    auto reader = store::Reader::open(mirror_.path());
    auto answer = querying::answer(**reader, *parsed.request);
    EXPECT_TRUE(answer.has_value()) << answer.error().message;
    return answer ? *answer : Json();
  }
  std::string refusal(const std::string& name, const std::string& input) {
    const auto parsed = querying::parse_read(name, input, false);
    if (!parsed.request) return parsed.problems.at(0).field + ": " + parsed.problems.at(0).text;
    auto reader = store::Reader::open(mirror_.path());
    const auto answer = querying::answer(**reader, *parsed.request);
    EXPECT_FALSE(answer.has_value());
    return answer ? "" : answer.error().message + " / " + answer.error().hint;
  }
  static std::vector<std::string> names(const Json& rows, const char* field = "title") {
    std::vector<std::string> all;
    for (const auto& row : rows) all.push_back(row.at(field));
    return all;
  }

  test::TemporaryFolder folder_;
  test::MirrorBuilder mirror_{folder_ / "mirror.db"};
};

TEST_F(ReadActionsTest, SpacesAreListedWithWhatTheConnectorNames) {
  const auto answer = ask("get_spaces", R"({"limit": "25", "start": "0"})");
  EXPECT_THAT(names(answer["results"], "key"), ElementsAre("PROJ", "DOCS", "~ann"));
  const auto& space = answer["results"][0];
  EXPECT_EQ(space["id"], "10");
  EXPECT_EQ(space["name"], "Space PROJ");
  EXPECT_EQ(space["type"], "global");
  EXPECT_EQ(space["status"], "current");
  EXPECT_FALSE(space.contains("description"));
  EXPECT_FALSE(space.contains("icon"));
  EXPECT_EQ(answer["totalSize"], 3);
  EXPECT_TRUE(answer["next"].is_null());
  EXPECT_EQ(answer["synced_at"], "2026-01-01T00:05:00.000Z");
}

TEST_F(ReadActionsTest, SpacesAreChosenByTypeAndStatus) {
  const auto keys = [this](const std::string& input) {
    return names(ask("get_spaces", input)["results"], "key");
  };
  EXPECT_THAT(keys(R"({"type": "global", "status": "current", "limit": "50"})"),
              ElementsAre("PROJ"));
  EXPECT_THAT(keys(R"({"type": "personal", "limit": "25"})"), ElementsAre("~ann"));
  EXPECT_THAT(keys(R"({"status": "archived"})"), ElementsAre("DOCS"));
}

TEST_F(ReadActionsTest, EachPartOfASpaceIsThereWhenItIsExpanded) {
  const auto of = [this](const std::string& expand) {
    return ask("get_spaces", R"({"expand": ")" + expand + R"("})")["results"][0];
  };
  const auto both = of("description,metadata");
  EXPECT_EQ(both["description"]["plain"]["value"], "All of the project");
  EXPECT_THAT(names(both["metadata"]["labels"]["results"], "name"),
              ElementsAre("team-a", "team-b"));
  EXPECT_EQ(of("icon")["icon"]["url"], "https://example.atlassian.net/wiki/images/proj.png");
  EXPECT_EQ(of("homepage")["homepage"]["title"], "Home");
  const auto all = of("all");
  for (const auto* field : {"description", "metadata", "icon", "homepage"}) {
    EXPECT_TRUE(all.contains(field)) << field;
    EXPECT_FALSE(of("none").contains(field)) << field;
  }
}

TEST_F(ReadActionsTest, PagesComeByIdWithTheirSpaceAndInWindows) {
  const auto first = ask("get_pages", R"({"spaceKey": "PROJ", "limit": "2", "start": "0"})");
  EXPECT_THAT(names(first["results"]), ElementsAre("Home", "Meeting Notes"));
  EXPECT_EQ(first["size"], 2);
  EXPECT_EQ(first["totalSize"], 4);
  EXPECT_EQ(first["next"], "2");
  const auto& page = first["results"][1];
  EXPECT_EQ(page["id"], "101");
  EXPECT_EQ(page["status"], "current");
  EXPECT_EQ(page["url"], "https://example.atlassian.net/wiki/spaces/S/pages/101");
  EXPECT_EQ(page["space"]["key"], "PROJ");
  EXPECT_EQ(page["synced_at"], "2026-01-01T00:00:00.000Z");
  EXPECT_FALSE(page.contains("version"));
  EXPECT_FALSE(page.contains("body"));
  const auto rest = ask("get_pages", R"({"spaceKey": "proj", "limit": 2, "start": 2})");
  EXPECT_THAT(names(rest["results"]), ElementsAre("Archive", "Minutes"));
  EXPECT_TRUE(rest["next"].is_null());
}

TEST_F(ReadActionsTest, PagesAreChosenByTitleInAnyCaseAndByStatus) {
  const auto titles = [this](const std::string& more) {
    return names(ask("get_pages", R"({"spaceKey": "PROJ", )" + more + "}")["results"]);
  };
  EXPECT_THAT(titles(R"("title": "meeting NOTES", "limit": "50")"), ElementsAre("Meeting Notes"));
  EXPECT_THAT(titles(R"("status": "archived")"), ElementsAre("Old"));
  EXPECT_THAT(titles(R"("status": "trashed")"), ElementsAre("Thrown away"));
  EXPECT_THAT(titles(R"("status": "current", "title": "nothing")"), IsEmpty());
}

TEST_F(ReadActionsTest, DraftsComeWithTheNoteThatOthersCannotBeListed) {
  const auto answer = ask("get_pages", R"({"spaceKey": "PROJ", "status": "draft"})");
  EXPECT_THAT(names(answer["results"]), IsEmpty());
  EXPECT_THAT(std::string(answer["note"]), HasSubstr("the site lists no drafts"));
}

TEST_F(ReadActionsTest, EachPartOfAPageIsThereWhenItIsExpanded) {
  const auto page = ask("get_page", R"({"pageId": "101", "expand": "body.storage,version,space"})");
  EXPECT_EQ(page["title"], "Meeting Notes");
  EXPECT_EQ(page["body"]["storage"]["value"], "<p>Meeting Notes, version 2</p>");
  EXPECT_EQ(page["version"]["number"], 2);
  EXPECT_EQ(page["space"]["name"], "Space PROJ");
  EXPECT_EQ(page["createdAt"], "2021-01-01T00:00:00.000Z");
  EXPECT_EQ(page["modifiedAt"], "2021-01-03T00:00:00.000Z");
  EXPECT_EQ(page["authorName"], "Ann");
  const auto family =
      ask("get_page", R"({"pageId": 101, "expand": ["ancestors", "children", "descendants"]})");
  EXPECT_THAT(names(family["ancestors"]), ElementsAre("Home"));
  EXPECT_THAT(names(family["children"]), ElementsAre("Minutes"));
  EXPECT_THAT(names(family["descendants"]), ElementsAre("Minutes"));
  const auto home = ask("get_page", R"({"pageId": "100", "expand": "all"})");
  EXPECT_THAT(names(home["children"]), ElementsAre("Archive", "Meeting Notes", "Old"));
  EXPECT_THAT(names(home["descendants"]),
              ElementsAre("Archive", "Meeting Notes", "Minutes", "Old"));
  EXPECT_EQ(home["descendants"][2]["depth"], 2);
  EXPECT_EQ(home["descendants"][2]["parentId"], "101");
}

TEST_F(ReadActionsTest, APageAlwaysTellsItsVersion) {
  const auto page = ask("get_page", R"({"pageId": "101"})");
  EXPECT_EQ(page["version"]["number"], 2);
  EXPECT_FALSE(page.contains("body"));
}

TEST_F(ReadActionsTest, AnOlderVersionHasItsOwnBodyAndTime) {
  mirror_.put(
      [](store::Batch& batch) { batch.histories = {test::history(101, "Meeting Notes", 2)}; });
  const auto old = ask("get_page", R"({"pageId": "101", "version": 1, "expand": "body.storage"})");
  EXPECT_EQ(old["version"]["number"], 1);
  EXPECT_EQ(old["currentVersion"], 2);
  EXPECT_EQ(old["body"]["storage"]["value"], "<p>Meeting Notes, version 1</p>");
  EXPECT_EQ(old["modifiedAt"], "2021-01-02T00:00:00.000Z");
  EXPECT_THAT(refusal("get_page", R"({"pageId": "101", "version": 9})"), HasSubstr("it has: 1, 2"));
}

TEST_F(ReadActionsTest, ATombstoneSaysThatItIsGone) {
  mirror_.put([](store::Batch& batch) { batch.gone_pages.push_back({102, "vanished"}); }, 5);
  const auto gone = ask("get_page", R"({"pageId": "102"})");
  EXPECT_EQ(gone["goneReason"], "vanished");
  EXPECT_THAT(refusal("get_page", R"({"pageId": "102", "status": "current"})"),
              HasSubstr("gone from the site"));
  EXPECT_THAT(names(ask("get_pages", R"({"spaceKey": "PROJ"})")["results"]),
              ElementsAre("Home", "Meeting Notes", "Minutes"));
}

TEST_F(ReadActionsTest, WhatIsNotThereIsNamed) {
  EXPECT_THAT(refusal("get_pages", R"({"spaceKey": "PORJ"})"), HasSubstr("did you mean 'PROJ'?"));
  EXPECT_THAT(refusal("get_page", R"({"pageId": "999"})"), HasSubstr("no page of that id"));
  EXPECT_THAT(refusal("get_page", R"({"pageId": "101", "status": "draft"})"),
              HasSubstr("\"live\": true"));
}

TEST_F(ReadActionsTest, WrongInputIsNamedByItsField) {
  EXPECT_THAT(refusal("get_spaces", R"({"limit": 0})"), HasSubstr("limit: expected a number"));
  EXPECT_THAT(refusal("get_spaces", R"({"limit": "many"})"), HasSubstr("limit: "));
  EXPECT_THAT(refusal("get_spaces", R"({"type": "team"})"), HasSubstr("type: 'team'"));
  EXPECT_THAT(refusal("get_spaces", R"({"expand": "icons"})"), HasSubstr("did you mean 'icon'?"));
  EXPECT_THAT(refusal("get_pages", R"({"limit": 5})"), HasSubstr("spaceKey: is missing"));
  EXPECT_THAT(refusal("get_pages", R"({"spacekey": "PROJ"})"), HasSubstr("'spaceKey'?"));
  EXPECT_THAT(refusal("get_page", R"({"pageId": "12x"})"), HasSubstr("pageId: expected an id"));
  EXPECT_THAT(refusal("get_page", R"({"pageId": "1", "status": "any"})"), HasSubstr("status: "));
  EXPECT_THAT(refusal("get_page", R"([1])"), HasSubstr("expected an object, found an array"));
  EXPECT_THAT(refusal("get_page", R"({"pageId": "1", "pageId": "2"})"), HasSubstr("stands twice"));
  EXPECT_THAT(refusal("get_page", "{"), HasSubstr("is not JSON"));
}

// Confluence lets nobody make one, but a mirror may have seen a move half-way.
TEST_F(ReadActionsTest, ACircleOfParentsEnds) {
  given(100, "Home", 103);
  const auto page = ask("get_page", R"({"pageId": "101", "expand": "ancestors,descendants"})");
  EXPECT_EQ(page["ancestors"].size(), 2U);
  EXPECT_EQ(page["descendants"].size(), 4U);
}

}  // namespace
