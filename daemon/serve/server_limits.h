#pragma once

// The bounds of the service's HTTP server (http_server.h), sizes in bytes. Plain values, any
// thread.

#include <chrono>
#include <cstddef>

namespace serve {

struct ServerLimits {
  std::size_t connections = 64;
  std::size_t connections_per_user = 32;
  std::size_t requests_per_connection = 10'000;
  std::size_t target = 8u << 10;
  std::size_t head = 32u << 10;
  std::size_t body = 64u << 20;
  std::size_t bodies = 256u << 20;  // of all requests that are being read or answered
  std::chrono::milliseconds head_within{10'000};
  std::chrono::milliseconds idle{75'000};           // a kept connection without a request
  std::chrono::milliseconds body_stands{30'000};    // no byte of a body for this long
  std::chrono::milliseconds reader_stands{30'000};  // the client takes no byte for this long
  // After that long at the latest, both must have moved at that many bytes a second, on the whole.
  std::size_t least_rate = 1024;
  std::chrono::milliseconds grace{5'000};
};

}  // namespace serve
