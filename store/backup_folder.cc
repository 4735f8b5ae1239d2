#include <algorithm>
#include <cctype>
#include <string_view>
#include <system_error>
#include <vector>

#include "store/upkeep.h"

namespace store {
namespace {

namespace fs = std::filesystem;

// The names of backups in a folder: in their order by text they are in their order by time.
constexpr std::string_view kForm = "mirror-DDDDDDDDTDDDDDDZ.db";

std::string backup_name(Time now) {
  std::string name = "mirror-";
  for (const char c : to_iso8601(std::chrono::floor<std::chrono::seconds>(now))) {
    if (c == '.') break;  // milliseconds
    if (c != '-' && c != ':' && c != 'Z') name += c;
  }
  return name + "Z.db";
}

bool is_backup_name(std::string_view name) {
  return name.size() == kForm.size() &&
         std::equal(name.begin(), name.end(), kForm.begin(), [](char c, char form) {
           return form == 'D' ? std::isdigit(static_cast<unsigned char>(c)) != 0 : c == form;
         });
}

Error folder_error(const char* verb, const fs::path& path, const std::error_code& cause) {
  return Error(ErrorKind::kSystem, "cannot_tidy",
               std::string("cannot ") + verb + " '" + path.string() + "': " + cause.message(),
               "The new backup is whole. Check who may write to the folder.");
}

// Newest first; regular files alone.
Result<std::vector<fs::path>> backups_in(const fs::path& folder) {
  std::vector<fs::path> found;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    std::error_code vanished;
    if (!fs::is_regular_file(entry->symlink_status(vanished)) || vanished) continue;
    if (is_backup_name(entry->path().filename().string())) found.push_back(entry->path());
  }
  if (error) return fail(folder_error("list", folder, error));
  std::sort(found.begin(), found.end(), std::greater<>());
  return found;
}

}  // namespace

Result<FolderBackup> backup_into(const fs::path& mirror, const fs::path& folder, Time now,
                                 std::int64_t keep, const UpkeepProgress& progress) {
  FolderBackup made;
  made.file = folder / backup_name(now);
  auto bytes = backup(mirror, made.file, progress);
  if (!bytes) return fail(bytes.error());
  made.bytes = *bytes;
  if (keep <= 0) return made;
  auto found = backups_in(folder);
  if (!found) return fail(found.error());
  // The new one stays, also where a clock that was wrong has left names of the future.
  found->erase(std::remove(found->begin(), found->end(), made.file), found->end());
  for (auto old = static_cast<std::size_t>(keep - 1); old < found->size(); ++old) {
    std::error_code error;
    if (!fs::remove((*found)[old], error) && error) {
      return fail(folder_error("remove", (*found)[old], error));
    }
    made.removed.push_back((*found)[old]);
  }
  return made;
}

}  // namespace store
