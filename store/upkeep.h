#pragma once

// Care of a mirror file, for `confmirror db ...`. Each call opens connections of its own and blocks
// until it is done; any thread. Sizes are bytes. Errors as everywhere in store/.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "store/error.h"
#include "store/records.h"

namespace store {

// Asked now and then with how far the work is (0 to 1); may be empty. An error that it returns ends
// the work, which takes back what it has half done, and is what the call returns.
using UpkeepProgress = std::function<Result<void>(double done)>;

struct CheckReport {
  std::vector<std::string> findings;  // in words, at most 100; empty = the mirror is sound
  std::int64_t pages = 0;             // whose bodies were hashed
  std::int64_t versions = 0;          // whose bodies were decoded and hashed
  bool index_checked = false;  // by FTS5; false: the file cannot be written, or is crawled on
};
// SQLite's integrity_check and foreign_key_check, the SHA-256 of every body, every blob's chain and
// reference count, the schema's own invariants, and the indexes of texts. Changes nothing.
Result<CheckReport> check(const std::filesystem::path& mirror, const UpkeepProgress& progress);

// A consistent copy while others read and write, through SQLite's backup API. The target must not
// exist (kUsage "target_exists"); it appears under its name only when it is whole and on disk, with
// mode 0640.
Result<std::int64_t> backup(const std::filesystem::path& mirror,
                            const std::filesystem::path& target,
                            const UpkeepProgress& progress);  // bytes

struct FolderBackup {
  std::filesystem::path file;
  std::int64_t bytes = 0;
  std::vector<std::filesystem::path> removed;
};
// backup() to mirror-YYYYMMDDTHHMMSSZ.db, of the time `now`, in an existing folder. With `keep` of
// 1 or more, once the new one is whole: of the regular files with a name of exactly that form only
// the newest by name stay, `keep` with the new one, which stays whatever its name. Nothing else is
// touched.
Result<FolderBackup> backup_into(const std::filesystem::path& mirror,
                                 const std::filesystem::path& folder, Time now, std::int64_t keep,
                                 const UpkeepProgress& progress);

struct CompactReport {
  std::int64_t bytes_before = 0;
  std::int64_t bytes_after = 0;
  std::int64_t blobs_dropped = 0;  // bodies that no version needed any more
};
// Drops unreferenced blobs and gives free pages back. Takes the MirrorLock: kBusy while a crawl
// runs. Ended early it leaves the file as large as it was; orphans may have gone.
Result<CompactReport> compact(const std::filesystem::path& mirror, const UpkeepProgress& progress);

// Proves that a backup can be restored: copies it aside, opens and checks the copy, removes it.
Result<CheckReport> restore_check(const std::filesystem::path& backup,
                                  const UpkeepProgress& progress);

}  // namespace store
