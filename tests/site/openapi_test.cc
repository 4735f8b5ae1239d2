// The site's answers against Confluence's own OpenAPI document.

#include "tests/site/openapi.h"

#include "tests/site/write_fixture.h"

namespace site {
namespace {

class OpenApiTest : public WriteTest {
 protected:
  void SetUp() override {
    api_ = load_openapi(CONFMIRROR_SHARED_DIR);
    if (!api_) GTEST_SKIP() << "the OpenAPI document is not beside the checkout";
    ServerOptions options = small_site();
    options.content.pages = 150;
    start(options);
  }

  std::string check(const std::string& method, const std::string& path, const Json& answer,
                    bool request = false) {
    return api_->check(method, path, answer, request);
  }

  void expect_valid(const std::string& path, const std::string& target) {
    EXPECT_EQ(check("get", path, get(target)), "") << target;
  }

  void expect_listing_valid(const std::string& path, const std::string& target) {
    std::size_t answers = 0;
    std::size_t rows = 0;
    walk(target, [&](const Json& answer) {
      ++answers;
      rows += answer["results"].size();
      EXPECT_EQ(check("get", path, answer), "") << target;
    });
    EXPECT_GT(rows, 0U) << target << " shows nothing";
    EXPECT_GT(answers, 0U);
  }

