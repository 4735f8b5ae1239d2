#pragma once

// Batches that must be refused whole, sixty kinds and more: each with the one problem that is to be
// named, its line and its field. They allow two deletes.

#include <cctype>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "store/reader.h"

namespace test::bad {

inline constexpr int kMostDeletes = 2;

struct BadBatch {
  const char* name;
  std::string text;  // with PAGE, OTHER, TRASHED, ...: see filled()
  std::int64_t line;
  const char* field;
  const char* says;
};

inline std::string entry(const std::string& rest) { return "{" + rest + "}\n"; }
inline std::string good_create(const std::string& title) {
  return entry(R"("action":"create_page","title":")" + title +
               R"(","spaceKey":"SPACE","body":{"storage":{"value":"<p>x</p>"}})");
}
inline std::string with_body(const std::string& value) {
  return entry(
      R"("action":"create_page","title":"T","spaceKey":"SPACE","body":{"storage":{"value":)" +
      value + "}}");
}
inline std::string update_with(const std::string& fields) {
  return entry(R"("action":"update_page","pageId":"PAGE","version":1,)" + fields);
}
inline const std::string kBody = R"("body":{"storage":{"value":"<p>x</p>"}})";

inline std::vector<BadBatch> bad_batches() {
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

// What the words in capitals stand for in this mirror; a word is missing where the mirror has
// nothing of the kind.
using Names = std::map<std::string, std::string>;
inline Names names_of(store::Reader& reader) {
  Names names;
  std::set<store::Id> homepages;
  const auto spaces = reader.spaces();
  for (const auto& space : *spaces) homepages.insert(space.homepage_id.value_or(0));
  store::PageFilter filter;
  filter.sort = "id";
  const auto rows = reader.pages(filter);
  std::vector<store::PageRow> all;
  for (const auto& row : *rows) {
    if (row.status == "current" && !homepages.contains(row.id)) all.push_back(row);
  }
  const auto& first = all.at(0);
  names["PAGE"] = std::to_string(first.id);
  names["SPACE"] = first.space_key;
  for (const auto& row : all) {
    if (row.space_id != first.space_id) names["OTHER"] = std::to_string(row.id);
    if (row.space_id == first.space_id && row.id != first.id) names["SECOND"] = row.title;
  }
  for (std::size_t i = 0; i <= kMostDeletes; ++i) {
    names["DELETES"] +=
        entry(R"("action":"delete_page","pageId":")" + std::to_string(all.at(i).id) + "\"");
  }
  names["TITLE"] = names["SECOND"];
  for (const char c : names["SECOND"]) {
    names["LOUD"] += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  for (const auto& row : *rows) {
    if (row.space_id != first.space_id) continue;
    if (row.status == "trashed") names["TRASHED"] = std::to_string(row.id);
    if (row.status != "archived") continue;
    names["ARCHIVED"] = std::to_string(row.id);
    names["OLDTITLE"] = row.title;
  }
  return names;
}
inline std::string filled(std::string text, const Names& names) {
  for (const auto* name : {"DELETES", "OLDTITLE", "ARCHIVED", "TRASHED", "SECOND", "TITLE", "LOUD",
                           "OTHER", "SPACE", "PAGE"}) {
    const std::string mark = name;
    for (auto at = text.find(mark); at != text.npos; at = text.find(mark, at)) {
      const auto& value = names.at(mark);
      text.replace(at, mark.size(), value);
      at += value.size();
    }
  }
  return text;
}

}  // namespace test::bad
