#include "store/check_index.h"

#include <unistd.h>

#include <optional>
#include <utility>

#include "store/attended.h"
#include "store/lock.h"
#include "store/sqlite.h"

namespace store {
namespace {

struct Index {
  const char* check;
  const char* broken;
};
// The 1: also against the texts themselves, where they are kept beside it.
constexpr Index kIndexes[] = {
    {"INSERT INTO page_index(page_index, rank) VALUES('integrity-check', 1)",
     "the index of texts of pages does not say what the texts say"},
    {"INSERT INTO version_index(version_index, rank) VALUES('integrity-check', 0)",
     "the index of texts of older versions is damaged"},
};

}  // namespace

Result<bool> check_index(const std::filesystem::path& mirror, const UpkeepProgress& progress,
                         const std::function<void(std::string)>& found) {
  if (::access(mirror.c_str(), W_OK) != 0) return false;
  std::optional<MirrorLock> lock;
  std::error_code ignored;
  // Whoever crawls has made it. Beside a backup none is made.
  if (std::filesystem::exists(mirror.string() + ".lock", ignored)) {
    auto taken = MirrorLock::acquire(mirror);
    if (!taken) return false;
    lock.emplace(std::move(*taken));
  }
  // As it is: not brought forward, nor into WAL.
  auto db = Db::open(mirror, SQLITE_OPEN_READWRITE);
  if (!db) return fail(db.error());
  sqlite3_busy_timeout((*db)->handle(), 2'000);
  const Attended attended(**db, progress);
  Txn txn(**db, Txn::Mode::kWrite);  // rolled back
  if (auto error = (*db)->take_error()) {
    if (error->kind == ErrorKind::kBusy || error->kind == ErrorKind::kSystem) return false;
    return fail(std::move(*error));
  }
  for (const Index& index : kIndexes) {
    const auto checked = (*db)->exec(index.check);
    if (checked) continue;
    if (checked.error().kind != ErrorKind::kStoreBad) return fail(checked.error());
    found(index.broken);
  }
  return true;
}

}  // namespace store
