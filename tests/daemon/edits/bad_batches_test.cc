// Batches that must be refused whole, sixty kinds and more: each problem is named with its line and
// its field.

#include <gmock/gmock.h>

#include <set>

#include "daemon/edits/batch_checks.h"
#include "tests/daemon/edits/runner_fixture.h"

namespace edits {
namespace {

using ::testing::HasSubstr;

struct BadBatch {
  const char* name;
  std::string text;  // PAGE, OTHER, TRASHED, ARCHIVED, PARENT..: see fill_in()
  std::int64_t line;
  const char* field;
  const char* says;
};

std::string entry(const std::string& rest) { return "{" + rest + "}\n"; }
std::string good_create(const std::string& title) {
  return entry(R"("action":"create_page","title":")" + title +
               R"(","spaceKey":"SPACE","body":{"storage":{"value":"<p>x</p>"}})");
}
std::string with_body(const std::string& value) {
  return entry(
      R"("action":"create_page","title":"T","spaceKey":"SPACE","body":{"storage":{"value":)" +
      value + "}}");
}
std::string update_with(const std::string& fields) {
  return entry(R"("action":"update_page","pageId":"PAGE","version":1,)" + fields);
}
const std::string kBody = R"("body":{"storage":{"value":"<p>x</p>"}})";

std::vector<BadBatch> bad_batches() {
  const std::string create = R"("action":"create_page","spaceKey":"SPACE",)";
  return {
      {"nothing", "", 1, "", "nothing in it"},
      {"blanks only", " \n\t\n", 1, "", "nothing in it"},
      {"not json", "hello\n", 1, "", "is not JSON"},
      {"cut json", good_create("A") + R"({"action":"create_page")", 2, "", "is not JSON"},
      {"array without end", "[" + good_create("A"), 2, "", "the array does not end"},
      {"text after the array", "[" + good_create("A") + "] x", 2, "", "after the end"},
      {"hole in the array", "[" + good_create("A") + ",,\n" + good_create("B") + "]", 2, "",
       "missing between two commas"},
      {"fault in the array", "[\n" + good_create("A") + ",\n" + entry(R"("action":1)") + "]", 4,
       "action", "expected a string"},
      {"entry is a list", "[[1]]", 1, "", "expected an object"},
      {"entry is a number", "7\n", 1, "", "expected an object"},
      {"field twice", entry(create + R"("title":"A","title":"B",)" + kBody), 1, "", "stands twice"},
      {"too deep", std::string(5000, '[') + std::string(5000, ']'), 1, "", "nested too deeply"},
      {"not utf-8", entry(create + "\"title\":\"\xff\xfe\"," + kBody), 1, "", "is not JSON"},
      {"no action", entry(R"("title":"A")"), 1, "action", "is missing"},
      {"unknown action", entry(R"("action":"move_page","pageId":"PAGE")"), 1, "action",
       "no write action"},
      {"unknown field", entry(create + R"("title":"A","colour":"red",)" + kBody), 1, "colour",
       "unknown field"},
      {"field in other case", entry(create + R"("title":"A","parentid":"1",)" + kBody), 1,
       "parentid", "did you mean 'parentId'"},
      {"no title", entry(create + kBody), 1, "title", "is missing"},
      {"title is a number", entry(create + R"("title":7,)" + kBody), 1, "title",
       "expected a string, found a number"},
      {"empty title", entry(create + R"("title":"  ",)" + kBody), 1, "title", "is empty"},
      {"long title", good_create(std::string(256, 't')), 1, "title", "has 256 characters"},
      {"title of two lines", entry(create + R"("title":"a\nb",)" + kBody), 1, "title",
       "control characters"},
      {"no space", entry(R"("action":"create_page","title":"A",)" + kBody), 1, "spaceKey",
       "is missing"},
      {"empty space", entry(R"("action":"create_page","title":"A","spaceKey":"",)" + kBody), 1,
       "spaceKey", "is empty"},
      {"unknown space",
       entry(R"("action":"create_page","title":"A","spaceKey":"NOWHERE",)" + kBody), 1, "spaceKey",
       "knows no space 'NOWHERE'"},
      {"no body", entry(create + R"("title":"A")"), 1, "body", "is missing"},
      {"body is text", entry(create + R"("title":"A","body":"<p>x</p>")"), 1, "body",
       "found a string"},
      {"body of both kinds",
       entry(create + R"("title":"A","body":{"storage":{"value":"x"},"wiki":{"value":"x"}})"), 1,
       "body", "both"},
      {"unknown field in the body",
       entry(create + R"("title":"A","body":{"storage":{"value":"x"},"view":{}})"), 1, "body.view",
       "unknown field"},
      {"body without value", entry(create + R"("title":"A","body":{"storage":{}})"), 1,
       "body.storage.value", "expected a string"},
      {"body says otherwise",
       entry(create + R"("title":"A","body":{"storage":{"value":"x","representation":"wiki"}})"), 1,
       "body.storage.representation", "expected the representation"},
      {"wiki body as storage", entry(create + R"("title":"A","body":{"wiki":{"value":"x"}})"), 1,
       "representation", "wiki markup"},
      {"unknown representation", entry(create + R"("title":"A","representation":"view",)" + kBody),
       1, "representation", "cannot be written"},
      {"unknown status", entry(create + R"("title":"A","status":"archived",)" + kBody), 1, "status",
       "expected current or draft"},
      {"open element", with_body(R"("<p>one</p>\n<div><b>two</div>")"), 1, "body", "line 2"},
      {"crossed elements", with_body(R"("<p><b><i>x</b></i></p>")"), 1, "body", "column"},
      {"unknown entity", with_body(R"("<p>&nonsense;</p>")"), 1, "body", "nonsense"},
      {"unknown prefix", with_body(R"("<x:y>1</x:y>")"), 1, "body", "line 1"},
      {"script", with_body(R"("<p>a<br><script>1</script></p>")"), 1, "body", "script"},
      {"control character in the body", with_body(R"("<p>\u0001</p>")"), 1, "body", "line 1"},
      {"control character in wiki markup",
       entry(create + R"("title":"A","representation":"wiki","body":{"wiki":{"value":"a\u0002"}})"),
       1, "body", "control character"},
      {"body above five megabytes", with_body("\"<p>" + std::string(5'300'000, 'x') + "</p>\""), 1,
       "body", "5242880"},
      {"body above it once escaped",
       with_body("\"<p>" +
                 [] {
                   std::string quotes;
                   for (int i = 0; i < 2'700'000; ++i) quotes += "\\\"";
                   return quotes;
                 }() +
                 "</p>\""),
       1, "body", "5242880"},
      {"page id is a word",
       entry(R"("action":"update_page","pageId":"home","title":"A","version":1,)" + kBody), 1,
       "pageId", "expected an id"},
      {"page id is negative", entry(R"("action":"delete_page","pageId":-5)"), 1, "pageId",
       "expected an id"},
      {"page id is huge", entry(R"("action":"delete_page","pageId":99999999999999999999)"), 1,
       "pageId", "expected an id"},
      {"no page id", entry(R"("action":"delete_page")"), 1, "pageId", "is missing"},
      {"no version", entry(R"("action":"update_page","pageId":"PAGE","title":"A",)" + kBody), 1,
       "version", "is missing"},
      {"version zero",
       entry(R"("action":"update_page","pageId":"PAGE","title":"A","version":0,)" + kBody), 1,
       "version", "1 or more"},
      {"version is a fraction",
       entry(R"("action":"update_page","pageId":"PAGE","title":"A","version":1.5,)" + kBody), 1,
       "version", "1 or more"},
      {"unknown page",
       entry(R"("action":"update_page","pageId":"4","title":"A","version":1,)" + kBody), 1,
       "pageId", "knows no page 4"},
      {"deletes an unknown page", entry(R"("action":"delete_page","pageId":"4")"), 1, "pageId",
       "knows no page 4"},
      {"updates a page in the trash",
       entry(R"("action":"update_page","pageId":"TRASHED","title":"A","version":1,)" + kBody), 1,
       "pageId", "is in the trash"},
      {"deletes a page in the trash", entry(R"("action":"delete_page","pageId":"TRASHED")"), 1,
       "pageId", "is in the trash"},
      {"updates an archived page",
       entry(R"("action":"update_page","pageId":"ARCHIVED","title":"A","version":1,)" + kBody), 1,
       "pageId", "is archived"},
      {"deletes twice",
       entry(R"("action":"delete_page","pageId":"PAGE")") +
           entry(R"("action":"delete_page","pageId":"PAGE")"),
       2, "pageId", "line 1 deletes page"},
      {"updates what was deleted",
       entry(R"("action":"delete_page","pageId":"PAGE")") + update_with(R"("title":"A",)" + kBody),
       2, "pageId", "line 1 deletes page"},
      {"unknown parent", entry(create + R"("title":"A","parentId":"4",)" + kBody), 1, "parentId",
       "knows no page or folder 4"},
      {"parent in the trash", entry(create + R"("title":"A","parentId":"TRASHED",)" + kBody), 1,
       "parentId", "expected a current page"},
      {"parent in another space", entry(create + R"("title":"A","parentId":"OTHER",)" + kBody), 1,
       "parentId", "is in the space"},
      {"parent that the batch deletes",
       entry(R"("action":"delete_page","pageId":"PAGE")") +
           entry(create + R"("title":"A","parentId":"PAGE",)" + kBody),
       2, "parentId", "line 1 deletes page"},
      {"two parents",
       good_create("A") +
           entry(create + R"("title":"B","parentId":"PAGE","parentRef":"a",)" + kBody),
       2, "parentRef", "parentId as well"},
      {"title is taken", good_create("TITLE"), 1, "title", "has this title"},
      {"title is taken in other case", good_create("LOUD"), 1, "title", "has this title"},
      {"title of an archived page", good_create("OLDTITLE"), 1, "title", "(archived)"},
      {"title is taken by the batch", good_create("Same") + good_create("same"), 2, "title",
       "line 1 takes this title"},
      {"rename to a taken title", update_with(R"("title":"SECOND",)" + kBody), 1, "title",
       "has this title"},
      {"unknown ref", entry(create + R"("title":"A","after":["nobody"],)" + kBody), 1, "after",
       "no entry has the ref"},
      {"after itself", entry(create + R"("title":"A","ref":"a","after":["a"],)" + kBody), 1,
       "after", "after itself"},
      {"ref twice",
       entry(create + R"("title":"A","ref":"a",)" + kBody) +
           entry(create + R"("title":"B","ref":"a",)" + kBody),
       2, "ref", "name of line 1"},
      {"circle",
       entry(create + R"("title":"A","ref":"a","after":["c"],)" + kBody) +
           entry(create + R"("title":"B","ref":"b","after":["a"],)" + kBody) +
           entry(create + R"("title":"C","ref":"c","parentRef":"b",)" + kBody),
       1, "after", "wait for each other"},
      {"parent that is no create",
       entry(R"("action":"delete_page","pageId":"PAGE","ref":"d")") +
           entry(create + R"("title":"A","parentRef":"d",)" + kBody),
       2, "parentRef", "does not create a page"},
      {"refs are numbers", entry(create + R"("title":"A","after":[1],)" + kBody), 1, "after",
       "strings"},
      {"unknown policy", update_with(R"("title":"A","onConflict":"merge",)" + kBody), 1,
       "onConflict", "none of fail, rebase, overwrite"},
      {"bad time", update_with(R"("title":"A","notBefore":"tonight",)" + kBody), 1, "notBefore",
       "expected a time"},
      {"flag is text", update_with(R"("title":"A","minorEdit":"yes",)" + kBody), 1, "minorEdit",
       "true or false"},
      {"long message",
       update_with(R"("title":"A","message":")" + std::string(225, 'm') + "\"," + kBody), 1,
       "message", "has 225 characters"},
      {"more deletes than allowed", "DELETES", 1, "", "--max-deletes 3"},
      {"a page is no draft", entry(R"("action":"delete_page","pageId":"PAGE","draft":true)"), 1,
       "draft", "no draft"},
      {"draft of an unknown page",
       entry(R"("action":"update_page","pageId":"4","title":"A","version":1,"status":"draft",)" +
             kBody),
       1, "pageId", "knows no page 4"},
  };
}

