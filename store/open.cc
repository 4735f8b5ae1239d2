#include "store/open.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "store/migrate.h"

namespace store {
namespace {

namespace fs = std::filesystem;

Error system_error(const char* verb, const fs::path& path, int number) {
  const bool full = number == ENOSPC || number == EDQUOT;
  return Error(
      ErrorKind::kSystem, full ? "disk_full" : "cannot_open",
      std::string("cannot ") + verb + " '" + path.string() +
          "': " + std::generic_category().message(number),
      full ? "Make room on that disk." : "Check that the folder exists and who may use it.");
}

// SQLite would create the file by the umask; its -wal and -shm take over the mode of this one.
Result<void> create_file(const fs::path& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, kMirrorMode);
  if (fd < 0) {
    if (errno == EEXIST) return {};
    return fail(system_error("create", path, errno));
  }
  const int moded = ::fchmod(fd, kMirrorMode);
  const int number = errno;
  ::close(fd);
  if (moded != 0) return fail(system_error("set the mode of", path, number));
  return sync_path(path.has_parent_path() ? path.parent_path() : fs::path("."));
}

Result<void> expect_regular(const fs::path& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return fail(system_error("open", path, errno));
  if (!S_ISREG(info.st_mode))
    return fail(system_error("open", path, S_ISDIR(info.st_mode) ? EISDIR : EINVAL));
  return {};
}

Result<void> harden(Db& db) {
  // The file may come from anywhere: nothing in its schema may call what has side effects.
  sqlite3_db_config(db.handle(), SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_db_config(db.handle(), SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  return db.exec("PRAGMA cell_size_check=ON; PRAGMA temp_store=MEMORY;");
}

Result<void> turn_on_wal(Db& db) {
  auto mode = db.ask("PRAGMA journal_mode=WAL");
  if (!mode) return fail(mode.error());
  if (*mode != "wal") {
    return fail(ErrorKind::kSystem, "no_wal",
                "cannot use '" + db.path().string() +
                    "': its file system refuses SQLite's WAL (answer '" + *mode + "')",
                "Put the mirror on a local disk.");
  }
  int persist = 1;
  const int code = sqlite3_file_control(db.handle(), "main", SQLITE_FCNTL_PERSIST_WAL, &persist);
  if (code != SQLITE_OK) return fail(db.make_error(code));
  return {};
}

}  // namespace

Result<void> sync_path(const fs::path& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return fail(system_error("open", path, errno));
  const int synced = ::fsync(fd);
  const int number = errno;
  ::close(fd);
  if (synced != 0) return fail(system_error("sync", path, number));
  return {};
}

Result<std::unique_ptr<Db>> open_for_writing(const fs::path& path, const WriteOptions& options) {
  if (options.create) {
    if (auto created = create_file(path); !created) return fail(created.error());
  }
  if (auto regular = expect_regular(path); !regular) return fail(regular.error());
  if (::access(path.c_str(), W_OK) != 0) return fail(system_error("write", path, errno));
  auto opened = Db::open(path, SQLITE_OPEN_READWRITE, options.vfs);
  if (!opened) return opened;
  Db& db = **opened;
  sqlite3_busy_timeout(db.handle(), 10'000);
  if (auto done = harden(db); !done) return fail(done.error());
  auto state = inspect(db);
  if (!state) return fail(state.error());
  if (state->empty) {
    if (auto done = db.exec("PRAGMA page_size=8192"); !done) return fail(done.error());
  }
  if (auto done = turn_on_wal(db); !done) return fail(done.error());
  if (auto done = db.exec("PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;"
                          "PRAGMA journal_size_limit=67108864; PRAGMA cache_size=-12288;"
                          "PRAGMA wal_autocheckpoint=0;");
      !done) {
    return fail(done.error());
  }
  if (auto done = migrate(db); !done) return fail(done.error());
  return opened;
}

Result<std::unique_ptr<Db>> open_for_reading(const fs::path& path) {
  if (auto regular = expect_regular(path); !regular) return fail(regular.error());
  auto opened = Db::open(path, SQLITE_OPEN_READONLY);
  if (!opened) return opened;
  // Before the first look: a writer that closes the file has it to itself for a moment.
  sqlite3_busy_timeout((*opened)->handle(), 5'000);
  auto state = inspect(**opened);
  if (!state && (state.error().name == "cannot_open" || state.error().name == "read_only")) {
    // WAL needs its -shm beside the file, which a read-only folder cannot get. Without a WAL the
    // file alone is whole.
    std::error_code ignored;
    const auto wal = fs::path(path.string() + "-wal");
    if (fs::exists(wal, ignored) && fs::file_size(wal, ignored) > 0) return fail(state.error());
    std::string uri = "file:";
    for (const char c : fs::absolute(path).string()) {
      if (c == '%' || c == '?' || c == '#') {
        constexpr const char* kDigits = "0123456789ABCDEF";
        uri += {'%', kDigits[static_cast<unsigned char>(c) >> 4],
                kDigits[static_cast<unsigned char>(c) & 15]};
      } else {
        uri += c;
      }
    }
    opened = Db::open(path, SQLITE_OPEN_READONLY, {}, uri + "?immutable=1");
    if (!opened) return opened;
    state = inspect(**opened);
  }
  if (!state) return fail(state.error());
  if (state->empty || state->version < newest_schema()) {
    return fail(ErrorKind::kStoreBad, state->empty ? "not_a_mirror" : "mirror_older",
                "cannot read '" + path.string() + "': " +
                    (state->empty ? "it is empty" : "its schema is older than this program's"),
                "Run `confmirror sync` once: it brings the file forward.");
  }
  Db& db = **opened;
  if (auto done = harden(db); !done) return fail(done.error());
  if (auto done = db.exec("PRAGMA query_only=ON; PRAGMA cache_size=-8192;"); !done) {
    return fail(done.error());
  }
  return opened;
}

}  // namespace store
