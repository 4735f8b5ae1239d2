#pragma once

// HTTP/1.1 over Unix sockets and loopback TCP, bounded in everything: a bad client gets its error
// and costs little. Knows nothing of what is served.
//
// 1. One coroutine for each connection, on `io`; the handler is awaited, so it must not block.
// 2. A request past a bound is answered (400, 404, 405 are the handler's; here: 400 malformed, 408
//    too slow, 413 body, 414 target, 431 header, 501 transfer coding, 503 too many connections,
//    505) and its connection closed.
// 3. Bodies of errors made here are what `error_body` makes.
// 4. Pipelined requests are answered one after the other, in their order.
// 5. What is ambiguous is refused, not interpreted (request_head.h).
// 6. A connection that waits for its next request gives way where all places are taken.
// 7. A client that goes cancels its handler (asio's terminal cancellation). Of one that has only
//    ended its side, nobody can tell that before something is written to it.
// 8. stop() takes no new connection, ends streams, lets answers under way end for `grace`, then
//    closes.
//
// Threads: the thread that runs `io`. Ownership: the io_context outlives it, and it outlives every
// handler that runs. Errors: kUsage for an address that cannot be used, kSystem.

#include <sys/types.h>

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "daemon/base/async.h"
#include "daemon/serve/message.h"
#include "daemon/serve/server_limits.h"
#include "store/error.h"

namespace serve {

struct ServerCounts {
  std::int64_t connections = 0;  // now
  std::int64_t accepted = 0;
  std::int64_t refused = 0;  // connections over a bound
  std::int64_t requests = 0;
  std::int64_t bad_requests = 0;  // answered here
};

class HttpServer {
 public:
  using Handler = std::function<base::Awaitable<Response>(Request)>;
  // Who is at the other end: of a Unix socket uid and gid; nullopt on TCP. Handlers see it as
  // Request::caller.
  using Identify = std::function<Caller(std::optional<std::pair<uid_t, gid_t>>)>;
  using ErrorBody = std::function<Response(int status, const std::string& message)>;
  // Looks at a request whose body has not been read, and may change its caller (a bearer token). An
  // answer refuses it: the body is not read.
  using Admit = std::function<std::optional<Response>(Request& head)>;

  struct Options {
    ServerLimits limits;
    Handler handler;
    Identify identify;
    ErrorBody error_body;
    Admit admit;  // none: everything goes on
    // On TCP, requests whose Host is not a name of this machine itself are refused: a page of the
    // web can make its own name lead here. false: there is a reverse proxy in front.
    bool loopback_names_only = true;
  };

  HttpServer(boost::asio::io_context& io, Options options);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // A socket file that nobody listens on any more is replaced; one that somebody answers on, and
  // what is no socket, is not. `group`: its group where this process may give it that; "" = as it
  // comes.
  store::Result<void> listen_unix(const std::filesystem::path& path, mode_t mode,
                                  const std::string& group);
  // A listening socket that was handed over (systemd).
  store::Result<void> adopt(int fd);
  // Loopback only. Port 0: any free one. Gives the port.
  store::Result<std::uint16_t> listen_tcp(const std::string& host, std::uint16_t port);

  void stop();
  base::Awaitable<void> stopped();
  ServerCounts counts() const;  // any thread

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace serve