  std::unique_ptr<OpenApi> api_;
};

TEST_F(OpenApiTest, SpacesValidate) {
  expect_listing_valid("/spaces", kApi + "/spaces?limit=5");
  expect_listing_valid("/spaces", kApi + "/spaces?description-format=view&include-icon=true");
  for (const Json& space : walk(kApi + "/spaces?limit=250")) {
    const std::string id = space["id"];
    expect_valid("/spaces/{id}",
                 kApi + "/spaces/" + id +
                     "?description-format=plain&include-icon=true&include-labels=true"
                     "&include-operations=true&include-properties=true");
  }
}

TEST_F(OpenApiTest, PageListingsValidate) {
  for (const std::string format : {"", "&body-format=storage", "&body-format=atlas_doc_format"}) {
    expect_listing_valid("/pages", kApi + "/pages?limit=100&" + kAllStatuses + format);
  }
  const Json space = walk(kApi + "/spaces?limit=1")[0];
  expect_listing_valid("/spaces/{id}/pages", kApi + "/spaces/" + space["id"].get<std::string>() +
                                                 "/pages?body-format=storage");
}

TEST_F(OpenApiTest, SinglePagesAndTheirVersionsValidate) {
  std::size_t older = 0;
  const auto rows = walk(kApi + "/pages?limit=250&" + kAllStatuses);
  for (std::size_t i = 0; i < rows.size(); i += 5) {
    const std::string page = kApi + "/pages/" + rows[i]["id"].get<std::string>();
    expect_valid("/pages/{id}",
                 page +
                     "?body-format=storage&include-labels=true&include-versions=true"
                     "&include-operations=true&include-properties=true&include-likes=true");
    expect_listing_valid("/pages/{id}/versions", page + "/versions?body-format=storage&limit=3");
    for (const Json& version : walk(page + "/versions")) {
      ++older;
      expect_valid("/pages/{page-id}/versions/{version-number}",
                   page + "/versions/" + std::to_string(version["number"].get<int>()));
    }
  }
  EXPECT_GT(older, rows.size() / 5);
}

TEST_F(OpenApiTest, LabelsNodesAndUsersValidate) {
  ServerOptions options = small_site();
  options.content.pages = 4000;  // so that some lie in nodes of every type
  options.content.max_versions = 1;
  start(options);
  expect_listing_valid("/labels", kApi + "/labels?limit=3");
  bool any = false;
  for (const Json& label : walk(kApi + "/labels")) {
    const auto id = label["id"].get<std::string>();
    walk(kApi + "/labels/" + id + "/pages", [&](const Json& answer) {
      any = any || !answer["results"].empty();
      EXPECT_EQ(check("get", "/labels/{id}/pages", answer), "");
    });
  }
  EXPECT_TRUE(any) << "no page has a label";
  Json accounts = Json::array();
  server_->with_content([&](const Content& content) {
    for (const User& user : content.users()) accounts.push_back(user.account_id);
  });
  std::set<std::pair<std::string, std::string>> nodes;  // type and id
  for (const Json& page : walk(kApi + "/pages?limit=250")) {
    if (page["parentType"].is_null() || page["parentType"] == "page") continue;
    nodes.emplace(page["parentType"], page["parentId"]);
  }
  std::map<std::string, std::size_t> validated;
  for (const auto& [type, id] : nodes) {
    ++validated[type];
    expect_valid("/" + type + "s/{id}", kApi + "/" + type + "s/" + id);
  }
  EXPECT_EQ(validated.size(), 4U) << "no page lies in a node of some type";
  const Reply reply =
      client_->request("POST", kApi + "/users-bulk", Json{{"accountIds", accounts}}.dump());
  ASSERT_EQ(reply.status, 200);
  EXPECT_EQ(check("post", "/users-bulk", Json::parse(reply.body)), "");
}

TEST_F(OpenApiTest, AnswersToWritesValidate) {
  for (const bool echo : {true, false}) {
    server_->change_settings([&](Settings& settings) { settings.echo_body = echo; });
    const Json made = json_of(create(a_create(echo ? "page" : "second")));
    EXPECT_EQ(check("post", "/pages", made), "");
    const std::string id = made["id"];
    EXPECT_EQ(check("put", "/pages/{id}", json_of(put(id, an_update(id, 2, id)))), "");
    Json draft = an_update(id, 1, "draft");
    draft["status"] = "draft";
    EXPECT_EQ(check("put", "/pages/{id}", json_of(put(id, draft))), "");
    expect_valid("/pages/{id}", page(id) + "?get-draft=true&body-format=storage");
    const Json title = {{"status", "current"}, {"title", id + "!"}};
    EXPECT_EQ(check("put", "/pages/{id}/title", json_of(send("PUT", page(id) + "/title", title))),
              "");
    EXPECT_EQ(remove(id).status, 204);
    EXPECT_EQ(check("put", "/pages/{id}", json_of(put(id, an_update(id, 4, id)))), "");
    Json alone = a_create("");
    alone["status"] = "draft";
    const Json kept = json_of(create(alone));
    EXPECT_EQ(check("post", "/pages", kept), "");
    expect_valid("/pages/{id}", page(kept["id"]) + "?status=draft");
  }
}

// What the document does not allow is refused, and what it allows is not refused for its form.
TEST_F(OpenApiTest, RequestsAreRefusedAsTheDocumentSays) {
  const std::string id = given_page("page");
  const Json good = an_update(id, 2, "page");
  const auto expect_same = [&](const Json& body) {
    const bool valid = check("put", "/pages/{id}", body, true).empty();
    const Reply reply = put(id, body);
    EXPECT_EQ(reply.status != 400, valid) << body.dump() << "\n" << reply.body;
  };
  Json stale = good;
  stale["version"]["number"] = 9;
  expect_same(stale);
  for (const auto& [name, value] : good.items()) {
    for (const Json& wrong : {Json(), Json(7), Json(Json::array()), Json("nonsense")}) {
      if (name == "title" && wrong.is_string()) continue;
      if (name == "id" && wrong.is_string()) continue;  // the document allows any text
      Json body = stale;
      body[name] = wrong;
      expect_same(body);
    }
    Json body = stale;
    body.erase(name);
    expect_same(body);
  }
  Json flat = stale;
  flat["body"] = {{"representation", "storage"}, {"value", "<p/>"}};
  expect_same(flat);
  flat["body"]["representation"] = "view";
  expect_same(flat);
  EXPECT_EQ(check("post", "/pages", a_create("x"), true), "");
  Json no_space = a_create("x");
  no_space.erase("spaceId");
  EXPECT_NE(check("post", "/pages", no_space, true), "");
  EXPECT_EQ(create(no_space).status, 400);
  EXPECT_EQ(put(id, good).status, 200);
}

TEST_F(OpenApiTest, DamagedRowsDoNotValidate) {
  const auto rows = walk(kApi + "/pages?limit=250");
  std::set<std::int64_t> seen;
  for (const Json& row : rows) {
    const auto id = parse_number(row["id"].get<std::string>()).value();
    // Two of the six ways of damage leave out a field, which the document does not forbid.
    if (id % 6 == 0 || id % 6 == 3 || !seen.insert(id % 6).second) continue;
    server_->set_poison_rows({id});
    const Json answer = get(kApi + "/pages?id=" + std::to_string(id));
    EXPECT_NE(check("get", "/pages", answer), "") << answer.dump();
  }
  EXPECT_EQ(seen.size(), 4U);
}

}  // namespace
}  // namespace site
