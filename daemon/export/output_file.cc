#include "daemon/export/output_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "store/open.h"

namespace exporting {

namespace {

constexpr std::size_t kBufferBytes = std::size_t{1} << 20;
constexpr mode_t kMode = 0640;

struct Temporary {
  std::filesystem::path path;
  int fd = -1;
};

// O_EXCL and a name of this process: two exports to one target do not meet, and nobody's link is
// followed.
Temporary open_temporary(const std::filesystem::path& folder) {
  constexpr int kTries = 100;
  for (int i = 0; i < kTries; ++i) {
    Temporary made{folder / fmt::format(".confmirror-export-{}-{}", ::getpid(), i)};
    made.fd = ::open(made.path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kMode);
    if (made.fd >= 0 || errno != EEXIST) return made;
  }
  return {};
}

}  // namespace

store::Error write_error(const std::string& object, int code) {
  const bool full = code == ENOSPC || code == EDQUOT;
  const char* name = full ? "disk_full" : code == EPIPE ? "pipe_closed" : "write_failed";
  return store::Error(store::ErrorKind::kSystem, name,
                      fmt::format("cannot write '{}': {}", object,
                                  std::error_code(code, std::generic_category()).message()),
                      full ? "make room there, or write to another place" : "");
}

store::Result<std::unique_ptr<OutputFile>> OutputFile::create(const std::filesystem::path& target) {
  struct stat existing {};
  const bool exists = ::stat(target.c_str(), &existing) == 0;
  if (exists && S_ISDIR(existing.st_mode)) return store::fail(write_error(target.string(), EISDIR));
  if (exists && !S_ISREG(existing.st_mode)) {
    const int fd = ::open(target.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) return store::fail(write_error(target.string(), errno));
    return std::unique_ptr<OutputFile>(new OutputFile(target, {}, fd));
  }
  // A link stays a link: what it points to is replaced.
  std::error_code failed;
  const auto real = exists ? std::filesystem::canonical(target, failed) : target;
  if (failed) return store::fail(write_error(target.string(), failed.value()));
  const auto folder = real.has_parent_path() ? real.parent_path() : std::filesystem::path(".");
  auto temporary = open_temporary(folder);
  if (temporary.fd < 0) return store::fail(write_error(target.string(), errno));
  std::unique_ptr<OutputFile> file(new OutputFile(real, std::move(temporary.path), temporary.fd));
  if (exists && ::fchmod(file->fd_, existing.st_mode & 07777) != 0) {
    return store::fail(file->error_of(errno));
  }
  return file;
}

OutputFile::OutputFile(std::filesystem::path target, std::filesystem::path temporary, int fd)
    : target_(std::move(target)), temporary_(std::move(temporary)), fd_(fd) {
  buffer_.reserve(kBufferBytes);
}

OutputFile::~OutputFile() {
  if (fd_ < 0) return;
  ::close(fd_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

store::Error OutputFile::error_of(int code) const { return write_error(target_.string(), code); }

store::Result<void> OutputFile::write(std::string_view bytes) {
  buffer_.append(bytes);
  return buffer_.size() < kBufferBytes ? store::Result<void>() : flush();
}

store::Result<void> OutputFile::flush() {
  std::string_view rest = buffer_;
  while (!rest.empty()) {
    const auto written = ::write(fd_, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return store::fail(error_of(errno));
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
  buffer_.clear();
  return {};
}

store::Result<void> OutputFile::commit() {
  if (auto flushed = flush(); !flushed) return flushed;
  if (!temporary_.empty() && ::fsync(fd_) != 0) return store::fail(error_of(errno));
  // A network file system may tell of a full disk only here.
  const int closed = ::close(std::exchange(fd_, -1));
  const int close_error = errno;
  if (temporary_.empty()) {
    return closed == 0 ? store::Result<void>() : store::fail(error_of(close_error));
  }
  if (closed != 0 || ::rename(temporary_.c_str(), target_.c_str()) != 0) {
    const int code = closed != 0 ? close_error : errno;
    ::unlink(temporary_.c_str());
    return store::fail(error_of(code));
  }
  return store::sync_path(target_.has_parent_path() ? target_.parent_path()
                                                    : std::filesystem::path("."));
}

}  // namespace exporting
