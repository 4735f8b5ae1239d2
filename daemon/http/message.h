#pragma once

// One HTTP exchange as plain values. Owned by value; built by constructors, never as aggregates
// inside a co_await (g++ 12).

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/base/secret.h"
#include "store/error.h"

namespace http {

// What one exchange may cost. Sizes in bytes after decompression.
struct Limits {
  std::chrono::milliseconds connect_timeout{15'000};
  std::chrono::milliseconds idle_timeout{60'000};    // no byte for this long
  std::chrono::milliseconds total_timeout{600'000};  // backstop against slow drips
  std::size_t max_body_bytes = 64u << 20;
  std::size_t max_header_bytes = 256u << 10;
};

struct Request {
  Request(std::string method_name, std::string absolute_url)
      : method(std::move(method_name)), url(std::move(absolute_url)) {}
  Request(Request&&) = default;
  Request& operator=(Request&&) = default;

  std::string method;  // GET, POST, PUT, DELETE
  std::string url;
  std::vector<std::pair<std::string, std::string>> headers;
  base::Secret authorization;  // the whole value of the Authorization header; empty = none
  std::string body;
  base::Secret secret_body;  // sent instead of `body` where there is one: it holds a secret
  bool repeatable = false;   // a POST that only reads: libcurl may send it again if a kept
                             // connection turns out to be dead
  // Asked on the network thread when the connection stands and the request is about to leave; false
  // holds it back (the error is kRetryAfter "withheld", nothing was sent). Must not call into the
  // Client.
  std::function<bool()> may_leave;
  // Told on the network thread when the head of the final answer is there; its body, and the end of
  // send(), come later. Must not call into the Client.
  std::function<void(int status)> on_head;
  Limits limits;
};

class Headers {
 public:
  void add(std::string_view name, std::string value);
  // First value of that name, without regard to case.
  std::optional<std::string_view> get(std::string_view name) const;
  std::vector<std::string_view> get_all(std::string_view name) const;

 private:
  std::vector<std::pair<std::string, std::string>> fields_;  // names in lower case
};

struct Response {
  Response() = default;
  int status = 0;
  Headers headers;
  std::string body;                      // decompressed
  std::uint64_t wire_bytes = 0;          // received body bytes as transferred
  std::chrono::milliseconds elapsed{0};  // from the request's start to its last byte
};

// scheme://host[:port]/path of a URL: what may be logged and shown. Never the query, never user
// info.
std::string loggable_url(std::string_view url);

// An absolute http or https URL, taken apart strictly: no user info, no spaces, no control
// characters, a plain host.
struct UrlParts {
  UrlParts() = default;
  std::string scheme;      // lower case
  std::string host;        // lower case; IPv6 without brackets
  std::uint16_t port = 0;  // the scheme's own when none is given
  std::string target;      // path and query, "/" at least; no fragment
};
store::Result<UrlParts> parse_url(std::string_view url);

// localhost, 127.0.0.0/8, ::1.
bool is_loopback_host(std::string_view host);

// What every URL must pass before a request to it is made: https, or http to a loopback host.
// kUsage "bad_url" otherwise.
store::Result<void> check_url(std::string_view url);

}  // namespace http
