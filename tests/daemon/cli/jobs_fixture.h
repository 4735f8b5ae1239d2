#pragma once

// A site, a configuration and a mirror of it, and the program as a user types it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "daemon/cli/app.h"
#include "store/reader.h"
#include "tests/config/folder.h"
#include "tests/site/server.h"

namespace test {

struct Answer {
  int code = -1;
  std::string out;
  std::string err;
  nlohmann::json json() const { return nlohmann::json::parse(out, nullptr, false); }
};

class JobsFixture : public ::testing::Test {
 protected:
  explicit JobsFixture(std::uint32_t site_pages = 80) {
    site::ServerOptions options;
    options.content = {.spaces = 3, .pages = site_pages, .max_versions = 2, .huge_body_bytes = 0};
    server_ = std::make_unique<site::Server>(options);
    server_->set_token("site-token");
    environment_.unset("CONFMIRROR_CONFIG");
    environment_.unset("CREDENTIALS_DIRECTORY");
    write("token", "site-token");
    write("confmirror.toml", "[site]\nurl = \"" + server_->url() + "\"\nemail = \"" +
                                 server_->options().email +
                                 "\"\ntoken_file = \"token\"\n[mirror]\npath = \"mirror.db\"\n");
    EXPECT_EQ(run({"sync", "--quiet"}).code, 0);
  }

  std::filesystem::path file(const std::string& name) const { return folder_.path() / name; }
  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(file(name)) << text;
    std::filesystem::permissions(
        file(name), std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    return file(name).string();
  }
  Answer run(std::vector<std::string> args, const std::string& input = "") const {
    args.insert(args.begin(),
                {"confmirror", "--config", file("confmirror.toml").string(), "--no-progress"});
    std::vector<char*> argv;
    for (auto& arg : args) argv.push_back(arg.data());
    argv.push_back(nullptr);
    std::istringstream in(input);
    std::ostringstream out;
    std::ostringstream err;
    const int code = cli::run(static_cast<int>(args.size()), argv.data(), in, out, err);
    EXPECT_EQ((out.str() + err.str()).find("site-token"), std::string::npos);
    return {code, out.str(), err.str()};
  }
  std::vector<store::PageRow> pages(std::size_t count) const {
    auto reader = store::Reader::open(file("mirror.db"));
    store::PageFilter filter;
    filter.statuses = {"current"};
    filter.sort = "id";
    auto rows = (*reader)->pages(filter);
    std::set<store::Id> homepages;
    const auto spaces = (*reader)->spaces();
    for (const auto& space : *spaces) homepages.insert(space.homepage_id.value_or(0));
    std::vector<store::PageRow> found;
    for (auto& row : *rows) {
      if (found.size() < count && !homepages.contains(row.id)) found.push_back(std::move(row));
    }
    return found;
  }
  static std::string update_of(const store::PageRow& page, const std::string& body) {
    const nlohmann::json json = {{"action", "update_page"},
                                 {"pageId", std::to_string(page.id)},
                                 {"title", page.title},
                                 {"version", page.version.number},
                                 {"body", {{"storage", {{"value", body}}}}}};
    return json.dump() + "\n";
  }
  static std::string create_in(const std::string& key, const std::string& title,
                               const std::string& more = "") {
    return R"({"action":"create_page","title":")" + title + R"(","spaceKey":")" + key +
           R"(","body":{"storage":{"value":"<p>new</p>"}})" + more + "}\n";
  }

  testing_config::Folder folder_;
  testing_config::Environment environment_;
  std::unique_ptr<site::Server> server_;
};

}  // namespace test
