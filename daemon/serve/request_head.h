#pragma once

// Pure: the head of an HTTP/1.1 request, from the bytes of a stranger to a Request without body.
// Stricter than the standard where leniency is what request smuggling lives on: lines end with CRLF
// and nothing else, no folded lines, one Content-Length at most, "chunked" is the only coding, and
// never both. Any thread; nothing throws. Source: RFC 9110, RFC 9112.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/serve/message.h"

namespace serve {

// Why a request is refused; status 0: it is not.
struct Refusal {
  Refusal() = default;
  Refusal(int code, std::string why) : status(code), text(std::move(why)) {}
  explicit operator bool() const { return status != 0; }

  int status = 0;
  std::string text;
};

struct HeadLimits {
  std::size_t target = 8u << 10;
  std::size_t head = 32u << 10;
  std::size_t fields = 100;
  std::size_t parameters = 200;
};

struct Framing {
  std::uint64_t length = 0;  // of the body, where it is not chunked
  bool chunked = false;
  bool keep_alive = true;
  bool expects_continue = false;
  bool http_1_0 = false;
  bool has_body() const { return chunked || length > 0; }
};

// `bytes`: what has come so far. The length of the head with its empty line; nullopt: not whole
// yet. `refusal`: it is too long, or never will be a head.
std::optional<std::size_t> head_length(std::string_view bytes, const HeadLimits& limits,
                                       Refusal& refusal);

// `head`: with its empty line. Fills all of `request` but body and caller.
Refusal parse_head(std::string_view head, const HeadLimits& limits, Request& request,
                   Framing& framing);

// Path and query of a request: origin form.
Refusal parse_target(std::string_view target, const HeadLimits& limits, Request& request);

// `%41` and, where `plus_is_blank`, `+`. nullopt: not to be decoded, no UTF-8, or a control
// character.
std::optional<std::string> percent_decoded(std::string_view text, bool plus_is_blank);

// Whether a Host header names this machine: 127.0.0.0/8, [::1], localhost, whatever the port.
bool is_loopback_host(std::string_view host);

}  // namespace serve
