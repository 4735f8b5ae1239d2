#pragma once

// The offline API over a mirror of a simulated site, asked over HTTP beside the site itself.

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "daemon/base/clock.h"
#include "daemon/serve/backend.h"
#include "daemon/serve/confluence_routes.h"
#include "daemon/serve/router.h"
#include "tests/daemon/edits/runner_fixture.h"
#include "tests/daemon/serve/running_server.h"
#include "tests/site/wire_client.h"

namespace serve {

using Json = nlohmann::json;
inline const std::string kV2 = "/wiki/api/v2";
inline const std::string kV1 = "/wiki/rest/api";

// The service as the daemon makes it, for whoever has the token.
class OfflineServer {
 public:
  OfflineServer(const std::filesystem::path& mirror, const std::string& site_url)
      : backend_(options(mirror, site_url), clock_) {
    add_confluence_routes(router_, backend_);
    HttpServer::Options server;
    server.handler = [this](Request request) { return router_.route(std::move(request)); };
    server.identify = [](std::optional<std::pair<uid_t, gid_t>>) {
      Caller caller;
      caller.name = "tester";
      caller.may_read = true;
      caller.may_submit = true;
      return caller;
    };
    server.error_body = [this](int status, const std::string& message) {
      return router_.error("/wiki/api/v2", status, message);
    };
    server_ = std::make_unique<test::RunningServer>(std::move(server));
  }

  std::uint16_t port() const { return server_->port(); }
  void stop() { server_->stop(); }

 private:
  static BackendOptions options(const std::filesystem::path& mirror, const std::string& site_url) {
    BackendOptions options;
    options.mirror = mirror;
    options.site_url = site_url;
    return options;
  }

  base::SystemClock clock_;
  Backend backend_;
  Router router_;
  std::unique_ptr<test::RunningServer> server_;
};

class OfflineTest : public edits::RunnerTest {
 protected:
  ~OfflineTest() override { stop_jobs(); }

  void given_offline(std::uint32_t spaces = 4, std::uint32_t pages = 120) {
    given_mirror(spaces, pages);
    serve();
  }
  void serve() {
    client_.reset();
    offline_ = std::make_unique<OfflineServer>(process.path, process.url);
    client_ = std::make_unique<site::WireClient>(offline_->port());
  }

  // Executes the queue until the end of the test.
  void run_jobs() {
    runner.until_idle = false;
    jobs_ = std::make_unique<edits::RunnerProcess>(process, runner);
    job_thread_ = std::jthread([this] {
      const auto ended = jobs_->run();
      EXPECT_TRUE(ended.has_value()) << ended.error().message;
    });
  }
  void stop_jobs() {
    if (!jobs_) return;
    jobs_->stop();
    job_thread_.join();
    jobs_.reset();
  }

  site::Reply ask(const std::string& target, const std::vector<std::string>& headers = {}) {
    return client_->request("GET", target, {}, headers);
  }
  site::Reply send(const std::string& method, const std::string& target, const Json& body,
                   std::vector<std::string> headers = {}) {
    headers.emplace_back("Content-Type: application/json");
    return client_->request(method, target, body.is_null() ? "" : body.dump(), headers);
  }
  // The JSON of a good answer.
  Json get(const std::string& target) { return json_of(ask(target), target); }
  static Json json_of(const site::Reply& reply, const std::string& target) {
    EXPECT_EQ(reply.status, 200) << target << "\n" << reply.body;
    Json json = Json::parse(reply.body, nullptr, false);
    EXPECT_FALSE(json.is_discarded()) << target << "\n" << reply.body;
    return json;
  }
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
  static std::string title_of(const site::Reply& reply) {
    const Json json = Json::parse(reply.body, nullptr, false);
    if (!json.is_object() || !json.contains("errors")) return "no v2 error: " + reply.body;
    return json["errors"][0]["title"];
  }

  std::unique_ptr<OfflineServer> offline_;
  std::unique_ptr<site::WireClient> client_;
  std::unique_ptr<edits::RunnerProcess> jobs_;
  std::jthread job_thread_;
};

}  // namespace serve
