#pragma once

// One exchange of the local service as plain values, hostile until checked: what a Request holds
// has passed the bounds of http_server.h and nothing else. Owned by value. Any thread.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/base/async.h"
#include "daemon/serve/access.h"

namespace serve {

struct Request {
  Request() = default;

  std::string method;  // upper case
  std::string path;    // as it was sent, without the query
  // Of the path, percent-decoded, valid UTF-8; none is empty, "." or "..". A path that has such
  // ones, or does not begin with a slash, never gets here.
  std::vector<std::string> segments;
  // In their order, percent-decoded (`+` is a blank), valid UTF-8; names may come twice.
  std::vector<std::pair<std::string, std::string>> query;
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case
  std::string body;
  Caller caller;

  // The first of that name. Header names in lower case.
  std::optional<std::string_view> parameter(std::string_view name) const;
  std::optional<std::string_view> header(std::string_view name) const;
};

// The rest of an answer whose end is not known when it begins (server-sent events). Called again
// and again; nullopt ends it. Canceled when the client has gone or the server stops.
using Chunks = std::function<base::Awaitable<std::optional<std::string>>()>;

struct Response {
  Response() = default;
  Response(int status_code, std::string type, std::string content)
      : status(status_code), content_type(std::move(type)), body(std::move(content)) {}

  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;  // besides the usual ones
  Chunks chunks;                                             // set: chunked, `body` first
};

}  // namespace serve
