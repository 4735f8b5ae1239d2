#pragma once

// A mirror that a test fills, a folder that it is exported to, and what is to be seen there.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "daemon/export/folder_export.h"
#include "daemon/export/page_form.h"
#include "tests/daemon/export/mirror_builder.h"

namespace test {

// Counts the changes of the disk, and ends the work before one of them, as a crash would.
class Steps {
 public:
  explicit Steps(int last = -1) : last_(last) {}
  store::Result<void> operator()() {
    if (last_ >= 0 && *count_ >= last_) {
      return store::fail(store::ErrorKind::kCanceled, "canceled", "crashed");
    }
    ++*count_;
    return {};
  }
  int count() const { return *count_; }

 private:
  int last_;
  std::shared_ptr<int> count_ = std::make_shared<int>(0);
};

class ExportFixture : public ::testing::Test {
 protected:
  static constexpr store::Id kDocs = 20;

  void SetUp() override {
    mirror_.put_site_url();
    mirror_.put([](store::Batch& batch) {
      batch.spaces = {space(kDocs, "DOCS")};
      batch.users = {{"account-1", "Ann", "active"}};
    });
    options_.format = "storage";
    options_.selection.statuses = {"current", "archived"};
    form_ = exporting::make_storage_form();
  }

  void given_page(const store::Page& page) {
    mirror_.put([&](store::Batch& batch) { batch.pages = {page}; }, ++hour_);
  }
  void given_page(store::Id id, const std::string& title, std::optional<store::Id> parent = {},
                  const std::string& body = "") {
    auto made = page(id, kDocs, title, ++versions_[id]);
    made.parent_id = parent;
    if (parent) made.parent_type = "page";
    if (!body.empty()) made.body.emplace(body);
    given_page(made);
  }
  void given_folder(store::Id id, const std::string& title, std::optional<store::Id> parent = {}) {
    mirror_.put([&](store::Batch& batch) {
      store::Node node;
      node.id = id;
      node.type = "folder";
      node.status = "current";
      node.title = title;
      node.space_id = kDocs;
      node.parent_id = parent;
      batch.nodes = {node};
    });
  }

  store::Result<exporting::FolderExportResult> try_export(const Steps& steps = Steps()) {
    auto reader = store::Reader::open(mirror_.path());
    if (!reader) return store::fail(reader.error());
    auto target = exporting::TargetFolder::open(out_, steps);
    if (!target) return store::fail(target.error());
    return exporting::export_folder(**reader, **target, *form_, options_);
  }
  exporting::FolderExportResult export_all() {
    auto result = try_export();
    if (!result) throw std::runtime_error(result.error().message);
    return std::move(*result);
  }

  // Every file below, by its relative path.
  static std::map<std::string, std::string> files_in(const std::filesystem::path& folder) {
    std::map<std::string, std::string> files;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
      if (!entry.is_regular_file()) continue;
      files[std::filesystem::relative(entry.path(), folder)] = content(entry.path());
    }
    return files;
  }
  std::map<std::string, std::string> files() const { return files_in(out_); }
  std::vector<std::string> page_files() const {
    std::vector<std::string> names;
    for (const auto& [path, text] : files()) {
      if (!path.starts_with(".confmirror") && !path.ends_with(".json")) names.push_back(path);
    }
    return names;
  }
  static std::string content(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  void put_file(const std::string& path, const std::string& text) const {
    std::filesystem::create_directories((out_ / path).parent_path());
    std::ofstream(out_ / path, std::ios::binary) << text;
  }
  // Time and inode of each: whether anything was touched.
  std::map<std::string, std::pair<ino_t, std::int64_t>> traces() const {
    std::map<std::string, std::pair<ino_t, std::int64_t>> found;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(out_)) {
      struct stat state {};
      ::lstat(entry.path().c_str(), &state);
      found[entry.path()] = {state.st_ino,
                             state.st_mtim.tv_sec * 1'000'000'000 + state.st_mtim.tv_nsec};
    }
    return found;
  }

  TemporaryFolder folder_;
  MirrorBuilder mirror_{folder_ / "mirror.db"};
  std::filesystem::path out_ = folder_ / "out";
  std::unique_ptr<exporting::PageForm> form_;
  exporting::FolderExportOptions options_;
  std::map<store::Id, std::int32_t> versions_;
  int hour_ = 0;
};

}  // namespace test
