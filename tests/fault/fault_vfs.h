#pragma once

// A SQLite VFS over the default one, for files of mirrors under test. While it lives it is the
// default VFS of this process. It fails, cuts short or lets through each write and sync, and on
// power_cut() takes every file back to what was last synced. The files themselves stay where SQLite
// put them: what has not been synced is kept beside, as the bytes that the unsynced writes have
// replaced. Thread-safe. -shm files (shared memory) and temporary files are passed through.
//
// Install one at a time, before any connection is opened, and let all connections go before it
// goes.

#include <sqlite3.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace fault {

class FaultVfs {
 public:
  FaultVfs();
  ~FaultVfs();
  FaultVfs(const FaultVfs&) = delete;
  FaultVfs& operator=(const FaultVfs&) = delete;

  enum class Kind { kWrite, kSync, kTruncate };
  struct Operation {
    Kind kind;
    std::string path;
    std::int64_t number = 0;  // counted from 1 since the VFS or the last reset_count()
  };
  struct Failure {
    int code = SQLITE_IOERR_WRITE;
    bool half_done = false;  // a write puts its first half on the file before it fails
  };
  // Asked before each operation; nullopt lets it through. Called with the VFS's lock held.
  using Rule = std::function<std::optional<Failure>(const Operation&)>;
  void set_rule(Rule rule);
  // Every write that would make a file grow fails like a full disk, until set_full(false).
  void set_full(bool full);
  std::int64_t count() const;
  void reset_count();

  // Drops what was not synced, in every file. Connections must be gone.
  void power_cut();

  // For the methods of its files only.
  struct File;
  struct Undo {
    std::int64_t offset = 0;
    std::vector<char> bytes;  // what was there
    std::int64_t size = 0;    // of the file before
  };
  std::optional<Failure> ask(Kind kind, const std::string& path, bool grows);
  void remember(const std::string& path, Undo undo);
  void synced(const std::string& path);
  void removed(const std::string& path);
  sqlite3_vfs* base() const { return base_; }

 private:
  mutable std::mutex mutex_;
  sqlite3_vfs* base_;
  std::unique_ptr<sqlite3_vfs> vfs_;
  Rule rule_;
  bool full_ = false;
  std::int64_t count_ = 0;
  std::map<std::string, std::vector<Undo>> unsynced_;
};

}  // namespace fault
