#pragma once

// A simulated site, and the daemon that mirrors it as a process of its own.

#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "daemon/cli/status_command.h"
#include "store/reader.h"
#include "tests/daemon/cli/daemon_process.h"
#include "tests/daemon/cli/mirror_differences.h"
#include "tests/daemon/cli/pty.h"
#include "tests/daemon/cli/setup_fixture.h"

namespace test {

class DaemonFixture : public ::testing::Test {
 protected:
  DaemonFixture() {
    environment_.unset("CONFMIRROR_CONFIG");
    environment_.unset("CREDENTIALS_DIRECTORY");
    environment_.unset("JOURNAL_STREAM");
    globals_.config = file("confmirror.toml").string();
    write("token", "site-token");
  }

  void given_site(std::uint32_t pages) {
    site::ServerOptions options;
    options.content = {.spaces = 4, .pages = pages, .max_versions = 2, .huge_body_bytes = 0};
    server_ = std::make_unique<site::Server>(options);
    configure("1h");
  }
  std::filesystem::path file(const std::string& name) const { return folder_.path() / name; }
  void write(const std::string& name, const std::string& text) const { folder_.write(name, text); }
  void configure(const std::string& interval, const std::string& mirror = {},
                 const std::string& sync = {}) const {
    write("confmirror.toml", "[site]\nurl = \"" + server_->url() + "\"\nemail = \"" +
                                 server_->options().email +
                                 "\"\ntoken_file = \"token\"\n[sync]\ninterval = \"" + interval +
                                 "\"\n" + sync + "[mirror]\npath = \"mirror.db\"\n" + mirror);
  }
  std::unique_ptr<DaemonProcess> start(
      std::chrono::microseconds watchdog = std::chrono::microseconds(0)) const {
    return std::make_unique<DaemonProcess>(
        folder_.path(), std::vector<std::string>{"--config", globals_.config}, watchdog);
  }
  // Started, and the first sync done.
  std::unique_ptr<DaemonProcess> started(
      std::chrono::microseconds watchdog = std::chrono::microseconds(0)) const {
    auto daemon = start(watchdog);
    EXPECT_TRUE(daemon->says("READY=1")) << daemon->log();
    EXPECT_TRUE(daemon->says("STATUS=synced at ")) << daemon->log();
    return daemon;
  }
  void edit() const {
    server_->with_content([](site::Content& content) {
      int edited = 0;
      for (site::Index page = 0; page < content.pages().size() && edited < 4; ++page) {
        site::Edit edit;
        edit.body = "<p>edited</p>";
        if (content.pages()[page].status == site::Status::kCurrent && content.edit(page, edit)) {
          ++edited;
        }
      }
      ASSERT_EQ(edited, 4);
    });
  }
  std::string differences() const { return test::differences(file("mirror.db"), *server_); }
  bool becomes_equal() const {
    return eventually([this] { return differences().empty(); });
  }
  // Newest first; never empty, so that a test may look at the first.
  std::vector<store::RunUpdate> runs() const {
    auto reader = store::Reader::open(file("mirror.db"));
    if (!reader) {
      ADD_FAILURE() << reader.error().message;
      return {store::RunUpdate()};
    }
    auto rows = (*reader)->runs(100);
    if (!rows) ADD_FAILURE() << rows.error().message;
    return rows && !rows->empty() ? *rows : std::vector<store::RunUpdate>{store::RunUpdate()};
  }
  store::PageRow any_page() const {
    auto reader = store::Reader::open(file("mirror.db"));
    store::PageFilter filter;
    filter.statuses = {"current"};
    filter.limit = 1;
    return (*reader)->pages(filter)->front();
  }
  std::string status() const {
    std::ostringstream out;
    std::ostringstream err;
    EXPECT_EQ(::cli::run_status(globals_, out, err), 0) << err.str();
    return out.str();
  }
  static void expect_stops(DaemonProcess& daemon) {
    const auto begun = std::chrono::steady_clock::now();
    daemon.signal(SIGTERM);
    EXPECT_TRUE(daemon.says("STOPPING=1"));
    EXPECT_EQ(daemon.wait(), 0) << daemon.log();
    EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(10));
    EXPECT_EQ(daemon.log().find("site-token"), std::string::npos) << "the token was logged";
  }

  std::unique_ptr<site::Server> server_;
  testing_config::Folder folder_;
  testing_config::Environment environment_;
  cli::GlobalOptions globals_;
};

}  // namespace test
