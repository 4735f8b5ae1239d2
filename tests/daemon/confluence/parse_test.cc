#include "daemon/confluence/parse.h"

#include <gmock/gmock.h>

#include <functional>
#include <nlohmann/json.hpp>

namespace confluence {

using nlohmann::json;
using testing::HasSubstr;

namespace {

json page_json() {
  return json::parse(R"({
    "id":"123","status":"current","title":"Größe & <b>","spaceId":"9","parentId":"77",
    "parentType":"folder","position":-42,"authorId":"a1","ownerId":"o1","lastOwnerId":null,
    "subtype":"live","createdAt":"2026-01-02T03:04:05.678Z",
    "version":{"createdAt":"2026-02-02T03:04:05.678Z","message":"why","number":7,"minorEdit":true,
      "authorId":"a2"},
    "body":{"storage":{"representation":"storage","value":"<p>x</p>"}},
    "_links":{"webui":"/spaces/K/pages/123"}})");
}

std::string listing_of(const json& rows, const json& links = json::object()) {
  return json{{"results", rows}, {"_links", links}}.dump();
}

// The reason for which a page with this change is not taken; "" if it is.
std::string reason_for(const json& row, bool bodies = true) {
  const auto listing = parse_pages(listing_of(json::array({row, page_json()})), bodies);
  if (!listing) return "document: " + listing.error().name;
  EXPECT_EQ(listing->rows.size() + listing->bad_rows.size(), 2U);
  EXPECT_EQ(listing->rows.empty() ? 0 : listing->rows.back().id, 123);  // the good one is kept
  return listing->bad_rows.empty() ? "" : listing->bad_rows.front().reason;
}

std::string name_of(const store::Error& error) {
  EXPECT_EQ(error.kind, store::ErrorKind::kRetryAfter);
  return error.name;
}

}  // namespace

TEST(ParsePagesTest, EveryFieldIsRead) {
  const auto listing = parse_pages(
      listing_of(json::array({page_json()}),
                 {{"next", "/wiki/api/v2/pages?cursor=x"}, {"base", "https://a.b/wiki"}}),
      true);
  ASSERT_TRUE(listing) << listing.error().message;
  EXPECT_EQ(listing->next, "/wiki/api/v2/pages?cursor=x");
  ASSERT_EQ(listing->rows.size(), 1U);
  const auto& page = listing->rows[0];
  EXPECT_EQ(page.id, 123);
  EXPECT_EQ(page.status, "current");
  EXPECT_EQ(page.title, "Größe & <b>");
  EXPECT_EQ(page.space_id, 9);
  EXPECT_EQ(page.parent_id, 77);
  EXPECT_EQ(page.parent_type, "folder");
  EXPECT_EQ(page.position, -42);
  EXPECT_EQ(page.author_id, "a1");
  EXPECT_EQ(page.owner_id, "o1");
  EXPECT_FALSE(page.last_owner_id);
  EXPECT_EQ(page.subtype, "live");
  EXPECT_EQ(store::to_iso8601(page.created_at), "2026-01-02T03:04:05.678Z");
  EXPECT_EQ(page.version.number, 7);
  EXPECT_EQ(page.version.message, "why");
  EXPECT_TRUE(page.version.minor_edit);
  EXPECT_EQ(page.version.author_id, "a2");
  EXPECT_EQ(store::to_iso8601(page.version.created_at), "2026-02-02T03:04:05.678Z");
  ASSERT_TRUE(page.body);
  EXPECT_EQ(page.body->text, "<p>x</p>");
  EXPECT_EQ(page.body->hash, store::sha256("<p>x</p>"));
  EXPECT_EQ(page.web_path, "/spaces/K/pages/123");
}

TEST(ParsePagesTest, ATrashedPageHasNoPlace) {
  auto row = page_json();
  row["status"] = "trashed";
  for (const auto* key : {"parentId", "parentType", "position"}) row[key] = nullptr;
  const auto listing = parse_pages(listing_of(json::array({row})), true);
  ASSERT_EQ(listing->rows.size(), 1U);
  EXPECT_FALSE(listing->rows[0].parent_id);
  EXPECT_FALSE(listing->rows[0].parent_type);
  EXPECT_FALSE(listing->rows[0].position);
}

