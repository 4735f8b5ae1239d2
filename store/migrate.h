#pragma once

// The schema's way forward: store/migrations/NNN_*.sql, one transaction each, counted by PRAGMA
// user_version. A file is ours by its application_id. Errors: kStoreBad "not_a_mirror" (another
// program's file), "mirror_newer" (written by a later version of this program); nothing has been
// changed then.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "store/sqlite.h"

namespace store {

inline constexpr std::int32_t kApplicationId = 0x43464d52;  // "CFMR"

// What `PRAGMA user_version` is after all of them.
int newest_schema();

struct FileState {
  bool empty = false;  // no table yet: a new file
  int version = 0;
};

// Looks without changing anything.
Result<FileState> inspect(Db& db);
// Brings the file forward, from empty too. `steps` are replaced by tests only.
Result<void> migrate(Db& db);
Result<void> migrate(Db& db, std::span<const std::string_view> steps);

}  // namespace store
