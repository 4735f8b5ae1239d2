#include "store/lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

#include "store/open.h"

namespace store {
namespace {

Error lock_error(const char* verb, const std::filesystem::path& path, int number) {
  return Error(ErrorKind::kSystem, number == ENOSPC ? "disk_full" : "cannot_lock",
               std::string("cannot ") + verb + " '" + path.string() +
                   "': " + std::generic_category().message(number),
               "Check that the folder exists and who may use it.");
}

// The owner's process id, as far as the file says it.
std::string owner_of(int fd) {
  char text[32];
  const ssize_t size = ::pread(fd, text, sizeof text, 0);
  std::string owner;
  for (ssize_t i = 0; i < size && text[i] >= '0' && text[i] <= '9'; ++i) owner += text[i];
  return owner;
}

// A new file gets the mode and, where root makes it, the owner that SQLite gives the files beside a
// mirror: the service must be able to lock what root has locked once. No link is followed: root
// would write to whatever the folder's owner chose. -1: see errno.
int open_lock(const std::filesystem::path& path, const std::filesystem::path& mirror) {
  constexpr int kFlags = O_RDWR | O_CLOEXEC | O_NOFOLLOW;
  const int fd = ::open(path.c_str(), kFlags | O_CREAT | O_EXCL, kMirrorMode);
  if (fd < 0) return errno == EEXIST ? ::open(path.c_str(), kFlags) : -1;
  struct stat owner {};
  const bool given = ::geteuid() != 0 || ::stat(mirror.c_str(), &owner) != 0 ||
                     ::fchown(fd, owner.st_uid, owner.st_gid) == 0;
  if (given && ::fchmod(fd, kMirrorMode) == 0) return fd;
  const int number = errno;
  ::close(fd);
  errno = number;
  return -1;
}

}  // namespace

Result<MirrorLock> MirrorLock::acquire(const std::filesystem::path& mirror) {
  const std::filesystem::path path = mirror.string() + ".lock";
  const int fd = open_lock(path, mirror);
  if (fd < 0) return fail(lock_error("open", path, errno));
  MirrorLock lock(fd);
  int locked = 0;
  do {
    locked = ::flock(fd, LOCK_EX | LOCK_NB);
  } while (locked != 0 && errno == EINTR);
  if (locked != 0 && errno == EWOULDBLOCK) {
    const std::string owner = owner_of(fd);
    return fail(
        ErrorKind::kBusy, "mirror_locked",
        "cannot lock '" + mirror.string() + "': another process is crawling or executing on it" +
            (owner.empty() ? std::string() : " (process " + owner + ")"),
        "Wait until it ends, or stop it. Plain 'confmirror sync' has a daemon do it at once");
  }
  if (locked != 0) return fail(lock_error("lock", path, errno));
  // Never unlinked: another process might hold a lock on the removed file while a third one makes a
  // new one.
  const std::string text = std::to_string(::getpid()) + "\n";
  if (::ftruncate(fd, 0) != 0 ||
      ::pwrite(fd, text.data(), text.size(), 0) != static_cast<ssize_t>(text.size())) {
    return fail(lock_error("write", path, errno));
  }
  return lock;
}

MirrorLock::~MirrorLock() {
  if (fd_ >= 0) ::close(fd_);
}

MirrorLock::MirrorLock(MirrorLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

}  // namespace store