TEST(ParsePagesTest, WhatMayBeAbsentMayBeAbsent) {
  auto row = page_json();
  for (const auto* key : {"parentId", "parentType", "position", "authorId", "ownerId",
                          "lastOwnerId", "subtype", "_links"}) {
    row.erase(key);
  }
  row["version"].erase("message");
  row["version"].erase("minorEdit");
  row["version"].erase("authorId");
  EXPECT_EQ(reason_for(row), "");
}

TEST(ParsePagesTest, WhatIsMissingMakesTheRowBadAndIsNamed) {
  for (const auto* key : {"id", "status", "title", "spaceId", "createdAt", "version"}) {
    auto row = page_json();
    row.erase(key);
    EXPECT_THAT(reason_for(row), HasSubstr(std::string("'") + key + "' is missing")) << key;
    row[key] = nullptr;
    EXPECT_THAT(reason_for(row), HasSubstr(std::string("'") + key + "' is wrong")) << key;
  }
  for (const auto* key : {"number", "createdAt"}) {
    auto row = page_json();
    row["version"].erase(key);
    EXPECT_THAT(reason_for(row), HasSubstr(std::string("'version.") + key + "' is missing")) << key;
  }
}

TEST(ParsePagesTest, WrongTypesMakeTheRowBad) {
  const std::vector<std::pair<const char*, json>> wrong = {{"/id", "x1"},
                                                           {"/id", ""},
                                                           {"/id", -5},
                                                           {"/id", "0"},
                                                           {"/id", 1.5},
                                                           {"/id", "99999999999999999999"},
                                                           {"/id", "12 "},
                                                           {"/status", 3},
                                                           {"/title", json::array()},
                                                           {"/spaceId", true},
                                                           {"/parentId", "abc"},
                                                           {"/parentType", 5},
                                                           {"/position", "7"},
                                                           {"/position", 1.5},
                                                           {"/authorId", 5},
                                                           {"/createdAt", "yesterday"},
                                                           {"/createdAt", 5},
                                                           {"/version", json::array()},
                                                           {"/version/number", "7"},
                                                           {"/version/number", 0},
                                                           {"/version/number", 2147483648LL},
                                                           {"/version/createdAt", ""},
                                                           {"/version/minorEdit", "true"},
                                                           {"/version/message", 5},
                                                           {"/body", "text"},
                                                           {"/body/storage", json::array()},
                                                           {"/body/storage/value", 5},
                                                           {"/body/storage/value", nullptr},
                                                           {"/_links", "x"},
                                                           {"/_links/webui", 5},
                                                           {"/ownerId", json::object()}};
  for (const auto& [pointer, value] : wrong) {
    auto row = page_json();
    row[json::json_pointer(pointer)] = value;
    EXPECT_THAT(reason_for(row), HasSubstr("field '")) << pointer << " = " << value.dump();
  }
}

TEST(ParsePagesTest, ARowWithoutTheBodyThatWasAskedForIsBadAndOneThatWasNotAskedForIsNot) {
  auto row = page_json();
  row["body"] = json::object();
  EXPECT_THAT(reason_for(row, true), HasSubstr("'body.storage.value' is missing"));
  EXPECT_EQ(reason_for(row, false), "");
  row["body"] = {{"storage", {{"value", ""}}}};
  EXPECT_EQ(reason_for(row, true), "");  // an empty body is a body
}

TEST(ParsePagesTest, RowsThatAreNoObjectsAreBadRows) {
  const auto listing =
      parse_pages(listing_of(json::array({nullptr, "x", 5, json::array(), page_json()})), true);
  ASSERT_TRUE(listing);
  EXPECT_EQ(listing->rows.size(), 1U);
  EXPECT_EQ(listing->bad_rows.size(), 4U);
}

TEST(ParsePagesTest, ABadRowIsFoundByItsIdWhichIsBounded) {
  auto row = page_json();
  row["id"] = "555";
  row["title"] = nullptr;
  auto listing = parse_pages(listing_of(json::array({row})), true);
  EXPECT_EQ(listing->bad_rows.at(0).id, "555");
  row["id"] = std::string(5000, 'x') + "\n";
  listing = parse_pages(listing_of(json::array({row})), true);
  EXPECT_EQ(listing->bad_rows.at(0).id, std::string(40, 'x'));
}

