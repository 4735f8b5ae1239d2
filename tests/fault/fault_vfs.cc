#include "tests/fault/fault_vfs.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace fault {

// What SQLite allocates for each open file; the base VFS's own file follows it.
struct FaultVfs::File {
  sqlite3_file header;
  FaultVfs* vfs;
  std::string* path;  // nullptr: passed through
  sqlite3_file* base() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};

namespace {

using File = FaultVfs::File;

File* to_file(sqlite3_file* file) { return reinterpret_cast<File*>(file); }
sqlite3_file* base_of(sqlite3_file* file) { return to_file(file)->base(); }

int close_file(sqlite3_file* file) {
  const int code = base_of(file)->pMethods->xClose(base_of(file));
  delete to_file(file)->path;
  return code;
}

int read_file(sqlite3_file* file, void* out, int size, sqlite3_int64 offset) {
  return base_of(file)->pMethods->xRead(base_of(file), out, size, offset);
}

std::int64_t size_of(sqlite3_file* file) {
  sqlite3_int64 size = 0;
  if (base_of(file)->pMethods->xFileSize(base_of(file), &size) != SQLITE_OK) return 0;
  return size;
}

// Keeps what [offset, offset + size) holds now.
void remember(sqlite3_file* file, std::int64_t offset, std::int64_t size) {
  File* self = to_file(file);
  FaultVfs::Undo undo;
  undo.offset = offset;
  undo.size = size_of(file);
  undo.bytes.resize(
      static_cast<std::size_t>(std::clamp<std::int64_t>(undo.size - offset, 0, size)));
  if (!undo.bytes.empty()) {
    const int code =
        read_file(file, undo.bytes.data(), static_cast<int>(undo.bytes.size()), offset);
    if (code != SQLITE_OK) throw std::runtime_error("the file under test cannot be read");
  }
  self->vfs->remember(*self->path, std::move(undo));
}

int write_file(sqlite3_file* file, const void* data, int size, sqlite3_int64 offset) {
  File* self = to_file(file);
  const auto write = [&](int bytes) {
    return self->base()->pMethods->xWrite(self->base(), data, bytes, offset);
  };
  if (self->path == nullptr) return write(size);
  const bool grows = offset + size > size_of(file);
  const auto failure = self->vfs->ask(FaultVfs::Kind::kWrite, *self->path, grows);
  if (failure && !failure->half_done) return failure->code;
  const int bytes = failure ? size / 2 : size;
  remember(file, offset, bytes);
  const int code = write(bytes);
  return failure ? failure->code : code;
}

int truncate_file(sqlite3_file* file, sqlite3_int64 size) {
  File* self = to_file(file);
  if (self->path != nullptr) {
    const auto failure = self->vfs->ask(FaultVfs::Kind::kTruncate, *self->path, false);
    if (failure) return failure->code;
    remember(file, size, std::max<std::int64_t>(0, size_of(file) - size));
  }
  return self->base()->pMethods->xTruncate(self->base(), size);
}

int sync_file(sqlite3_file* file, int flags) {
  File* self = to_file(file);
  if (self->path != nullptr) {
    const auto failure = self->vfs->ask(FaultVfs::Kind::kSync, *self->path, false);
    if (failure) return failure->code;
  }
  const int code = self->base()->pMethods->xSync(self->base(), flags);
  if (code == SQLITE_OK && self->path != nullptr) self->vfs->synced(*self->path);
  return code;
}

int file_size(sqlite3_file* file, sqlite3_int64* size) {
  return base_of(file)->pMethods->xFileSize(base_of(file), size);
}
int lock_file(sqlite3_file* file, int level) {
  return base_of(file)->pMethods->xLock(base_of(file), level);
}
int unlock_file(sqlite3_file* file, int level) {
  return base_of(file)->pMethods->xUnlock(base_of(file), level);
}
int check_lock(sqlite3_file* file, int* out) {
  return base_of(file)->pMethods->xCheckReservedLock(base_of(file), out);
}
int control_file(sqlite3_file* file, int what, void* arg) {
  // Reserving room ahead would be a write that is not counted.
  if (what == SQLITE_FCNTL_SIZE_HINT || what == SQLITE_FCNTL_CHUNK_SIZE) return SQLITE_OK;
  return base_of(file)->pMethods->xFileControl(base_of(file), what, arg);
}
int sector_size(sqlite3_file* file) { return base_of(file)->pMethods->xSectorSize(base_of(file)); }
int characteristics(sqlite3_file* file) {
  return base_of(file)->pMethods->xDeviceCharacteristics(base_of(file));
}
int map_shm(sqlite3_file* file, int page, int size, int extend, void volatile** out) {
  return base_of(file)->pMethods->xShmMap(base_of(file), page, size, extend, out);
}
int lock_shm(sqlite3_file* file, int offset, int n, int flags) {
  return base_of(file)->pMethods->xShmLock(base_of(file), offset, n, flags);
}
void barrier_shm(sqlite3_file* file) { base_of(file)->pMethods->xShmBarrier(base_of(file)); }
int unmap_shm(sqlite3_file* file, int remove) {
  return base_of(file)->pMethods->xShmUnmap(base_of(file), remove);
}

// Version 2: no memory mapping, which would pass the shim by.
constexpr sqlite3_io_methods kMethods = {
    2,         close_file,  read_file,  write_file,   truncate_file, sync_file,       file_size,
    lock_file, unlock_file, check_lock, control_file, sector_size,   characteristics, map_shm,
    lock_shm,  barrier_shm, unmap_shm,  nullptr,      nullptr};

FaultVfs* self_of(sqlite3_vfs* vfs) { return static_cast<FaultVfs*>(vfs->pAppData); }

int open_file(sqlite3_vfs* vfs, const char* name, sqlite3_file* out, int flags, int* out_flags) {
  File* file = to_file(out);
  file->vfs = self_of(vfs);
  file->path = nullptr;
  out->pMethods = nullptr;
  sqlite3_vfs* base = file->vfs->base();
  const int code = base->xOpen(base, name, file->base(), flags, out_flags);
  if (code != SQLITE_OK) return code;
  constexpr int kWatched = SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL;
  if (name != nullptr && (flags & kWatched) != 0) file->path = new std::string(name);
  out->pMethods = &kMethods;
  return SQLITE_OK;
}

int delete_file(sqlite3_vfs* vfs, const char* name, int sync_folder) {
  FaultVfs* self = self_of(vfs);
  const int code = self->base()->xDelete(self->base(), name, sync_folder);
  if (code == SQLITE_OK) self->removed(name);
  return code;
}
int access_file(sqlite3_vfs* vfs, const char* name, int flags, int* out) {
  sqlite3_vfs* base = self_of(vfs)->base();
  return base->xAccess(base, name, flags, out);
}
int full_path(sqlite3_vfs* vfs, const char* name, int size, char* out) {
  sqlite3_vfs* base = self_of(vfs)->base();
  return base->xFullPathname(base, name, size, out);
}
int randomness(sqlite3_vfs* vfs, int size, char* out) {
  sqlite3_vfs* base = self_of(vfs)->base();
  return base->xRandomness(base, size, out);
}
int sleep_for(sqlite3_vfs* vfs, int microseconds) {
  sqlite3_vfs* base = self_of(vfs)->base();
  return base->xSleep(base, microseconds);
}
int current_time(sqlite3_vfs* vfs, double* out) {
  sqlite3_vfs* base = self_of(vfs)->base();
  return base->xCurrentTime(base, out);
}
int last_error(sqlite3_vfs* vfs, int size, char* out) {
  sqlite3_vfs* base = self_of(vfs)->base();
  return base->xGetLastError(base, size, out);
}
int current_time_64(sqlite3_vfs* vfs, sqlite3_int64* out) {
  sqlite3_vfs* base = self_of(vfs)->base();
  return base->xCurrentTimeInt64(base, out);
}

}  // namespace

