#pragma once

// A simulated site with a credential of every kind, and configurations for each scheme.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "daemon/cli/app.h"
#include "daemon/cli/setup_commands.h"
#include "tests/config/folder.h"
#include "tests/daemon/cli/command_fixture.h"
#include "tests/site/server.h"

namespace test {

class AuthFixture : public ::testing::Test {
 protected:
  static constexpr const char* kScopedToken = "site-scoped-token";
  static constexpr const char* kBearer = "site-bearer-token";
  static constexpr const char* kClientSecret = "site-client-secret";
  static constexpr const char* kAccessToken = "site-access-token";

  AuthFixture() {
    site::ServerOptions options;
    options.content = {.spaces = 3, .pages = 12, .max_versions = 2, .huge_body_bytes = 0};
    server_ = std::make_unique<site::Server>(options);
    auto& credentials = server_->credentials();
    credentials.put_scoped_token(kScopedToken, site::all_scopes());
    credentials.put_bearer(kBearer, site::all_scopes());
    credentials.put_service_account(account());
    environment_.unset("CONFMIRROR_CONFIG");
    environment_.unset("CREDENTIALS_DIRECTORY");
  }

  static site::ServiceAccount account() {
    site::ServiceAccount account;
    account.client_id = "client-1";
    account.secret = kClientSecret;
    account.scopes = site::all_scopes();
    return account;
  }
  static site::Scopes all_but(const std::vector<std::string>& missing) {
    auto scopes = site::all_scopes();
    for (const auto& scope : missing) EXPECT_EQ(scopes.erase(scope), 1U) << scope;
    return scopes;
  }
  std::string file(const std::string& name) const { return (folder_.path() / name).string(); }

  // `of_site` comes last, so that it may not repeat what stands here.
  void given(const std::string& scheme, const std::string& of_site = "") {
    std::string text = "[site]\nurl = \"" + server_->url() + "\"\nauth = \"" + scheme + "\"\n";
    if (scheme == "basic" || scheme == "scoped-token") {
      text += "email = \"" + server_->options().email + "\"\n";
    }
    if (scheme == "service-account" && of_site.find("client_id") == std::string::npos) {
      text += "client_id = \"client-1\"\n";
    }
    text += "token_file = \"token\"\ngateway_url = \"" + server_->url() + "\"\ntoken_url = \"" +
            server_->url() + "/oauth/token\"\n" + of_site + "[mirror]\npath = \"mirror.db\"\n";
    folder_.write("confmirror.toml", text);
    folder_.write("token", secret_of(scheme));
  }
  std::string secret_of(const std::string& scheme) const {
    if (scheme == "scoped-token") return kScopedToken;
    if (scheme == "bearer") return kBearer;
    return scheme == "service-account" ? kClientSecret : server_->options().token;
  }
  Outcome run(std::vector<std::string> args) const {
    args.insert(args.begin(), {"--config", file("confmirror.toml"), "--no-progress"});
    auto done = test::run(std::move(args));
    expect_no_secret(done.out + done.err);
    return done;
  }
  Outcome check() const { return run({"check"}); }

  void expect_no_secret(const std::string& text) const {
    for (const std::string& secret :
         std::vector<std::string>{kScopedToken, kBearer, kClientSecret, kAccessToken}) {
      EXPECT_EQ(text.find(secret), std::string::npos) << "a secret was shown";
    }
    EXPECT_EQ(text.find(server_->options().token), std::string::npos) << "a secret was shown";
  }
  // The lines of `FAIL` and `warn`, each with its hint.
  static std::vector<std::string> findings(const Outcome& done) {
    std::vector<std::string> found;
    for (const auto& line : lines(done.out)) {
      if (line.starts_with("FAIL") || line.starts_with("warn")) {
        found.push_back(line);
      } else if (line.starts_with(" ") && !found.empty()) {
        found.back() += "\n" + line;
      }
    }
    return found;
  }

  std::unique_ptr<site::Server> server_;
  testing_config::Folder folder_;
  testing_config::Environment environment_;
};

}  // namespace test
