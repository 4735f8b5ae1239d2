// The shape of the code, checked by reading its #include lines: dependencies between folders point one way, and a library is
// used in the folders that it is there for. CONTRIBUTING.md has the same table in words.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;

struct Rule {
  std::set<std::string> folders;    // besides itself
  std::set<std::string> libraries;  // besides std, POSIX and fmt/spdlog
};

// `store/error.h` stands for that header alone, `store` for the folder.
const std::map<std::string, Rule>& rules() {
  static const std::map<std::string, Rule> table = {
      {"config", {{}, {"toml++", "tl"}}},
      {"store", {{}, {"tl", "sqlite3", "zstd", "openssl"}}},
      {"daemon/base", {{"store"}, {"boost"}}},
      {"daemon/http", {{"daemon/base", "store/error.h"}, {"boost", "curl"}}},
      {"daemon/storage_format", {{"store/error.h", "store/records.h"}, {"expat"}}},
      {"daemon/confluence",
       {{"daemon/http", "daemon/base", "store/error.h", "store/records.h"},
        {"boost", "nlohmann", "simdjson", "openssl"}}},
      {"daemon/mirror",
       {{"daemon/confluence", "daemon/storage_format", "daemon/base", "store"}, {"boost"}}},
      {"daemon/edits",
       {{"daemon/confluence", "daemon/storage_format", "daemon/base", "store"}, {"boost"}}},
      {"daemon/query", {{"store", "daemon/storage_format"}, {"nlohmann"}}},
      {"daemon/export", {{"store", "daemon/storage_format"}, {"nlohmann"}}},
      {"daemon/audit", {{"store", "daemon/storage_format"}, {"nlohmann"}}},
      {"daemon/serve",
       {{"daemon/query", "daemon/audit", "daemon/edits", "daemon/confluence", "daemon/base", "store"},
        {"boost", "nlohmann"}}},
      {"daemon/cli",
       {{"config", "store", "daemon/base", "daemon/http", "daemon/storage_format",
         "daemon/confluence", "daemon/mirror", "daemon/edits", "daemon/query", "daemon/export",
         "daemon/audit", "daemon/serve"},
        {"boost", "nlohmann", "CLI"}}},
      {"daemon", {{"daemon/base", "daemon/cli"}, {}}},  // main.cc: wiring only
  };
  return table;
}

const std::set<std::string> kEverywhere = {"fmt", "spdlog", "sys"};  // sys/: POSIX

std::string read(const fs::path& path) {
  std::ifstream in(path);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

bool is_source(const fs::path& path) { return path.extension() == ".h" || path.extension() == ".cc"; }

std::vector<fs::path> sources(const std::vector<std::string>& tops) {
  std::vector<fs::path> found;
  for (const auto& top : tops) {
    for (const auto& entry : fs::recursive_directory_iterator(fs::path(CONFMIRROR_SOURCE_DIR) / top)) {
      if (entry.is_regular_file() && is_source(entry.path())) found.push_back(entry.path());
    }
  }
  return found;
}

std::string folder_of(const fs::path& file) {
  return fs::relative(file, CONFMIRROR_SOURCE_DIR).parent_path().generic_string();
}

// Why a file of `folder` may not have this include; "" if it may.
std::string breach(const std::string& folder, const std::string& target, bool quoted) {
  const auto rule = rules().find(folder);
  if (rule == rules().end()) return "the folder has no rule: add it to the table";
  const auto slash = target.rfind('/');
  if (quoted) {
    const std::string owner = slash == std::string::npos ? "" : target.substr(0, slash);
    if (owner == folder || rule->second.folders.contains(owner)) return {};
    if (rule->second.folders.contains(target)) return {};
    return "no arrow leads there";
  }
  const std::string first = target.substr(0, target.find('/'));
  const std::string name = first.substr(0, first.rfind(".h"));
  if (slash == std::string::npos && !target.ends_with(".h")) return {};  // <string>
  static const std::set<std::string> kLibraries = {"boost", "curl",     "nlohmann", "simdjson",
                                                   "toml++", "tl",      "sqlite3",  "zstd",
                                                   "openssl", "CLI",    "expat",    "gtest"};
  if (!kLibraries.contains(name)) {
    // <unistd.h>, <fmt/format.h>, <sys/stat.h>
    if (slash == std::string::npos || kEverywhere.contains(first)) return {};
    return "an unknown library: add it to the table";
  }
  return rule->second.libraries.contains(name) ? std::string() : "that library is not for this folder";
}

struct Include {
  std::string target;
  bool quoted = false;
  int line = 0;
};

std::vector<Include> includes_of(const fs::path& file) {
  static const std::regex pattern(R"re(^\s*#\s*include\s*([<"])([^>"]+)[>"])re");
  std::vector<Include> found;
  std::istringstream text(read(file));
  std::string line;
  for (int number = 1; std::getline(text, line); ++number) {
    std::smatch match;
    if (std::regex_search(line, match, pattern)) {
      found.push_back({match[2], match[1] == "\"", number});
    }
  }
  return found;
}

TEST(ArrowsTest, EveryIncludeFollowsTheTable) {
  std::size_t files = 0;
  for (const auto& file : sources({"config", "store", "daemon"})) {
    ++files;
    auto folder = folder_of(file);
    if (folder.ends_with("/asio_impl")) folder = "daemon/base";
    for (const auto& include : includes_of(file)) {
      const auto why = breach(folder, include.target, include.quoted);
      EXPECT_EQ(why, "") << fs::relative(file, CONFMIRROR_SOURCE_DIR).string() << ":"
                         << include.line << ": #include of " << include.target;
    }
  }
  EXPECT_GT(files, 50U) << "the sources were not found";
}

TEST(ArrowsTest, AnIncludeAgainstTheTableIsABreach) {
  EXPECT_NE(breach("store", "daemon/http/client.h", true), "");
  EXPECT_NE(breach("store", "config/config.h", true), "");
  EXPECT_NE(breach("daemon/http", "store/writer.h", true), "");
  EXPECT_NE(breach("daemon/mirror", "daemon/http/client.h", true), "");
  EXPECT_NE(breach("daemon/mirror", "sqlite3.h", false), "");
  EXPECT_NE(breach("daemon/confluence", "curl/curl.h", false), "");
  EXPECT_NE(breach("config", "boost/asio.hpp", false), "");
  EXPECT_NE(breach("daemon/nowhere", "string", false), "");
}

TEST(ArrowsTest, WhatTheTableAllowsIsNoBreach) {
  EXPECT_EQ(breach("daemon/http", "store/error.h", true), "");
  EXPECT_EQ(breach("daemon/mirror", "store/writer.h", true), "");
  EXPECT_EQ(breach("store", "sqlite3.h", false), "");
  EXPECT_EQ(breach("store", "unistd.h", false), "");
  EXPECT_EQ(breach("config", "toml++/toml.h", false), "");
}

// g++ 12 miscompiles capturing lambdas and aggregates that are built inside a co_await expression (chriskohlhoff/asio#1007).
TEST(CoroutineTest, NoLambdaAndNoAggregateIsBuiltInsideACoAwaitExpression) {
  static const std::regex pattern(R"(co_await[^;{}]*(\[[^\]]+\]\s*\(|\{\s*\.))");
  for (const auto& file : sources({"daemon", "tests"})) {
    if (file.filename() == "arrows_test.cc") continue;
    const auto text = read(file);
    std::smatch match;
    EXPECT_FALSE(std::regex_search(text, match, pattern))
        << fs::relative(file, CONFMIRROR_SOURCE_DIR).string() << ": name it first: " << match.str();
  }
}

}  // namespace
