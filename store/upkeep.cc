#include "store/upkeep.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <system_error>
#include <utility>
#include <vector>

#include "store/attended.h"
#include "store/lock.h"
#include "store/open.h"
#include "store/sqlite.h"
#include "store/vacuum.h"

namespace store {
namespace {

namespace fs = std::filesystem;

constexpr int kPagesAStep = 1024;  // 8 MiB
// Of the whole time of compact(), about.
constexpr double kShareOfOrphans = 0.2;
constexpr double kShareOfVacuum = 0.9;

Error upkeep_error(const std::string& verb, const fs::path& path, int number) {
  const bool full = number == ENOSPC || number == EDQUOT;
  return Error(
      ErrorKind::kSystem, full ? "disk_full" : "cannot_write",
      "cannot " + verb + " '" + path.string() + "': " + std::generic_category().message(number),
      full ? "Make room on that disk." : "Check that the folder exists and who may use it.");
}

fs::path folder_of(const fs::path& path) {
  return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

Result<std::int64_t> size_of(const fs::path& path) {
  std::error_code error;
  const auto size = fs::file_size(path, error);
  if (error) return fail(upkeep_error("look at", path, error.value()));
  return static_cast<std::int64_t>(size);
}

// A database file under a name of its own, which goes with its owner: keep_as() gives what is whole
// its real name.
class UnfinishedFile {
 public:
  static Result<UnfinishedFile> make(const fs::path& target) {
    std::string name = target.string() + ".unfinished-XXXXXX";
    const int fd = ::mkostemp(name.data(), O_CLOEXEC);
    if (fd < 0) return fail(upkeep_error("create", name, errno));
    UnfinishedFile file{fs::path(name)};
    const int moded = ::fchmod(fd, kMirrorMode);
    const int number = errno;
    ::close(fd);
    if (moded != 0) return fail(upkeep_error("set the mode of", name, number));
    return file;
  }
  ~UnfinishedFile() {
    if (path_.empty()) return;
    std::error_code ignored;  // what is left has a name that says what it is
    for (const char* suffix : {"", "-journal", "-wal", "-shm"}) {
      fs::remove(path_.string() + suffix, ignored);
    }
  }
  UnfinishedFile(UnfinishedFile&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  UnfinishedFile(const UnfinishedFile&) = delete;
  UnfinishedFile& operator=(const UnfinishedFile&) = delete;

  const fs::path& path() const { return path_; }

  // Never replaces what came there meanwhile.
  Result<void> keep_as(const fs::path& target) {
    if (auto done = sync_path(path_); !done) return done;
    int failed = ::renameat2(AT_FDCWD, path_.c_str(), AT_FDCWD, target.c_str(), RENAME_NOREPLACE);
    // Not every file system knows that flag, nor does every one know links.
    if (failed != 0 && errno == EINVAL) failed = ::link(path_.c_str(), target.c_str());
    if (failed != 0 && errno == EEXIST) return fail(target_exists(target));
    if (failed != 0) return fail(upkeep_error("create", target, errno));
    return sync_path(folder_of(target));
  }
  static Error target_exists(const fs::path& target) {
    return Error(ErrorKind::kUsage, "target_exists",
                 "cannot write '" + target.string() + "': it exists", "Name another file.");
  }

 private:
  explicit UnfinishedFile(fs::path path) : path_(std::move(path)) {}
  fs::path path_;
};

struct BackupDeleter {
  void operator()(sqlite3_backup* backup) const { sqlite3_backup_finish(backup); }
};

Result<void> copy_pages(Db& source, Db& target, const UpkeepProgress& progress) {
  Attended attended(source, progress);
  std::unique_ptr<sqlite3_backup, BackupDeleter> backup(
      sqlite3_backup_init(target.handle(), "main", source.handle(), "main"));
  if (!backup) return fail(target.make_error(sqlite3_extended_errcode(target.handle())));
  int code = SQLITE_OK;
  while (code == SQLITE_OK) {
    code = sqlite3_backup_step(backup.get(), kPagesAStep);
    const int all = sqlite3_backup_pagecount(backup.get());
    if (all == 0) continue;
    const double left = static_cast<double>(sqlite3_backup_remaining(backup.get())) / all;
    if (!attended.tell(1 - left)) return fail(*source.take_error());
  }
  if (code == SQLITE_DONE) code = SQLITE_OK;
  const int finished = sqlite3_backup_finish(backup.release());
  if (code != SQLITE_OK || finished != SQLITE_OK) {
    return fail(target.make_error(code != SQLITE_OK ? code : finished));
  }
  return {};
}

Result<void> write_backup(Db& source, const fs::path& path, const UpkeepProgress& progress) {
  auto target = Db::open(path, SQLITE_OPEN_READWRITE);
  if (!target) return fail(target.error());
  // The file is synced as a whole before it gets its name.
  if (auto done = (*target)->exec("PRAGMA synchronous=OFF"); !done) return done;
  {
    // In one snapshot: without it, each commit of the writer would start the copy again.
    Txn snapshot(source, Txn::Mode::kRead);
    if (auto pinned = source.ask("SELECT count(*) FROM sqlite_schema"); !pinned) {
      return fail(pinned.error());
    }
    if (auto done = copy_pages(source, **target, progress); !done) return done;
  }
  // One file that is whole without a -wal, on a read-only medium too; a restored one gets its WAL
  // when it is written to.
  auto mode = (*target)->ask("PRAGMA journal_mode=DELETE");
  if (!mode) return fail(mode.error());
  if (*mode != "delete") {
    return fail(ErrorKind::kSystem, "cannot_write",
                "cannot finish '" + path.string() + "': its journal mode stays " + *mode);
  }
  return {};
}

Result<std::int64_t> drop_orphans(Db& db) {
  // The counts say what is needed; the foreign keys would search all versions for each blob.
  if (auto done = db.exec("PRAGMA foreign_keys=OFF"); !done) return fail(done.error());
  Txn txn(db, Txn::Mode::kWrite);
  Stmt release(db,
               "UPDATE blob SET refs=refs-(SELECT count(*) FROM blob o WHERE o.refs=0 AND"
               " o.prefix_blob_id=blob.id) WHERE id IN"
               " (SELECT prefix_blob_id FROM blob WHERE refs=0 AND prefix_blob_id IS NOT NULL)");
  Stmt drop(db, "DELETE FROM blob WHERE id=?");
  std::int64_t dropped = 0;
  for (std::int64_t round = 1; round > 0 && !db.failed();) {
    std::vector<Id> orphans;
    {
      Stmt find(db, "SELECT id FROM blob WHERE refs=0");
      Query query = find.begin();
      while (query.row()) orphans.push_back(query.integer(0));
    }
    release.begin().run();
    for (const Id id : orphans) {
      Query query = drop.begin();
      query.bind(id).run();
    }
    round = static_cast<std::int64_t>(orphans.size());
    dropped += round;
  }
  if (auto done = txn.commit(); !done) return fail(done.error());
  return dropped;
}

// A folder of its own beside the backup, or among the temporary files where that cannot be written.
class Aside {
 public:
  static Result<Aside> make(const fs::path& backup) {
    std::error_code error;
    int number = 0;
    for (const fs::path& folder : {folder_of(backup), fs::temp_directory_path(error)}) {
      std::string name = (folder / ".confmirror-restore-XXXXXX").string();
      if (::mkdtemp(name.data()) != nullptr) return Aside(fs::path(name));
      number = errno;
    }
    return fail(upkeep_error("make a folder for a copy of", backup, number));
  }
  ~Aside() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }
  Aside(Aside&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  Aside(const Aside&) = delete;
  Aside& operator=(const Aside&) = delete;

  const fs::path& path() const { return path_; }

 private:
  explicit Aside(fs::path path) : path_(std::move(path)) {}
  fs::path path_;
};

Result<void> copy_aside(const fs::path& from, const fs::path& to) {
  std::error_code error;
  fs::copy_file(from, to, error);
  if (error) return fail(upkeep_error("copy", from, error.value()));
  return {};
}

}  // namespace

Result<std::int64_t> backup(const fs::path& mirror, const fs::path& target,
                            const UpkeepProgress& progress) {
  std::error_code ignored;
  if (fs::exists(fs::symlink_status(target, ignored))) {
    return fail(UnfinishedFile::target_exists(target));
  }
  auto source = open_for_reading(mirror);
  if (!source) return fail(source.error());
  auto file = UnfinishedFile::make(target);
  if (!file) return fail(file.error());
  if (auto done = write_backup(**source, file->path(), progress); !done) return fail(done.error());
  if (auto done = file->keep_as(target); !done) return fail(done.error());
  return size_of(target);
}

Result<CompactReport> compact(const fs::path& mirror, const UpkeepProgress& progress) {
  std::error_code ignored;
  if (!fs::exists(mirror, ignored)) return fail(upkeep_error("open", mirror, ENOENT));
  auto lock = MirrorLock::acquire(mirror);
  if (!lock) return fail(lock.error());
  WriteOptions options;
  options.create = false;
  auto db = open_for_writing(mirror, options);
  if (!db) return fail(db.error());
  CompactReport report;
  auto before = size_of(mirror);
  if (!before) return fail(before.error());
  report.bytes_before = *before;
  Attended attended(**db, progress);
  auto dropped = drop_orphans(**db);
  if (!dropped) return fail(dropped.error());
  report.blobs_dropped = *dropped;
  if (!attended.tell(kShareOfOrphans)) return fail(*(*db)->take_error());
  if (auto done = tidy_indexes(**db); !done) return fail(done.error());
  if (auto done = give_pages_back(**db, attended, kShareOfVacuum); !done) return fail(done.error());
  auto after = size_of(mirror);
  if (!after) return fail(after.error());
  report.bytes_after = *after;
  return report;
}

Result<CheckReport> restore_check(const fs::path& backup, const UpkeepProgress& progress) {
  std::error_code ignored;
  if (!fs::exists(backup, ignored)) return fail(upkeep_error("open", backup, ENOENT));
  auto aside = Aside::make(backup);
  if (!aside) return fail(aside.error());
  const fs::path copy = aside->path() / "mirror.db";
  if (auto done = copy_aside(backup, copy); !done) return fail(done.error());
  // The folder is large by now, and goes when the user does not want to wait.
  if (auto going_on = progress ? progress(0) : Result<void>(); !going_on) {
    return fail(going_on.error());
  }
  // A mirror that was copied by hand keeps its last commits there.
  const fs::path wal = backup.string() + "-wal";
  if (fs::exists(wal, ignored)) {
    if (auto done = copy_aside(wal, copy.string() + "-wal"); !done) return fail(done.error());
  }
  WriteOptions options;
  options.create = false;
  {
    auto db = open_for_writing(copy, options);
    if (!db) return fail(db.error());
  }
  return check(copy, progress);
}

}  // namespace store
