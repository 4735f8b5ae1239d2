#pragma once

// A mirror file in a folder of its own, with verbs to write batches and look at what became of
// them.

#include <gtest/gtest.h>

#include <filesystem>
#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "store/batch.h"
#include "store/reader.h"
#include "store/sqlite.h"
#include "store/writer.h"

namespace store::testing {

// A folder that goes away with its owner.
class TempDir {
 public:
  TempDir() {
    std::string name = (std::filesystem::temp_directory_path() / "confmirror-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr)
      throw std::runtime_error("cannot make a folder for a test");
    path_ = name;
  }
  ~TempDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

inline Time at(std::int64_t seconds) { return Time(std::chrono::seconds(1'700'000'000 + seconds)); }

inline Page make_page(Id id, std::int32_t version) {
  Page page;
  page.id = id;
  page.status = "current";
  page.title = "Page " + std::to_string(id);
  page.space_id = 7;
  page.parent_id = 1;
  page.parent_type = "page";
  page.position = 10;
  page.author_id = "author-a";
  page.owner_id = "owner-o";
  page.created_at = at(0);
  page.version.number = version;
  page.version.created_at = at(100 * version);
  page.version.message = "edit " + std::to_string(version);
  page.version.author_id = "editor-" + std::to_string(version % 3);
  page.web_path = "/spaces/K/pages/" + std::to_string(id);
  return page;
}

// Long enough that compressing pays, and each version differs from its neighbour by a word.
inline std::string body_text(Id id, std::int32_t version) {
  std::string text =
      "<p>Page " + std::to_string(id) + ", version " + std::to_string(version) + "</p>";
  for (int i = 0; i < 20; ++i) {
    text += "<p>Paragraph " + std::to_string(i) + " of page " + std::to_string(id) +
            " says what it always said.</p>";
  }
  return text;
}

inline Page make_page_with_body(Id id, std::int32_t version) {
  Page page = make_page(id, version);
  page.body = Body(body_text(id, version));
  return page;
}

inline PageVersion make_version(Id id, std::int32_t number, bool with_body) {
  PageVersion version;
  version.version = make_page(id, number).version;
  if (with_body) version.body = Body(body_text(id, number));
  return version;
}

// Newest first, as the site lists them.
inline PageHistory make_history(Id id, std::int32_t up_to, bool with_bodies = true) {
  PageHistory history;
  history.page_id = id;
  history.up_to = up_to;
  for (std::int32_t number = up_to; number >= 1; --number) {
    history.versions.push_back(make_version(id, number, with_bodies));
  }
  return history;
}

class MirrorTest : public ::testing::Test {
 protected:
  std::filesystem::path path() const { return dir_.path() / "mirror.db"; }

  void open(Writer::Options options = {}) {
    auto writer = Writer::open(path(), std::move(options));
    ASSERT_TRUE(writer.has_value()) << writer.error().message;
    writer_ = std::move(*writer);
  }
  void close() {
    const auto closed = writer_->close();
    ASSERT_TRUE(closed.has_value()) << closed.error().message;
    writer_.reset();
  }
  Writer& writer() {
    if (!writer_) open();
    return *writer_;
  }
  std::future<Result<CommitInfo>> submit(Batch batch) {
    auto promise = std::make_shared<std::promise<Result<CommitInfo>>>();
    auto future = promise->get_future();
    writer().submit(std::move(batch), [promise](Result<CommitInfo> result) {
      promise->set_value(std::move(result));
    });
    return future;
  }
  // Commits, and expects that to work.
  CommitInfo write(Batch batch) {
    auto result = submit(std::move(batch)).get();
    EXPECT_TRUE(result.has_value()) << result.error().message;
    return result ? *result : CommitInfo();
  }
  CommitInfo write_page(Observation observation, Page page) {
    Batch batch(observation, at(observation));
    batch.pages.push_back(std::move(page));
    return write(std::move(batch));
  }
  CommitInfo write_history(Observation observation, PageHistory history) {
    Batch batch(observation, at(observation));
    batch.histories.push_back(std::move(history));
    return write(std::move(batch));
  }
  Reader& reader() {
    if (!reader_) {
      auto opened = Reader::open(path());
      if (!opened) throw std::runtime_error(opened.error().message);
      reader_ = std::move(*opened);
    }
    return *reader_;
  }
  PageRow page(Id id) {
    auto row = reader().page(id, true);
    EXPECT_TRUE(row.has_value()) << row.error().message;
    EXPECT_TRUE(row && row->has_value()) << "page " << id << " is missing";
    return row && *row ? **row : PageRow();
  }
  std::string version_body(Id id, std::int32_t version) {
    auto body = reader().version_body(id, version);
    EXPECT_TRUE(body.has_value()) << body.error().message;
    return body ? body->value_or("(none)") : "(error)";
  }
  std::vector<Id> history_due() {
    const auto due = reader().history_due(0, 1000, Time::max());
    EXPECT_TRUE(due.has_value()) << due.error().message;
    std::vector<Id> ids;
    if (due) {
      for (const DuePage& entry : *due) ids.push_back(entry.page_id);
    }
    return ids;
  }
  // Rows as text, columns separated by '|', NULL as "~".
  std::vector<std::string> rows(const std::string& sql) { return rows_of(path(), sql); }
  static std::vector<std::string> rows_of(const std::filesystem::path& file,
                                          const std::string& sql);
  // Changes the file behind the writer's back.
  void tamper(const std::string& sql);

  TempDir dir_;
  std::unique_ptr<Writer> writer_;
  std::unique_ptr<Reader> reader_;
};

inline std::vector<std::string> MirrorTest::rows_of(const std::filesystem::path& file,
                                                    const std::string& sql) {
  std::vector<std::string> out;
  auto db = Db::open(file, SQLITE_OPEN_READONLY);
  if (!db) throw std::runtime_error(db.error().message);
  {
    Stmt stmt(**db, sql.c_str());
    Query query = stmt.begin();
    while (query.row()) {
      std::string line;
      for (int i = 0; i < query.columns(); ++i) {
        if (i > 0) line += '|';
        line += query.is_null(i) ? "~" : query.as_text(i);
      }
      out.push_back(std::move(line));
    }
  }
  if (auto error = (*db)->take_error()) throw std::runtime_error(error->message);
  return out;
}

inline void MirrorTest::tamper(const std::string& sql) {
  auto db = Db::open(path(), SQLITE_OPEN_READWRITE);
  ASSERT_TRUE(db.has_value()) << db.error().message;
  const auto done = (*db)->exec(sql.c_str());
  ASSERT_TRUE(done.has_value()) << done.error().message;
}

}  // namespace store::testing
