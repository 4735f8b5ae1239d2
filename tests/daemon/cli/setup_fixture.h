#pragma once

// A simulated site, a folder for configuration, token and mirror, and the two setup commands on
// them.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <set>
#include <sstream>
#include <string>

#include "daemon/cli/setup_commands.h"
#include "tests/config/folder.h"
#include "tests/daemon/cli/command_fixture.h"
#include "tests/site/server.h"

namespace test {

class SetupFixture : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    site::ServerOptions options;
    options.content = {.spaces = 3, .pages = 12, .max_versions = 1, .huge_body_bytes = 0};
    server_ = std::make_unique<site::Server>(options);
  }
  static void TearDownTestSuite() { server_.reset(); }

  SetupFixture() {
    environment_.unset("CONFMIRROR_CONFIG");
    environment_.unset("XDG_CONFIG_HOME");
    environment_.unset("CREDENTIALS_DIRECTORY");
    environment_.set("HOME", (folder_.path() / "home").string());
    globals_.config = file("confmirror.toml").string();
    server_->set_token("site-token");
    server_->clear_faults();
    server_->reset_counters();
  }

  std::filesystem::path file(const std::string& name) const { return folder_.path() / name; }
  std::string content(const std::string& name) const {
    std::ifstream in(file(name));
    return {std::istreambuf_iterator<char>(in), {}};
  }
  // Everything below the folder, hidden files as well.
  std::set<std::string> names() const {
    std::set<std::string> found;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_.path())) {
      found.insert(entry.path().lexically_relative(folder_.path()).string());
    }
    return found;
  }
  mode_t mode(const std::string& name) const {
    return static_cast<mode_t>(std::filesystem::status(file(name)).permissions()) & 0777u;
  }

  cli::InitArgs answers() const {
    cli::InitArgs args;
    args.site = server_->url();
    args.email = server_->options().email;
    return args;
  }
  Outcome init(const cli::InitArgs& args, const std::string& piped = {}) const {
    std::istringstream in(piped);
    std::ostringstream out;
    std::ostringstream err;
    const int code = cli::run_init(globals_, args, in, out, err);
    EXPECT_EQ((out.str() + err.str()).find("site-token"), std::string::npos)
        << "the token was shown";
    return {code, out.str(), err.str()};
  }
  Outcome check() const {
    std::ostringstream out;
    std::ostringstream err;
    const int code = cli::run_check(globals_, out, err);
    EXPECT_EQ((out.str() + err.str()).find("site-token"), std::string::npos)
        << "the token was shown";
    return {code, out.str(), err.str()};
  }

  static std::unique_ptr<site::Server> server_;
  testing_config::Folder folder_;
  testing_config::Environment environment_;
  cli::GlobalOptions globals_;
};

inline std::unique_ptr<site::Server> SetupFixture::server_;

}  // namespace test