class BadBatchesTest : public RunnerTest {
 protected:
  void given() {
    given_mirror(3, 120);
    const auto all = pages(80);
    names_["PAGE"] = std::to_string(all[0].id);
    names_["TITLE"] = all[1].title;
    for (const auto& page : all) {
      if (page.space_id == all[0].space_id && page.id != all[0].id) names_["SECOND"] = page.title;
      if (page.space_id != all[0].space_id) names_["OTHER"] = std::to_string(page.id);
    }
    names_["SPACE"] = all[0].space_key;
    names_["DELETES"] = "";
    for (int i = 0; i < 3; ++i) {
      names_["DELETES"] +=
          entry(R"("action":"delete_page","pageId":")" + std::to_string(all[i].id) + "\"");
    }
    names_["TITLE"] = names_["SECOND"];
    names_["LOUD"] = names_["SECOND"];
    for (auto& c : names_["LOUD"])
      c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    store::PageFilter filter;
    filter.space_id = all[0].space_id;
    auto rows = reader()->pages(filter);
    ASSERT_TRUE(rows);
    for (const auto& page : *rows) {
      if (page.status == "trashed") names_["TRASHED"] = std::to_string(page.id);
      if (page.status == "archived") {
        names_["ARCHIVED"] = std::to_string(page.id);
        names_["OLDTITLE"] = page.title;
      }
    }
    ASSERT_TRUE(names_.contains("TRASHED") && names_.contains("ARCHIVED"));
  }
  std::string filled(std::string text) const {
    for (const auto* name : {"DELETES", "OLDTITLE", "ARCHIVED", "TRASHED", "SECOND", "TITLE",
                             "LOUD", "OTHER", "SPACE", "PAGE"}) {
      const std::string mark = name;
      for (auto at = text.find(mark); at != text.npos; at = text.find(mark, at)) {
        const auto& value = names_.at(mark);
        text.replace(at, mark.size(), value);
        at += value.size();
      }
    }
    return text;
  }
  Checked check(const std::string& text) {
    CheckOptions check_options;
    check_options.max_deletes = 2;
    auto mirror = reader();
    auto checked = check_batch(parse_batch(text), *mirror, check_options);
    EXPECT_TRUE(checked) << checked.error().message;
    return checked ? *checked : Checked();
  }

  std::map<std::string, std::string> names_;
};

