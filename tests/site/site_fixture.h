#pragma once

// What the tests of the site share: a small site, and a client that asks it as the good account.

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "tests/site/server.h"
#include "tests/site/text.h"
#include "tests/site/wire_client.h"

namespace site {

using Json = nlohmann::json;

inline const std::string kApi = "/wiki/api/v2";
inline const std::string kAllStatuses = "status=current&status=archived&status=trashed";

class SiteTest : public testing::Test {
 protected:
  static ServerOptions small_site() {
    ServerOptions options;
    options.content.spaces = 12;
    options.content.pages = 400;
    options.content.avg_body_bytes = 900;
    options.content.huge_body_bytes = 0;
    return options;
  }

  void start(const ServerOptions& options = small_site()) {
    client_.reset();
    server_ = std::make_unique<Server>(options);
    client_ = std::make_unique<WireClient>(server_->port());
    client_->basic(options.email, options.token);
  }

  Reply ask(const std::string& target) { return client_->get(target); }

  // The JSON of a good answer.
  Json get(const std::string& target) {
    const Reply reply = ask(target);
    EXPECT_EQ(reply.status, 200) << target << "\n" << reply.body;
    EXPECT_TRUE(reply.whole) << target;
    Json json = Json::parse(reply.body, nullptr, false);
    EXPECT_FALSE(json.is_discarded()) << target;
    return json;
  }

  // Every row of a listing, following next; `on_page` sees each answer.
  std::vector<Json> walk(std::string target, const std::function<void(const Json&)>& on_page = {}) {
    std::vector<Json> rows;
    for (int pages = 0; !target.empty() && pages < 5000; ++pages) {
      const Json json = get(target);
      if (!json.is_object() || !json.contains("results")) return rows;
      if (on_page) on_page(json);
      for (const Json& row : json["results"]) rows.push_back(row);
      target = json["_links"].value("next", "");
    }
    EXPECT_EQ(target, "") << "the listing does not end";
    return rows;
  }

  static std::vector<std::string> ids(const std::vector<Json>& rows) {
    std::vector<std::string> found;
    for (const Json& row : rows) found.push_back(row.at("id"));
    return found;
  }

  Json control(const std::string& name, const Json& body) {
    const Reply reply = client_->request("POST", "/__control/" + name, body.dump());
    EXPECT_EQ(reply.status, 200) << reply.body;
    return Json::parse(reply.body, nullptr, false);
  }

  static std::string error_title(const Reply& reply) {
    const Json json = Json::parse(reply.body, nullptr, false);
    if (!json.is_object() || !json.contains("errors")) return "no v2 error: " + reply.body;
    return json["errors"][0]["title"];
  }

  std::unique_ptr<Server> server_;
  std::unique_ptr<WireClient> client_;
};

}  // namespace site
