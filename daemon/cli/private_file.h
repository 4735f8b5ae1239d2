#pragma once

// A file for its owner's eyes only (0600) that appears under its name whole and on disk, or not at
// all: written to a temporary beside it, synced, renamed. Without commit() nothing remains of it.
// Folders that are missing are made (0700) and taken away again if nothing came of it. Owned by
// value. Errors: kSystem with path and cause.

#include <filesystem>
#include <memory>
#include <string_view>
#include <vector>

#include "store/error.h"

namespace cli {

class PrivateFile {
 public:
  static store::Result<std::unique_ptr<PrivateFile>> write(const std::filesystem::path& target,
                                                           std::string_view content);
  ~PrivateFile();
  PrivateFile(const PrivateFile&) = delete;
  PrivateFile& operator=(const PrivateFile&) = delete;

  store::Result<void> commit();
  // After commit(): takes the file away again, if there was none before.
  void revoke();

 private:
  explicit PrivateFile(std::filesystem::path target) : target_(std::move(target)) {}
  store::Result<void> make_folders();
  store::Result<void> fill(std::string_view content);

  std::filesystem::path target_;
  std::filesystem::path temporary_;             // "" = none
  std::vector<std::filesystem::path> folders_;  // made by us, outermost first
  bool existed_ = false;
  bool committed_ = false;
};

// Why no file can be made there, as far as that shows beforehand.
store::Result<void> check_writable(const std::filesystem::path& target);

}  // namespace cli
