#include "daemon/export/target_folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include "daemon/export/file_names.h"
#include "daemon/export/output_file.h"

namespace exporting {

namespace {

constexpr mode_t kNewFolder = 0750;
constexpr mode_t kNewFile = 0640;
constexpr const char* kTemporary = ".confmirror-export.tmp";
constexpr int kOpenFolder = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

// One open file for the length of a function.
class OpenFile {
 public:
  explicit OpenFile(int fd) : fd_(fd) {}
  ~OpenFile() {
    if (fd_ >= 0) ::close(fd_);
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  int fd() const { return fd_; }
  int close() { return ::close(std::exchange(fd_, -1)); }

 private:
  int fd_;
};

// 0, or an errno.
int write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return 0;
}

bool is_in_the_way(int code) {
  return code == ELOOP || code == ENOTDIR || code == EISDIR || code == EEXIST || code == ENOTEMPTY;
}

}  // namespace

store::Error TargetFolder::error_of(const char* verb, std::string_view path, int code) const {
  if (is_in_the_way(code)) {
    return store::Error(
        store::ErrorKind::kItemBad, "in_the_way",
        fmt::format("cannot {} '{}': something else has its name", verb, shown(path)),
        "move it away; the next export writes what belongs there");
  }
  auto error = write_error(shown(path), code);
  if (error.name == "write_failed") {
    error.message = fmt::format("cannot {} '{}': {}", verb, shown(path),
                                std::error_code(code, std::generic_category()).message());
  }
  return error;
}

store::Result<std::unique_ptr<TargetFolder>> TargetFolder::open(const std::filesystem::path& path,
                                                                BeforeChange before_change) {
  if (::mkdir(path.c_str(), kNewFolder) != 0 && errno != EEXIST) {
    return store::fail(write_error(path.string(), errno));
  }
  const int fd = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return store::fail(write_error(path.string(), errno));
  std::unique_ptr<TargetFolder> folder(new TargetFolder(path, fd, std::move(before_change)));
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    return store::fail(
        store::ErrorKind::kBusy, "target_busy",
        fmt::format("cannot export to '{}': another export works there", path.string()),
        "wait for it, or name another folder");
  }
  return folder;
}

store::Result<void> TargetFolder::discard_temporary() {
  if (::unlinkat(fd_, kTemporary, 0) != 0 && errno != ENOENT) {
    return store::fail(error_of("remove", kTemporary, errno));
  }
  return {};
}

TargetFolder::TargetFolder(std::filesystem::path path, int fd, BeforeChange before_change)
    : path_(std::move(path)), fd_(fd), before_change_(std::move(before_change)) {}

TargetFolder::~TargetFolder() {
  forget_folders();
  if (growing_ >= 0) ::close(growing_);
  ::close(fd_);
}

void TargetFolder::forget_folders() const {
  for (const auto& [path, fd] : folders_) ::close(fd);
  folders_.clear();
}

int TargetFolder::folder_fd(const std::string& folder) const {
  if (folder.empty()) return fd_;
  if (const auto known = folders_.find(folder); known != folders_.end()) return known->second;
  const int around = folder_fd(std::string(folder_of(folder)));
  if (around < 0) return around;
  const int fd = ::openat(around, std::string(name_of(folder)).c_str(), kOpenFolder);
  if (fd < 0) return -errno;
  constexpr std::size_t kMostOpen = 128;
  if (folders_.size() >= kMostOpen) forget_folders();
  folders_.emplace(folder, fd);
  return fd;
}

store::Result<std::vector<std::string>> TargetFolder::names() const {
  const int copy = ::openat(fd_, ".", kOpenFolder);
  DIR* listing = copy < 0 ? nullptr : ::fdopendir(copy);
  if (listing == nullptr) {
    const int code = errno;
    if (copy >= 0) ::close(copy);
    return store::fail(error_of("read", "", code));
  }
  std::vector<std::string> names;
  while (const dirent* entry = ::readdir(listing)) {
    const std::string name = entry->d_name;
    if (name != "." && name != "..") names.push_back(name);
  }
  ::closedir(listing);
  std::sort(names.begin(), names.end());
  return names;
}

store::Result<TargetFolder::State> TargetFolder::state(const std::string& path) const {
  const int folder = folder_fd(std::string(folder_of(path)));
  if (folder == -ENOENT) return State{};
  if (folder == -ELOOP || folder == -ENOTDIR) return State{Kind::kOther, 0, 0, 0};
  if (folder < 0) return store::fail(error_of("read", path, -folder));
  struct stat found {};
  if (::fstatat(folder, std::string(name_of(path)).c_str(), &found, AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno == ENOENT) return State{};
    return store::fail(error_of("read", path, errno));
  }
  const auto kind = S_ISREG(found.st_mode)   ? Kind::kFile
                    : S_ISDIR(found.st_mode) ? Kind::kFolder
                                             : Kind::kOther;
  return State{kind, found.st_size, found.st_dev, found.st_ino};
}

