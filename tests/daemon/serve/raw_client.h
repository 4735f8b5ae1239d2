#pragma once

// A client that sends exactly the bytes that it is told to, however wrong, and reads what comes.
// Blocking, with a bound on every wait.

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>

namespace test {

struct RawAnswer {
  int status = 0;
  std::string head;
  std::string body;
  // The value of that header as it stands there; "" = none.
  std::string header(const std::string& name) const {
    const auto at = head.find("\r\n" + name + ": ");
    if (at == head.npos) return {};
    const auto begin = at + name.size() + 4;
    return head.substr(begin, head.find("\r\n", begin) - begin);
  }
};

class RawClient {
 public:
  static constexpr std::chrono::seconds kLimit{20};

  explicit RawClient(const std::filesystem::path& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.native().copy(static_cast<char*>(address.sun_path), sizeof address.sun_path - 1);
    connect_to(AF_UNIX, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  }
  explicit RawClient(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connect_to(AF_INET, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  }
  ~RawClient() { close(); }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }
  void end_sending() const { ::shutdown(fd_, SHUT_WR); }
  int fd() const { return fd_; }

  // Whether all of it was taken.
  bool send(std::string_view bytes) const {
    while (!bytes.empty()) {
      const auto sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  // More bytes into received(); false: there are none any more.
  bool receive() {
    pollfd look{fd_, POLLIN, 0};
    const auto limit = std::chrono::duration_cast<std::chrono::milliseconds>(kLimit).count();
    if (::poll(&look, 1, static_cast<int>(limit)) <= 0) throw std::runtime_error("nothing came");
    char bytes[65536];
    const auto count = ::recv(fd_, static_cast<char*>(bytes), sizeof bytes, 0);
    if (count <= 0) return false;
    received_.append(static_cast<const char*>(bytes), static_cast<std::size_t>(count));
    return true;
  }
  const std::string& received() const { return received_; }
  // Everything until the server closes.
  std::string rest() {
    while (receive()) {
    }
    return std::exchange(received_, {});
  }
  // One whole answer off the front, interim ones as well; status 0: the server closed before.
  // `has_body`: whether its Content-Length is followed by so much (not after HEAD).
  RawAnswer answer(bool has_body = true) {
    RawAnswer result;
    while (received_.find("\r\n\r\n") == received_.npos) {
      if (!receive()) return result;
    }
    const auto end = received_.find("\r\n\r\n") + 4;
    result.head = received_.substr(0, end);
    received_.erase(0, end);
    result.status = std::stoi(result.head.substr(9, 3));
    const auto length = result.header("Content-Length");
    const std::size_t expected = has_body && !length.empty() ? std::stoul(length) : 0;
    while (received_.size() < expected) {
      if (!receive()) break;
    }
    result.body = received_.substr(0, expected);
    received_.erase(0, std::min(expected, received_.size()));
    return result;
  }
  RawAnswer ask(std::string_view bytes) {
    send(bytes);
    return answer();
  }
  RawAnswer get(const std::string& target) {
    return ask("GET " + target + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
  }
  RawAnswer post(const std::string& target, const std::string& body,
                 const std::string& more_headers = {}) {
    return ask("POST " + target + " HTTP/1.1\r\nHost: localhost\r\nContent-Length: " +
               std::to_string(body.size()) + "\r\n" + more_headers + "\r\n" + body);
  }

 private:
  void connect_to(int family, const sockaddr* address, socklen_t size) {
    fd_ = ::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (::connect(fd_, address, size) != 0) throw std::runtime_error(std::strerror(errno));
  }
  int fd_ = -1;
  std::string received_;
};

}  // namespace test
