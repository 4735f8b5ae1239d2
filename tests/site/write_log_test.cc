// What the write log and the counters say, other people's writes, moves, and how long a write
// takes.

#include "tests/site/message.h"
#include "tests/site/write_fixture.h"

namespace site {
namespace {

class WriteLogTest : public WriteTest {
 protected:
  std::vector<Json> logged() {
    std::vector<Json> entries;
    const std::string lines = ask("/__control/writes").body;
    for (const std::string_view line : split(lines, '\n')) {
      if (!line.empty()) entries.push_back(Json::parse(line));
    }
    return entries;
  }
  void move(const std::string& id, const std::string& where, const std::string& target,
            int status = 200) {
    const Reply reply =
        send("PUT", "/wiki/rest/api/content/" + id + "/move/" + where + "/" + target);
    EXPECT_EQ(reply.status, status) << reply.body;
    if (status != 200) return;
    EXPECT_EQ(Json::parse(reply.body), Json({{"pageId", id}}));
  }
  std::vector<std::string> children_of(const std::string& parent) {
    std::map<int, std::string> found;
    for (const Json& row : walk(kApi + "/pages?limit=250")) {
      if (row["parentId"] == parent && row["position"].is_number()) {
        found[row["position"]] = row["title"];
      }
    }
    std::vector<std::string> titles;
    for (const auto& [position, title] : found) titles.push_back(title);
    return titles;
  }
};

TEST_F(WriteLogTest, EveryWriteIsThereInOrderWithWhatItChanged) {
  const std::string id = given_page("first");
  put(id, an_update(id, 2, "second", "<p>a<br/></p>"));
  put(id, an_update(id, 2, "second"));
  remove(id);
  ASSERT_TRUE(last_whole_write().whole);
  const auto entries = server_->writes();
  ASSERT_EQ(entries.size(), 4U);
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(entries[i].number, i + 1);
    EXPECT_EQ(std::to_string(entries[i].page), id);
    EXPECT_TRUE(entries[i].own && entries[i].whole);
  }
  EXPECT_EQ(entries[0].what, "create");
  EXPECT_FALSE(entries[0].before);
  EXPECT_EQ(entries[0].after->title, "first");
  EXPECT_EQ(std::to_string(entries[0].after->parent), homepage());
  EXPECT_EQ(entries[1].method, "PUT");
  EXPECT_EQ(entries[1].message, "by a test");
  EXPECT_EQ(entries[1].before->version, 1);
  EXPECT_EQ(entries[1].after->version, 2);
  EXPECT_EQ(entries[1].after->title, "second");
  EXPECT_EQ(entries[1].received_sha256, sha256_hex("<p>a<br/></p>"));
  EXPECT_EQ(entries[1].stored_sha256, sha256_hex("<p>a<br /></p>"));
  EXPECT_EQ(entries[1].applied_number, 2U);
  EXPECT_FALSE(entries[2].applied);
  EXPECT_EQ(entries[2].status, 409);
  EXPECT_EQ(entries[2].applied_number, 0U);
  EXPECT_EQ(entries[3].status, 204);
  EXPECT_EQ(entries[3].applied_number, 3U);
  EXPECT_EQ(entries[3].before->status, Status::kCurrent);
  EXPECT_EQ(entries[3].after->status, Status::kTrashed);
}

TEST_F(WriteLogTest, TheControlEndpointShowsTheSame) {
  const std::string id = given_page("first");
  server_->with_content([&](Content& content) {
    Edit edit;
    edit.body = "<p>other</p>";
    ASSERT_TRUE(content.edit(content.find_page(std::stoll(id)), edit));
  });
  const auto entries = logged();
  ASSERT_EQ(entries.size(), 2U);
  EXPECT_EQ(entries[0]["who"], "own");
  EXPECT_TRUE(entries[0]["before"].is_null());
  EXPECT_EQ(entries[0]["after"]["version"], 1);
  EXPECT_EQ(entries[1]["who"], "other");
  EXPECT_EQ(entries[1]["what"], "edit");
  EXPECT_EQ(entries[1]["method"], "");
  EXPECT_EQ(entries[1]["after"]["version"], 2);
  EXPECT_EQ(entries[1]["stored_sha256"], sha256_hex("<p>other</p>"));
  control("writes/clear", Json::object());
  EXPECT_TRUE(logged().empty());
  put(id, an_update(id, 3, "first"));
  EXPECT_EQ(logged().at(0)["number"], 3) << "numbers go on";
}

TEST_F(WriteLogTest, OthersWriteByTheSameRulesUnderTheirOwnName) {
  const std::string id = given_page("page");
  server_->set_fault(Fault::k500, 1);
  server_->set_read_only({std::stoll(id)});
  const auto [status, body] =
      server_->others_write("PUT", page(id), an_update(id, 2, "theirs").dump());
  EXPECT_EQ(status, 200) << body;
  EXPECT_NE(Json::parse(body)["version"]["authorId"], server_->account_id());
  EXPECT_EQ(server_->others_write("PUT", page(id), an_update(id, 2, "x").dump()).first, 409);
  server_->clear_faults();
  EXPECT_FALSE(last_write().own);
  const Json answer = control("others-write", {{"method", "DELETE"}, {"target", page(id)}});
  EXPECT_EQ(answer["status"], 204);
  EXPECT_EQ(get(page(id))["status"], "trashed");
  EXPECT_EQ(server_->others_write("GET", page(id)).first, 405);
}

TEST_F(WriteLogTest, SitesThatTookTheSameWritesHaveTheSameState) {
  std::vector<std::string> digests;
  for (const bool rewrite : {true, false}) {
    SetUp();
    server_->change_settings([&](Settings& settings) { settings.rewrite_bodies = rewrite; });
    const std::string id = given_page("page");
    put(id, an_update(id, 2, "page", "<p>a<br/></p><table/>"));
    given_draft("draft");
    EXPECT_EQ(ask("/__control/digest/state").body, server_->state_digest());
    digests.push_back(server_->state_digest());
  }
  EXPECT_EQ(digests[0], digests[1]);
  EXPECT_NE(digests[0].find("\"status\":\"draft\",\"title\":\"draft\""), std::string::npos);
  remove(homepage());
  EXPECT_EQ(server_->state_digest(), digests[1]);
  given_page("another");
  EXPECT_NE(server_->state_digest(), digests[1]);
}

TEST_F(WriteLogTest, WritesAreCounted) {
  const std::string id = given_page("page");
  put(id, an_update(id, 5, "page"));
  remove(id);
  const Counters counters = server_->counters();
  EXPECT_EQ(counters.writes, 3U);
  EXPECT_EQ(counters.writes_applied, 2U);
  EXPECT_EQ(counters.writes_by_kind.at("update"), 1U);
  EXPECT_EQ(get("/__control/counters")["writes_by_kind"]["create"], 1);
}

TEST_F(WriteLogTest, SettingsFaultsAndPermissionsAreControlledFromOutside) {
  const std::string id = given_page("page");
  control("settings",
          {{"echo_body", false}, {"publish_version", 0}, {"faults", {{"race-409", 0.0}}}});
  EXPECT_FALSE(server_->settings().echo_body);
  EXPECT_EQ(get("/__control/state")["settings"]["publish_version"], 0);
  control("next-write", {{"fault", "applied-reset"}, {"page", id}, {"what", "update"}});
  EXPECT_EQ(put(id, an_update(id, 2, "page")).status, 0);
  EXPECT_EQ(applied_to(id), 2U);
  EXPECT_EQ(client_->request("POST", "/__control/next-write", R"({"fault":"no-such"})").status,
            400);
  control("permissions", {{"read_only", {id}}, {"closed_spaces", {space()}}});
  EXPECT_EQ(remove(id).status, 404);
  EXPECT_EQ(create(a_create("closed")).status, 404);
}

TEST_F(WriteLogTest, PagesMoveBesideAndBelowOthers) {
  const std::string parent = given_page("parent");
  const std::string a = given_page("a", parent);
  const std::string b = given_page("b", parent);
  const std::string c = given_page("c");
  move(c, "before", b);
  EXPECT_EQ(children_of(parent), (std::vector<std::string>{"a", "c", "b"}));
  move(a, "after", b);
  EXPECT_EQ(children_of(parent), (std::vector<std::string>{"c", "b", "a"}));
  move(b, "append", parent);
  EXPECT_EQ(children_of(parent), (std::vector<std::string>{"c", "a", "b"}));
  EXPECT_EQ(get(page(c))["version"]["number"], 1) << "a move is no version";
  move(parent, "append", a, 400);
  move(c, "after", homepage());
  EXPECT_TRUE(get(page(c))["parentId"].is_null()) << "beside a page at the root";
  move(homepage(), "append", c, 400);
  move(c, "into", a, 400);
  move("1", "append", a, 404);
  move(c, "append", "1", 404);
}

TEST_F(WriteLogTest, APageMovesToAnotherSpaceWithAllBelowIt) {
  const std::string parent = given_page("parent");
  const std::string child = given_page("child", parent);
  Json there = a_create("target");
  there["spaceId"] = other_space();
  const std::string target = id_of(create(there));
  move(parent, "append", target);
  EXPECT_EQ(get(page(parent))["spaceId"], other_space());
  EXPECT_EQ(get(page(child))["spaceId"], other_space());
  EXPECT_EQ(get(page(child))["parentId"], parent);
  EXPECT_EQ(walk(kApi + "/spaces/" + other_space() + "/pages?title=child").size(), 1U);
  const std::string second = given_page("child");
  move(second, "append", target, 400);
  EXPECT_EQ(get(page(second))["spaceId"], space()) << "its title is taken there";
}

TEST_F(WriteLogTest, AWriteOnALargeSiteTakesFarLessThanAMillisecond) {
  ServerOptions options = small_site();
  options.content.pages = 20'000;
  options.content.max_versions = 1;
  start(options);
  get(kApi + "/pages?limit=1&sort=-modified-date");
  const std::string first = given_page("first");  // makes the indexes
  const auto begin = std::chrono::steady_clock::now();
  constexpr int kWrites = 500;
  for (int i = 0; i < kWrites; ++i) {
    const std::string title = "page " + std::to_string(i);
    const std::string id = Json::parse(
        server_->others_write("POST", kApi + "/pages", a_create(title).dump()).second)["id"];
    server_->others_write("PUT", page(id), an_update(id, 2, title + "!").dump());
    server_->others_write("DELETE", page(id));
  }
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begin;
  RecordProperty("microseconds_a_write", static_cast<int>(took.count() * 1000 / (3 * kWrites)));
  EXPECT_LT(took.count() / (3 * kWrites), 5.0) << "sanitizers and busy machines are slow";
}

}  // namespace
}  // namespace site
