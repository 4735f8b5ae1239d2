#pragma once

// A file that appears under its name only when it is whole and on the disk: written to a temporary
// beside it, synced, renamed. Until then an older file of that name stays as it was; without
// commit() nothing remains. A name that is a device or a pipe is written to directly. An existing
// file keeps its mode, a new one gets 0640. Owned by value, one thread at a time. Errors: kSystem
// "disk_full" or "write_failed", with the path and the system's words.

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "store/error.h"

namespace exporting {

class OutputFile {
 public:
  static store::Result<std::unique_ptr<OutputFile>> create(const std::filesystem::path& target);
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  store::Result<void> write(std::string_view bytes);  // buffered
  store::Result<void> commit();

 private:
  OutputFile(std::filesystem::path target, std::filesystem::path temporary, int fd);
  store::Result<void> flush();
  store::Error error_of(int code) const;

  std::filesystem::path target_;
  std::filesystem::path temporary_;  // empty: written to directly
  int fd_;
  std::string buffer_;
};

// kSystem "disk_full", "pipe_closed" or "write_failed" for an errno.
store::Error write_error(const std::string& object, int code);

}  // namespace exporting
