#include "daemon/cli/service_client.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstring>

#include "daemon/confluence/text.h"

namespace cli {

namespace {

constexpr std::size_t kMostAnswer = std::size_t{256} << 20;

class Connection {
 public:
  Connection() : fd_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    // Also for connect(): a daemon that hangs takes nobody with it.
    timeval stands{};
    stands.tv_sec = ServiceClient::kPatience.count();
    ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &stands, sizeof stands);
  }
  ~Connection() {
    if (fd_ >= 0) ::close(fd_);
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  bool connect(const std::filesystem::path& path) const {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const auto& text = path.native();
    if (fd_ < 0 || text.size() >= sizeof address.sun_path) return false;
    std::memcpy(static_cast<char*>(address.sun_path), text.data(), text.size());
    return ::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  }
  bool send(std::string_view bytes) const {
    while (!bytes.empty()) {
      const auto sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent < 0 && errno == EINTR) continue;
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  // Until the service closes; nullopt: it stands still, or is broken.
  std::optional<std::string> receive(std::chrono::seconds patience) const {
    std::string all;
    std::string piece(std::size_t{64} << 10, '\0');
    while (all.size() < kMostAnswer) {
      pollfd look{fd_, POLLIN, 0};
      const int ready =
          ::poll(&look, 1, static_cast<int>(std::chrono::milliseconds(patience).count()));
      if (ready < 0 && errno == EINTR) continue;
      if (ready <= 0) return {};
      const auto count = ::recv(fd_, piece.data(), piece.size(), 0);
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return {};
      if (count == 0) return all;
      all.append(piece, 0, static_cast<std::size_t>(count));
    }
    return {};
  }

 private:
  int fd_;
};

// `sent`: it may have done what it was asked.
store::Failure no_answer(const std::filesystem::path& socket, const char* why, bool sent) {
  return store::fail(
      store::ErrorKind::kUnreachable, "daemon_unreachable",
      fmt::format("cannot ask the daemon at '{}': {}", socket.string(), why),
      sent ? "it may have been done: look at 'confmirror jobs list' before you ask again"
           : "'systemctl status confmirror' tells how it is");
}

// Status and body of a whole answer with a Content-Length.
std::optional<std::pair<int, std::string>> taken_apart(const std::string& answer) {
  const auto end = answer.find("\r\n\r\n");
  if (end == answer.npos || !answer.starts_with("HTTP/1.1 ") || end < 12) return {};
  int status = 0;
  const auto [rest, error] = std::from_chars(answer.data() + 9, answer.data() + 12, status);
  if (error != std::errc() || rest != answer.data() + 12) return {};
  constexpr std::string_view kLength = "\r\nContent-Length: ";
  const auto at = answer.find(kLength);
  if (at == answer.npos || at > end) return {};
  std::size_t length = 0;
  std::from_chars(answer.data() + at + kLength.size(), answer.data() + end, length);
  auto body = answer.substr(end + 4);
  if (body.size() != length) return {};
  return std::pair(status, std::move(body));
}

}  // namespace

std::optional<ServiceClient> ServiceClient::find(const GlobalOptions& globals) {
  // A mirror that is named may be any.
  if (!globals.db.empty()) return {};
  const auto config = load_config(globals);
  if (!config || config->serve.socket.empty()) return {};
  const Connection connection;
  if (!connection.connect(config->serve.socket)) return {};
  return ServiceClient(config->serve.socket);
}

store::Result<serve::Reply> ServiceClient::ask(const std::string& method, const std::string& target,
                                               const std::string& body, const Headers& headers,
                                               std::chrono::seconds patience) const {
  const Connection connection;
  if (!connection.connect(socket_)) return no_answer(socket_, std::strerror(errno), false);
  auto head = fmt::format(
      "{} {} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {}\r\n", method,
      target, body.size());
  for (const auto& [name, value] : headers) head += fmt::format("{}: {}\r\n", name, value);
  // A service that refuses may answer before it has read everything.
  const bool sent = connection.send(head + "\r\n") && connection.send(body);
  const auto answer = connection.receive(patience);
  const bool changes = method != "GET";
  if (!answer) return no_answer(socket_, "its answer does not come", changes);
  auto parts = taken_apart(*answer);
  if (!parts) {
    return no_answer(socket_, sent ? "its answer is cut short" : "it closed the connection",
                     changes && sent);
  }
  auto json = serve::Json::parse(parts->second, nullptr, false);
  if (json.is_discarded()) {
    return store::fail(store::ErrorKind::kBug, "bad_answer",
                       "cannot read the daemon's answer: it is no JSON");
  }
  return serve::Reply(parts->first, std::move(json));
}

std::string query_of(const std::vector<std::pair<std::string, std::string>>& parameters) {
  std::string query;
  for (const auto& [name, value] : parameters) {
    if (value.empty()) continue;
    query += (query.empty() ? "?" : "&") + name + "=";
    confluence::append_encoded(query, value);
  }
  return query;
}

}  // namespace cli
