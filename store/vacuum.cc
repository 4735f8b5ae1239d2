#include "store/vacuum.h"

namespace store {
namespace {

constexpr int kCheckpointPatienceMs = 3'000;

}  // namespace

Result<void> tidy_indexes(Db& db) {
  return db.exec(
      "INSERT INTO page_index(page_index) VALUES('optimize');"
      "INSERT INTO version_index(version_index) VALUES('optimize');");
}

Result<void> give_pages_back(Db& db, Attended& attended, double done) {
  // VACUUM builds the new file in a temporary one: on disk, or it would be held in memory whole.
  if (auto ran = db.exec("PRAGMA temp_store=FILE; VACUUM;"); !ran) return ran;
  if (!attended.tell(done)) return fail(*db.take_error());
  sqlite3_busy_timeout(db.handle(), kCheckpointPatienceMs);
  const int code =
      sqlite3_wal_checkpoint_v2(db.handle(), "main", SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
  if (code != SQLITE_OK) return fail(db.make_error(code));
  return {};
}

}  // namespace store