store::Result<std::optional<std::string>> TargetFolder::read(const std::string& path,
                                                             std::int64_t most_bytes) const {
  const int folder = folder_fd(std::string(folder_of(path)));
  if (folder == -ENOENT) return std::optional<std::string>();
  if (folder < 0) return store::fail(error_of("read", path, -folder));
  const OpenFile file(::openat(folder, std::string(name_of(path)).c_str(),
                               O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (file.fd() < 0 && errno == ENOENT) return std::optional<std::string>();
  struct stat found {};
  if (file.fd() < 0 || ::fstat(file.fd(), &found) != 0) {
    return store::fail(error_of("read", path, errno));
  }
  if (!S_ISREG(found.st_mode)) return store::fail(error_of("read", path, EEXIST));
  if (found.st_size > most_bytes) {
    return store::fail(store::ErrorKind::kItemBad, "too_large",
                       fmt::format("cannot read '{}': it is too large to be ours", shown(path)));
  }
  std::string content(static_cast<std::size_t>(found.st_size), '\0');
  std::size_t filled = 0;
  while (filled < content.size()) {
    const auto got = ::read(file.fd(), content.data() + filled, content.size() - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return store::fail(error_of("read", path, errno));
    if (got == 0) break;
    filled += static_cast<std::size_t>(got);
  }
  content.resize(filled);
  return std::optional<std::string>(std::move(content));
}

// All temporaries have one name on top: what a killed export leaves is one file at most.
store::Result<void> TargetFolder::fill_temporary(std::string_view content, bool durably) {
  OpenFile file(
      ::openat(fd_, kTemporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, kNewFile));
  if (file.fd() < 0) return store::fail(error_of("write", kTemporary, errno));
  if (const int code = write_all(file.fd(), content); code != 0) {
    return store::fail(error_of("write", kTemporary, code));
  }
  if (durably && ::fsync(file.fd()) != 0) return store::fail(error_of("write", kTemporary, errno));
  if (file.close() != 0) return store::fail(error_of("write", kTemporary, errno));
  return {};
}

store::Result<void> TargetFolder::put(const std::string& path, std::string_view content,
                                      bool durably) {
  const int folder = folder_fd(std::string(folder_of(path)));
  if (folder < 0) return store::fail(error_of("write", path, -folder));
  if (auto going_on = before_change_(); !going_on) return going_on;
  if (auto filled = fill_temporary(content, durably); !filled) {
    ::unlinkat(fd_, kTemporary, 0);
    return filled;
  }
  if (auto going_on = before_change_(); !going_on) return going_on;
  if (::renameat(fd_, kTemporary, folder, std::string(name_of(path)).c_str()) != 0) {
    const int code = errno;
    ::unlinkat(fd_, kTemporary, 0);
    return store::fail(error_of("write", path, code));
  }
  if (durably && ::fsync(folder) != 0) return store::fail(error_of("write", path, errno));
  return {};
}

store::Result<void> TargetFolder::write(const std::string& path, std::string_view content) {
  return put(path, content, /*durably=*/false);
}

store::Result<void> TargetFolder::write_durably(const std::string& path, std::string_view content) {
  return put(path, content, /*durably=*/true);
}

store::Result<void> TargetFolder::append_durably(const std::string& name, std::string_view bytes) {
  if (growing_ < 0 || growing_name_ != name) {
    if (growing_ >= 0) ::close(growing_);
    growing_ = ::openat(fd_, name.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC,
                        kNewFile);
    if (growing_ < 0) return store::fail(error_of("write", name, errno));
    growing_name_ = name;
  }
  if (auto going_on = before_change_(); !going_on) return going_on;
  const int code = write_all(growing_, bytes);
  if (code != 0) return store::fail(error_of("write", name, code));
  if (::fdatasync(growing_) != 0) return store::fail(error_of("write", name, errno));
  return {};
}

store::Result<bool> TargetFolder::make_folder(const std::string& path) {
  const int around = folder_fd(std::string(folder_of(path)));
  if (around < 0) return store::fail(error_of("write", path, -around));
  if (auto going_on = before_change_(); !going_on) return store::fail(going_on.error());
  if (::mkdirat(around, std::string(name_of(path)).c_str(), kNewFolder) == 0) return true;
  if (errno != EEXIST) return store::fail(error_of("write", path, errno));
  const int fd = folder_fd(path);
  if (fd < 0) return store::fail(error_of("write", path, -fd));
  return false;
}

store::Result<void> TargetFolder::remove_file(const std::string& path) {
  const int folder = folder_fd(std::string(folder_of(path)));
  if (folder == -ENOENT) return {};
  if (folder < 0) return store::fail(error_of("remove", path, -folder));
  if (auto going_on = before_change_(); !going_on) return going_on;
  if (::unlinkat(folder, std::string(name_of(path)).c_str(), 0) != 0 && errno != ENOENT) {
    return store::fail(error_of("remove", path, errno));
  }
  return {};
}

store::Result<bool> TargetFolder::remove_folder(const std::string& path) {
  const int around = folder_fd(std::string(folder_of(path)));
  if (around == -ENOENT || around == -ELOOP || around == -ENOTDIR) return false;
  if (around < 0) return store::fail(error_of("remove", path, -around));
  if (auto going_on = before_change_(); !going_on) return store::fail(going_on.error());
  const std::string name(name_of(path));
  const bool removed = ::unlinkat(around, name.c_str(), AT_REMOVEDIR) == 0;
  const int code = errno;
  forget_folders();
  if (removed) return true;
  if (code == ENOENT || is_in_the_way(code)) return false;
  return store::fail(error_of("remove", path, code));
}

store::Result<void> TargetFolder::sync() {
  if (::syncfs(fd_) != 0) return store::fail(error_of("write", "", errno));
  return {};
}

}  // namespace exporting
