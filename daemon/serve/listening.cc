#include "daemon/serve/listening.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>
#include <vector>

#include "daemon/base/log.h"

namespace serve {

namespace {

constexpr int kWaiting = 128;  // connections that nobody has accepted yet

std::string reason(int number) { return std::generic_category().message(number); }

std::string hint_for(int number) {
  switch (number) {
    case EADDRINUSE:
      return "another program listens there: stop it, or choose another port; then reload the "
             "daemon (SIGHUP)";
    case EADDRNOTAVAIL:
      return "this machine has no such address: 127.0.0.1 is there in any case";
    case EACCES:
    case EPERM:
      return "this user may not: let it write in the folder, or take a port from 1024 up";
    case ENOENT:
    case ENOTDIR:
      return "make the folder, or choose another place; then reload the daemon (SIGHUP)";
    default:
      return {};
  }
}

store::Failure cannot_listen(const std::string& where, int number) {
  return store::fail(store::ErrorKind::kSystem, "cannot_listen",
                     fmt::format("cannot listen on '{}': {}", where, reason(number)),
                     hint_for(number));
}

store::Failure unusable(const std::string& where, const std::string& cause, std::string hint = {}) {
  return store::fail(store::ErrorKind::kUsage, "cannot_listen",
                     fmt::format("cannot listen on '{}': {}", where, cause), std::move(hint));
}

class File {
 public:
  explicit File(int fd) : fd_(fd) {}
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

store::Result<sockaddr_un> address_of(const std::filesystem::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const auto& text = path.native();
  if (text.size() >= sizeof address.sun_path) {
    return unusable(text,
                    fmt::format("the path has {} bytes, and a socket's has at most {}", text.size(),
                                sizeof address.sun_path - 1),
                    "set serve.socket to a shorter one");
  }
  std::memcpy(static_cast<char*>(address.sun_path), text.data(), text.size());
  return address;
}

// What stands there already may be replaced.
store::Result<void> make_way(const std::filesystem::path& path) {
  struct stat found {};
  if (::lstat(path.c_str(), &found) != 0) {
    if (errno == ENOENT) return {};
    return cannot_listen(path.native(), errno);
  }
  if (!S_ISSOCK(found.st_mode)) {
    return unusable(path.native(), "there is something else of that name",
                    "it is left as it is: remove it, or set serve.socket");
  }
  auto address = address_of(path);
  if (!address) return store::fail(address.error());
  const File probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (probe.get() < 0) return cannot_listen(path.native(), errno);
  if (::connect(probe.get(), reinterpret_cast<sockaddr*>(&*address), sizeof *address) == 0 ||
      errno == EAGAIN) {
    return store::fail(
        store::ErrorKind::kBusy, "socket_in_use",
        fmt::format("cannot listen on '{}': another process answers there", path.native()),
        "stop that one, or set serve.socket");
  }
  if (errno == ECONNREFUSED || errno == ENOENT) return {};
  return cannot_listen(path.native(), errno);
}

// A socket whose group cannot be given away keeps the one of this process.
void give_to_group(const std::filesystem::path& path, const std::string& group) {
  if (group.empty()) return;
  std::vector<char> buffer(std::size_t{64} << 10);
  ::group entry{};
  ::group* found = nullptr;
  getgrnam_r(group.c_str(), &entry, buffer.data(), buffer.size(), &found);
  if (found == nullptr) {
    base::daemon_log().debug("no group of that name: the socket keeps ours group='{}'", group);
  } else if (::chown(path.c_str(), static_cast<uid_t>(-1), found->gr_gid) != 0) {
    base::daemon_log().warn("the socket cannot be given to group '{}': {}", group, reason(errno));
  }
}

}  // namespace

Listening::~Listening() {
  if (fd_ >= 0) ::close(fd_);
  forget_file();
}

bool Listening::is_unix() const { return family_ == AF_UNIX; }

void Listening::owns(std::filesystem::path path) {
  struct stat found {};
  if (::lstat(path.c_str(), &found) != 0) return;
  path_ = std::move(path);
  device_ = found.st_dev;
  inode_ = found.st_ino;
}

void Listening::forget_file() {
  if (path_.empty()) return;
  struct stat found {};
  const bool ours =
      ::lstat(path_.c_str(), &found) == 0 && found.st_dev == device_ && found.st_ino == inode_;
  if (ours) ::unlink(path_.c_str());
  path_.clear();
}

store::Result<Listening> make_unix_socket(const std::filesystem::path& path, mode_t mode,
                                          const std::string& group) {
  if (auto free = make_way(path); !free) return store::fail(free.error());
  auto named = address_of(path);
  if (!named) return store::fail(named.error());
  const auto first = path.parent_path() / fmt::format(".{}.s", ::getpid());
  auto address = address_of(first);
  if (!address) return store::fail(address.error());
  File socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (socket.get() < 0) return cannot_listen(path.native(), errno);
  ::unlink(first.c_str());
  if (::bind(socket.get(), reinterpret_cast<sockaddr*>(&*address), sizeof *address) != 0) {
    return cannot_listen(path.native(), errno);
  }
  // Nobody can connect before listen().
  give_to_group(first, group);
  const bool done = ::chmod(first.c_str(), mode) == 0 && ::listen(socket.get(), kWaiting) == 0 &&
                    ::rename(first.c_str(), path.c_str()) == 0;
  if (!done) {
    const int why = errno;
    ::unlink(first.c_str());
    return cannot_listen(path.native(), why);
  }
  Listening listening(socket.release(), AF_UNIX);
  listening.owns(path);
  return listening;
}

namespace {

bool is_loopback(const sockaddr_storage& address) {
  if (address.ss_family == AF_INET) {
    const auto& four = reinterpret_cast<const sockaddr_in&>(address);
    return (ntohl(four.sin_addr.s_addr) >> 24) == 127;
  }
  if (address.ss_family != AF_INET6) return false;
  return IN6_IS_ADDR_LOOPBACK(&reinterpret_cast<const sockaddr_in6&>(address).sin6_addr);
}

std::uint16_t port_of(const sockaddr_storage& address) {
  return ntohs(address.ss_family == AF_INET
                   ? reinterpret_cast<const sockaddr_in&>(address).sin_port
                   : reinterpret_cast<const sockaddr_in6&>(address).sin6_port);
}

bool read_address(const std::string& host, std::uint16_t port, sockaddr_storage& address) {
  std::string text = host == "localhost" ? "127.0.0.1" : host;
  if (text.size() > 2 && text.front() == '[' && text.back() == ']') {
    text = text.substr(1, text.size() - 2);
  }
  auto& four = reinterpret_cast<sockaddr_in&>(address);
  if (::inet_pton(AF_INET, text.c_str(), &four.sin_addr) == 1) {
    four.sin_family = AF_INET;
    four.sin_port = htons(port);
    return true;
  }
  auto& six = reinterpret_cast<sockaddr_in6&>(address);
  if (::inet_pton(AF_INET6, text.c_str(), &six.sin6_addr) != 1) return false;
  six.sin6_family = AF_INET6;
  six.sin6_port = htons(port);
  return true;
}

}  // namespace

store::Result<std::pair<Listening, std::uint16_t>> make_tcp_socket(const std::string& host,
                                                                   std::uint16_t port) {
  const auto where = fmt::format("{}:{}", host, port);
  sockaddr_storage address{};
  if (!read_address(host, port, address) || !is_loopback(address)) {
    return unusable(where, "that is no loopback address",
                    "127.0.0.1 or [::1]; for others, put a proxy that speaks TLS in front");
  }
  File socket(::socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (socket.get() < 0) return cannot_listen(where, errno);
  const int on = 1;
  socklen_t size = address.ss_family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
  const bool done = ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
                    ::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), size) == 0 &&
                    ::listen(socket.get(), kWaiting) == 0 &&
                    ::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0;
  if (!done) return cannot_listen(where, errno);
  const int family = address.ss_family;
  return std::pair(Listening(socket.release(), family), port_of(address));
}

store::Result<Listening> take_over(int fd) {
  File socket(fd);
  const auto where = fmt::format("descriptor {}", fd);
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  int listens = 0;
  socklen_t flag_size = sizeof listens;
  const bool known = ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0 &&
                     ::getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &flag_size) == 0;
  if (!known) return cannot_listen(where, errno);
  if (listens == 0) return unusable(where, "it is no stream socket that listens");
  if (address.ss_family != AF_UNIX && !is_loopback(address)) {
    return unusable(where, "it is open to others than this machine");
  }
  const int flags = ::fcntl(fd, F_GETFL);
  const bool set = flags >= 0 && ::fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0 &&
                   ::fcntl(fd, F_SETFD, FD_CLOEXEC) == 0;
  if (!set) return cannot_listen(where, errno);
  return Listening(socket.release(), address.ss_family);
}

std::optional<std::pair<uid_t, gid_t>> peer_of(int fd) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return {};
  return std::pair(peer.uid, peer.gid);
}

bool has_hung_up(int fd) {
  pollfd look{fd, POLLIN, 0};
  return ::poll(&look, 1, 0) > 0 && (look.revents & (POLLHUP | POLLERR)) != 0;
}

}  // namespace serve