TEST(ParsePagesTest, AnEmptyListingMayGoOnAndOneWithoutLinksEnds) {
  const auto on = parse_pages(listing_of(json::array(), {{"next", "/wiki/x"}}), true);
  ASSERT_TRUE(on);
  EXPECT_TRUE(on->rows.empty());
  EXPECT_EQ(on->next, "/wiki/x");
  EXPECT_EQ(parse_pages(R"({"results":[]})", true)->next, "");
  EXPECT_EQ(parse_pages(R"({"results":[],"_links":{"next":null}})", true)->next, "");
}

TEST(ParsePagesTest, TextOfEveryKindComesThrough) {
  auto row = page_json();
  const std::string title = "漢字 עברית \xF0\x9F\x98\x80 \" \\ / \t";
  const std::string body = "<p>&nbsp;<![CDATA[ ]]]]><![CDATA[> ]]></p>\r\n";
  row["title"] = title;
  row["body"]["storage"]["value"] = body;
  const auto escaped = json{{"results", json::array({row})}}.dump(-1, ' ', /*ensure_ascii=*/true);
  const auto listing = parse_pages(escaped, true);
  ASSERT_EQ(listing->rows.size(), 1U);
  EXPECT_EQ(listing->rows[0].title, title);
  EXPECT_EQ(listing->rows[0].body->text, body);
}

