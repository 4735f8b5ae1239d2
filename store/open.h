#pragma once

// Opening a mirror file, with every setting in the one order that works (page size before the first
// table, whose file it is before anything is written, WAL with its answer checked). Connections
// come out ready to use; errors are kStoreBad (damaged, foreign, newer) and kSystem, and name the
// path and the cause.

#include <sys/types.h>

#include <filesystem>
#include <memory>
#include <string>

#include "store/sqlite.h"

namespace store {

constexpr mode_t kMirrorMode = 0640;  // of the mirror and of every copy and lock beside it

struct WriteOptions {
  bool create = true;  // false: an absent file is an error
  std::string vfs;     // empty: the default one
};

// The file is created with kMirrorMode. Migrated, WAL (which stays in place at close), foreign keys
// on.
Result<std::unique_ptr<Db>> open_for_writing(const std::filesystem::path& path,
                                             const WriteOptions& options);
// Read only. A file on a read-only medium is opened as immutable where it has no WAL.
Result<std::unique_ptr<Db>> open_for_reading(const std::filesystem::path& path);

// Puts a new file or folder entry on the disk for good.
Result<void> sync_path(const std::filesystem::path& path);

}  // namespace store
