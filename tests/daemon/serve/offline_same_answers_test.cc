// The same questions asked of the simulated site and of the offline API: what both know is the
// same.

#include "tests/daemon/serve/offline_fixture.h"

namespace serve {
namespace {

class SameAnswersTest : public OfflineTest {
 protected:
  void given_both(std::uint32_t spaces, std::uint32_t pages) {
    given_offline(spaces, pages);
    live_ = std::make_unique<site::WireClient>(site().port());
    live_->basic(process.email, process.token);
  }

  Json live(const std::string& target) { return json_of(live_->get(target), target); }
  std::vector<Json> live_walk(std::string target) {
    std::vector<Json> rows;
    while (!target.empty()) {
      const Json json = live(target);
      for (const Json& row : json["results"]) rows.push_back(row);
      target = json["_links"].value("next", "");
    }
    return rows;
  }

  static void forget(Json& json, const std::vector<std::string>& unknown) {
    for (const auto& name : unknown) {
      const Json::json_pointer place(name);
      if (!json.contains(place)) continue;
      json.at(place.parent_pointer()).erase(place.back());
    }
  }

  // Rows of a listing, those of the site without what a mirror is not told.
  void expect_same_rows(const std::string& target, const std::vector<std::string>& unknown = {},
                        std::size_t at_least = 1) {
    auto there = live_walk(target);
    const auto here = walk(target);
    EXPECT_GE(there.size(), at_least) << target;
    ASSERT_EQ(here.size(), there.size()) << target;
    for (std::size_t i = 0; i < there.size(); ++i) {
      forget(there[i], unknown);
      EXPECT_EQ(here[i], there[i]) << target;
    }
  }
  void expect_same(const std::string& target, const std::vector<std::string>& unknown = {}) {
    Json there = live(target);
    forget(there, unknown);
    // The site gives itself a name that is not its address; the mirror knows the address.
    if (there.contains("_links")) there["_links"]["base"] = process.url + "/wiki";
    EXPECT_EQ(get(target), there) << target;
  }

