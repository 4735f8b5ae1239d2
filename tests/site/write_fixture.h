#pragma once

// What the tests of writes share: requests as the account sends them, and what the write log says.

#include <chrono>
#include <string>
#include <thread>

#include "tests/site/site_fixture.h"

namespace site {

class WriteTest : public SiteTest {
 protected:
  void SetUp() override {
    ServerOptions options = small_site();
    options.content.spaces = 3;
    options.content.pages = 60;
    start(options);
  }

  Reply send(const std::string& method, const std::string& target, const Json& body = nullptr) {
    return client_->request(method, target, body.is_null() ? "" : body.dump(),
                            {"Content-Type: application/json"});
  }
  Reply create(const Json& body, const std::string& query = "") {
    return send("POST", kApi + "/pages" + query, body);
  }
  Reply put(const std::string& id, const Json& body) { return send("PUT", page(id), body); }
  Reply remove(const std::string& id, const std::string& query = "") {
    return send("DELETE", page(id) + query);
  }
  static std::string page(const std::string& id) { return kApi + "/pages/" + id; }

  Json a_create(const std::string& title, const std::string& body = "<p>new</p>") const {
    return {{"spaceId", space()},
            {"title", title},
            {"body", {{"representation", "storage"}, {"value", body}}}};
  }
  static Json an_update(const std::string& id, int number, const std::string& title,
                        const std::string& body = "<p>changed</p>") {
    return {{"id", id},
            {"status", "current"},
            {"title", title},
            {"body", {{"storage", {{"value", body}, {"representation", "storage"}}}}},
            {"version", {{"number", number}, {"message", "by a test"}}}};
  }

  // A page made for the test; its id.
  std::string given_page(const std::string& title, const std::string& parent = "") {
    Json body = a_create(title);
    if (!parent.empty()) body["parentId"] = parent;
    return id_of(create(body));
  }
  std::string given_draft(const std::string& title) {
    Json body = a_create(title);
    body["status"] = "draft";
    return id_of(create(body));
  }
  static std::string id_of(const Reply& reply) {
    EXPECT_EQ(reply.status, 200) << reply.body;
    const Json json = Json::parse(reply.body, nullptr, false);
    return json.is_object() ? json.value("id", "") : "";
  }
  static Json json_of(const Reply& reply) {
    EXPECT_EQ(reply.status, 200) << reply.body;
    return Json::parse(reply.body, nullptr, false);
  }

  // A space with a homepage; its id.
  std::string space() const {
    std::string id;
    server_->with_content(
        [&](const Content& content) { id = std::to_string(content.spaces()[0].id); });
    return id;
  }
  std::string other_space() const {
    std::string id;
    server_->with_content(
        [&](const Content& content) { id = std::to_string(content.spaces()[1].id); });
    return id;
  }
  std::string homepage() const {
    std::string id;
    server_->with_content([&](const Content& content) {
      id = std::to_string(content.pages()[content.spaces()[0].homepage].id);
    });
    return id;
  }
  void set_status(const std::string& id, Status status) {
    server_->with_content([&](Content& content) {
      EXPECT_TRUE(content.set_status(content.find_page(std::stoll(id)), status));
    });
  }
  Json body_of(const std::string& id) {
    return get(page(id) + "?body-format=storage")["body"]["storage"]["value"];
  }

  // The last request that wrote, as the log has it once it is answered.
  WriteEntry last_write() const {
    const auto entries = server_->writes();
    for (auto entry = entries.rbegin(); entry != entries.rend(); ++entry) {
      if (!entry->method.empty()) return *entry;
    }
    return {};
  }
  // The same once its answer has left, which is noted a moment later.
  WriteEntry last_whole_write() const {
    for (int tries = 0; tries < 200 && !last_write().whole; ++tries) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return last_write();
  }
  std::size_t applied_to(const std::string& id) const {
    std::size_t count = 0;
    for (const WriteEntry& entry : server_->writes()) {
      if (entry.applied && std::to_string(entry.page) == id) ++count;
    }
    return count;
  }
};

}  // namespace site
