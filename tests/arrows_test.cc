// The shape of the code, checked by reading its #include lines: dependencies between folders point
// one way, and a library is used in the folders that it is there for. CONTRIBUTING.md has the same
// table in words.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
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
      {"daemon/base", {{"store"}, {"boost", "systemd"}}},
      {"daemon/http", {{"daemon/base", "store/error.h"}, {"boost", "curl"}}},
      {"daemon/storage_format", {{"store/error.h", "store/records.h"}, {"expat"}}},
      {"daemon/input", {{"store", "config/nearest.h"}, {"nlohmann"}}},
      {"daemon/confluence",
       {{"daemon/http", "daemon/base", "store/error.h", "store/records.h"},
        {"boost", "nlohmann", "simdjson", "openssl"}}},
      {"daemon/mirror",
       {{"daemon/confluence", "daemon/storage_format", "daemon/base", "store"}, {"boost"}}},
      {"daemon/edits",
       {{"daemon/confluence", "daemon/storage_format", "daemon/input", "daemon/base", "store"},
        {"boost", "nlohmann"}}},
      {"daemon/query", {{"store", "daemon/storage_format", "daemon/input"}, {"nlohmann"}}},
      {"daemon/export", {{"store", "daemon/storage_format"}, {"nlohmann", "utf8proc"}}},
      {"daemon/audit", {{"store", "daemon/storage_format"}, {"nlohmann"}}},
      {"daemon/serve",
       {{"daemon/query", "daemon/audit", "daemon/edits", "daemon/confluence", "daemon/http",
         "daemon/input", "daemon/base", "store"},
        {"boost", "nlohmann", "openssl"}}},
      {"daemon/cli",
       {{"config", "store", "daemon/base", "daemon/http", "daemon/storage_format",
         "daemon/confluence", "daemon/mirror", "daemon/edits", "daemon/query", "daemon/export",
         "daemon/audit", "daemon/serve", "daemon/input"},
        {"boost", "nlohmann", "CLI"}}},
      {"daemon", {{"daemon/base", "daemon/cli"}, {}}},  // main.cc: wiring only
  };
  return table;
}

const std::set<std::string> kEverywhere = {"fmt", "spdlog", "sys", "arpa",
                                           "netinet"};  // the last three: POSIX

std::string read(const fs::path& path) {
  std::ifstream in(path);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

bool is_source(const fs::path& path) {
  return path.extension() == ".h" || path.extension() == ".cc";
}

std::vector<fs::path> sources(const std::vector<std::string>& tops) {
  std::vector<fs::path> found;
  for (const auto& top : tops) {
    for (const auto& entry :
         fs::recursive_directory_iterator(fs::path(CONFMIRROR_SOURCE_DIR) / top)) {
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
  static const std::set<std::string> kLibraries = {
      "boost", "curl",    "nlohmann", "simdjson", "toml++",  "tl",    "sqlite3",
      "zstd",  "openssl", "CLI",      "expat",    "systemd", "gtest", "utf8proc"};
  if (!kLibraries.contains(name)) {
    // <unistd.h>, <fmt/format.h>, <sys/stat.h>
    if (slash == std::string::npos || kEverywhere.contains(first)) return {};
    return "an unknown library: add it to the table";
  }
  return rule->second.libraries.contains(name) ? std::string()
                                               : "that library is not for this folder";
}

struct Include {
  std::string target;
  bool quoted = false;
  int line = 0;
};

std::string_view without_blanks(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t\n");
  return begin == text.npos ? std::string_view() : text.substr(begin);
}

std::vector<Include> includes_of(const fs::path& file) {
  constexpr std::string_view kWord = "include";
  std::vector<Include> found;
  std::istringstream text(read(file));
  std::string line;
  for (int number = 1; std::getline(text, line); ++number) {
    auto rest = without_blanks(line);
    if (!rest.starts_with('#')) continue;
    rest = without_blanks(rest.substr(1));
    if (!rest.starts_with(kWord)) continue;
    rest = without_blanks(rest.substr(kWord.size()));
    if (!rest.starts_with('<') && !rest.starts_with('"')) continue;
    const bool quoted = rest.front() == '"';
    const auto end = rest.find(quoted ? '"' : '>', 1);
    found.push_back({std::string(rest.substr(1, end - 1)), quoted, number});
  }
  return found;
}

// What is built between a co_await and the end of its expression that g++ 12 miscompiles; "" if
// nothing is.
std::string trap_in(std::string_view expression) {
  for (std::size_t i = 0; i < expression.size(); ++i) {
    const char c = expression[i];
    if (c == ';' || c == '}') return {};
    if (c == '{') {
      const bool aggregate = without_blanks(expression.substr(i + 1)).starts_with('.');
      return aggregate ? "an aggregate" : "";
    }
    if (c != '[') continue;
    const auto close = expression.find(']', i);
    if (close == expression.npos || close == i + 1) continue;
    if (without_blanks(expression.substr(close + 1)).starts_with('(')) return "a capturing lambda";
  }
  return {};
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

// g++ 12 miscompiles capturing lambdas and aggregates that are built inside a co_await expression
// (chriskohlhoff/asio#1007), and loops that await in their condition and do nothing else.
TEST(CoroutineTest, NothingThatTheCompilerGetsWrongStandsInACoAwaitExpression) {
  constexpr std::string_view kWord = "co_await";
  for (const auto& file : sources({"daemon", "tests"})) {
    if (file.filename() == "arrows_test.cc") continue;
    const auto text = read(file);
    for (auto at = text.find(kWord); at != std::string::npos; at = text.find(kWord, at + 1)) {
      EXPECT_EQ(trap_in(std::string_view(text).substr(at + kWord.size())), "")
          << fs::relative(file, CONFMIRROR_SOURCE_DIR).string()
          << ": name it first: " << text.substr(at, 80);
    }
    EXPECT_EQ(text.find("while (co_await"), std::string::npos) << file.filename().string();
  }
}

TEST(CoroutineTest, TheTrapsAreRecognised) {
  EXPECT_EQ(trap_in(" run([x] (int) { return x; });"), "a capturing lambda");
  EXPECT_EQ(trap_in(" take(Request{.url = url});"), "an aggregate");
  EXPECT_EQ(trap_in(" run(std::move(named));"), "");
  EXPECT_EQ(trap_in(" slot->put(std::move(batch)); rows[i](x);"), "");
}

}  // namespace
