// The site's answers against Confluence's own OpenAPI document.

#if defined(__GNUC__) && !defined(__clang__)
// g++ 12 takes libstdc++'s own std::regex for uninitialised under AddressSanitizer (GCC bug
// 105562).
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

#include <filesystem>
#include <fstream>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>

#include "tests/site/write_fixture.h"

namespace site {
namespace {

// Turns the schemas of an OpenAPI 3.0 document into JSON Schema: references are put in place, allOf
// is merged, `nullable` and descriptions that speak of null become a type, and no property may
// stand in an answer that the document does not name.
class OpenApi {
 public:
  explicit OpenApi(Json document) : document_(std::move(document)) {}

  Json request_schema(const std::string& method, const std::string& path) const {
    Json body = document_.at("paths").at(path).at(method).at("requestBody");
    if (body.contains("$ref")) {
      body = document_.at(Json::json_pointer(body["$ref"].get<std::string>().substr(1)));
    }
    return expand(body.at("content").at("application/json").at("schema"), 0);
  }

  Json response_schema(const std::string& method, const std::string& path) const {
    const Json& operation = document_.at("paths").at(path).at(method);
    const Json& content = operation.at("responses").at("200").at("content");
    return expand(content.at("application/json").at("schema"), 0);
  }

 private:
  static void merge(Json& into, const Json& from) {
    for (const auto& [name, value] : from.items()) {
      if (into.contains(name) && into[name].is_object() && value.is_object()) {
        merge(into[name], value);
      } else {
        into[name] = value;
      }
    }
  }

  Json expand(const Json& schema, int depth) const {
    if (depth > 30) throw std::runtime_error("the schema contains itself");
    if (schema.contains("$ref")) {
      const std::string reference = schema["$ref"];
      Json target = document_.at(Json::json_pointer(reference.substr(1)));
      // What stands beside a reference in the document speaks of it as well.
      if (schema.contains("description")) target["description"] = schema["description"];
      return expand(target, depth + 1);
    }
    if (schema.contains("allOf")) {
      Json merged = Json::object();
      for (const Json& part : schema["allOf"]) merge(merged, expand(part, depth + 1));
      return merged;
    }
    Json result = schema;
    if (schema.contains("properties")) {
      for (auto& [name, property] : result["properties"].items())
        property = expand(property, depth + 1);
      result["additionalProperties"] = false;
    }
    if (schema.contains("oneOf")) {
      for (auto& one : result["oneOf"]) one = expand(one, depth + 1);
    }
    if (schema.contains("items")) result["items"] = expand(schema["items"], depth + 1);
    if (schema.value("format", "") == "date-time") {
      result["pattern"] = R"(^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$)";
    }
    const bool nullable = schema.value("nullable", false) ||
                          schema.value("description", "").find("null") != std::string::npos;
    if (nullable && schema.contains("type")) {
      result["type"] = Json::array({schema["type"], "null"});
      if (schema.contains("enum")) result["enum"].push_back(nullptr);
    }
    result.erase("description");
    return result;
  }

  Json document_;
};

class OpenApiTest : public WriteTest {
 protected:
  void SetUp() override {
    const auto path =
        std::filesystem::path(CONFMIRROR_SHARED_DIR) / "openapi" / "confluence-cloud-v2.json";
    std::ifstream file(path);
    if (!file) GTEST_SKIP() << "the OpenAPI document is not beside the checkout";
    Json document = Json::parse(file, nullptr, false);
    ASSERT_TRUE(document.is_object());
    api_ = std::make_unique<OpenApi>(std::move(document));
    ServerOptions options = small_site();
    options.content.pages = 150;
    start(options);
  }

  // What is wrong with an answer, or with a request; "" = nothing.
  std::string check(const std::string& method, const std::string& path, const Json& answer,
                    bool request = false) {
    auto& schema = schemas_[(request ? "request " : "") + method + path];
    if (!schema) {
      const Json schema_json =
          request ? api_->request_schema(method, path) : api_->response_schema(method, path);
      schema = std::make_unique<valijson::Schema>();
      valijson::SchemaParser().populateSchema(valijson::adapters::NlohmannJsonAdapter(schema_json),
                                              *schema);
    }
    valijson::Validator validator;
    valijson::ValidationResults results;
    const valijson::adapters::NlohmannJsonAdapter adapter(answer);
    if (validator.validate(*schema, adapter, &results)) return {};
    std::string text;
    for (valijson::ValidationResults::Error error; results.popError(error);) {
      for (const std::string& part : error.context) text += part;
      text += ": " + error.description + "\n";
    }
    return text.empty() ? "invalid" : text;
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
  std::map<std::string, std::unique_ptr<valijson::Schema>> schemas_;
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
