#pragma once

// An HTTP/1.1 server for tests that does exactly what it is told, right or wrong: every request is
// answered with what on_request() returns for it. Listens on 127.0.0.1, on a thread of its own.
//
// Threads: the handler runs on the server's thread; everything else may be called from any. What a
// handler refers to must outlive the server. Errors: the constructor throws; a client that goes
// away is no error.

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace scripted {

struct Received {
  std::string method;
  std::string target;
  std::string head;  // request line and header fields as they came
  std::string body;
  int connection = 0;  // counted from 1
  int number = 0;      // of all requests, counted from 1

  // The first field of that name (lower case), "" if there is none.
  std::string header(std::string_view name) const;
};

using Fields = std::vector<std::pair<std::string, std::string>>;

// What is sent for one request, step by step. Without close() or reset() the connection is kept.
class Reply {
 public:
  // A whole answer with its Content-Length.
  static Reply of(int status, std::string_view body, const Fields& fields = {});
  static Reply json(std::string_view body) {
    return of(200, body, {{"Content-Type", "application/json"}});
  }

  Reply& send(std::string bytes);
  Reply& drip(std::string bytes, std::size_t piece, std::chrono::milliseconds interval);
  // Until release() or the end of the server.
  Reply& hold();
  Reply& close();
  Reply& reset();

 private:
  friend class Server;
  enum class Kind { kSend, kDrip, kHold, kClose, kReset };
  struct Step {
    Kind kind;
    std::string bytes;
    std::size_t piece = 0;
    std::chrono::milliseconds interval{0};
  };
  std::vector<Step> steps_;
};

std::string gzip(std::string_view text);
// One chunk of Transfer-Encoding: chunked.
std::string chunk(std::string_view text);

class Server {
 public:
  using Handler = std::function<Reply(const Received&)>;
  struct Tls {
    std::string certificate_pem;
    std::string key_pem;
  };

  explicit Server(Handler handler);
  Server(Handler handler, const Tls& tls);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  std::uint16_t port() const;
  // http(s)://127.0.0.1:port + target
  std::string url(std::string_view target = {}) const;

  // Everything that is on hold goes on, now and later.
  void release();
  // The next connections are reset as soon as they are accepted.
  void reset_next_connections(int count);

  std::vector<Received> received() const;
  int requests() const;
  int connections() const;
  int most_at_once() const;  // requests that were being answered at the same time
  // False: it did not come to that within ten seconds.
  bool wait_for_requests(int count) const;
  bool wait_for_open_connections(int count) const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace scripted
