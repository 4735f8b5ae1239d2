// The digest, its comparison with an export, and the control endpoint.

#include "tests/site/digest.h"

#include <sstream>

#include "tests/site/compare.h"
#include "tests/site/site_fixture.h"

namespace site {
namespace {

class DigestTest : public SiteTest {
 protected:
  void SetUp() override {
    ServerOptions options = small_site();
    start(options);
  }

  // The export that a perfect mirror of the API would write, made of the API's own answers.
  std::string export_of_api() {
    std::string out;
    std::map<std::string, std::string> keys;
    for (const Json& space : walk(kApi + "/spaces?limit=250")) {
      keys[space["id"]] = space["key"];
      out += Json{{"kind", "space"},
                  {"space_id", space["id"]},
                  {"space_key", space["key"]},
                  {"status", space["status"]}}
                 .dump() +
             "\n";
    }
    out += nodes_of_api();
    for (const Json& page :
         walk(kApi + "/pages?limit=250&body-format=storage&status=deleted&" + kAllStatuses)) {
      const std::string body = page["body"]["storage"]["value"];
      out += Json{{"kind", "page"},
                  {"page_id", page["id"]},
                  {"space_key", keys[page["spaceId"]]},
                  {"status", page["status"]},
                  {"version", page["version"]["number"]},
                  {"body", {{"storage", body}}},
                  {"body_sha256", sha256_hex(body)}}
                 .dump() +
             "\n";
      for (const Json& version : walk(kApi + "/pages/" + page["id"].get<std::string>() +
                                      "/versions?body-format=storage")) {
        const std::string old = version["page"]["body"]["storage"]["value"];
        out += Json{{"kind", "version"},
                    {"page_id", page["id"]},
                    {"version", version["number"]},
                    {"body", {{"storage", old}}},
                    {"body_sha256", sha256_hex(old)}}
                   .dump() +
               "\n";
      }
    }
    return out;
  }

  // What pages name, and what that names.
  std::string nodes_of_api() {
    std::map<std::string, std::string> types;  // by id
    const auto name = [&types](const Json& row) {
      if (row["parentType"].is_null() || row["parentType"] == "page") return false;
      return types.emplace(row["parentId"], row["parentType"]).second;
    };
    for (const Json& page : walk(kApi + "/pages?limit=250&" + kAllStatuses)) name(page);
    std::string out;
    std::set<std::string> asked;
    for (bool more = true; more;) {
      more = false;
      for (const auto& [id, type] : std::map(types)) {
        if (!asked.insert(id).second) continue;
        const Json node = get(kApi + "/" + type + "s/" + id);
        more = name(node) || more;
        out += Json{{"kind", "node"},
                    {"node_id", id},
                    {"type", type},
                    {"space_id", node["spaceId"]},
                    {"parent_id", node["parentId"]},
                    {"parent_type", node["parentType"]},
                    {"position", node["position"]},
                    {"title", node["title"]},
                    {"status", node["status"]}}
                   .dump() +
               "\n";
      }
    }
    return out;
  }

  static std::string replaced(std::string text, const std::string& from, const std::string& to) {
    const std::size_t place = text.find(from);
    EXPECT_NE(place, std::string::npos) << from;
    return place == std::string::npos ? text : text.replace(place, from.size(), to);
  }

