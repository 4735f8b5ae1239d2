#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>

#include "store/attended.h"
#include "store/blobs.h"
#include "store/check_index.h"
#include "store/open.h"
#include "store/sqlite.h"
#include "store/upkeep.h"

namespace store {
namespace {

constexpr std::size_t kMostFindings = 100;
constexpr std::int64_t kTellEvery = 500;
constexpr double kShareOfSqlite = 0.25;  // of the whole time, about

// What must hold in every mirror and SQLite itself cannot say. Each gives the rows that break it.
struct Invariant {
  const char* broken;  // said with the subject of the row
  const char* sql;
};
constexpr Invariant kInvariants[] = {
    {"its body is marked as fetched, but is of another version (or the other way round)",
     "SELECT 'page ' || id FROM page WHERE body_due != (body_version IS NOT version)"},
    {"it has no row for its own version",
     "SELECT 'page ' || id FROM page p WHERE NOT EXISTS"
     " (SELECT 1 FROM page_version v WHERE v.page_id=p.id AND v.number=p.version)"},
    {"its body is of a version that has no row",
     "SELECT 'page ' || id FROM page p WHERE p.body_version IS NOT NULL AND NOT EXISTS"
     " (SELECT 1 FROM page_version v WHERE v.page_id=p.id AND v.number=p.body_version)"},
    {"it names a body but has none, or its hash or size is missing",
     "SELECT 'page ' || id FROM page WHERE body_version IS NOT NULL AND (body_id IS NULL OR"
     " body_hash IS NULL OR body_bytes IS NULL OR length(body_hash)!=32)"},
    {"it shares its body with another page",
     "SELECT 'page ' || max(id) FROM page WHERE body_id IS NOT NULL GROUP BY body_id"
     " HAVING count(*)>1"},
    {"it belongs to no page",
     "SELECT 'stored body ' || b.id FROM page_body b LEFT JOIN page p ON p.body_id=b.id"
     " WHERE p.id IS NULL"},
    {"its body is stored twice",
     "SELECT 'version ' || p.version || ' of page ' || p.id FROM page p JOIN page_version v"
     " ON v.page_id=p.id AND v.number=p.body_version WHERE v.blob_id IS NOT NULL"},
    {"its version listing is marked as due against the policy, or as known against what is known",
     "SELECT 'page ' || id FROM page WHERE history_due != (version>1 AND history_version<version "
     "AND"
     " coalesce((SELECT value FROM meta WHERE key='history'), 'none') != 'none')"},
    {"it ends before it begins, or overlaps the next one",
     "SELECT 'state ' || s.seq || ' of page ' || s.page_id FROM page_state s LEFT JOIN page_state n"
     " ON n.page_id=s.page_id AND n.seq=s.seq+1 WHERE s.valid_to<s.valid_from"
     " OR n.valid_from<s.valid_to"},
    {"its number is impossible",
     "SELECT 'version ' || number || ' of page ' || page_id FROM page_version WHERE number<1"},
    {"it was observed later than the mirror's last observation",
     "SELECT 'page ' || id FROM page WHERE observation>coalesce((SELECT CAST(value AS INTEGER)"
     " FROM meta WHERE key='last_observation'), 0)"},
    {"its chain is longer or shorter than it says",
     "SELECT 'blob ' || b.id FROM blob b LEFT JOIN blob p ON p.id=b.prefix_blob_id"
     " WHERE b.depth != coalesce(p.depth+1, 0)"},
    {"it is neither in the index of texts nor due for it",
     "SELECT 'page ' || id FROM page p WHERE gone_at IS NULL AND NOT EXISTS"
     " (SELECT 1 FROM page_text t WHERE t.page_id=p.id) AND NOT EXISTS"
     " (SELECT 1 FROM text_dirty d WHERE d.page_id=p.id)"},
    {"its text is kept though it is gone",
     "SELECT 'page ' || t.page_id FROM page_text t LEFT JOIN page p ON p.id=t.page_id AND"
     " p.gone_at IS NULL WHERE p.id IS NULL AND NOT EXISTS"
     " (SELECT 1 FROM text_dirty d WHERE d.page_id=t.page_id)"},
    {"it has a text and no entry in the index, or an entry and no text",
     "SELECT 'page ' || coalesce(t.page_id, d.id) FROM page_text t"
     " FULL JOIN page_index_docsize d ON d.id=t.page_id WHERE t.page_id IS NULL OR d.id IS NULL"},
    {"it has a text and no entry in the index, or an entry and no text",
     "SELECT 'version text ' || coalesce(t.id, d.id) FROM version_text t"
     " FULL JOIN version_index_docsize d ON d.id=t.id WHERE t.id IS NULL OR d.id IS NULL"},
    {"its count of references is wrong",
     "WITH used(id, n) AS (SELECT id, count(*) FROM ("
     " SELECT blob_id AS id FROM page_version WHERE blob_id IS NOT NULL"
     " UNION ALL SELECT blob_id FROM replaced_version WHERE blob_id IS NOT NULL"
     " UNION ALL SELECT prefix_blob_id FROM blob WHERE prefix_blob_id IS NOT NULL) GROUP BY id)"
     " SELECT 'blob ' || b.id FROM blob b LEFT JOIN used u ON u.id=b.id"
     " WHERE b.refs != coalesce(u.n, 0)"},
};

class Check {
 public:
  Check(Db& db, const UpkeepProgress& progress) : db_(db), blobs_(db), attended_(db, progress) {}

