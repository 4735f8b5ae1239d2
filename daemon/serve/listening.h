#pragma once

// Sockets to listen on, as file descriptors: made, taken over, checked. They are non-blocking and
// closed on exec. Any thread. Errors: kUsage for an address that cannot be used, kBusy where
// somebody else answers on it, kSystem.

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>

#include "store/error.h"

namespace serve {

// One that listens; closes it, and takes its file away if it is still the same.
class Listening {
 public:
  Listening() = default;
  Listening(int fd, int family) : fd_(fd), family_(family) {}
  Listening(Listening&& other) noexcept { swap(other); }
  Listening& operator=(Listening&& other) noexcept {
    swap(other);
    return *this;
  }
  ~Listening();

  int fd() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }  // whoever takes it closes it
  bool is_unix() const;
  int family() const { return family_; }
  void owns(std::filesystem::path path);
  void forget_file();

 private:
  void swap(Listening& other) noexcept {
    std::swap(fd_, other.fd_);
    std::swap(family_, other.family_);
    std::swap(path_, other.path_);
    std::swap(device_, other.device_);
    std::swap(inode_, other.inode_);
  }
  int fd_ = -1;
  int family_ = 0;
  std::filesystem::path path_;
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

// Never reachable with other rights than these: it gets its name when it has them.
store::Result<Listening> make_unix_socket(const std::filesystem::path& path, mode_t mode,
                                          const std::string& group);
// 127.0.0.0/8, ::1 or localhost; port 0: any free one.
store::Result<std::pair<Listening, std::uint16_t>> make_tcp_socket(const std::string& host,
                                                                   std::uint16_t port);
// Takes it in any case.
store::Result<Listening> take_over(int fd);

// The user at the other end of a connection on a Unix socket.
std::optional<std::pair<uid_t, gid_t>> peer_of(int fd);
// Whether the other end is closed altogether, as far as that can be seen.
bool has_hung_up(int fd);

}  // namespace serve