  static std::string without_line(const std::string& text, const std::string& part) {
    const std::size_t place = text.find(part);
    EXPECT_NE(place, std::string::npos) << part;
    const std::size_t begin = text.rfind('\n', place) + 1;
    return text.substr(0, begin) + text.substr(text.find('\n', place) + 1);
  }
};

TEST_F(DigestTest, EqualsWhatTheApiServesAndTellsWhatWasCompared) {
  const std::string digest = server_->digest();
  const Comparison result = compare(digest, export_of_api(), {});
  EXPECT_EQ(result.differences, 0U) << result.shown[0];
  EXPECT_EQ(result.spaces, 12U);
  EXPECT_EQ(result.pages, 400U);
  EXPECT_GT(result.nodes, 2U);
  EXPECT_GT(result.versions, 200U);
  EXPECT_EQ(ask("/__control/digest").body, digest);
  const Content again(server_->options().content);
  EXPECT_EQ(digest_of(again), digest);
}

TEST_F(DigestTest, ComparisonSeesEveryKindOfDifference) {
  const std::string digest = server_->digest();
  const std::string good = export_of_api();
  const auto differences = [&](const std::string& exported) {
    return compare(digest, exported, {}).differences;
  };
  ASSERT_EQ(differences(good), 0U);
  EXPECT_GT(differences(without_line(good, R"("kind":"page")")), 0U) << "a page is missing";
  EXPECT_GT(differences(without_line(good, R"("kind":"space")")), 0U) << "a space is missing";
  EXPECT_GT(differences(without_line(good, R"("kind":"node")")), 0U) << "a node is missing";
  EXPECT_GT(
      differences(replaced(good, R"("kind":"node","node_id":")", R"("kind":"node","node_id":"9)")),
      0U);
  EXPECT_GT(differences(replaced(good, R"("type":"folder")", R"("type":"embed")")), 0U);
  EXPECT_GT(differences(replaced(good, R"("status":"trashed")", R"("status":"current")")), 0U);
  EXPECT_GT(
      differences(replaced(good, R"("kind":"page","page_id":")", R"("kind":"page","page_id":"9)")),
      0U);
  EXPECT_GT(differences(replaced(good, "<p>", "<p>x")), 0U) << "a body and its hash disagree";
  EXPECT_GT(differences(good + good.substr(good.rfind('\n', good.size() - 2) + 1, 40)), 0U)
      << "a cut line";
  EXPECT_GT(differences(""), 0U);
  EXPECT_GT(compare("", good, {}).differences, 0U);
}

TEST_F(DigestTest, OlderVersionsCountUnlessLeftOut) {
  const std::string digest = server_->digest();
  std::string current_only;
  std::istringstream lines(export_of_api());
  for (std::string line; std::getline(lines, line);) {
    if (line.find(R"("kind":"version")") == std::string::npos) current_only += line + "\n";
  }
  EXPECT_GT(compare(digest, current_only, {}).differences, 50U);
  CompareOptions options;
  options.current_only = true;
  EXPECT_EQ(compare(digest, current_only, options).differences, 0U);
}

TEST_F(DigestTest, ExceptedPagesMayBeAbsentAndTombstonesMustNotLive) {
  const std::string digest = server_->digest();
  const std::string good = export_of_api();
  const std::size_t place = good.find(R"("page_id":")") + 11;
  const Id page = *parse_number(good.substr(place, good.find('"', place) - place));
  std::string without;
  std::istringstream lines(good);
  for (std::string line; std::getline(lines, line);) {
    if (line.find("\"page_id\":\"" + std::to_string(page) + "\"") == std::string::npos)
      without += line + "\n";
  }
  EXPECT_GT(compare(digest, without, {}).differences, 0U);
  CompareOptions options;
  options.except_pages = {page};
  EXPECT_EQ(compare(digest, without, options).differences, 0U);
  EXPECT_EQ(compare(digest, without, options).excepted, 1U);
  const std::string tombstone = Json{{"kind", "page"},
                                     {"page_id", std::to_string(page)},
                                     {"gone_at", "2026-01-01T00:00:00.000Z"}}
                                    .dump() +
                                "\n";
  EXPECT_GT(compare(digest, without + tombstone, {}).differences, 0U);
  server_->with_content([&](Content& content) {
    ASSERT_TRUE(content.set_status(content.find_page(page), Status::kPurged));
  });
  EXPECT_EQ(compare(server_->digest(), without + tombstone, {}).differences, 0U);
}

TEST_F(DigestTest, ControlEndpointEditsMovesTrashesPurgesAndAdds) {
  const Json space = walk(kApi + "/spaces?limit=1")[0];
  Json added =
      control("add", {{"space", space["id"]}, {"title", "Added by hand"}, {"body", "<p>1</p>"}});
  const std::string page = added["page"];
  control("edit",
          {{"page", page}, {"body", "<p>2</p>"}, {"message", "second"}, {"minorEdit", true}});
  Json row = get(kApi + "/pages/" + page + "?body-format=storage");
  EXPECT_EQ(row["body"]["storage"]["value"], "<p>2</p>");
  EXPECT_EQ(row["version"]["number"], 2);
  EXPECT_EQ(row["version"]["message"], "second");
  EXPECT_EQ(row["version"]["minorEdit"], true);
  control("move", {{"page", page}, {"parent", nullptr}});
  EXPECT_TRUE(get(kApi + "/pages/" + page)["parentId"].is_null());
  control("remove-version", {{"page", page}, {"version", 1}});
  EXPECT_EQ(walk(kApi + "/pages/" + page + "/versions").size(), 1U);
  control("status", {{"page", page}, {"status", "trashed"}});
  EXPECT_EQ(get(kApi + "/pages/" + page)["status"], "trashed");
  EXPECT_EQ(compare(server_->digest(), export_of_api(), {}).differences, 0U);
  control("status", {{"page", page}, {"status", "purged"}});
  EXPECT_EQ(ask(kApi + "/pages/" + page).status, 404);
}

TEST_F(DigestTest, ControlEndpointChangesSettingsAndRefusesNonsense) {
  control("settings", {{"results_cap", 3}, {"faults", {{"500", 0.5}}}, {"rate_headers", "none"}});
  EXPECT_EQ(server_->settings().results_cap, 3U);
  EXPECT_EQ(server_->settings()[Fault::k500], 0.5);
  EXPECT_EQ(server_->settings().rate_headers, RateHeaders::kNothing);
  control("faults/clear", Json::object());
  EXPECT_EQ(server_->settings()[Fault::k500], 0);
  const auto status = [&](const std::string& name, const std::string& body) {
    return client_->request("POST", "/__control/" + name, body).status;
  };
  EXPECT_EQ(status("settings", R"({"nonsense":1})"), 400);
  EXPECT_EQ(status("settings", R"({"rate":-1})"), 400);
  EXPECT_EQ(status("faults", R"({"500":2})"), 400);
  EXPECT_EQ(status("faults", R"({"nonsense":1})"), 400);
  EXPECT_EQ(status("edit", R"({"page":"1"})"), 404);
  EXPECT_EQ(status("edit", "rubbish"), 400);
  EXPECT_EQ(status("nonsense", "{}"), 404);
  EXPECT_EQ(get("/__control/state")["pages"], 400);
  control("token", {{"token", ""}});
  EXPECT_EQ(ask(kApi + "/spaces").status, 404);
}

TEST_F(DigestTest, ObserverSeesEveryApiRequestBeforeItsAnswer) {
  std::vector<std::string> seen;
  server_->observe([&](const Seen& request) {
    seen.push_back(request.route);
    server_->set_token("gone");  // takes effect on this very request
  });
  EXPECT_EQ(ask(kApi + "/pages/7").status, 404);
  EXPECT_EQ(error_title(ask(kApi + "/spaces")), "Not Found");
  server_->observe({});
  EXPECT_EQ(seen,
            (std::vector<std::string>{"GET /wiki/api/v2/pages/{id}", "GET /wiki/api/v2/spaces"}));
}

}  // namespace
}  // namespace site