TEST(ParsePagesTest, DocumentsThatAreNotListingsAreNamed) {
  EXPECT_EQ(name_of(parse_pages("", true).error()), "empty_body");
  EXPECT_EQ(name_of(parse_pages(" \n", true).error()), "empty_body");
  EXPECT_EQ(name_of(parse_pages("<!DOCTYPE html><title>Log in</title>", true).error()), "not_json");
  EXPECT_EQ(name_of(parse_pages("null", true).error()), "not_json");
  EXPECT_EQ(name_of(parse_pages("{}", true).error()), "unexpected_document");
  EXPECT_EQ(name_of(parse_pages("[]", true).error()), "unexpected_document");
  EXPECT_EQ(name_of(parse_pages(R"({"results":{}})", true).error()), "unexpected_document");
  EXPECT_EQ(name_of(parse_pages("{\"results\":[]} x", true).error()), "malformed_json");
  EXPECT_EQ(name_of(parse_pages("{\"results\":[\"\xff\xfe\"]}", true).error()), "malformed_json");
  EXPECT_EQ(name_of(parse_pages(std::string(100'000, '['), true).error()), "malformed_json");
  EXPECT_THAT(parse_pages("<html><TITLE>Log in\n</title>", true).error().message,
              HasSubstr("an HTML page: Log in"));
}

TEST(ParsePagesTest, ADocumentThatIsCutAnywhereIsAnError) {
  const auto whole = listing_of(json::array({page_json(), page_json()}));
  for (std::size_t length = 0; length < whole.size(); ++length) {
    EXPECT_FALSE(parse_pages(whole.substr(0, length), true)) << length;
  }
  EXPECT_TRUE(parse_pages(whole, true));
}

TEST(ParsePagesTest, ASmallDocumentAfterAHugeOneIsReadRight) {
  auto row = page_json();
  row["body"]["storage"]["value"] = std::string(6'000'000, 'x');
  ASSERT_EQ(parse_pages(listing_of(json::array({row})), true)->rows.size(), 1U);
  EXPECT_EQ(parse_pages(listing_of(json::array({page_json()})), true)->rows.at(0).id, 123);
}

TEST(ParsePageTest, OnePageIsOneRowOrOneBadRow) {
  const auto good = parse_page(page_json().dump(), true);
  ASSERT_TRUE(good);
  EXPECT_EQ(good->rows.at(0).id, 123);
  auto row = page_json();
  row["title"] = 5;
  const auto bad = parse_page(row.dump(), true);
  ASSERT_TRUE(bad);
  EXPECT_TRUE(bad->rows.empty());
  EXPECT_EQ(bad->bad_rows.at(0).id, "123");
  EXPECT_EQ(name_of(parse_page(R"({"results":[]})", true).error()), "unexpected_document");
  EXPECT_EQ(name_of(parse_page("[]", true).error()), "unexpected_document");
}

TEST(ParseNodeTest, EveryFieldIsReadAndWhatMayBeAbsentMayBeAbsent) {
  const auto full = parse_node(R"({"id":"7","type":"folder","status":"current","title":"Plans",
    "parentId":"3","parentType":"page","position":2000,"authorId":"a","ownerId":"o",
    "createdAt":"2026-01-02T03:04:05.678Z","spaceId":"9",
    "version":{"number":4,"createdAt":"2026-01-03T00:00:00.000Z"},"_links":{"webui":"/f"}})");
  ASSERT_TRUE(full) << full.error().message;
  const auto& node = full->rows.at(0);
  EXPECT_EQ(node.id, 7);
  EXPECT_EQ(node.type, "folder");
  EXPECT_EQ(node.status, "current");
  EXPECT_EQ(node.title, "Plans");
  EXPECT_EQ(node.parent_id, 3);
  EXPECT_EQ(node.parent_type, "page");
  EXPECT_EQ(node.position, 2000);
  EXPECT_EQ(node.author_id, "a");
  EXPECT_EQ(store::to_iso8601(*node.created_at), "2026-01-02T03:04:05.678Z");
  EXPECT_EQ(node.space_id, 9);
  EXPECT_EQ(node.version, 4);
  const auto bare = parse_node(R"({"id":"7","status":"trashed","title":"","parentId":null})");
  ASSERT_TRUE(bare);
  EXPECT_EQ(bare->rows.at(0).status, "trashed");
  EXPECT_FALSE(bare->rows.at(0).space_id || bare->rows.at(0).parent_id || bare->rows.at(0).version);
}

TEST(ParseNodeTest, ADamagedNodeIsABadRowAndAnotherDocumentIsNamed) {
  const auto bad = parse_node(R"({"id":"7","status":"current","title":5})");
  ASSERT_TRUE(bad);
  EXPECT_TRUE(bad->rows.empty());
  EXPECT_EQ(bad->bad_rows.at(0).id, "7");
  EXPECT_EQ(name_of(parse_node(R"({"results":[]})").error()), "unexpected_document");
  EXPECT_EQ(name_of(parse_node("[]").error()), "unexpected_document");
  EXPECT_EQ(name_of(parse_node("").error()), "empty_body");
}

TEST(ParseVersionsTest, VersionsWithTitlesAndBodies) {
  const auto listing = parse_versions(R"({"results":[
    {"number":2,"createdAt":"2026-01-02T03:04:05.678Z","message":"m","minorEdit":false,
     "authorId":"a","page":{"id":"1","title":"T","body":{"storage":{"value":"<p/>"}}}},
    {"number":1,"createdAt":"2026-01-01T03:04:05Z"},
    {"number":0,"createdAt":"2026-01-01T03:04:05Z"}],"_links":{}})",
                                      false);
  ASSERT_TRUE(listing) << listing.error().message;
  ASSERT_EQ(listing->rows.size(), 2U);
  EXPECT_EQ(listing->rows[0].version.number, 2);
  EXPECT_EQ(listing->rows[0].title, "T");
  EXPECT_EQ(listing->rows[0].body->text, "<p/>");
  EXPECT_FALSE(listing->rows[1].title);
  EXPECT_FALSE(listing->rows[1].body);
  EXPECT_EQ(listing->bad_rows.at(0).id, "0");
}

TEST(ParseVersionsTest, ABodyThatWasAskedForMustBeThere) {
  const auto listing = parse_versions(
      R"({"results":[{"number":1,"createdAt":"2026-01-01T03:04:05Z","page":{"title":"T"}}]})",
      true);
  EXPECT_EQ(listing->bad_rows.at(0).id, "1");
}

TEST(ParseSpacesTest, EveryFieldIsRead) {
  const auto listing = parse_spaces(R"({"results":[{"id":"9","key":"~712020abc","name":"N",
    "type":"personal","status":"archived","authorId":"a","currentActiveAlias":"alias",
    "createdAt":"2020-01-02T03:04:05.678Z","homepageId":"77",
    "description":{"plain":{"representation":"plain","value":"D"}},
    "icon":{"path":"/wiki/aa/icon.png","apiDownloadLink":"x"},"_links":{"webui":"/spaces/~712020abc"}},
    {"id":"10","key":"B","name":"n","type":"global","status":"current","homepageId":null,
     "description":null,"icon":null},
    {"id":"11","name":"n","type":"global","status":"current"}],
    "_links":{"next":"/wiki/api/v2/spaces?cursor=c"}})");
  ASSERT_TRUE(listing) << listing.error().message;
  ASSERT_EQ(listing->rows.size(), 2U);
  const auto& space = listing->rows[0];
  EXPECT_EQ(space.id, 9);
  EXPECT_EQ(space.key, "~712020abc");
  EXPECT_EQ(space.type, "personal");
  EXPECT_EQ(space.status, "archived");
  EXPECT_EQ(space.current_alias, "alias");
  EXPECT_EQ(store::to_iso8601(space.created_at), "2020-01-02T03:04:05.678Z");
  EXPECT_EQ(space.homepage_id, 77);
  EXPECT_EQ(space.description, "D");
  EXPECT_EQ(space.icon_path, "/wiki/aa/icon.png");
  EXPECT_EQ(space.web_path, "/spaces/~712020abc");
  EXPECT_FALSE(listing->rows[1].description);
  EXPECT_FALSE(listing->rows[1].homepage_id);
  EXPECT_EQ(listing->bad_rows.at(0).id, "11");
  EXPECT_THAT(listing->bad_rows.at(0).reason, HasSubstr("'key'"));
  EXPECT_EQ(listing->next, "/wiki/api/v2/spaces?cursor=c");
}