  Result<CheckReport> run() {
    Txn snapshot(db_, Txn::Mode::kRead);
    run_sqlite_checks();
    attended_.tell(kShareOfSqlite);
    count_work();
    check_bodies();
    check_blobs();
    for (const Invariant& invariant : kInvariants) check_invariant(invariant);
    attended_.tell(1);
    if (auto error = db_.take_error()) {
      if (error->kind != ErrorKind::kStoreBad) return fail(std::move(*error));
      found(error->message);
    }
    return std::move(report_);
  }

 private:
  void found(std::string finding) {
    if (report_.findings.size() < kMostFindings) report_.findings.push_back(std::move(finding));
  }
  // What damage stopped is a finding; the rest is checked all the same.
  void keep_damage() {
    if (auto error = db_.take_error()) {
      if (error->kind == ErrorKind::kStoreBad) {
        found(error->message);
      } else {
        db_.set_error(std::move(*error));
      }
    }
  }
  void step() {
    ++done_;
    if (done_ % kTellEvery != 0 || work_ == 0) return;
    const double share = static_cast<double>(done_) / static_cast<double>(work_);
    attended_.tell(kShareOfSqlite + (1 - kShareOfSqlite) * share);
  }
  void run_sqlite_checks();
  void count_work();
  void check_bodies();
  void check_blobs();
  void check_invariant(const Invariant& invariant);

  Db& db_;
  Blobs blobs_;
  Attended attended_;
  CheckReport report_;
  std::int64_t work_ = 0;
  std::int64_t done_ = 0;
};

void Check::run_sqlite_checks() {
  {
    Stmt stmt(db_, "PRAGMA integrity_check(100)");
    Query query = stmt.begin();
    while (query.row()) {
      if (query.view(0) != "ok") found("SQLite: " + query.text(0));
    }
  }
  keep_damage();
  {
    Stmt stmt(db_, "PRAGMA foreign_key_check");
    Query query = stmt.begin();
    while (query.row()) {
      found("a row of " + query.text(0) + " (" + query.as_text(1) + ") refers to a row of " +
            query.text(2) + " that is not there");
    }
  }
  keep_damage();
}

void Check::count_work() {
  Stmt stmt(db_, "SELECT (SELECT count(*) FROM page_body) + (SELECT count(*) FROM blob)");
  Query query = stmt.begin();
  if (query.row()) work_ = query.integer(0);
}

void Check::check_bodies() {
  {
    Stmt stmt(db_,
              "SELECT p.id, p.body_hash, p.body_bytes, b.body FROM page_body b"
              " JOIN page p ON p.body_id=b.id ORDER BY b.id");
    Query query = stmt.begin();
    while (query.row()) {
      const std::string_view body = query.view(3);
      if (query.hash(1) != sha256(body)) {
        found("the body of page " + query.as_text(0) + " is not what its SHA-256 says");
      } else if (query.integer(2) != static_cast<std::int64_t>(body.size())) {
        found("the body of page " + query.as_text(0) + " is not as long as its row says");
      }
      ++report_.pages;
      step();
    }
  }
  keep_damage();
}

void Check::check_blobs() {
  // A prefix is made before what needs it: in this order most of each chain is in the cache.
  Blobs::Cache cache;
  Stmt next(db_, "SELECT id FROM blob WHERE id>? ORDER BY id LIMIT 1");
  Stmt versions(db_, "SELECT count(*) FROM page_version WHERE blob_id IS NOT NULL");
  for (Id id = 0; !db_.failed();) {
    {
      Query query = next.begin();
      if (!query.bind(id).row()) break;
      id = query.integer(0);
    }
    static_cast<void>(blobs_.read(id, &cache));
    keep_damage();
    step();
  }
  keep_damage();
  Query query = versions.begin();
  if (query.row()) report_.versions = query.integer(0);
}

void Check::check_invariant(const Invariant& invariant) {
  {
    Stmt stmt(db_, invariant.sql);
    Query query = stmt.begin();
    while (report_.findings.size() < kMostFindings && query.row()) {
      found(query.text(0) + ": " + invariant.broken);
    }
  }
  keep_damage();
}

}  // namespace

Result<CheckReport> check(const std::filesystem::path& mirror, const UpkeepProgress& progress) {
  auto db = open_for_reading(mirror);
  if (!db) return fail(db.error());
  auto report = Check(**db, progress).run();
  if (!report) return report;
  auto& findings = report->findings;
  const auto checked = check_index(mirror, progress, [&](std::string finding) {
    if (findings.size() < kMostFindings) findings.push_back(std::move(finding));
  });
  if (!checked) return fail(checked.error());
  report->index_checked = *checked;
  return report;
}

}  // namespace store
