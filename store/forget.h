#pragma once

// Erases a page from a mirror, every copy of it: the page and its body, all versions, what was
// observed of it, its texts and their place in the indexes, what jobs were to write to it and had
// kept of it, its quarantine. Bodies that other pages have too stay; those that were compressed
// against one of this page are compressed anew. Freed space is overwritten (secure_delete), the
// file rewritten and the WAL emptied, so that nothing of it is left in the files of the mirror.
// What the disk keeps of overwritten blocks is not in its hands.
//
// Jobs stay as rows without content: they cannot be tried again. The page itself may come back, if
// the site still has it: nothing is kept that could tell.
//
// Blocks; takes the MirrorLock. Errors: kBusy while another process crawls or executes (exit 7),
// and while a reader keeps the WAL in use; kUsage "unknown_page", and "page_in_use" while an
// unfinished job is about it; those of store/. What was committed when a later step fails is gone
// from every table; compact() does the rest.

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "store/error.h"
#include "store/records.h"
#include "store/upkeep.h"

namespace store {

struct ForgetReport {
  std::string title;  // the last known
  std::int64_t versions = 0;
  std::int64_t states = 0;
  std::int64_t jobs = 0;
  std::int64_t bodies_dropped = 0;
  std::int64_t bodies_encoded_anew = 0;
  std::int64_t bytes_before = 0;
  std::int64_t bytes_after = 0;
};
Result<ForgetReport> forget(const std::filesystem::path& mirror, Id page_id, Time now,
                            const UpkeepProgress& progress);

// A copy of a mirror beside it.
struct KnownCopy {
  enum class Holds { kYes, kNo, kUnreadable };
  std::filesystem::path file;
  Holds page = Holds::kUnreadable;
};
// The mirror files other than this one in its folder, in `backups` there, and in these folders; and
// whether they hold the page. Looks into files that are mirrors by their header alone.
std::vector<KnownCopy> copies_with(const std::filesystem::path& mirror,
                                   const std::vector<std::filesystem::path>& folders, Id page_id);

}  // namespace store
