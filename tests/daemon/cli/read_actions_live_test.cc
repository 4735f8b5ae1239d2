// `action get_*`: from the mirror, and with "live" from the site; both say the same of the same.

#include <gmock/gmock.h>

#include <algorithm>

#include "tests/daemon/cli/jobs_fixture.h"
#include "tests/site/content.h"

namespace {

using ::testing::HasSubstr;

class ReadActionsLiveTest : public test::JobsFixture {
 protected:
  // Not of the whole file: others of one build have locals of that name.
  using json = nlohmann::json;
  json read(const std::string& name, const std::string& input, bool live = false) {
    std::vector<std::string> args = {"action", name, input};
    if (live) args.emplace_back("--live");
    const auto answer = run(std::move(args));
    EXPECT_EQ(answer.code, 0) << answer.err;
    return answer.json();
  }
  // What depends on when it was read, and the names that only the mirror knows.
  static json settled(json answer) {
    if (answer.is_object()) {
      for (const auto* field : {"synced_at", "authorName", "totalSize"}) answer.erase(field);
    }
    if (answer.is_structured()) {
      for (auto& item : answer) item = settled(std::move(item));
    }
    return answer;
  }
  void expect_same(const std::string& name, const std::string& input) {
    EXPECT_EQ(settled(read(name, input)), settled(read(name, input, true))) << name << input;
  }
  std::string key() { return read("get_spaces", "{}")["results"][0]["key"].get<std::string>(); }
};

TEST_F(ReadActionsLiveTest, TheSiteAnswersAsTheMirrorDoes) {
  expect_same("get_spaces", R"({"limit": "25", "start": "0"})");
  expect_same("get_spaces", R"({"type": "global", "status": "current", "limit": "50"})");
  expect_same("get_spaces", R"({"expand": "all"})");
  expect_same("get_spaces", R"({"type": "personal", "limit": "1", "start": 1})");
  const auto space = R"({"spaceKey": ")" + key() + '"';
  expect_same("get_pages", space + "}");
  expect_same("get_pages", space + R"(, "limit": 10, "start": "10"})");
  expect_same("get_pages", space + R"(, "expand": "body.storage,version,space"})");
  expect_same("get_pages", space + R"(, "status": "archived"})");
  expect_same("get_pages", space + R"(, "status": "trashed", "expand": "ancestors"})");
  const auto page = R"({"pageId": ")" + std::to_string(pages(1)[0].id) + '"';
  expect_same("get_page", page + "}");
  expect_same("get_page", page + R"(, "expand": "body.storage,version,space,ancestors"})");
  expect_same("get_page", page + R"(, "version": 1, "expand": "body.storage"})");
}

// The site's order of descendants is its own.
TEST_F(ReadActionsLiveTest, ChildrenAndDescendantsAreThoseOfTheMirror) {
  const auto homepage = read("get_spaces", R"({"expand": "homepage"})")["results"][0]["homepage"];
  const auto input = R"({"pageId": ")" + homepage["id"].get<std::string>() +
                     R"(", "expand": "children,descendants"})";
  auto mirrored = settled(read("get_page", input));
  auto live = settled(read("get_page", input, true));
  EXPECT_GT(mirrored["descendants"].size(), 5U);
  const auto by_id = [](const json& a, const json& b) { return a["id"] < b["id"]; };
  for (auto* answer : {&mirrored, &live}) {
    for (const auto* field : {"children", "descendants"}) {
      std::sort((*answer)[field].begin(), (*answer)[field].end(), by_id);
    }
  }
  EXPECT_EQ(mirrored["children"], live["children"]);
  EXPECT_EQ(mirrored["descendants"], live["descendants"]);
}

TEST_F(ReadActionsLiveTest, AnEditThatTheMirrorDoesNotKnowYetIsSeenLive) {
  const auto page = pages(1)[0];
  server_->with_content([&](site::Content& content) {
    site::Edit edit;
    edit.title = "Edited meanwhile";
    content.edit(content.find_page(page.id), edit);
  });
  const auto input = R"({"pageId": ")" + std::to_string(page.id) + R"(", "expand": "version"})";
  EXPECT_EQ(read("get_page", input)["version"]["number"], page.version.number);
  const auto live = read("get_page", input, true);
  EXPECT_EQ(live["version"]["number"], page.version.number + 1);
  EXPECT_EQ(live["title"], "Edited meanwhile");
  const auto asked = R"({"pageId": ")" + std::to_string(page.id) + R"(", "live": true})";
  EXPECT_EQ(read("get_page", asked)["title"], "Edited meanwhile") << "in the input, as the flag";
}

TEST_F(ReadActionsLiveTest, ADraftIsReadByItsIdLive) {
  const auto page = pages(1)[0];
  const auto created =
      run({"action", "create_page",
           R"({"title": "A draft", "spaceKey": ")" + page.space_key +
               R"(", "status": "draft", "body": {"storage": {"value": "<p>x</p>"}}})",
           "--wait"});
  ASSERT_EQ(created.code, 0) << created.err;
  const auto id = created.json()["id"].get<std::string>();
  const auto input = R"({"pageId": ")" + id + R"(", "status": "draft", "expand": "body.storage"})";
  EXPECT_EQ(read("get_page", input, true)["body"]["storage"]["value"], "<p>x</p>");
  EXPECT_EQ(read("get_page", input)["title"], "A draft") << "ours, so that the mirror has it";
  const auto listed =
      read("get_pages", R"({"spaceKey": ")" + page.space_key + R"(", "status": "draft"})");
  EXPECT_EQ(listed["results"].size(), 1U);
  const auto refused =
      run({"action", "get_pages", R"({"spaceKey": ")" + page.space_key + R"(", "status": "draft"})",
           "--live"});
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.err, HasSubstr("its API lists none"));
}

TEST_F(ReadActionsLiveTest, WhatTheSiteDoesNotHaveIsNamed) {
  const auto no_page = run({"action", "get_page", R"({"pageId": "999999999"})", "--live"});
  EXPECT_EQ(no_page.code, 2);
  EXPECT_THAT(no_page.err, HasSubstr("the site shows none of that id"));
  const auto no_space = run({"action", "get_pages", R"({"spaceKey": "NOWHERE"})", "--live"});
  EXPECT_EQ(no_space.code, 2);
  const auto id = std::to_string(pages(1)[0].id);
  const auto no_version =
      run({"action", "get_page", R"({"pageId": ")" + id + R"(", "version": 99})", "--live"});
  EXPECT_EQ(no_version.code, 2);
  EXPECT_THAT(no_version.err, HasSubstr("the newest is"));
}

TEST_F(ReadActionsLiveTest, TheMirrorAnswersWithoutASite) {
  const auto id = std::to_string(pages(1)[0].id);
  server_.reset();
  EXPECT_EQ(read("get_page", R"({"pageId": ")" + id + R"("})")["id"], id);
}

TEST_F(ReadActionsLiveTest, FlagsOfTheOtherKindAreRefused) {
  EXPECT_EQ(run({"action", "get_page", R"({"pageId": "1"})", "--wait"}).code, 2);
  EXPECT_EQ(run({"action", "delete_page", R"({"pageId": "1"})", "--live"}).code, 2);
  const auto refused = run({"action", "get_page", R"({"pageID": "1"})"});
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.err, HasSubstr("did you mean 'pageId'?"));
}

}  // namespace
