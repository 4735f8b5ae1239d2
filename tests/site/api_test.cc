// Statuses of answers: credentials, absent things, routes that do not exist, users.

#include "tests/site/site_fixture.h"

namespace site {
namespace {

class ApiTest : public SiteTest {
 protected:
  void SetUp() override { start(); }
  std::string first_folder() {
    std::string folder;
    server_->with_content([&](const Content& content) {
      for (const Container& container : content.containers()) {
        const bool first = container.type == ContentType::kFolder && folder.empty();
        if (first) folder = std::to_string(container.id);
      }
    });
    EXPECT_NE(folder, "");
    return folder;
  }
};

TEST_F(ApiTest, DeadTokenIsAnUnnamed404OnV2And403OnV1) {
  server_->set_token("another");
  for (const std::string path : {"/spaces", "/pages", "/pages/1", "/pages/1/versions", "/labels"}) {
    const Reply reply = ask(kApi + path);
    EXPECT_EQ(reply.status, 404) << path;
    EXPECT_EQ(
        reply.body,
        R"({"errors":[{"status":404,"code":"NOT_FOUND","title":"Not Found","detail":null}]})");
  }
  const Reply me = ask("/wiki/rest/api/user/current");
  EXPECT_EQ(me.status, 403);
  EXPECT_NE(me.body.find("Request rejected because caller cannot access Confluence"),
            std::string::npos);
  client_->basic("bot@example.com", "another");
  EXPECT_EQ(ask(kApi + "/spaces").status, 200) << "the new token is good";
  client_->authorize("");
  EXPECT_EQ(ask(kApi + "/spaces").status, 404) << "no credentials at all";
}

TEST_F(ApiTest, RevokedTokenIsDeadWhateverIsSent) {
  server_->set_token("");
  client_->basic("bot@example.com", "");
  EXPECT_EQ(ask(kApi + "/spaces").status, 404);
}

TEST_F(ApiTest, WhatCannotBeReadAsCredentialsIsAnHtml401) {
  for (const std::string value : {"Basic !!!", "Basic bm9jb2xvbg==", "Bearer abc", "Nonsense"}) {
    client_->authorize(value);
    const Reply reply = ask(kApi + "/spaces");
    EXPECT_EQ(reply.status, 401) << value;
    EXPECT_TRUE(reply.header("content-type").starts_with("text/html"));
  }
}

TEST_F(ApiTest, DeadTokenSeesLessWhereAnonymousAccessIsOn) {
  const auto everything = walk(kApi + "/pages?limit=250").size();
  server_->set_token("");
  server_->change_settings([](Settings& settings) { settings.anonymous_access = true; });
  const auto some = walk(kApi + "/pages?limit=250").size();
  EXPECT_GT(some, 0U);
  EXPECT_LT(some, everything);
  EXPECT_LT(walk(kApi + "/spaces").size(), 12U);
  EXPECT_EQ(ask("/wiki/rest/api/user/current").status, 403);
}

TEST_F(ApiTest, CurrentUserIsTheAccountOfTheToken) {
  const Json me = get("/wiki/rest/api/user/current");
  EXPECT_EQ(me["accountId"], server_->account_id());
  EXPECT_EQ(me["email"], "bot@example.com");
}

TEST_F(ApiTest, AbsentThingsAreNamed) {
  EXPECT_EQ(error_title(ask(kApi + "/pages/1")), "Cannot find a page with id [1]");
  EXPECT_EQ(error_title(ask(kApi + "/pages/x")), "Cannot find a page with id [x]");
  EXPECT_EQ(ask(kApi + "/pages/1/versions").status, 404);
  EXPECT_EQ(ask(kApi + "/spaces/1").status, 404);
  EXPECT_EQ(ask(kApi + "/spaces/1/pages").status, 404);
  EXPECT_EQ(ask(kApi + "/labels/1/pages").status, 404);
  EXPECT_EQ(ask(kApi + "/folders/1").status, 404);
  const std::string page = get(kApi + "/pages?limit=1")["results"][0]["id"];
  EXPECT_EQ(ask(kApi + "/pages/" + page + "/versions/999").status, 404);
  EXPECT_EQ(ask(kApi + "/pages/" + page + "?version=999").status, 404);
}

TEST_F(ApiTest, PageRoutesDoNotKnowFolders) {
  const std::string folder = first_folder();
  EXPECT_EQ(ask(kApi + "/folders/" + folder).status, 200);
  EXPECT_EQ(ask(kApi + "/pages/" + folder).status, 404);
  EXPECT_EQ(error_title(ask(kApi + "/whiteboards/" + folder)),
            "Cannot find a whiteboard with id [" + folder + "]");
}

TEST_F(ApiTest, AFolderIsRenamedHiddenTrashedAndRemoved) {
  const std::string folder = first_folder();
  const std::string target = kApi + "/folders/" + folder;
  const auto change = [&](const std::function<void(Content&, Index)>& work) {
    server_->with_content([&](Content& content) {
      work(content, content.find_container(parse_number(folder).value()));
    });
  };
  EXPECT_EQ(get(target)["version"]["number"], 1);
  change([](Content& content, Index index) { content.rename_container(index, "Renamed"); });
  EXPECT_EQ(get(target)["title"], "Renamed");
  EXPECT_EQ(get(target)["version"]["number"], 2);
  change([](Content& content, Index index) { content.restrict_container(index, true); });
  EXPECT_EQ(error_title(ask(target)), "Cannot find a folder with id [" + folder + "]");
  change([](Content& content, Index index) { content.restrict_container(index, false); });
  server_->set_forbidden({parse_number(folder).value()});
  EXPECT_EQ(ask(target).status, 403);
  server_->set_forbidden({});
  change(
      [](Content& content, Index index) { content.set_container_status(index, Status::kTrashed); });
  EXPECT_EQ(get(target)["status"], "trashed");
  EXPECT_TRUE(get(target)["parentId"].is_null());
  for (const Json& page : walk(kApi + "/pages?limit=250")) EXPECT_NE(page["parentId"], folder);
  change(
      [](Content& content, Index index) { content.set_container_status(index, Status::kPurged); });
  EXPECT_EQ(ask(target).status, 404);
}

TEST_F(ApiTest, APageMovesIntoANewFolder) {
  std::string page;
  std::string folder;
  server_->with_content([&](Content& content) {
    const Space& space = content.spaces()[0];
    NewContainer wanted;
    wanted.parent = space.homepage;
    wanted.parent_type = ContentType::kPage;
    wanted.title = "New";
    const Index added = content.add_container(wanted);
    folder = std::to_string(content.containers()[added].id);
    Index moved = 0;
    while (!content.put_into(moved, added)) ++moved;
    page = std::to_string(content.pages()[moved].id);
  });
  EXPECT_EQ(get(kApi + "/pages/" + page)["parentId"], folder);
  EXPECT_EQ(get(kApi + "/pages/" + page)["parentType"], "folder");
  EXPECT_EQ(get(kApi + "/folders/" + folder)["parentType"], "page");
  EXPECT_EQ(get(kApi + "/folders/" + folder)["title"], "New");
}

TEST_F(ApiTest, TrashedPageAnswers200AndPurgedOne404) {
  const Json trashed = get(kApi + "/pages?limit=1&status=trashed")["results"][0];
  const std::string target = kApi + "/pages/" + trashed["id"].get<std::string>();
  EXPECT_EQ(get(target)["status"], "trashed");
  EXPECT_EQ(ask(target + "?status=current").status, 404);
  EXPECT_EQ(ask(target + "?status=current,trashed").status, 200);
  control("status", {{"page", trashed["id"]}, {"status", "purged"}});
  EXPECT_EQ(ask(target).status, 404);
}

TEST_F(ApiTest, SinglePageEqualsItsRowAndShowsWhatItIsAskedFor) {
  const Json row = get(kApi + "/pages?limit=1&body-format=storage")["results"][0];
  const std::string target = kApi + "/pages/" + row["id"].get<std::string>();
  const Json single = get(target + "?body-format=storage&include-versions=true");
  for (const char* name : {"id", "status", "title", "spaceId", "parentId", "parentType", "position",
                           "authorId", "ownerId", "lastOwnerId", "createdAt", "version", "body"}) {
    EXPECT_EQ(single.at(name), row.at(name)) << name;
  }
  EXPECT_EQ(single["versions"]["results"][0], single["version"]);
  EXPECT_FALSE(get(target + "?include-version=false").contains("version"));
  EXPECT_TRUE(get(target + "?body-format=view")["body"]["view"]["value"].is_string());
}

TEST_F(ApiTest, WebLinksUseTheAliasAndHomepagesAreOverviews) {
  for (const Json& space : walk(kApi + "/spaces")) {
    if (!space.contains("homepageId")) continue;
    const Json home = get(kApi + "/pages/" + space["homepageId"].get<std::string>());
    EXPECT_EQ(
        home["_links"]["webui"],
        "/spaces/" + percent_encode(space["currentActiveAlias"].get<std::string>()) + "/overview");
  }
}

TEST_F(ApiTest, UnknownAccountsAreAbsentAndMoreThan250AreRefused) {
  Json known = Json::array();
  std::size_t told = 0;
  server_->with_content([&](const Content& content) {
    for (const User& user : content.users()) {
      known.push_back(user.account_id);
      told += user.known ? 1 : 0;
    }
  });
  ASSERT_LT(told, known.size());
  known.push_back("nobody");
  const auto bulk = [&](const Json& accounts) {
    return client_->request("POST", kApi + "/users-bulk", Json{{"accountIds", accounts}}.dump());
  };
  EXPECT_EQ(Json::parse(bulk(known).body)["results"].size(), told);
  EXPECT_EQ(bulk(Json(std::vector<std::string>(251, "x"))).status, 400);
  EXPECT_EQ(bulk(Json::array()).status, 400);
  EXPECT_EQ(client_->request("POST", kApi + "/users-bulk", "{nonsense").status, 400);
}

TEST_F(ApiTest, RoutesThatDoNotExistAre404MethodsThatDoNot405AndRemovedOnes410) {
  EXPECT_EQ(ask(kApi + "/nonsense").status, 404);
  EXPECT_EQ(ask("/").status, 404);
  const Reply method = client_->request("PUT", kApi + "/spaces", "{}");
  EXPECT_EQ(method.status, 405);
  EXPECT_EQ(method.header("allow"), "GET");
  EXPECT_EQ(ask(kApi + "/users-bulk").status, 405);
  EXPECT_EQ(ask("/wiki/rest/api/content/123").status, 410);
  EXPECT_EQ(ask("/wiki/rest/api/space").status, 410);
}

TEST_F(ApiTest, AnswersCarryDateAndRequestIdAndKeepTheConnection) {
  const Reply first = ask(kApi + "/spaces");
  const Reply second = ask(kApi + "/spaces");
  EXPECT_TRUE(first.header("date").ends_with(" GMT"));
  EXPECT_NE(first.header("atl-request-id"), "");
  EXPECT_NE(first.header("atl-request-id"), second.header("atl-request-id"));
  EXPECT_EQ(client_->connections(), 1U);
  const Reply last = client_->request("GET", kApi + "/spaces", {}, {"Connection: close"});
  EXPECT_EQ(last.header("connection"), "close");
}

TEST_F(ApiTest, CompressesWhenTheClientAcceptsIt) {
  const std::string target = kApi + "/pages?limit=50&body-format=storage";
  const Reply plain = ask(target);
  const Reply packed = client_->request("GET", target, {}, {"Accept-Encoding: deflate, gzip"});
  EXPECT_FALSE(plain.has("content-encoding"));
  EXPECT_EQ(packed.header("content-encoding"), "gzip");
  EXPECT_LT(packed.body.size(), plain.body.size() / 2);
  EXPECT_EQ(gunzip(packed.body), plain.body);
  server_->change_settings([](Settings& settings) { settings.gzip = false; });
  EXPECT_FALSE(
      client_->request("GET", target, {}, {"Accept-Encoding: gzip"}).has("content-encoding"));
}

TEST_F(ApiTest, RefusesToListenBeyondTheLoopback) {
  ServerOptions options = small_site();
  options.host = "0.0.0.0";
  EXPECT_THROW(Server server(options), std::runtime_error);
}

TEST_F(ApiTest, TakenPortAndStoppedServerAreRefused) {
  ServerOptions options = small_site();
  options.port = server_->port();
  EXPECT_THROW(Server server(options), std::runtime_error);
  server_->stop();
  WireClient late(options.port);
  EXPECT_THROW(late.get(kApi + "/spaces"), std::runtime_error);
}

}  // namespace
}  // namespace site
