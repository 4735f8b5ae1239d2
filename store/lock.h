#pragma once

// The lock that keeps two processes from crawling or executing on one mirror: an flock on
// `<mirror>.lock` beside it, held as long as the object lives and given up by the kernel however
// the process ends. Readers and short transactions do not need it. The file holds the owner's
// process id, for the message. Errors: kBusy "mirror_locked" (exit 7), kSystem.

#include <filesystem>

#include "store/error.h"

namespace store {

class MirrorLock {
 public:
  static Result<MirrorLock> acquire(const std::filesystem::path& mirror);
  ~MirrorLock();
  MirrorLock(MirrorLock&& other) noexcept;
  MirrorLock& operator=(MirrorLock&&) = delete;
  MirrorLock(const MirrorLock&) = delete;

 private:
  explicit MirrorLock(int fd) : fd_(fd) {}
  int fd_;
};

}  // namespace store
