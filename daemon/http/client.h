#pragma once

// HTTP over libcurl's multi interface on Asio. See multi.h for how the two are joined.
//
// Threads: everything on the thread that runs the io_context. Ownership: the Client must outlive
// every send() and be declared before nothing that a send() refers to; it must be destroyed before
// its io_context. send() resolves with a Response for every complete HTTP answer, whatever its
// status, and with an Error otherwise: kRetryAfter for what may pass (names: connection_refused,
// connection_reset, timed_out, name_not_resolved, body_cut, too_slow), kUsage for what will not
// (tls_not_verified, bad_url, bad_header), kItemBad for response_too_large, kCanceled when the
// awaiting coroutine is cancelled. Redirects are not followed. TLS is always verified. Times in
// milliseconds, sizes in bytes.
//
// No more than `connections` requests may be under way at once: the caller (the governor) admits
// them; send() asserts it.

#include <boost/asio/io_context.hpp>
#include <memory>
#include <string>
#include <string_view>

#include "daemon/base/async.h"
#include "daemon/http/message.h"

namespace http {

struct ClientOptions {
  int connections = 8;
  std::string user_agent = "confmirror/" CONFMIRROR_VERSION;
  std::string ca_file;  // empty = the system's
};

class Client {
 public:
  Client(boost::asio::io_context& io, ClientOptions options);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  base::Awaitable<store::Result<Response>> send(Request request);

 private:
  class Impl;
  std::shared_ptr<Impl>
      impl_;  // shared with the sends under way, so that the end of one finds the other
};

// True for the names of errors that mean: there was no connection, so nothing was sent.
bool is_unreachable(std::string_view error_name);

}  // namespace http
