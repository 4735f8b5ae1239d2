#include "daemon/cli/private_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "store/open.h"

namespace cli {

namespace fs = std::filesystem;

namespace {

store::Failure failed(const char* verb, const fs::path& path, int error) {
  const bool full = error == ENOSPC || error == EDQUOT;
  return store::fail(store::ErrorKind::kSystem, full ? "disk_full" : "write_failed",
                     fmt::format("cannot {} '{}': {}", verb, path.string(),
                                 std::generic_category().message(error)));
}

fs::path folder_of(const fs::path& target) {
  const auto folder = fs::absolute(target).parent_path();
  return folder.lexically_normal();
}

// Folders that are not there, innermost first, and the one that is.
std::pair<std::vector<fs::path>, fs::path> missing_folders(fs::path folder) {
  std::vector<fs::path> missing;
  std::error_code ignored;
  while (!fs::exists(folder, ignored) && folder.has_relative_path()) {
    missing.push_back(folder);
    folder = folder.parent_path();
  }
  return {std::move(missing), std::move(folder)};
}

}  // namespace

store::Result<void> check_writable(const fs::path& target) {
  const auto folder = missing_folders(folder_of(target)).second;
  std::error_code ignored;
  if (!fs::is_directory(folder, ignored)) return failed("write into", folder, ENOTDIR);
  if (::access(folder.c_str(), W_OK | X_OK) != 0) return failed("write into", folder, errno);
  if (fs::is_directory(target, ignored)) return failed("write", target, EISDIR);
  return {};
}

store::Result<void> PrivateFile::make_folders() {
  auto missing = missing_folders(folder_of(target_)).first;
  std::reverse(missing.begin(), missing.end());
  for (auto& folder : missing) {
    if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST)
      return failed("create", folder, errno);
    folders_.push_back(std::move(folder));
  }
  return {};
}

store::Result<void> PrivateFile::fill(std::string_view content) {
  std::string pattern = (folder_of(target_) / ".confmirror-XXXXXX").string();
  const int fd = ::mkostemp(pattern.data(), O_CLOEXEC);  // 0600
  if (fd < 0) return failed("write", target_, errno);
  temporary_ = pattern;
  int error = 0;
  while (!content.empty() && error == 0) {
    const auto written = ::write(fd, content.data(), content.size());
    if (written >= 0) {
      content.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno != EINTR) {
      error = errno;
    }
  }
  if (error == 0 && ::fsync(fd) != 0) error = errno;
  if (::close(fd) != 0 && error == 0) error = errno;
  return error == 0 ? store::Result<void>() : failed("write", target_, error);
}

store::Result<std::unique_ptr<PrivateFile>> PrivateFile::write(const fs::path& target,
                                                               std::string_view content) {
  // A link stays one: what it leads to is replaced.
  std::error_code absent;
  const auto real = fs::canonical(target, absent);
  std::unique_ptr<PrivateFile> file(new PrivateFile(absent ? target : real));
  file->existed_ = !absent;
  auto made = file->make_folders();
  if (made) made = file->fill(content);
  if (!made) return store::fail(made.error());
  return file;
}

store::Result<void> PrivateFile::commit() {
  if (::rename(temporary_.c_str(), target_.c_str()) != 0) return failed("write", target_, errno);
  temporary_.clear();
  committed_ = true;
  for (const auto& folder : folders_) {
    if (auto synced = store::sync_path(folder.parent_path()); !synced) return synced;
  }
  return store::sync_path(folder_of(target_));
}

void PrivateFile::revoke() {
  if (!committed_ || existed_) return;
  ::unlink(target_.c_str());
  committed_ = false;
}

PrivateFile::~PrivateFile() {
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
  if (committed_) return;
  // Only empty ones go: somebody else may have put something there.
  for (auto folder = folders_.rbegin(); folder != folders_.rend(); ++folder)
    ::rmdir(folder->c_str());
}

}  // namespace cli
