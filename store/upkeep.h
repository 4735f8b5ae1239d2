#pragma once

// Care of a mirror file, for `confmirror db ...`. Each call opens connections of its own and blocks
// until it is done; any thread. `progress` (0 to 1) is called now and then and may be empty. Sizes
// are bytes. Errors as everywhere in store/.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "store/error.h"

namespace store {

using UpkeepProgress = std::function<void(double done)>;

struct CheckReport {
  std::vector<std::string> findings;  // in words, at most 100; empty = the mirror is sound
  std::int64_t pages = 0;             // whose bodies were hashed
  std::int64_t versions = 0;          // whose bodies were decoded and hashed
};
// SQLite's integrity_check and foreign_key_check, the SHA-256 of every body, every blob's chain and
// reference count, and the schema's own invariants. Reads only.
Result<CheckReport> check(const std::filesystem::path& mirror, const UpkeepProgress& progress);

// A consistent copy while others read and write, through SQLite's backup API. The target must not
// exist (kUsage "target_exists"); it appears under its name only when it is whole and on disk, with
// mode 0640.
Result<std::int64_t> backup(const std::filesystem::path& mirror,
                            const std::filesystem::path& target,
                            const UpkeepProgress& progress);  // bytes

struct CompactReport {
  std::int64_t bytes_before = 0;
  std::int64_t bytes_after = 0;
  std::int64_t blobs_dropped = 0;  // bodies that no version needed any more
};
// Drops unreferenced blobs and gives free pages back. Takes the MirrorLock: kBusy while a crawl
// runs.
Result<CompactReport> compact(const std::filesystem::path& mirror);

// Proves that a backup can be restored: copies it aside, opens and checks the copy, removes it.
Result<CheckReport> restore_check(const std::filesystem::path& backup,
                                  const UpkeepProgress& progress);

}  // namespace store