  std::unique_ptr<site::WireClient> live_;
};

const std::vector<std::string> kOfPages = {"/_links/tinyui"};

TEST_F(SameAnswersTest, SpacesAreTheSame) {
  given_both(9, 60);
  expect_same_rows(kV2 + "/spaces?limit=4&description-format=plain", {"/icon/apiDownloadLink"}, 9);
  expect_same_rows(kV2 + "/spaces?include-icon=true", {"/icon/apiDownloadLink"});
  expect_same_rows(kV2 + "/spaces?sort=-id&type=personal", {}, 0);
  const auto spaces = live_walk(kV2 + "/spaces");
  for (const Json& space : spaces) {
    const std::string id = space["id"];
    expect_same(kV2 + "/spaces/" + id + "?include-icon=true", {"/icon/apiDownloadLink"});
    expect_same_rows(kV2 + "/spaces?keys=" + space["key"].get<std::string>());
  }
}

TEST_F(SameAnswersTest, ListedPagesAreTheSame) {
  given_both(4, 120);
  expect_same_rows(kV2 + "/pages?limit=7", kOfPages, 100);
  expect_same_rows(kV2 + "/pages?body-format=storage&sort=-id&limit=50", kOfPages, 100);
  expect_same_rows(kV2 + "/pages?status=current&status=archived,trashed&sort=-modified-date",
                   kOfPages, 100);
  expect_same_rows(kV2 + "/pages?status=trashed", kOfPages);
  expect_same_rows(kV2 + "/pages?sort=created-date&limit=11", kOfPages, 100);
  const auto rows = live_walk(kV2 + "/pages");
  expect_same_rows(kV2 + "/pages?id=" + rows[3]["id"].get<std::string>() + "," +
                       rows[1]["id"].get<std::string>() + "&body-format=storage",
                   kOfPages, 2);
  for (const Json& space : live_walk(kV2 + "/spaces")) {
    const std::string id = space["id"];
    expect_same_rows(kV2 + "/pages?space-id=" + id + "&limit=9", kOfPages);
    expect_same_rows(kV2 + "/spaces/" + id + "/pages?limit=13&body-format=storage", kOfPages);
    expect_same_rows(kV2 + "/spaces/" + id + "/pages?depth=root", kOfPages);
  }
}

TEST_F(SameAnswersTest, PagesAndTheirVersionsAreTheSame) {
  given_both(3, 60);
  const auto rows = live_walk(kV2 + "/pages?status=current,archived,trashed&limit=250");
  for (std::size_t i = 0; i < rows.size(); i += 3) {
    const std::string page = kV2 + "/pages/" + rows[i]["id"].get<std::string>();
    expect_same(page + "?body-format=storage", kOfPages);
    expect_same(page + "?include-version=false", kOfPages);
    expect_same(page + "?include-versions=true", kOfPages);
    expect_same_rows(page + "/versions?body-format=storage&limit=2");
    expect_same_rows(page + "/versions?sort=modified-date");
    for (const Json& version : live_walk(page + "/versions")) {
      const auto number = std::to_string(version["number"].get<int>());
      expect_same(page + "/versions/" + number, {"/contentTypeModified", "/collaborators"});
      expect_same(page + "?body-format=storage&version=" + number, kOfPages);
    }
  }
}

TEST_F(SameAnswersTest, TheTreeIsTheSame) {
  given_both(3, 1500);
  std::map<std::string, std::string> nodes;  // by type
  std::size_t asked = 0;
  for (const Json& page : live_walk(kV2 + "/pages?limit=250")) {
    const auto type = page["parentType"].is_null() ? "" : page["parentType"].get<std::string>();
    if (!type.empty() && type != "page") nodes[type] = page["parentId"];
    if (++asked % 40 != 0) continue;
    const std::string target = kV2 + "/pages/" + page["id"].get<std::string>();
    expect_same_rows(target + "/direct-children?sort=id&limit=3", {}, 0);
    expect_same_rows(target + "/direct-children?sort=-title", {}, 0);
    expect_same_rows(target + "/descendants?depth=4&limit=20", {}, 0);
  }
  EXPECT_GE(nodes.size(), 1U) << "no page lies in a node";
  for (const auto& [type, id] : nodes) {
    expect_same(kV2 + "/" + type + "s/" + id,
                {"/ownerId", "/_links/webui", "/version/createdAt", "/version/message",
                 "/version/minorEdit", "/version/authorId"});
  }
}

TEST_F(SameAnswersTest, ErrorsReadTheSame) {
  given_both(2, 30);
  const std::vector<std::string> targets = {
      kV2 + "/pages/1",
      kV2 + "/pages/x",
      kV2 + "/pages/1/versions",
      kV2 + "/spaces/1",
      kV2 + "/spaces/1/pages",
      kV2 + "/pages?limit=0",
      kV2 + "/pages?limit=251",
      kV2 + "/pages?limit=x",
      kV2 + "/pages?id=x",
      kV2 + "/pages?cursor=nonsense",
      kV2 + "/pages?sort=nonsense",
      kV2 + "/folders/1",
  };
  for (const auto& target : targets) {
    const auto there = live_->get(target);
    const auto here = ask(target);
    EXPECT_GE(there.status, 400) << target;
    EXPECT_EQ(here.status, there.status) << target;
    EXPECT_EQ(title_of(here), title_of(there)) << target;
  }
}

TEST_F(SameAnswersTest, TheCurrentUserIsTheOneOfTheMirror) {
  given_both(2, 30);
  const Json there = live(kV1 + "/user/current");
  const Json here = get(kV1 + "/user/current");
  EXPECT_EQ(here["accountId"], there["accountId"]);
  EXPECT_EQ(here["type"], "known");
}

}  // namespace
}  // namespace serve
