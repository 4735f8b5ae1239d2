// Writes through Confluence's own paths: by the edit queue, answered as Confluence answers.

#include "tests/daemon/serve/offline_fixture.h"
#include "tests/site/openapi.h"

namespace serve {
namespace {

class OfflineWritesTest : public OfflineTest {
 protected:
  void given_running() {
    given_offline(2, 40);
    run_jobs();
    page_ = pages(1).front();
  }
  Json new_page(const std::string& title, const std::string& body = "<p>new</p>") {
    return {{"spaceId", std::to_string(page_.space_id)},
            {"status", "current"},
            {"title", title},
            {"body", {{"representation", "storage"}, {"value", body}}}};
  }
  Json new_version(const std::string& body, std::int32_t number) {
    return {{"id", std::to_string(page_.id)},
            {"status", "current"},
            {"title", page_.title},
            {"body", {{"storage", {{"representation", "storage"}, {"value", body}}}}},
            {"version", {{"number", number}, {"message", "by a client"}}}};
  }
  std::string target() const { return kV2 + "/pages/" + std::to_string(page_.id); }
  site::Reply create(const Json& page, const std::string& query = "") {
    return send("POST", kV2 + "/pages" + query, page);
  }
  void expect_refused(const site::Reply& reply, int status, const std::string& text) {
    EXPECT_EQ(reply.status, status) << reply.body;
    EXPECT_NE(title_of(reply).find(text), std::string::npos) << reply.body;
  }

