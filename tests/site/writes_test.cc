// Creating, updating, deleting and moving pages over HTTP.

#include "tests/site/write_fixture.h"

namespace site {
namespace {

class WritesTest : public WriteTest {};

TEST_F(WritesTest, ACreatedPageIsListedReadAndDigestedAtOnce) {
  get(kApi + "/pages?limit=1&sort=title");  // so that this order is made before
  const Reply reply = create(a_create("  A new page "));
  const Json made = json_of(reply);
  EXPECT_EQ(made["title"], "A new page");
  EXPECT_EQ(made["status"], "current");
  EXPECT_EQ(made["version"]["number"], 1);
  EXPECT_EQ(made["version"]["message"], "");
  EXPECT_EQ(made["version"]["authorId"], server_->account_id());
  EXPECT_EQ(made["parentId"], homepage());
  EXPECT_EQ(made["body"]["storage"]["value"], "<p>new</p>");
  const std::string id = made["id"];
  for (const std::string sort : {"id", "-modified-date", "title", "-created-date"}) {
    std::set<std::string> listed;
    for (const Json& row : walk(kApi + "/pages?limit=50&sort=" + sort)) listed.insert(row["id"]);
    EXPECT_TRUE(listed.contains(id)) << sort;
  }
  EXPECT_EQ(body_of(id), "<p>new</p>");
  EXPECT_NE(server_->digest().find("\"page_id\":\"" + id + "\""), std::string::npos);
}

TEST_F(WritesTest, BothFormsOfABodyAreTaken) {
  Json nested = a_create("nested");
  nested["body"] = {{"storage", {{"value", "<p>n</p>"}}}};
  EXPECT_EQ(body_of(id_of(create(nested))), "<p>n</p>");
  Json wiki = a_create("wiki");
  wiki["body"] = {{"wiki", {{"representation", "wiki"}, {"value", "h2. Goals\n* one & *two*"}}}};
  EXPECT_EQ(body_of(id_of(create(wiki))),
            "<h2>Goals</h2><ul><li>one &amp; <strong>two</strong></li></ul>");
  Json two = a_create("two");
  two["body"] = {{"storage", {{"value", ""}}}, {"wiki", {{"value", ""}}}};
  EXPECT_EQ(create(two).status, 400);
  Json doc = a_create("doc");
  doc["body"]["representation"] = "atlas_doc_format";
  EXPECT_EQ(create(doc).status, 400);
  Json none = a_create("without a body");
  none.erase("body");
  EXPECT_EQ(body_of(id_of(create(none))), "");
}

TEST_F(WritesTest, MissingAndWrongFieldsAreRefused) {
  const std::string id = given_page("fields");
  for (const std::string field : {"id", "status", "title", "body", "version"}) {
    Json body = an_update(id, 2, "fields");
    body.erase(field);
    const Reply reply = put(id, body);
    EXPECT_EQ(reply.status, 400) << field;
    EXPECT_NE(error_title(reply).find(field), std::string::npos) << error_title(reply);
  }
  for (const std::string field : {"spaceId", "title"}) {
    Json body = a_create("x");
    body.erase(field);
    EXPECT_EQ(create(body).status, 400) << field;
  }
  Json wrong = an_update(id, 2, "fields");
  wrong["status"] = "archived";
  EXPECT_EQ(put(id, wrong).status, 400);
  wrong = an_update("1", 2, "fields");
  EXPECT_EQ(put(id, wrong).status, 400) << "another id";
  EXPECT_EQ(create(a_create(std::string(256, 'x'))).status, 400);
  EXPECT_EQ(create(a_create(std::string(255, 'x'))).status, 200);
  EXPECT_EQ(create(a_create("x"), "?root-level=maybe").status, 400);
  EXPECT_EQ(
      client_->request("POST", kApi + "/pages", "{", {"Content-Type: application/json"}).status,
      400);
  EXPECT_EQ(client_->request("POST", kApi + "/pages", a_create("y").dump()).status, 415);
  EXPECT_EQ(applied_to(id), 1U);
}

TEST_F(WritesTest, MalformedStorageIsRefusedInTheSitesWords) {
  const Reply reply = create(a_create("bad", "<p>one\n<b>two</br></p>"));
  EXPECT_EQ(reply.status, 400);
  EXPECT_EQ(error_title(reply),
            "Error parsing xhtml: Unexpected close tag </br>; expected </b>.\n at [row,col "
            "{unknown-source}]: [2,9]");
  for (const std::string body :
       {"<p>", "a & b", "&nosuch;", "<x:y />", "<p a=1/>", "</root><root>", "\x01"}) {
    EXPECT_EQ(create(a_create("bad", body)).status, 400) << body;
  }
  EXPECT_NE(error_title(create(a_create("bad", "<p><![CDATA[a]]>]]></p>")))
                .find("CDATA block has embedded"),
            std::string::npos);
  EXPECT_EQ(
      create(a_create("good", "a&nbsp;&rarr;<ac:link><ri:page /></ac:link><at:var />")).status,
      200);
}

TEST_F(WritesTest, BodiesComeOutRewrittenOrAsSent) {
  const std::string sent =
      "<p>a<br/>b<hr /></p><ac:structured-macro ac:name=\"x\"><ac:plain-text-body><![CDATA[<i/>]]>"
      "</ac:plain-text-body></ac:structured-macro>";
  const std::string stored = body_of(id_of(create(a_create("rewritten", sent))));
  EXPECT_NE(stored.find("<br />b<hr />"), std::string::npos) << stored;
  EXPECT_NE(stored.find("<![CDATA[<i/>]]>"), std::string::npos) << stored;
  for (const char* attribute : {"ac:macro-id=\"", "ac:schema-version=\"1\"", "ac:local-id=\""}) {
    EXPECT_NE(stored.find(attribute), std::string::npos) << stored;
  }
  const std::string id = id_of(create(a_create("again", stored)));
  EXPECT_EQ(body_of(id), stored) << "what is there stays";
  server_->change_settings([](Settings& settings) {
    settings.rewrite_bodies = false;
    settings.echo_body = false;
  });
  const Json made = json_of(create(a_create("as sent", sent)));
  EXPECT_EQ(made["body"], Json::object());
  EXPECT_EQ(body_of(made["id"]), sent);
  EXPECT_EQ(last_write().stored_sha256, sha256_hex(sent));
  EXPECT_EQ(last_write().received_sha256, sha256_hex(sent));
}

TEST_F(WritesTest, TitlesAreTakenByCurrentAndArchivedPagesWhateverTheirCase) {
  const std::string title =
      "A page with this title already exists: A page already exists with the same TITLE in this "
      "space";
  const std::string id = given_page("Taken");
  EXPECT_EQ(error_title(create(a_create("tAKEN"))), title);
  set_status(id, Status::kArchived);
  EXPECT_EQ(error_title(create(a_create("taken"))), title) << "the clash is in no tree";
  const std::string second = given_page("Second");
  EXPECT_EQ(error_title(put(second, an_update(second, 2, "TAKEN"))), title);
  EXPECT_EQ(put(second, an_update(second, 2, "SECOND")).status, 200) << "its own title";
  Json elsewhere = a_create("Taken");
  elsewhere["spaceId"] = other_space();
  EXPECT_EQ(create(elsewhere).status, 200);
  set_status(id, Status::kTrashed);
  server_->change_settings([](Settings& settings) { settings.trashed_titles_block = true; });
  EXPECT_EQ(create(a_create("taken")).status, 400);
  server_->change_settings([](Settings& settings) { settings.trashed_titles_block = false; });
  EXPECT_EQ(create(a_create("taken")).status, 200);
  Json draft = a_create("taken");
  draft["status"] = "draft";
  EXPECT_EQ(create(draft).status, 200) << "drafts take no title";
}

TEST_F(WritesTest, UnknownSpacesAndParentsAreNamed) {
  Json body = a_create("lost");
  body["spaceId"] = "1";
  Reply reply = create(body);
  EXPECT_EQ(reply.status, 404);
  EXPECT_EQ(error_title(reply), "Cannot find a space with id [1]");
  body = a_create("lost");
  body["parentId"] = "360556";
  reply = create(body);
  EXPECT_EQ(reply.status, 404);
  EXPECT_EQ(error_title(reply), "Cannot find content with id [360556]");
  const std::string id = given_page("there");
  Json moved = an_update(id, 2, "there");
  moved["spaceId"] = other_space();
  EXPECT_EQ(put(id, moved).status, 400);
  moved["spaceId"] = space();
  moved["parentId"] = id;
  EXPECT_EQ(put(id, moved).status, 400) << "below itself";
  server_->set_closed_spaces({std::stoll(space())});
  EXPECT_EQ(create(a_create("closed")).status, 404);
}

TEST_F(WritesTest, AtTheRootOrBelowAParentOrAFolder) {
  EXPECT_TRUE(json_of(create(a_create("root"), "?root-level=true"))["parentId"].is_null());
  const std::string parent = given_page("parent");
  Json body = a_create("child");
  body["parentId"] = parent;
  EXPECT_EQ(create(body, "?root-level=true").status, 400);
  const std::string child = id_of(create(body));
  EXPECT_EQ(get(page(child))["parentId"], parent);
  std::string folder;
  server_->with_content([&](Content& content) {
    NewContainer made;
    made.title = "folder";
    folder = std::to_string(content.containers()[content.add_container(made)].id);
  });
  Json update = an_update(child, 2, "child");
  update["parentId"] = folder;
  const Json moved = json_of(put(child, update));
  EXPECT_EQ(moved["parentId"], folder);
  EXPECT_EQ(moved["parentType"], "folder");
}

TEST_F(WritesTest, AnUpdateIsTheNextVersionWithItsMessage) {
  const std::string id = given_page("before");
  Json body = an_update(id, 2, "after", "<p>two</p>");
  body["ownerId"] = [&] {
    std::string account;
    server_->with_content([&](const Content& content) { account = content.users()[1].account_id; });
    return account;
  }();
  const Json changed = json_of(put(id, body));
  EXPECT_EQ(changed["version"]["number"], 2);
  EXPECT_EQ(changed["version"]["message"], "by a test");
  EXPECT_EQ(changed["version"]["authorId"], server_->account_id());
  EXPECT_EQ(changed["title"], "after");
  EXPECT_EQ(changed["ownerId"], body["ownerId"]);
  EXPECT_EQ(changed["lastOwnerId"], server_->account_id());
  EXPECT_EQ(get(page(id) + "?version=1&body-format=storage")["body"]["storage"]["value"],
            "<p>new</p>");
  const auto versions = walk(page(id) + "/versions");
  ASSERT_EQ(versions.size(), 2U);
  EXPECT_EQ(versions[0]["message"], "by a test");
}

TEST_F(WritesTest, AStaleVersionIsAConflict) {
  const std::string id = given_page("versions");
  put(id, an_update(id, 2, "versions"));
  put(id, an_update(id, 3, "versions"));
  for (const int number : {3, 1, 5}) {
    const Reply reply = put(id, an_update(id, number, "versions"));
    EXPECT_EQ(reply.status, 409);
    EXPECT_EQ(Json::parse(reply.body)["errors"][0]["code"], "CONFLICT");
    EXPECT_EQ(error_title(reply),
              "Version must be incremented when updating a page. Current Version: [3]. Provided "
              "version: [" +
                  std::to_string(number) + "]");
  }
  EXPECT_EQ(applied_to(id), 3U);
}

TEST_F(WritesTest, ATitleAloneKeepsTheBody) {
  const std::string id = given_page("old title");
  const Reply reply =
      send("PUT", page(id) + "/title", {{"status", "current"}, {"title", "new title"}});
  const Json changed = json_of(reply);
  EXPECT_EQ(changed["title"], "new title");
  EXPECT_EQ(changed["version"]["number"], 2);
  EXPECT_EQ(body_of(id), "<p>new</p>");
  given_page("in the way");
  EXPECT_EQ(
      send("PUT", page(id) + "/title", {{"status", "current"}, {"title", "In The Way"}}).status,
      400);
  EXPECT_EQ(send("PUT", page(id) + "/title", {{"title", "x"}}).status, 400);
}

TEST_F(WritesTest, RequestsAbove5MegabytesAreTooLarge) {
  const Json body = a_create("large", "<p>" + std::string(5'242'880, 'x') + "</p>");
  const Reply reply = create(body);
  EXPECT_EQ(reply.status, 413);
  EXPECT_NE(error_title(reply).find("can be at most 5242880 bytes"), std::string::npos);
  Json fits = a_create("large", "");
  fits["body"]["value"] = std::string(5'242'880 - fits.dump().size(), 'x');
  EXPECT_EQ(create(fits).status, 200);
}

TEST_F(WritesTest, ArchivedPagesAreNotUpdated) {
  const std::string id = given_page("archived");
  set_status(id, Status::kArchived);
  for (const std::uint32_t status : {400U, 403U, 404U, 409U}) {
    server_->change_settings([&](Settings& s) { s.archived_update_status = status; });
    EXPECT_EQ(put(id, an_update(id, 2, "archived")).status, static_cast<int>(status));
  }
  EXPECT_EQ(get(page(id))["version"]["number"], 1);
  EXPECT_EQ(remove(id).status, 204);
}

TEST_F(WritesTest, DeletingTrashesLiftsTheChildrenAndIsDoneOnce) {
  const std::string parent = given_page("parent");
  const std::string id = given_page("middle", parent);
  const std::string child = given_page("child", id);
  EXPECT_EQ(remove(id, "?purge=true").status, 400) << "not in the trash";
  const Reply reply = remove(id);
  EXPECT_EQ(reply.status, 204);
  EXPECT_EQ(reply.body, "");
  EXPECT_FALSE(reply.has("content-length"));
  const Json trashed = get(page(id));
  EXPECT_EQ(trashed["status"], "trashed");
  EXPECT_TRUE(trashed["parentId"].is_null() && trashed["position"].is_null());
  EXPECT_EQ(get(page(child))["parentId"], parent);
  EXPECT_EQ(remove(id).status, 404);
  EXPECT_EQ(error_title(remove(id)), "Cannot find a page with id [" + id + "]");
  EXPECT_EQ(remove(id, "?purge=true").status, 204);
  EXPECT_EQ(ask(page(id)).status, 404);
  EXPECT_EQ(remove(homepage()).status, 400);
  EXPECT_EQ(remove("1").status, 404);
}

TEST_F(WritesTest, RestoringChangesTheStatusAloneAndPutsThePageBack) {
  const std::string parent = given_page("parent");
  const std::string id = given_page("page", parent);
  const std::string child = given_page("child", id);
  remove(id);
  EXPECT_EQ(put(id, an_update(id, 1, "other")).status, 409);
  const Json restored = json_of(put(id, an_update(id, 2, "other")));
  EXPECT_EQ(restored["status"], "current");
  EXPECT_EQ(restored["title"], "page");
  EXPECT_EQ(restored["version"]["number"], 1);
  EXPECT_EQ(restored["parentId"], parent);
  EXPECT_EQ(body_of(id), "<p>new</p>");
  EXPECT_EQ(get(page(child))["parentId"], parent) << "who moved up stays there";
  remove(id);
  remove(parent);
  server_->change_settings([](Settings& settings) { settings.restore_adds_version = true; });
  const Json again = json_of(put(id, an_update(id, 2, "other")));
  EXPECT_EQ(again["parentId"], homepage()) << "the former parent is gone";
  EXPECT_EQ(again["version"]["number"], 2);
  remove(id);
  given_page("Page");
  EXPECT_EQ(put(id, an_update(id, 3, "other")).status, 400) << "its title is taken";
}

TEST_F(WritesTest, DraftsAreReadButNeverListedUntilTheyArePublished) {
  Json body = a_create("");
  body["status"] = "draft";
  body.erase("title");
  const Json made = json_of(create(body));
  const std::string id = made["id"];
  EXPECT_EQ(made["status"], "draft");
  EXPECT_EQ(made["version"]["number"], 1);
  EXPECT_EQ(ask(page(id)).status, 404);
  EXPECT_EQ(get(page(id) + "?status=draft")["status"], "draft");
  EXPECT_EQ(get(page(id) + "?get-draft=true")["status"], "draft");
  EXPECT_EQ(ask(kApi + "/pages?status=draft").status, 400);
  for (const Json& row : walk(kApi + "/pages?limit=250")) EXPECT_NE(row["id"], id);
  EXPECT_EQ(server_->digest().find(id), std::string::npos);
  Json update = an_update(id, 2, "drafted", "<p>second</p>");
  update["status"] = "draft";
  EXPECT_EQ(put(id, update).status, 400) << "a draft has number 1";
  update["version"]["number"] = 1;
  EXPECT_EQ(json_of(put(id, update))["version"]["number"], 1);
  EXPECT_EQ(put(id, an_update(id, 1, "published")).status, 409);
  const Json published = json_of(put(id, an_update(id, 2, "published")));
  EXPECT_EQ(published["status"], "current");
  EXPECT_EQ(published["version"]["number"], 2);
  EXPECT_EQ(walk(page(id) + "/versions").size(), 1U) << "what was saved as a draft is no version";
  server_->change_settings([](Settings& settings) { settings.publish_version = 0; });
  const std::string second = given_draft("second");
  EXPECT_EQ(json_of(put(second, an_update(second, 1, "second")))["version"]["number"], 1);
}

TEST_F(WritesTest, ADraftOverAPageIsReplacedPublishedOverAndDiscarded) {
  const std::string id = given_page("page");
  Json draft = an_update(id, 1, "draft title", "<p>draft</p>");
  draft["status"] = "draft";
  const Json saved = json_of(put(id, draft));
  EXPECT_EQ(saved["status"], "draft");
  EXPECT_EQ(saved["version"]["number"], 1);
  EXPECT_EQ(saved["body"]["storage"]["value"], "<p>draft</p>");
  const Json read = get(page(id) + "?get-draft=true&body-format=storage");
  EXPECT_EQ(read["title"], "draft title");
  EXPECT_EQ(get(page(id))["title"], "page");
  EXPECT_EQ(get(page(id) + "?status=current&status=draft")["title"], "page");
  EXPECT_EQ(remove(id, "?draft=true").status, 204);
  EXPECT_EQ(remove(id, "?draft=true").status, 404);
  EXPECT_EQ(get(page(id) + "?get-draft=true")["status"], "current");
  EXPECT_EQ(ask(page(id) + "?status=draft").status, 404);
  put(id, draft);
  EXPECT_EQ(put(id, an_update(id, 2, "page")).status, 200);
  EXPECT_EQ(ask(page(id) + "?status=draft").status, 404);
}

TEST_F(WritesTest, ADraftIsDiscardedForGood) {
  const std::string id = given_draft("draft");
  EXPECT_EQ(remove(id).status, 404) << "without draft=true";
  EXPECT_EQ(remove(id, "?draft=true").status, 204);
  EXPECT_EQ(ask(page(id) + "?status=draft").status, 404);
}

TEST_F(WritesTest, WhoMayNotEditIsToldNothingOr403) {
  const std::string id = given_page("read only");
  server_->set_read_only({std::stoll(id)});
  EXPECT_EQ(put(id, an_update(id, 2, "x")).status, 404);
  EXPECT_EQ(error_title(remove(id)), "Cannot find a page with id [" + id + "]");
  server_->change_settings([](Settings& settings) { settings.forbidden_is_403 = true; });
  EXPECT_EQ(put(id, an_update(id, 2, "x")).status, 403);
  EXPECT_EQ(remove(id).status, 403);
  EXPECT_EQ(get(page(id))["version"]["number"], 1);
}

TEST_F(WritesTest, ADeadTokenWritesNothingAndSeesTheUnnamed404) {
  const std::string id = given_page("token");
  for (const bool open : {false, true}) {
    server_->change_settings([&](Settings& settings) { settings.anonymous_access = open; });
    server_->set_token("");
    EXPECT_EQ(error_title(create(a_create("x"))), "Not Found");
    EXPECT_EQ(error_title(put(id, an_update(id, 2, "x"))), "Not Found");
    EXPECT_EQ(error_title(remove(id)), "Not Found");
    EXPECT_EQ(send("PUT", "/wiki/rest/api/content/" + id + "/move/append/" + id).status, 403);
  }
  EXPECT_EQ(applied_to(id), 1U);
}

TEST_F(WritesTest, ANewPageMayNotBeReadableAtOnce) {
  server_->change_settings([](Settings& settings) { settings.fresh_page_delay_ms = 400; });
  const std::string id = given_page("fresh");
  EXPECT_EQ(error_title(ask(page(id))), "Cannot find a page with id [" + id + "]");
  EXPECT_EQ(put(id, an_update(id, 2, "fresh")).status, 404);
  EXPECT_EQ(walk(kApi + "/pages?id=" + id).size(), 0U);
  EXPECT_EQ(create(a_create("fresh")).status, 400) << "it is there all the same";
  std::this_thread::sleep_for(std::chrono::milliseconds(450));
  EXPECT_EQ(ask(page(id)).status, 200);
  EXPECT_EQ(walk(kApi + "/pages?id=" + id).size(), 1U);
}

}  // namespace
}  // namespace site