FaultVfs::FaultVfs() : base_(sqlite3_vfs_find(nullptr)), vfs_(std::make_unique<sqlite3_vfs>()) {
  vfs_->iVersion = 2;
  vfs_->szOsFile = static_cast<int>(sizeof(File)) + base_->szOsFile;
  vfs_->mxPathname = base_->mxPathname;
  vfs_->zName = "confmirror-fault";
  vfs_->pAppData = this;
  vfs_->xOpen = open_file;
  vfs_->xDelete = delete_file;
  vfs_->xAccess = access_file;
  vfs_->xFullPathname = full_path;
  vfs_->xRandomness = randomness;
  vfs_->xSleep = sleep_for;
  vfs_->xCurrentTime = current_time;
  vfs_->xGetLastError = last_error;
  vfs_->xCurrentTimeInt64 = current_time_64;
  if (sqlite3_vfs_register(vfs_.get(), 1) != SQLITE_OK) {
    throw std::runtime_error("the VFS under test was refused");
  }
}

FaultVfs::~FaultVfs() {
  sqlite3_vfs_unregister(vfs_.get());
  sqlite3_vfs_register(base_, 1);
}

void FaultVfs::set_rule(Rule rule) {
  const std::lock_guard lock(mutex_);
  rule_ = std::move(rule);
}

void FaultVfs::set_full(bool full) {
  const std::lock_guard lock(mutex_);
  full_ = full;
}

std::int64_t FaultVfs::count() const {
  const std::lock_guard lock(mutex_);
  return count_;
}

void FaultVfs::reset_count() {
  const std::lock_guard lock(mutex_);
  count_ = 0;
}

std::optional<FaultVfs::Failure> FaultVfs::ask(Kind kind, const std::string& path, bool grows) {
  const std::lock_guard lock(mutex_);
  const Operation operation{kind, path, ++count_};
  if (full_ && grows) return Failure{SQLITE_FULL};
  return rule_ ? rule_(operation) : std::nullopt;
}

void FaultVfs::remember(const std::string& path, Undo undo) {
  const std::lock_guard lock(mutex_);
  unsynced_[path].push_back(std::move(undo));
}

void FaultVfs::synced(const std::string& path) {
  const std::lock_guard lock(mutex_);
  unsynced_.erase(path);
}

void FaultVfs::removed(const std::string& path) { synced(path); }

void FaultVfs::power_cut() {
  const std::lock_guard lock(mutex_);
  for (auto& [path, undos] : unsynced_) {
    const int fd = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
    if (fd < 0) throw std::runtime_error("cannot open '" + path + "' after the power cut");
    bool whole = true;
    for (auto undo = undos.rbegin(); undo != undos.rend(); ++undo) {
      const auto size = static_cast<ssize_t>(undo->bytes.size());
      whole = whole && ::ftruncate(fd, undo->size) == 0 &&
              ::pwrite(fd, undo->bytes.data(), undo->bytes.size(), undo->offset) == size;
    }
    ::close(fd);
    if (!whole) throw std::runtime_error("cannot take '" + path + "' back to what was synced");
  }
  unsynced_.clear();
}

}  // namespace fault
