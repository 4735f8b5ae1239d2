#pragma once

// What the parts of Reader share; for reader*.cc only. Used by one thread at a time.

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "store/blobs.h"
#include "store/reader.h"
#include "store/sqlite.h"

namespace store {

class Reader::Impl {
 public:
  explicit Impl(std::unique_ptr<Db> opened) : db(std::move(opened)), blobs(*db) {}

  // What went wrong since the last call, or that.
  template <typename T>
  Result<T> answer(T value) {
    if (auto error = db->take_error()) return fail(std::move(*error));
    return value;
  }
  Result<void> answer() {
    if (auto error = db->take_error()) return fail(std::move(*error));
    return {};
  }

  // Statements are prepared for one use: what is asked here is asked seldom, and a callback may ask
  // it again while it runs.
  template <typename Read>
  void each(const std::string& sql, const std::function<void(Query&)>& bind, Read read) {
    Stmt stmt(*db, sql.c_str());
    Query query = stmt.begin();
    if (bind) bind(query);
    while (query.row()) {
      if (!read(query)) break;
    }
  }
  std::int64_t count(const char* sql) {
    std::int64_t value = 0;
    each(sql, nullptr, [&](const Query& query) {
      value = query.integer(0);
      return false;
    });
    return value;
  }

  // `which`: from WHERE on.
  Result<std::vector<RunUpdate>> runs(const std::string& which);
  Result<std::vector<TreeRow>> tree_rows(const std::string& sql, Id bound);
  void add_labels(std::vector<SpaceRow>& spaces);
  std::vector<Id> listed_ids(const PageListing& listing);
  std::vector<Id> merged_ids(const PageListing& listing);
  // Sets the body of `row` from that column; damage is set on the Db.
  void add_body(PageRow& row, const Query& query);
  void add_old_body(PageRow& row);
  Result<std::vector<DuePage>> due(const char* flag, const char* subject, Id after,
                                   std::size_t limit, Time now);
  bool add_body(VersionRow& row, std::optional<Id> blob, Blobs::Cache& cache);
  void damaged(const std::string& what) {
    db->set_error(Error(
        ErrorKind::kStoreBad, "mirror_damaged",
        "cannot read '" + db->path().string() + "': " + what + " is not what its SHA-256 says",
        "Run `confmirror db check`; restore a backup."));
  }

  const std::unique_ptr<Db> db;
  Blobs blobs;
};

}  // namespace store