TEST_F(BadBatchesTest, EachKindIsRefusedWithItsLineAndField) {
  given();
  std::set<std::string> kinds;
  for (const auto& bad : bad_batches()) {
    SCOPED_TRACE(bad.name);
    kinds.insert(bad.name);
    const auto checked = check(filled(bad.text));
    ASSERT_FALSE(checked.problems.empty());
    const auto& problem = checked.problems.front();
    EXPECT_EQ(problem.line, bad.line);
    EXPECT_EQ(problem.field, bad.field);
    EXPECT_THAT(problem.text, HasSubstr(bad.says));
    EXPECT_EQ(checked.problems.size(), 1U) << checked.problems.back().text;
  }
  EXPECT_GE(kinds.size(), 60U);
  std::cout << "[ BATCHES  ] kinds=" << kinds.size() << "\n";
}

TEST_F(BadBatchesTest, EveryProblemOfAFileIsNamed) {
  given();
  const auto checked = check(filled(good_create("A") + entry(R"("action":"delete_page")") +
                                    good_create("") + good_create("TITLE") + good_create("B")));
  ASSERT_EQ(checked.problems.size(), 3U);
  EXPECT_EQ(checked.problems[0].line, 2);
  EXPECT_EQ(checked.problems[1].line, 3);
  EXPECT_EQ(checked.problems[2].line, 4);
}

