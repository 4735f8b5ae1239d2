// The offline v1 API: content, spaces, the current user.

#include "daemon/serve/offline_ask.h"
#include "tests/daemon/serve/offline_fixture.h"

namespace serve {
namespace {

class OfflineV1Test : public OfflineTest {
 protected:
  std::vector<Json> walk_v1(std::string target) {
    std::vector<Json> rows;
    while (!target.empty()) {
      const Json json = get("/wiki" + target);
      EXPECT_EQ(json["size"], json["results"].size());
      for (const Json& row : json["results"]) rows.push_back(row);
      target = json["_links"].value("next", "");
    }
    return rows;
  }
};

TEST_F(OfflineV1Test, ContentIsListedInParts) {
  given_offline(3, 90);
  std::set<std::string> v2;
  for (const Json& row : walk(kV2 + "/pages?status=current")) v2.insert(row["id"]);
  std::set<std::string> v1;
  for (const Json& row : walk_v1("/rest/api/content?limit=7&expand=version")) {
    EXPECT_EQ(row["type"], "page");
    EXPECT_EQ(row["status"], "current");
    EXPECT_TRUE(row["version"]["number"].is_number());
    EXPECT_TRUE(v1.insert(row["id"].get<std::string>()).second);
  }
  EXPECT_EQ(v1, v2);
  const auto page = pages(1).front();
  const auto found = walk_v1("/rest/api/content?spaceKey=" + page.space_key +
                             "&title=" + percent_encoded(page.title) + "&expand=space");
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0]["id"], std::to_string(page.id));
  EXPECT_EQ(found[0]["space"]["key"], page.space_key);
  EXPECT_GT(walk_v1("/rest/api/content?status=any").size(), v1.size());
  EXPECT_EQ(walk_v1("/rest/api/content?start=100000").size(), 0U);
  const auto with_bodies = walk_v1("/rest/api/content?expand=body.storage&limit=250");
  EXPECT_EQ(with_bodies.size(), v1.size());
  for (const Json& row : with_bodies) {
    const auto id = store::Id(std::stoll(row["id"].get<std::string>()));
    const auto body = reader()->page(id, true);
    EXPECT_EQ(row["body"]["storage"]["value"], body.value()->body->text);
  }
}

TEST_F(OfflineV1Test, APageIsExpandedAsAsked) {
  given_offline(2, 90);
  bool with_children = false;
  for (const auto& page : pages(30)) {
    const Json json = get(kV1 + "/content/" + std::to_string(page.id) +
                          "?expand=body.storage,version,space,ancestors,children.page,history,"
                          "history.lastUpdated,metadata.labels");
    EXPECT_EQ(json["id"], std::to_string(page.id));
    EXPECT_EQ(json["title"], page.title);
    EXPECT_EQ(json["body"]["storage"]["representation"], "storage");
    EXPECT_EQ(json["body"]["storage"]["value"],
              reader()->version_body(page.id, page.version.number)->value());
    EXPECT_EQ(json["version"]["number"], page.version.number);
    EXPECT_EQ(json["version"]["by"]["accountId"], page.version.author_id);
    EXPECT_EQ(json["space"]["key"], page.space_key);
    EXPECT_EQ(json["history"]["createdBy"]["accountId"], page.author_id);
    EXPECT_EQ(json["history"]["lastUpdated"]["number"], page.version.number);
    if (page.parent_type == "page") {
      EXPECT_EQ(json["ancestors"].back()["id"], std::to_string(*page.parent_id));
    }
    EXPECT_TRUE(json["_expandable"].contains("metadata")) << "labels of pages are not here";
    EXPECT_FALSE(json["_expandable"].contains("version"));
    const auto children = walk_v1("/rest/api/content/" + std::to_string(page.id) + "/child/page");
    EXPECT_EQ(json["children"]["page"]["size"], std::min<std::size_t>(children.size(), 25));
    with_children = with_children || !children.empty();
    const auto versions = walk_v1("/rest/api/content/" + std::to_string(page.id) + "/version");
    EXPECT_EQ(versions.front()["number"], page.version.number);
  }
  EXPECT_TRUE(with_children);
  const Json bare = get(kV1 + "/content/" + std::to_string(pages(1).front().id));
  for (const auto* part : {"body", "version", "space", "history", "ancestors"}) {
    EXPECT_FALSE(bare.contains(part)) << part;
    EXPECT_TRUE(bare["_expandable"].contains(part)) << part;
  }
}

TEST_F(OfflineV1Test, SpacesAreListedAndFound) {
  given_offline(5, 60);
  const auto spaces = walk_v1("/rest/api/space?limit=2&expand=description.plain,homepage");
  EXPECT_EQ(spaces.size(), 5U);
  for (const Json& space : spaces) {
    EXPECT_TRUE(space["id"].is_number());
    const Json one = get(kV1 + "/space/" + percent_encoded(space["key"].get<std::string>()) +
                         "?expand=homepage");
    EXPECT_EQ(one["id"], space["id"]);
    EXPECT_EQ(one["homepage"]["id"], space["homepage"]["id"]);
  }
}

TEST_F(OfflineV1Test, ErrorsHaveTheFormOfV1) {
  given_offline(2, 30);
  const std::string page = kV1 + "/content/" + std::to_string(pages(1).front().id);
  const std::vector<std::pair<std::string, int>> expected = {
      {kV1 + "/content/1", 404},           {kV1 + "/content/x", 404},
      {kV1 + "/space/NOSUCH", 404},        {kV1 + "/content?spaceKey=NOSUCH", 404},
      {kV1 + "/content?limit=-1", 400},    {kV1 + "/content?start=x", 400},
      {kV1 + "/content?status=x", 400},    {kV1 + "/content?type=blogpost", 501},
      {kV1 + "/search?cql=x", 501},        {page + "/label", 501},
      {kV1 + "/space?type=x", 400},        {page + "?version=-1", 400},
      {kV1 + "/content/1/child/page", 404}};
  for (const auto& [target, status] : expected) {
    const auto reply = ask(target);
    EXPECT_EQ(reply.status, status) << target << reply.body;
    const Json json = Json::parse(reply.body, nullptr, false);
    ASSERT_TRUE(json.is_object()) << reply.body;
    EXPECT_EQ(json["statusCode"], status);
    EXPECT_FALSE(json["message"].get<std::string>().empty());
  }
}

}  // namespace
}  // namespace serve
