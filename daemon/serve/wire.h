#pragma once

// The bytes of one connection of the service: heads and bodies of requests in, answers out, each
// within its bounds and its time. What they mean is for others.
//
// 1. One request after the other: its head, its body where it has one, its answer.
// 2. What is past a bound, malformed or too slow is a Refusal (413, 414, 431, 400, 408, 503);
//    whoever calls answers it and ends the connection.
// 3. A client that has gone, or takes nothing of its answer any more: false, or nothing.
// 4. Bytes of bodies count for all connections of a server together until release().
//
// Threads: the one that runs the socket's io_context. Ownership: it outlives what it is awaited
// for. Boost.Beast is in wire.cc alone.

#include <boost/asio/io_context.hpp>
#include <boost/asio/streambuf.hpp>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/base/async.h"
#include "daemon/serve/deadlines.h"
#include "daemon/serve/message.h"
#include "daemon/serve/request_head.h"
#include "daemon/serve/server_limits.h"

namespace serve {

class Wire {
 public:
  // What the connections of one server share.
  struct Common {
    Common(boost::asio::io_context& io, const ServerLimits& bounds);
    ServerLimits limits;
    HeadLimits head_limits;
    std::shared_ptr<Deadlines> deadlines;
    std::size_t bodies = 0;  // bytes that are held
  };

  Wire(StreamSocket socket, std::shared_ptr<Common> common);
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  StreamSocket& socket() { return socket_; }
  // Nothing of a request has come since then.
  bool idle() const { return idle_; }
  SteadyTime idle_since() const { return since_; }
  // An answer without an end is being written.
  bool streaming() const { return streaming_; }

  // With its empty line. `first`: nothing was read of this connection before.
  base::Awaitable<std::optional<std::string>> read_head(bool first, Refusal& refusal);
  // Whether it is there whole, in the request.
  base::Awaitable<bool> read_body(std::string_view head, const Framing& framing, Request& request,
                                  Refusal& refusal);
  // Whether it was written, and does not end with the connection.
  base::Awaitable<bool> write(Response response, const Framing& framing, bool head_only, bool keep);
  // Ends our side. A client that is still sending would not see its answer if its connection were
  // closed under it: where `more_may_come`, that is read for a moment and thrown away.
  base::Awaitable<void> drain(bool more_may_come);
  void release();  // the body that was read
  void close();

 private:
  base::Awaitable<bool> write_plain(Response& response, const Framing& framing, bool head_only,
                                    bool keep);
  base::Awaitable<bool> write_stream(Response& response, const Framing& framing, bool keep);
  base::Awaitable<bool> write_all(std::string text);
  SteadyTime moving_deadline(SteadyTime started, std::chrono::milliseconds stands,
                             std::size_t done) const;

  std::shared_ptr<Common> common_;
  StreamSocket socket_;
  Deadline deadline_;
  boost::asio::streambuf buffer_;
  std::size_t held_ = 0;  // bytes of its body
  bool idle_ = true;
  bool streaming_ = false;
  SteadyTime since_ = std::chrono::steady_clock::now();
};

}  // namespace serve