TEST_F(BadBatchesTest, WhatRefersToABadEntryIsNotBlamedForIt) {
  given();
  const auto checked = check(filled(
      entry(R"("action":"create_page","ref":"a","spaceKey":"SPACE",)" + kBody) +
      entry(R"("action":"create_page","title":"B","spaceKey":"SPACE","after":["a"],)" + kBody)));
  ASSERT_EQ(checked.problems.size(), 1U);
  EXPECT_EQ(checked.problems[0].line, 1);
}

TEST_F(BadBatchesTest, ATitleThatAnEntryFreesMayBeTakenByALaterOne) {
  given();
  const auto checked = check(filled(update_with(R"("title":"Another name",)" + kBody)) +
                             filled(good_create(row(std::stoll(names_["PAGE"])).title)));
  EXPECT_TRUE(checked.problems.empty()) << checked.problems.front().text;
  ASSERT_EQ(checked.jobs.size(), 2U);
  EXPECT_EQ(checked.jobs[1].after, std::vector<std::size_t>{0});
}

TEST_F(BadBatchesTest, ParentsAreDeletedAfterTheirChildren) {
  given_mirror();
  auto child = create("The child");
  auto grandchild = create("The grandchild");
  child.parent_place = 0;
  grandchild.parent_place = 1;
  const auto made = submit({create("The parent"), child, grandchild});
  expect_run();
  std::string text;
  for (const auto id : {made[0], made[2]}) {
    text += entry(R"("action":"delete_page","pageId":")" +
                  std::to_string(job(id).page_id.value_or(0)) + "\"");
  }
  const auto checked = check(text);
  ASSERT_TRUE(checked.problems.empty()) << checked.problems.front().text;
  // The child comes first, so that nothing waits for what comes later.
  EXPECT_EQ(checked.jobs[0].page_id, job(made[2]).page_id);
  EXPECT_EQ(checked.jobs[1].after, std::vector<std::size_t>{0});
  const auto ids = submit(checked.jobs);
  expect_run();
  for (const auto id : ids) EXPECT_EQ(state(id), "done") << job(id).error;
}

TEST_F(BadBatchesTest, PastedHtmlIsMadeWellFormedAndThatIsSaid) {
  given();
  const auto checked = check(filled(with_body(R"("<p>one<br>two & three</p>")")));
  ASSERT_TRUE(checked.problems.empty()) << checked.problems.front().text;
  EXPECT_EQ(checked.jobs[0].body, "<p>one<br/>two &amp; three</p>");
  ASSERT_EQ(checked.notes.size(), 2U);
  EXPECT_THAT(checked.notes[0].text, HasSubstr("line 1"));
}

}  // namespace
}  // namespace edits
