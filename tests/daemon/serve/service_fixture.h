#pragma once

// The local service as the daemon runs it, on a mirror that the test fills. What executes the queue
// is the test itself, by given_outcome().

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "daemon/serve/local_service.h"
#include "tests/daemon/export/mirror_builder.h"
#include "tests/daemon/serve/raw_client.h"

namespace test {

using Json = nlohmann::json;

class ServiceFixture : public ::testing::Test {
 protected:
  static constexpr store::Id kDocs = 20;
  static constexpr const char* kToken = "0123456789abcdef0123456789abcdef";

  void SetUp() override {
    mirror_.put_site_url();
    mirror_.put([](store::Batch& batch) {
      batch.spaces = {space(kDocs, "DOCS")};
      batch.pages = {page(100, kDocs, "First page", 2), page(101, kDocs, "Second page", 1)};
      store::RunUpdate run;
      run.run_id = 1;
      run.kind = "full";
      run.started_at = time_of("2026-01-01T00:00:00Z");
      run.finished_at = time_of("2026-01-01T00:01:00Z");
      run.outcome = "done";
      batch.runs = {run};
    });
    options_.backend.mirror = mirror_.path();
    options_.backend.site_url = "https://example.atlassian.net";
    options_.socket = folder_ / "s";
    options_.audit_options = [](const serve::AuditQuery&, store::Reader&) {
      audit::Options options;
      options.now = time_of("2026-06-01T00:00:00Z");
      return store::Result<audit::Options>(std::move(options));
    };
  }
  void TearDown() override { service_.reset(); }

  void start() {
    serve::LocalServiceOptions options;
    options.backend = options_.backend;
    options.access = options_.access;
    options.limits = options_.limits;
    options.limits.grace = std::chrono::milliseconds(200);
    options.socket = options_.socket;
    options.tcp = options_.tcp;
    options.token = base::Secret(kToken);
    options.audit_options = options_.audit_options;
    auto started = serve::LocalService::start(std::move(options), clock_);
    if (!started) throw std::runtime_error(started.error().message);
    service_ = std::move(*started);
  }
  RawAnswer get(const std::string& target, const std::string& headers = {}) {
    RawClient client(folder_ / "s");
    return client.ask("GET " + target + " HTTP/1.1\r\nHost: localhost\r\n" + headers + "\r\n");
  }
  RawAnswer post(const std::string& target, const std::string& body,
                 const std::string& headers = {}) {
    RawClient client(folder_ / "s");
    return client.post(target, body, headers);
  }
  Json json_of(const RawAnswer& answer) const {
    auto json = Json::parse(answer.body, nullptr, false);
    EXPECT_FALSE(json.is_discarded()) << answer.head << answer.body;
    return json;
  }
  // As whoever executes the queue.
  void given_outcome(store::JobId id, store::JobState state, const std::string& text = {}) {
    mirror_.put([&](store::Batch& batch) {
      store::JobUpdate update(id, {store::JobState::kQueued}, store::JobState::kSending, "");
      batch.jobs.push_back(update);
    });
    mirror_.put([&](store::Batch& batch) {
      store::JobUpdate update(id, {store::JobState::kSending}, state, text);
      if (state == store::JobState::kDone) {
        update.result = text;
      } else {
        update.error = text;
      }
      batch.jobs.push_back(update);
    });
  }
  // An update of page 100 that made version 3 of it, with what undoes it.
  void given_update_done(store::JobId id) {
    mirror_.put([&](store::Batch& batch) {
      store::JobUpdate update(id, {store::JobState::kQueued}, store::JobState::kDone, "");
      update.result = R"({"id":"100","version":3})";
      store::JobImage before;
      before.kind = "before";
      before.version = 2;
      before.status = "current";
      before.title = "First page";
      before.author_id = "account-1";
      before.body = "<p>old</p>";
      update.images = {before};
      update.sent_version = 3;
      batch.jobs.push_back(update);
    });
  }
  static std::string update_of(store::Id id, int version, const std::string& title) {
    return R"({"pageId": ")" + std::to_string(id) + R"(", "title": ")" + title +
           R"(", "version": )" + std::to_string(version) +
           R"(, "body": {"storage": {"value": "<p>new</p>"}}})";
  }

  TemporaryFolder folder_;
  MirrorBuilder mirror_{folder_ / "mirror.db"};
  base::SystemClock clock_;
  serve::LocalServiceOptions options_;
  std::unique_ptr<serve::LocalService> service_;
};

}  // namespace test
