#pragma once

// Runs the program's commands in this process, as a user types them, on a mirror that the test
// fills.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <vector>

#include "daemon/cli/app.h"
#include "tests/daemon/export/mirror_builder.h"

namespace test {

struct Outcome {
  int code = -1;
  std::string out;
  std::string err;
};

inline int run_with(std::vector<std::string> args, std::ostream& out, std::ostream& err) {
  args.insert(args.begin(), "confmirror");
  std::vector<char*> argv;
  for (auto& arg : args) argv.push_back(arg.data());
  argv.push_back(nullptr);
  std::istringstream in;
  return cli::run(static_cast<int>(args.size()), argv.data(), in, out, err);
}

inline Outcome run(std::vector<std::string> args) {
  std::ostringstream out;
  std::ostringstream err;
  const int code = run_with(std::move(args), out, err);
  return {code, out.str(), err.str()};
}

inline std::vector<std::string> lines(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> found;
  for (std::string line; std::getline(in, line);) found.push_back(line);
  return found;
}

// A mirror with two spaces, DOCS (alias `manual`) and ~ann.
class CommandFixture : public ::testing::Test {
 protected:
  static constexpr store::Id kDocs = 20;
  static constexpr store::Id kAnn = 10;

  void SetUp() override {
    mirror_.put_site_url();
    mirror_.put([](store::Batch& batch) {
      auto docs = space(kDocs, "DOCS");
      docs.current_alias = "manual";
      auto ann = space(kAnn, "~ann");
      ann.type = "personal";
      batch.spaces = {docs, ann};
      batch.users = {{"account-1", "Ann", "active"}};
    });
  }

  void given_page(const store::Page& page) {
    mirror_.put([&](store::Batch& batch) { batch.pages = {page}; });
  }
  void given_history(store::Id id, const std::string& title, std::int32_t number) {
    mirror_.put([&](store::Batch& batch) { batch.histories = {history(id, title, number)}; });
  }
  // With --db of the mirror.
  Outcome run_on_mirror(std::vector<std::string> args) const {
    args.insert(args.begin(), {"--db", mirror_.path().string()});
    return run(std::move(args));
  }

  TemporaryFolder folder_;
  MirrorBuilder mirror_{folder_ / "mirror.db"};
};

}  // namespace test
