#pragma once

// Fills mirrors for tests through store::Writer, as a sync does: each put() is one answer of the
// site. Throws what goes wrong.

#include <stdlib.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <future>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "store/sqlite.h"
#include "store/writer.h"

namespace test {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = std::filesystem::temp_directory_path() / "confmirror-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
    path_ = name;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }
  std::vector<std::string> names() const {
    std::vector<std::string> found;
    for (const auto& entry : std::filesystem::directory_iterator(path_)) {
      found.push_back(entry.path().filename());
    }
    return found;
  }

 private:
  std::filesystem::path path_;
};

inline store::Time time_of(const std::string& iso8601) {
  return store::parse_iso8601(iso8601).value();
}

inline store::Space space(store::Id id, const std::string& key) {
  store::Space made;
  made.id = id;
  made.key = key;
  made.name = "Space " + key;
  made.type = "global";
  made.status = "current";
  made.author_id = "account-1";
  made.created_at = time_of("2020-01-02T03:04:05.678Z");
  made.web_path = "/spaces/" + key;
  return made;
}

inline store::Version version(std::int32_t number, const std::string& message = "") {
  store::Version made;
  made.number = number;
  made.created_at = time_of("2021-01-01T00:00:00Z") + std::chrono::hours(24 * number);
  made.message = message;
  made.author_id = "account-" + std::to_string(number % 3);
  return made;
}

inline store::Page page(store::Id id, store::Id space_id, const std::string& title,
                        std::int32_t number = 1) {
  store::Page made;
  made.id = id;
  made.status = "current";
  made.title = title;
  made.space_id = space_id;
  made.author_id = "account-1";
  made.created_at = time_of("2021-01-01T00:00:00Z");
  made.version = version(number);
  made.body.emplace("<p>" + title + ", version " + std::to_string(number) + "</p>");
  made.web_path = "/spaces/S/pages/" + std::to_string(id);
  return made;
}

// What the site lists of a page made by page(): all its versions, with the bodies that page()
// gives.
inline store::PageHistory history(store::Id page_id, const std::string& title, std::int32_t up_to) {
  store::PageHistory made;
  made.page_id = page_id;
  made.up_to = up_to;
  for (std::int32_t number = up_to; number >= 1; --number) {
    store::PageVersion row;
    row.version = version(number);
    row.title = title;
    row.body.emplace("<p>" + title + ", version " + std::to_string(number) + "</p>");
    made.versions.push_back(std::move(row));
  }
  return made;
}

class MirrorBuilder {
 public:
  explicit MirrorBuilder(std::filesystem::path path) : path_(std::move(path)) {
    auto opened = store::Writer::open(path_, {});
    if (!opened) throw std::runtime_error(opened.error().message);
    writer_ = std::move(*opened);
  }

  // `at` is when the answer came, in hours after the first day of 2026.
  void put(const std::function<void(store::Batch&)>& fill, int at = 0) {
    store::Batch batch(++observation_, time_of("2026-01-01T00:00:00Z") + std::chrono::hours(at));
    fill(batch);
    std::promise<store::Result<store::CommitInfo>> committed;
    writer_->submit(std::move(batch), [&committed](store::Result<store::CommitInfo> result) {
      committed.set_value(std::move(result));
    });
    const auto result = committed.get_future().get();
    if (!result) throw std::runtime_error(result.error().message);
  }
  void put_site_url() {
    put([](store::Batch& batch) { batch.meta["site_url"] = "https://example.atlassian.net"; });
  }

  // What no answer can bring yet, or only damage: straight into the file.
  void execute(const std::string& sql) {
    auto db = store::Db::open(path_, SQLITE_OPEN_READWRITE);
    if (!db) throw std::runtime_error(db.error().message);
    const auto done = (*db)->exec(sql.c_str());
    if (!done) throw std::runtime_error(done.error().message);
  }

  void close() {
    const auto closed = writer_->close();
    if (!closed) throw std::runtime_error(closed.error().message);
  }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
  std::unique_ptr<store::Writer> writer_;
  store::Observation observation_ = 0;
};

}  // namespace test
