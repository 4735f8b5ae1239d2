#pragma once

// A small documentation site in a mirror, healthy unless a test plants a fault, and audits of it at
// a fixed time.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "daemon/audit/audit.h"
#include "tests/daemon/export/mirror_builder.h"

namespace test {

// AKIA and 16 more: in two parts, so that no scanner of sources takes it for one.
inline std::string fake_aws_key() { return std::string("AKIA") + "Q3EGRTP7KLMWXZ2B"; }
inline std::string fake_github_token() {
  return std::string("ghp_") + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8";
}
inline std::string fake_atlassian_token() {
  return std::string("ATATT") + "3xFfGF0T5Jn8Qp2Lr7Vb9Zc4Xs6Wd1Ke3Ht5=0A1B2C3D";
}

class AuditFixture : public ::testing::Test {
 protected:
  static constexpr store::Id kEng = 1;
  static constexpr store::Id kHome = 100;
  static constexpr store::Id kMissing = 999'999;

  void SetUp() override {
    mirror_.put_site_url();
    auto eng = space(kEng, "ENG");
    eng.homepage_id = kHome;
    eng.description = "How we build things.";
    given_space(eng);
    mirror_.put([](store::Batch& batch) {
      batch.users = {{"account-1", "Ann", "active"},
                     {"account-2", "Bob", "closed"},
                     {"account-3", "Cem", "inactive"}};
    });
    given_page(kHome, "Engineering home", "<p>Welcome to engineering.</p>",
               [](store::Page& page) { page.parent_id.reset(); });
  }

  void given_space(const store::Space& made) {
    mirror_.put([&](store::Batch& batch) { batch.spaces = {made}; });
  }
  // Made in December 2025, changed since, below the homepage, with an owner.
  static store::Page healthy(store::Id id, const std::string& title, const std::string& body) {
    auto made = page(id, kEng, title, 2);
    made.created_at = time_of("2025-12-01T00:00:00Z");
    made.version.created_at = time_of("2025-12-20T00:00:00Z");
    made.parent_id = kHome;
    made.parent_type = "page";
    made.owner_id = "account-1";
    made.body.emplace(body);
    return made;
  }
  void given_page(store::Id id, const std::string& title, const std::string& body,
                  const std::function<void(store::Page&)>& change = nullptr) {
    auto made = healthy(id, title, body);
    if (change) change(made);
    mirror_.put([&](store::Batch& batch) { batch.pages = {made}; });
  }
  void given_gone(store::Id id, const std::string& reason) {
    mirror_.put([&](store::Batch& batch) { batch.gone_pages = {{id, reason}}; }, 48);
  }

  audit::Report run() {
    auto reader = store::Reader::open(mirror_.path());
    if (!reader) throw std::runtime_error(reader.error().message);
    auto report = audit::run(**reader, options_);
    if (!report) throw std::runtime_error(report.error().message);
    return std::move(*report);
  }
  // "rule id", in alphabetical order: id of the page, else of the space, else the title.
  static std::vector<std::string> names_of(const audit::Report& report) {
    std::vector<std::string> names;
    for (const auto& finding : report.findings) {
      names.push_back(std::string(audit::rule_of(finding.rule).name) + " " +
                      (finding.page_id    ? std::to_string(*finding.page_id)
                       : finding.space_id ? "space " + std::to_string(*finding.space_id)
                                          : finding.title));
    }
    std::sort(names.begin(), names.end());
    return names;
  }
  std::vector<std::string> findings() { return names_of(run()); }
  std::vector<std::string> findings(audit::RuleId rule) {
    const auto before = options_.enabled;
    options_.enabled.fill(false);
    options_.enabled[audit::index_of(rule)] = true;
    auto names = findings();
    options_.enabled = before;
    return names;
  }
  std::vector<std::string> details(audit::RuleId rule) {
    std::vector<std::string> details;
    for (const auto& finding : run().findings) {
      if (finding.rule == rule) details.push_back(finding.detail);
    }
    return details;
  }

  TemporaryFolder folder_;
  MirrorBuilder mirror_{folder_ / "mirror.db"};
  audit::Options options_ = [] {
    audit::Options options;
    options.now = time_of("2026-01-10T12:00:00Z");
    return options;
  }();
};

}  // namespace test
