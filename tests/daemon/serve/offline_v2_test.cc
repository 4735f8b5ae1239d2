// The offline v2 API: its answers against Confluence's own OpenAPI document, its cursors, its
// headers, what it refuses.

#include "tests/daemon/serve/offline_fixture.h"
#include "tests/site/openapi.h"

namespace serve {
namespace {

class OfflineV2Test : public OfflineTest {
 protected:
  void expect_valid(const std::string& path, const std::string& target) {
    EXPECT_EQ(api_->check("get", path, get(target)), "") << target;
  }
  void expect_listing_valid(const std::string& path, const std::string& target) {
    std::size_t rows = 0;
    walk(target, [&](const Json& answer) {
      rows += answer["results"].size();
      EXPECT_EQ(api_->check("get", path, answer), "") << target;
    });
    EXPECT_GT(rows, 0U) << target << " shows nothing";
  }
  std::string a_page() { return std::to_string(pages(1).front().id); }

  std::unique_ptr<site::OpenApi> api_ = site::load_openapi(CONFMIRROR_SHARED_DIR);
};

TEST_F(OfflineV2Test, EveryAnswerIsAsTheDocumentSays) {
  if (!api_) GTEST_SKIP() << "the OpenAPI document is not beside the checkout";
  given_offline(4, 1500);
  expect_listing_valid("/spaces",
                       kV2 + "/spaces?limit=2&description-format=plain&include-icon=true");
  std::map<std::string, std::string> nodes;
  for (const Json& space : walk(kV2 + "/spaces")) {
    const std::string id = space["id"];
    expect_valid("/spaces/{id}", kV2 + "/spaces/" + id +
                                     "?description-format=plain&include-icon=true"
                                     "&include-labels=true&include-operations=true");
    expect_valid("/spaces/{id}/labels", kV2 + "/spaces/" + id + "/labels");
    expect_listing_valid("/spaces/{id}/pages",
                         kV2 + "/spaces/" + id + "/pages?limit=250&body-format=storage");
  }
  expect_listing_valid("/pages", kV2 + "/pages?limit=250&status=current,archived,trashed");
  std::size_t asked = 0;
  for (const Json& row : walk(kV2 + "/pages?limit=250")) {
    if (!row["parentType"].is_null() && row["parentType"] != "page") {
      nodes[row["parentType"]] = row["parentId"];
    }
    if (++asked % 100 != 0) continue;
    const std::string page = kV2 + "/pages/" + row["id"].get<std::string>();
    expect_valid("/pages/{id}", page +
                                    "?body-format=storage&include-versions=true"
                                    "&include-labels=true&include-likes=true");
    expect_listing_valid("/pages/{id}/versions", page + "/versions?body-format=storage&limit=2");
    const auto number = row["version"]["number"].get<int>();
    expect_valid("/pages/{page-id}/versions/{version-number}",
                 page + "/versions/" + std::to_string(number));
    expect_valid("/pages/{id}/children", page + "/children");
    expect_valid("/pages/{id}/direct-children", page + "/direct-children");
    expect_valid("/pages/{id}/descendants", page + "/descendants");
    expect_valid("/pages/{id}/ancestors", page + "/ancestors");
  }
  EXPECT_GE(nodes.size(), 1U);
  for (const auto& [type, id] : nodes) {
    const std::string path = "/" + type + "s/{id}";
    const std::string target = kV2 + "/" + type + "s/" + id;
    expect_valid(path, target);
    expect_listing_valid(path + "/direct-children", target + "/direct-children");
    expect_listing_valid(path + "/descendants", target + "/descendants");
    expect_valid(path + "/ancestors", target + "/ancestors");
  }
}

TEST_F(OfflineV2Test, AWalkStaysStableWhileTheMirrorIsWritten) {
  given_offline(2, 120);
  std::vector<std::string> before;
  for (const Json& row : walk(kV2 + "/pages?limit=250")) before.push_back(row["id"]);
  std::set<std::string> seen;
  std::size_t answers = 0;
  std::string target = kV2 + "/pages?limit=10";
  while (!target.empty()) {
    const Json json = get(target);
    for (const Json& row : json["results"]) {
      EXPECT_TRUE(seen.insert(row["id"].get<std::string>()).second) << "seen twice";
    }
    target = json["_links"].value("next", "");
    if (++answers != 3) continue;
    // What has been passed goes, what is ahead changes.
    const auto gone = store::Id(std::stoll(before.front()));
    others_update(store::Id(std::stoll(before[60])), "<p>changed</p>", "A new title");
    site().with_content([&](site::Content& content) {
      content.set_status(content.find_page(gone), site::Status::kTrashed);
    });
    expect_done(crawl());
  }
  for (const auto& id : before) EXPECT_TRUE(seen.contains(id)) << id;
}

TEST_F(OfflineV2Test, CursorsBelongToTheirQuestion) {
  given_offline(2, 60);
  const Json first = get(kV2 + "/pages?limit=5&sort=title");
  const std::string next = first["_links"]["next"];
  EXPECT_TRUE(next.starts_with("/wiki/api/v2/pages?")) << next;
  EXPECT_EQ(ask(next).status, 200);
  const auto cursor = next.substr(next.find("cursor=") + 7);
  EXPECT_EQ(ask(kV2 + "/pages?sort=title&limit=100&cursor=" + cursor).status, 200);
  for (const std::string other : {"/pages?sort=id&cursor=", "/pages?sort=-title&cursor=",
                                  "/pages?sort=title&status=trashed&cursor=", "/spaces?cursor="}) {
    const auto reply = ask(kV2 + other + cursor);
    EXPECT_EQ(reply.status, 400) << other;
    EXPECT_NE(title_of(reply).find("Expected type is Cursor"), std::string::npos) << other;
  }
}

TEST_F(OfflineV2Test, AnswersSayWhenTheMirrorSawThemAndWhetherTheyChanged) {
  given_offline(2, 30);
  const std::string page = kV2 + "/pages/" + a_page() + "?body-format=storage";
  const auto reply = ask(page);
  EXPECT_EQ(reply.header("x-confmirror-synced-at"),
            store::to_iso8601(row(pages(1).front().id).synced_at));
  EXPECT_TRUE(store::parse_iso8601(ask(kV2 + "/pages").header("x-confmirror-synced-at")));
  const auto tag = reply.header("etag");
  ASSERT_FALSE(tag.empty());
  const auto again = ask(page, {"If-None-Match: \"other\", " + tag});
  EXPECT_EQ(again.status, 304);
  EXPECT_EQ(again.body, "");
  EXPECT_EQ(ask(page, {"If-None-Match: \"other\""}).status, 200);
}

TEST_F(OfflineV2Test, TheLinkHeaderNamesTheNextAnswerAndTheSite) {
  given_offline(2, 30);
  const auto reply = ask(kV2 + "/pages?limit=2");
  const Json json = Json::parse(reply.body);
  EXPECT_EQ(reply.header("link"), "<" + json["_links"]["next"].get<std::string>() +
                                      ">; rel=\"next\", <" + process.url + "/wiki>; rel=\"base\"");
  EXPECT_EQ(json["_links"]["base"], process.url + "/wiki");
}

TEST_F(OfflineV2Test, WhatAMirrorDoesNotHaveIsSaidAndNotMadeUp) {
  given_offline(2, 30);
  const std::string page = kV2 + "/pages/" + a_page();
  for (const std::string& target :
       {page + "/labels", page + "/attachments", page + "/footer-comments", kV2 + "/blogposts",
        page + "?body-format=view", page + "?body-format=atlas_doc_format",
        page + "?get-draft=true", kV2 + "/pages?body-format=atlas_doc_format",
        kV2 + "/spaces?favorited-by=me", kV2 + "/spaces?description-format=view"}) {
    const auto reply = ask(target);
    EXPECT_EQ(reply.status, 501) << target << reply.body;
    EXPECT_NE(title_of(reply).find("offline mirror"), std::string::npos) << target;
  }
  const auto unknown = ask(kV2 + "/nothing");
  EXPECT_EQ(unknown.status, 404);
  EXPECT_NE(title_of(unknown).find("offline mirror"), std::string::npos);
  EXPECT_EQ(send("PATCH", page, {}).status, 405);
  const auto v1 = ask("/wiki/rest/api/nothing");
  EXPECT_EQ(v1.status, 404);
  EXPECT_EQ(Json::parse(v1.body)["statusCode"], 404);
}

TEST_F(OfflineV2Test, BadParametersAreRefused) {
  given_offline(2, 30);
  const std::string page = kV2 + "/pages/" + a_page();
  for (const std::string& target :
       {kV2 + "/pages?status=draft", kV2 + "/pages?status=nonsense", kV2 + "/pages?subtype=x",
        kV2 + "/pages?body-format=x", kV2 + "/pages?space-id=1,x", page + "?version=0",
        page + "?version=99999999999", page + "?get-draft=perhaps", page + "?status=x",
        page + "/descendants?depth=11", page + "/ancestors?limit=0", page + "/versions/x",
        page + "/children?sort=title", kV2 + "/spaces?type=x", kV2 + "/spaces?ids=x"}) {
    EXPECT_EQ(ask(target).status, 400) << target;
  }
  std::string many = "1";
  for (int i = 2; i <= 251; ++i) many += "," + std::to_string(i);
  EXPECT_EQ(ask(kV2 + "/pages?id=" + many).status, 400);
}

TEST_F(OfflineV2Test, AncestorsBeginAtTheTop) {
  given_offline(2, 120);
  bool deep = false;
  for (const auto& page : pages(60)) {
    std::vector<store::Id> expected;
    auto at = page.parent_id;
    while (at) {
      expected.insert(expected.begin(), *at);
      const auto above = reader()->page(*at, false);
      at = above && *above ? (*above)->parent_id : std::nullopt;
    }
    std::vector<store::Id> found;
    const std::string target = kV2 + "/pages/" + std::to_string(page.id) + "/ancestors";
    const Json rows = get(target)["results"];
    for (const Json& row : rows) {
      found.push_back(std::stoll(row["id"].get<std::string>()));
    }
    EXPECT_EQ(found, expected);
    if (expected.size() < 3) continue;
    deep = true;
    // The nearest ones, where not all are wanted.
    const Json near = get(target + "?limit=2")["results"];
    ASSERT_EQ(near.size(), 2U);
    EXPECT_EQ(near[1]["id"], std::to_string(expected.back()));
  }
  EXPECT_TRUE(deep) << "no page lies deep enough";
}

TEST_F(OfflineV2Test, UsersAreThoseThatTheSiteNamed) {
  given_offline(2, 30);
  const auto page = pages(1).front();
  const Json asked = {{"accountIds", Json::array({page.author_id, "nobody"})}};
  const auto reply = send("POST", kV2 + "/users-bulk", asked);
  const Json users = json_of(reply, "users-bulk");
  ASSERT_EQ(users["results"].size(), 1U);
  EXPECT_EQ(users["results"][0]["accountId"], page.author_id);
  EXPECT_EQ(users["results"][0]["displayName"], page.author_name);
  if (api_) {
    EXPECT_EQ(api_->check("post", "/users-bulk", users), "");
  }
  EXPECT_EQ(send("POST", kV2 + "/users-bulk", Json::object()).status, 400);
  EXPECT_EQ(send("POST", kV2 + "/users-bulk", {{"accountIds", {1}}}).status, 400);
}

TEST_F(OfflineV2Test, AnAnswerWithLargeBodiesIsShortAndTheRestFollows) {
  given_offline(2, 30);
  const std::string body = "<p>" + std::string(4'900'000, 'x') + "</p>";
  std::string ids;
  for (const auto& page : pages(4)) {
    others_update(page.id, body);
    ids += (ids.empty() ? "" : ",") + std::to_string(page.id);
  }
  expect_done(crawl());
  for (const std::string& target :
       {kV2 + "/pages?body-format=storage&id=" + ids, kV2 + "/pages?id=" + ids}) {
    std::size_t answers = 0;
    std::size_t rows = 0;
    walk(target, [&](const Json& answer) {
      ++answers;
      for (const Json& row : answer["results"]) {
        ++rows;
        if (row["body"].contains("storage")) {
          EXPECT_EQ(row["body"]["storage"]["value"].get_ref<const std::string&>().size(),
                    body.size());
        }
      }
    });
    EXPECT_EQ(rows, 4U);
    EXPECT_EQ(answers, target.find("body-format") != std::string::npos ? 2U : 1U);
  }
}

TEST_F(OfflineV2Test, WithoutHistoryTheVersionsAreSaidToBeIncomplete) {
  process.history = "none";
  given_offline(2, 30);
  for (const auto& page : pages(10)) {
    const std::string target = kV2 + "/pages/" + std::to_string(page.id) + "/versions";
    EXPECT_EQ(ask(target).header("x-confmirror-incomplete"), "versions");
  }
}

}  // namespace
}  // namespace serve