TEST(ParseSmallTest, LabelsAndUsers) {
  const auto labels =
      parse_labels(R"({"results":[{"id":"1","name":"eng","prefix":"team"},{"id":"2"}]})");
  ASSERT_TRUE(labels);
  EXPECT_EQ(labels->rows, std::vector<std::string>{"eng"});
  EXPECT_EQ(labels->bad_rows.at(0).id, "2");

  const auto users = parse_users(R"({"results":[
    {"accountId":"a","displayName":"Ann","accountStatus":"active","email":""},
    {"accountId":"b","displayName":"","accountStatus":"closed"},{"accountId":"c","displayName":7},
    {"displayName":"nobody"}]})");
  ASSERT_TRUE(users);
  ASSERT_EQ(users->rows.size(), 2U);
  EXPECT_EQ(users->rows[0].display_name, "Ann");
  EXPECT_EQ(users->rows[0].account_status, "active");
  EXPECT_FALSE(users->rows[1].display_name);
  EXPECT_EQ(users->bad_rows.at(0).id, "c");
  EXPECT_EQ(users->bad_rows.at(1).id, "");
}

TEST(ParseSmallTest, SmallDocumentsAreCheckedLikeLargeOnes) {
  for (const auto& parse : std::vector<std::function<std::string(const std::string&)>>{
           [](const auto& body) { return parse_spaces(body).error().name; },
           [](const auto& body) { return parse_labels(body).error().name; },
           [](const auto& body) { return parse_users(body).error().name; }}) {
    EXPECT_EQ(parse(""), "empty_body");
    EXPECT_EQ(parse("<html>"), "not_json");
    EXPECT_EQ(parse("[]"), "unexpected_document");
    EXPECT_EQ(parse(R"({"results":7})"), "unexpected_document");
    EXPECT_EQ(parse(R"({"results":[)"), "malformed_json");
    EXPECT_EQ(parse("{\"results\":[\"\xff\"]}"), "malformed_json");
    EXPECT_EQ(parse(R"({"results":[1e999]})"), "malformed_json");
    EXPECT_EQ(parse(R"({"results":)" + std::string(50'000, '[') + std::string(50'000, ']') + "}"),
              "malformed_json");
  }
}

TEST(ParseIdentityTest, ThePersonOrTheAnonymousUser) {
  const auto person =
      parse_identity(R"({"type":"known","accountId":"a1","displayName":"Ann","email":"a@b.c"})");
  ASSERT_TRUE(person);
  EXPECT_EQ(person->account_id, "a1");
  EXPECT_EQ(person->display_name, "Ann");
  EXPECT_EQ(person->email, "a@b.c");
  const auto anonymous = parse_identity(R"({"type":"anonymous","displayName":"Anonymous"})");
  ASSERT_TRUE(anonymous);
  EXPECT_EQ(anonymous->account_id, "");
  EXPECT_EQ(name_of(parse_identity("{}").error()), "unexpected_document");
  EXPECT_EQ(name_of(parse_identity("[]").error()), "unexpected_document");
  EXPECT_EQ(name_of(parse_identity(R"({"accountId":5})").error()), "unexpected_document");
  EXPECT_EQ(name_of(parse_identity("").error()), "empty_body");
}

TEST(ServerMessageTest, EveryFormThatWasSeenIsRead) {
  const auto v2 = parse_server_message(
      R"({"errors":[{"status":404,"code":"NOT_FOUND","title":"Cannot find a page with id [1]","detail":null}]})");
  EXPECT_EQ(v2.code, "NOT_FOUND");
  EXPECT_EQ(v2.title, "Cannot find a page with id [1]");
  EXPECT_EQ(v2.text, "Cannot find a page with id [1]");
  const auto detailed = parse_server_message(
      R"({"errors":[{"status":"400","code":"BAD_REQUEST","title":"T","detail":"D"}]})");
  EXPECT_EQ(detailed.title, "T");
  EXPECT_EQ(detailed.text, "T (D)");
  EXPECT_EQ(
      parse_server_message(
          R"({"statusCode":400,"data":{"errors":[]},"message":"com.atlassian.BadRequestException: No such thing"})")
          .text,
      "No such thing");
  EXPECT_EQ(parse_server_message(
                R"({"message":"Current user not permitted to use Confluence","statusCode":403})")
                .text,
            "Current user not permitted to use Confluence");
  EXPECT_EQ(
      parse_server_message(R"({"code":401,"message":"Unauthorized; scope does not match"})").text,
      "Unauthorized; scope does not match");
  EXPECT_EQ(parse_server_message(R"({"error":"bad bearer"})").text, "bad bearer");
  EXPECT_EQ(
      parse_server_message("<html><head><title>\n HTTP Status 401 – Unauthorized </title>").text,
      "an HTML page: HTTP Status 401 – Unauthorized");
  EXPECT_EQ(parse_server_message("<p>no").text, "an HTML page without a title");
  EXPECT_EQ(parse_server_message("  upstream connect error  ").text, "upstream connect error");
}

TEST(ServerMessageTest, WhatHoldsNoMessageHasNone) {
  for (const auto* body : {"", "  \n", "{}", "{", R"({"errors":[]})", R"({"errors":[5]})",
                           R"({"errors":{"title":"x"}})", R"({"message":5})"}) {
    const auto message = parse_server_message(body);
    EXPECT_EQ(message.text, "") << body;
    EXPECT_EQ(message.code, "") << body;
  }
}

TEST(ServerMessageTest, AMessageIsOneShortLineOfValidText) {
  const auto message = parse_server_message("a\r\nb\x1b[31m\xff\xc2\x9b" + std::string(900, 'x'));
  EXPECT_THAT(message.text, testing::StartsWith("a b [31m\uFFFD x"));
  EXPECT_LE(message.text.size(), 300U);
  EXPECT_THAT(message.text, testing::EndsWith("..."));
  // A character is never cut in the middle: what comes out can be written as JSON.
  for (int pad = 0; pad < 8; ++pad) {
    std::string text(static_cast<std::size_t>(pad), 'x');
    for (int i = 0; i < 200; ++i) text += "漢";
    EXPECT_NO_THROW(json(one_line(text)).dump());
    EXPECT_LE(one_line(text).size(), 300U);
  }
  EXPECT_EQ(one_line(std::string(300, 'x')), std::string(300, 'x'));
  EXPECT_EQ(one_line(std::string(301, 'x')), std::string(297, 'x') + "...");
}

}  // namespace confluence
