#pragma once

// A request to what stands beside the API (token endpoints, hosts of keys, addresses of a site):
// its answer is small, and is there within `timeout` or not at all. Any thread; no errors.

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <string>
#include <utility>

#include "daemon/http/message.h"

namespace confluence {

inline http::Request side_request(std::string method, std::string url,
                                  std::chrono::milliseconds timeout, std::size_t most_bytes) {
  http::Request request(std::move(method), std::move(url));
  request.limits.connect_timeout = std::min(request.limits.connect_timeout, timeout);
  request.limits.idle_timeout = timeout;
  request.limits.total_timeout = timeout * 2;
  request.limits.max_body_bytes = most_bytes;
  return request;
}

}  // namespace confluence
