#pragma once

// The folder that an export is written to, where anything may lie beside our files: nothing outside
// it is ever touched. Paths are relative (is_safe_path()); each folder on the way is opened in its
// turn and no symbolic link is followed, whoever puts one there meanwhile; only the way to the
// folder itself may lead over links. A file appears under its name whole or not at all.
//
// Holds a lock on the folder while it lives. One thread at a time. `before_change` is called before
// each change of the disk; its error ends the work there, as a crash would: nothing is cleaned up.
// Errors: kSystem ("disk_full", "write_failed", "read_failed"); kItemBad "in_the_way" where
// something else has the name; kBusy where another export works there.

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/records.h"

namespace exporting {

class TargetFolder {
 public:
  enum class Kind { kAbsent, kFile, kFolder, kOther };
  struct State {
    Kind kind = Kind::kAbsent;
    std::int64_t bytes = 0;
    dev_t device = 0;
    ino_t inode = 0;
  };
  using BeforeChange = std::function<store::Result<void>()>;

  // Makes the folder where it is missing, but not the one around it.
  static store::Result<std::unique_ptr<TargetFolder>> open(const std::filesystem::path& path,
                                                           BeforeChange before_change);
  ~TargetFolder();
  TargetFolder(const TargetFolder&) = delete;
  TargetFolder& operator=(const TargetFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::string shown(std::string_view path) const { return (path_ / path).string(); }

  store::Result<std::vector<std::string>> names() const;  // on top, sorted
  // kOther also where a link is on the way.
  store::Result<State> state(const std::string& path) const;
  // nullopt: no such file. At most `most_bytes`, else kItemBad "too_large".
  store::Result<std::optional<std::string>> read(const std::string& path,
                                                 std::int64_t most_bytes) const;

  // The folder it lies in must be there. What is synced to the disk is what sync() finds.
  store::Result<void> write(const std::string& path, std::string_view content);
  // The same, on the disk when it returns.
  store::Result<void> write_durably(const std::string& path, std::string_view content);
  // A file on top that grows; on the disk when it returns.
  store::Result<void> append_durably(const std::string& name, std::string_view bytes);
  // false: there is one.
  store::Result<bool> make_folder(const std::string& path);
  store::Result<void> remove_file(const std::string& path);
  // false: it is not empty, or not there.
  store::Result<bool> remove_folder(const std::string& path);
  store::Result<void> sync();
  // Of an export that was killed; for a folder that is known to hold one.
  store::Result<void> discard_temporary();

 private:
  TargetFolder(std::filesystem::path path, int fd, BeforeChange before_change);
  // The folder's descriptor, which the cache owns; a negative errno if there is no way there.
  int folder_fd(const std::string& folder) const;
  store::Result<void> fill_temporary(std::string_view content, bool durably);
  store::Result<void> put(const std::string& path, std::string_view content, bool durably);
  store::Error error_of(const char* verb, std::string_view path, int code) const;
  void forget_folders() const;

  std::filesystem::path path_;
  int fd_;
  BeforeChange before_change_;
  int growing_ = -1;
  std::string growing_name_;
  mutable std::map<std::string, int> folders_;  // open ones
};

}  // namespace exporting
