#include "store/forget.h"

#include <cerrno>
#include <optional>
#include <system_error>
#include <utility>

#include "store/apply_texts.h"
#include "store/blob_codec.h"
#include "store/blobs.h"
#include "store/lock.h"
#include "store/open.h"
#include "store/sqlite.h"
#include "store/vacuum.h"

namespace store {
namespace {

namespace fs = std::filesystem;

constexpr double kShareOfRows = 0.1;
constexpr double kShareOfIndexes = 0.4;
constexpr double kShareOfVacuum = 0.9;
// Two chains may have met (store/blobs.cc).
constexpr int kMostRounds = 4 * kMaxChain;

class Forgetting {
 public:
  Forgetting(Db& db, Id page_id, Time now)
      : db_(db), page_id_(page_id), now_(now), blobs_(db), texts_(db) {}

  Result<ForgetReport> run();

 private:
  Result<void> expect_known();
  Result<void> expect_unused();
  void drop_texts();
  void drop_rows();
  void drop_jobs();
  void drop_bodies();
  void encode_anew(const std::vector<Id>& blobs);
  // Both for statements whose parameters are all the page's id.
  std::int64_t run_sql(const char* sql);
  std::int64_t ask_sql(const char* sql);

  Db& db_;
  const Id page_id_;
  const Time now_;
  Blobs blobs_;
  BlobCodec codec_;
  TextRows texts_;
  ForgetReport report_;
};

std::int64_t Forgetting::run_sql(const char* sql) {
  Stmt stmt(db_, sql);
  {
    Query query = stmt.begin();
    query.bind(page_id_).run();
  }
  return db_.failed() ? 0 : db_.changes();
}

std::int64_t Forgetting::ask_sql(const char* sql) {
  Stmt stmt(db_, sql);
  Query query = stmt.begin();
  return query.bind(page_id_).row() ? query.integer(0) : 0;
}

Result<void> Forgetting::expect_known() {
  {
    Stmt stmt(db_, "SELECT title FROM page WHERE id=?");
    Query query = stmt.begin();
    if (query.bind(page_id_).row()) report_.title = query.text(0);
  }
  const auto known = ask_sql(
      "SELECT EXISTS (SELECT 1 FROM page WHERE id=?1)"
      " OR EXISTS (SELECT 1 FROM page_version WHERE page_id=?1)"
      " OR EXISTS (SELECT 1 FROM replaced_version WHERE page_id=?1)"
      " OR EXISTS (SELECT 1 FROM page_state WHERE page_id=?1)"
      " OR EXISTS (SELECT 1 FROM job WHERE page_id=?1 AND forgotten_at IS NULL)"
      " OR EXISTS (SELECT 1 FROM quarantined WHERE subject IN ('page:' || ?1, 'versions:' || ?1))");
  if (auto error = db_.take_error()) return fail(std::move(*error));
  if (known != 0) return {};
  return fail(ErrorKind::kUsage, "unknown_page",
              "cannot forget page '" + std::to_string(page_id_) +
                  "': the mirror has nothing of a page of that id",
              "'confmirror pages' lists what it has.");
}

Result<void> Forgetting::expect_unused() {
  const auto job = ask_sql(
      "SELECT coalesce(min(id), 0) FROM job WHERE (page_id=?1 OR parent_id=?1)"
      " AND state NOT IN ('done', 'failed', 'conflict', 'canceled')");
  if (auto error = db_.take_error()) return fail(std::move(*error));
  if (job == 0) return {};
  return fail(ErrorKind::kUsage, "page_in_use",
              "cannot forget page '" + std::to_string(page_id_) + "': job " + std::to_string(job) +
                  " is about it and has not ended",
              "Cancel it ('confmirror jobs cancel " + std::to_string(job) +
                  "'), or let it come to its end.");
}

void Forgetting::drop_texts() {
  texts_.remove_page(page_id_);
  texts_.remove_versions(page_id_);
}

void Forgetting::drop_rows() {
  run_sql("DELETE FROM page_body WHERE id=(SELECT body_id FROM page WHERE id=?)");
  report_.versions = run_sql("DELETE FROM page_version WHERE page_id=?");
  report_.versions += run_sql("DELETE FROM replaced_version WHERE page_id=?");
  report_.states = run_sql("DELETE FROM page_state WHERE page_id=?");
  run_sql("DELETE FROM page WHERE id=?");
  run_sql("DELETE FROM vanished_candidate WHERE page_id=?");
  run_sql("DELETE FROM quarantined WHERE subject IN ('page:' || ?1, 'versions:' || ?1)");
  // The triggers have noted that its versions went.
  run_sql("DELETE FROM text_dirty WHERE page_id=?");
  run_sql("DELETE FROM version_text_dirty WHERE page_id=?");
}

void Forgetting::drop_jobs() {
  for (const char* sql :
       {"DELETE FROM job_body WHERE job_id IN (SELECT id FROM job WHERE page_id=?)",
        "DELETE FROM job_image WHERE job_id IN (SELECT id FROM job WHERE page_id=?)",
        "UPDATE job_event SET reason='' WHERE job_id IN (SELECT id FROM job WHERE page_id=?)"}) {
    run_sql(sql);
  }
  Stmt stmt(db_,
            "UPDATE job SET title='', message='', error=NULL, result=NULL, ref=NULL, forgotten_at=?"
            " WHERE page_id=? AND forgotten_at IS NULL");
  {
    Query query = stmt.begin();
    query.bind(now_).bind(page_id_).run();
  }
  if (!db_.failed()) report_.jobs = db_.changes();
}

// Texts stay as they are; what they were compressed against goes.
void Forgetting::encode_anew(const std::vector<Id>& blobs) {
  Stmt update(db_,
              "UPDATE blob SET encoding=?2, prefix_blob_id=NULL, depth=0, data=?3 WHERE id=?1");
  for (const Id id : blobs) {
    const std::string text = blobs_.read(id);
    if (db_.failed()) return;
    const auto encoded = codec_.encode(text, std::nullopt);
    Query query = update.begin();
    query.bind(id).bind(static_cast<std::int64_t>(encoded.form)).bind_blob(encoded.data).run();
  }
  report_.bodies_encoded_anew = static_cast<std::int64_t>(blobs.size());
}

// What no version needs any more, be it this page's or not: whose it was cannot be told.
void Forgetting::drop_bodies() {
  db_.run(
      "CREATE TEMP TABLE kept(id INTEGER PRIMARY KEY);"
      "INSERT INTO kept SELECT blob_id FROM page_version WHERE blob_id IS NOT NULL"
      " UNION SELECT blob_id FROM replaced_version WHERE blob_id IS NOT NULL;");
  std::vector<Id> orphaned;
  {
    Stmt stmt(db_,
              "SELECT b.id FROM blob b JOIN temp.kept k ON k.id=b.id WHERE b.prefix_blob_id IS NOT"
              " NULL AND b.prefix_blob_id NOT IN (SELECT id FROM temp.kept)");
    Query query = stmt.begin();
    while (query.row()) orphaned.push_back(query.integer(0));
  }
  encode_anew(orphaned);
  db_.run("DELETE FROM blob WHERE id NOT IN (SELECT id FROM temp.kept)");
  if (!db_.failed()) report_.bodies_dropped = db_.changes();
  db_.run(
      "CREATE TEMP TABLE used(id INTEGER PRIMARY KEY, n INTEGER);"
      "INSERT INTO used SELECT id, count(*) FROM ("
      " SELECT blob_id AS id FROM page_version WHERE blob_id IS NOT NULL"
      " UNION ALL SELECT blob_id FROM replaced_version WHERE blob_id IS NOT NULL"
      " UNION ALL SELECT prefix_blob_id FROM blob WHERE prefix_blob_id IS NOT NULL) GROUP BY id;"
      "UPDATE blob SET refs=u.n FROM temp.used u WHERE u.id=blob.id AND blob.refs<>u.n;");
  bool changed = !orphaned.empty();
  for (int round = 0; changed && round < kMostRounds && !db_.failed(); ++round) {
    db_.run(
        "UPDATE blob SET depth=p.depth+1 FROM blob p"
        " WHERE p.id=blob.prefix_blob_id AND blob.depth<>p.depth+1");
    changed = !db_.failed() && db_.changes() > 0;
  }
  db_.run("DROP TABLE temp.kept; DROP TABLE temp.used;");
}

Result<ForgetReport> Forgetting::run() {
  Txn txn(db_, Txn::Mode::kWrite);
  if (auto error = db_.take_error()) return fail(std::move(*error));
  if (auto known = expect_known(); !known) return fail(known.error());
  if (auto unused = expect_unused(); !unused) return fail(unused.error());
  drop_texts();
  drop_rows();
  drop_jobs();
  drop_bodies();
  if (auto done = txn.commit(); !done) return fail(done.error());
  return report_;
}

Result<std::int64_t> bytes_of(const fs::path& path) {
  std::error_code error;
  const auto size = fs::file_size(path, error);
  if (error) {
    return fail(ErrorKind::kSystem, "cannot_open",
                "cannot look at '" + path.string() + "': " + error.message(),
                "Check that the file exists and who may use it.");
  }
  return static_cast<std::int64_t>(size);
}

Result<void> leave_no_trace(Db& db, Attended& attended) {
  if (!attended.tell(kShareOfRows)) return fail(*db.take_error());
  if (auto done = tidy_indexes(db); !done) return done;
  if (!attended.tell(kShareOfIndexes)) return fail(*db.take_error());
  return give_pages_back(db, attended, kShareOfVacuum);
}

}  // namespace

Result<ForgetReport> forget(const fs::path& mirror, Id page_id, Time now,
                            const UpkeepProgress& progress) {
  auto before = bytes_of(mirror);
  if (!before) return fail(before.error());
  auto lock = MirrorLock::acquire(mirror);
  if (!lock) return fail(lock.error());
  WriteOptions options;
  options.create = false;
  auto db = open_for_writing(mirror, options);
  if (!db) return fail(db.error());
  // The counts say what is needed; the foreign keys would search all versions for each blob.
  if (auto set = (*db)->exec("PRAGMA secure_delete=ON; PRAGMA foreign_keys=OFF"); !set) {
    return fail(set.error());
  }
  Attended attended(**db, progress);
  auto report = Forgetting(**db, page_id, now).run();
  if (!report) return report;
  if (auto done = leave_no_trace(**db, attended); !done) {
    auto error = done.error();
    error.message += " (the page is out of every table; traces of it are left in the file)";
    error.hint = "'confmirror db compact' removes what is left, once nobody reads.";
    return fail(std::move(error));
  }
  report->bytes_before = *before;
  auto after = bytes_of(mirror);
  if (!after) return fail(after.error());
  report->bytes_after = *after;
  return report;
}

}  // namespace store