  store::PageRow page_;
  std::unique_ptr<site::OpenApi> api_ = site::load_openapi(CONFMIRROR_SHARED_DIR);
};

TEST_F(OfflineWritesTest, ACreatedPageIsAnsweredAndOnTheSite) {
  given_running();
  Json page = new_page("From a client");
  page["parentId"] = std::to_string(page_.id);
  const Json made = json_of(create(page), "POST");
  EXPECT_EQ(made["title"], "From a client");
  EXPECT_EQ(made["parentId"], page["parentId"]);
  EXPECT_EQ(made["version"]["number"], 1);
  EXPECT_EQ(made["body"]["storage"]["value"], "<p>new</p>");
  if (api_) {
    EXPECT_EQ(api_->check("post", "/pages", made), "");
  }
  EXPECT_EQ(applied(std::stoll(made["id"].get<std::string>())), 1);
  const Json read = get(kV2 + "/pages/" + made["id"].get<std::string>());
  EXPECT_EQ(read["title"], "From a client");
}

TEST_F(OfflineWritesTest, AnUpdateTakesTheNumberOfTheNewVersion) {
  given_running();
  const auto number = page_.version.number + 1;
  const Json updated = json_of(send("PUT", target(), new_version("<p>two</p>", number)), "PUT");
  EXPECT_EQ(updated["version"]["number"], number);
  EXPECT_EQ(updated["body"]["storage"]["value"], "<p>two</p>");
  if (api_) {
    EXPECT_EQ(api_->check("put", "/pages/{id}", updated), "");
  }
  EXPECT_EQ(applied(page_.id), 1);
}

TEST_F(OfflineWritesTest, AStaleVersionIsAConflictWithTheNumbersOfBoth) {
  given_running();
  const auto current = page_.version.number;
  const auto expected = [](std::int32_t now, std::int32_t sent) {
    return "Version must be incremented when updating a page. Current Version: [" +
           std::to_string(now) + "]. Provided version: [" + std::to_string(sent) + "]";
  };
  auto reply = send("PUT", target(), new_version("<p>two</p>", current));
  expect_refused(reply, 409, expected(current, current));
  EXPECT_EQ(asked_to_write(), 0) << "the mirror knew";
  others_update(page_.id, "<p>theirs</p>");
  reply = send("PUT", target(), new_version("<p>two</p>", current + 1));
  expect_refused(reply, 409, expected(current + 1, current + 1));
  EXPECT_EQ(applied(page_.id), 0);
}

TEST_F(OfflineWritesTest, ATitleIsChangedWithoutTheBody) {
  given_running();
  const Json sent = {{"status", "current"}, {"title", "Another title"}};
  const Json changed = json_of(send("PUT", target() + "/title", sent), "PUT title");
  EXPECT_EQ(changed["title"], "Another title");
  EXPECT_EQ(changed["version"]["number"], page_.version.number + 1);
  const auto before = reader()->version_body(page_.id, page_.version.number);
  ASSERT_TRUE(before && *before);
  EXPECT_EQ(changed["body"]["storage"]["value"], **before);
}

TEST_F(OfflineWritesTest, ADeletedPageIsInTheTrashAndCannotBeDeletedAgain) {
  given_running();
  const auto reply = send("DELETE", target(), {});
  EXPECT_EQ(reply.status, 204);
  EXPECT_EQ(reply.body, "");
  EXPECT_EQ(get(target())["status"], "trashed");
  expect_refused(send("DELETE", target(), {}), 404, "Cannot find a page");
  EXPECT_EQ(applied(page_.id), 1);
}

TEST_F(OfflineWritesTest, ADraftIsMadeReadPublishedAndAnotherDiscarded) {
  given_running();
  Json page = new_page("A draft of a client");
  page["status"] = "draft";
  const Json made = json_of(create(page), "POST draft");
  EXPECT_EQ(made["status"], "draft");
  if (api_) {
    EXPECT_EQ(api_->check("post", "/pages", made), "");
  }
  const std::string id = made["id"];
  const std::string draft = kV2 + "/pages/" + id;
  expect_refused(ask(draft), 404, "Cannot find a page");
  EXPECT_EQ(get(draft + "?get-draft=true&body-format=storage")["body"]["storage"]["value"],
            "<p>new</p>");
  Json published = new_version("<p>out</p>", 1);
  published["id"] = id;
  published["title"] = "A page of a client";
  EXPECT_EQ(json_of(send("PUT", draft, published), "publish")["status"], "current");
  page["title"] = "A second draft";
  const std::string second =
      kV2 + "/pages/" + json_of(create(page), "POST draft")["id"].get<std::string>();
  expect_refused(send("DELETE", second, {}), 404, "Cannot find a page");
  EXPECT_EQ(send("DELETE", second + "?draft=true", {}).status, 204);
  EXPECT_EQ(ask(second + "?get-draft=true").status, 404);
}

TEST_F(OfflineWritesTest, WhatConfluenceWouldRefuseIsRefusedAsItDoes) {
  given_running();
  expect_refused(create(new_page(page_.title)), 400, "A page with this title already exists");
  expect_refused(create(new_page("Broken", "<p>a<b></p>")), 400, "body");
  Json page = new_page("Somewhere");
  page["spaceId"] = "1";
  expect_refused(create(page), 404, "Cannot find a space with id [1]");
  page = new_page("Below nothing");
  page["parentId"] = "1";
  expect_refused(create(page), 404, "Cannot find content with id [1]");
  for (const auto* field : {"spaceId", "title"}) {
    page = new_page("Incomplete");
    page.erase(field);
    expect_refused(create(page), 400, field);
  }
  const auto number = page_.version.number + 1;
  for (const auto* field : {"id", "status", "title", "body", "version"}) {
    page = new_version("<p>two</p>", number);
    page.erase(field);
    expect_refused(send("PUT", target(), page), 400, field);
  }
  page = new_version("<p>two</p>", number);
  page["spaceId"] = "1";
  expect_refused(send("PUT", target(), page), 400, "another space");
  page["id"] = "1";
  expect_refused(send("PUT", target(), page), 400, "not the one in the path");
  expect_refused(send("PUT", kV2 + "/pages/1", page), 404, "Cannot find a page");
  expect_refused(send("DELETE", kV2 + "/pages/1", {}), 404, "Cannot find a page");
  const auto text = client_->request("POST", kV2 + "/pages", "{}", {"Content-Type: text/plain"});
  expect_refused(text, 415, "application/json");
  const std::string deep(5000, '[');
  for (const std::string& body : {std::string("{"), std::string("[]"), std::string(""), deep}) {
    const auto reply =
        client_->request("POST", kV2 + "/pages", body, {"Content-Type: application/json"});
    EXPECT_EQ(reply.status, 400) << reply.body;
  }
  EXPECT_EQ(asked_to_write(), 0);
}

TEST_F(OfflineWritesTest, WhatTheQueueCannotDoIsSaid) {
  given_running();
  expect_refused(send("DELETE", target() + "?purge=true", {}), 501, "purge");
  expect_refused(send("DELETE", target() + "?draft=true", {}), 501, "drafts");
  expect_refused(create(new_page("x"), "?private=true"), 501, "private");
  expect_refused(create(new_page("x"), "?root-level=true"), 501, "root");
  expect_refused(create(new_page("x"), "?embedded=maybe"), 400, "embedded");
  Json page = new_page("x");
  page["body"]["representation"] = "atlas_doc_format";
  expect_refused(create(page), 501, "atlas_doc_format");
  page = new_version("<p>two</p>", page_.version.number + 1);
  page["parentId"] = "1";
  expect_refused(send("PUT", target(), page), 501, "move");
  EXPECT_EQ(send("DELETE", target(), {}).status, 204);
  page.erase("parentId");
  expect_refused(send("PUT", target(), page), 501, "trash");
}

TEST_F(OfflineWritesTest, AnUnchangedPlaceIsNoMove) {
  given_running();
  Json page = new_version("<p>two</p>", page_.version.number + 1);
  page["spaceId"] = std::to_string(page_.space_id);
  if (page_.parent_id) page["parentId"] = std::to_string(*page_.parent_id);
  if (page_.owner_id) page["ownerId"] = *page_.owner_id;
  EXPECT_EQ(send("PUT", target(), page).status, 200);
}

TEST_F(OfflineWritesTest, AClientThatDoesNotWaitGetsTheJob) {
  given_offline(2, 40);
  page_ = pages(1).front();
  auto reply = send("POST", kV2 + "/pages", new_page("Later"), {"Prefer: respond-async"});
  ASSERT_EQ(reply.status, 202) << reply.body;
  Json accepted = Json::parse(reply.body);
  EXPECT_EQ(reply.header("location"), "/v1/jobs/" + accepted["job"]["id"].get<std::string>());
  EXPECT_EQ(reply.header("preference-applied"), "respond-async");
  EXPECT_EQ(accepted["job"]["state"], "queued");
  // Nobody executes the queue: the wait ends.
  reply = send("DELETE", target(), {}, {"Prefer: wait=1"});
  ASSERT_EQ(reply.status, 202) << reply.body;
  accepted = Json::parse(reply.body);
  EXPECT_NE(accepted["job"]["note"].get<std::string>().find("the wait is over"), std::string::npos);
  run_jobs();
  const auto id = std::stoll(accepted["job"]["id"].get<std::string>());
  EXPECT_TRUE(test::eventually([&] { return state(id) == "done"; }));
}

TEST_F(OfflineWritesTest, WhatTheSiteRefusesIsPassedOn) {
  given_running();
  site().set_read_only({page_.id});
  const auto reply = send("PUT", target(), new_version("<p>two</p>", page_.version.number + 1));
  EXPECT_TRUE(reply.status == 403 || reply.status == 404) << reply.status << reply.body;
  EXPECT_EQ(applied(page_.id), 0);
}

}  // namespace
}  // namespace serve
