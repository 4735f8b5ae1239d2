#pragma once

// Which handler answers a method and a path. Filled before the server runs, then only read.
//
// A path is matched by segments; `{name}` stands for one. No route: 404; a route with other
// methods: 405 with Allow; HEAD is answered as GET without its body, OPTIONS with Allow. A caller
// who may not do what the route needs: 401 where it came by TCP without the token, else 403.
// Threads: route() is called on the server's thread and may run on several requests at once.

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/async.h"
#include "daemon/serve/message.h"

namespace serve {

enum class Needs { kNothing, kRead, kSubmit };

using Parameters = std::map<std::string, std::string, std::less<>>;  // of the path
using Handle = std::function<base::Awaitable<Response>(Request, Parameters)>;
// How a family of routes says what went wrong.
using ErrorForm = std::function<Response(int status, const std::string& message)>;

class Router {
 public:
  // Paths that begin with `prefix` (whole segments) say errors in that form; the longest counts.
  void errors_below(std::string prefix, ErrorForm form);
  void add(std::string method, std::string path, Needs needs, Handle handle);

  base::Awaitable<Response> route(Request request) const;
  // Why a request will not be routed, as far as its head tells (HttpServer::Admit).
  std::optional<Response> refusal(const Request& head) const;
  Response error(std::string_view path, int status, const std::string& message) const;
  // Label of the route for metrics: the path as it was added; "" = none.
  std::string name_of(const Request& request) const;

 private:
  struct Route {
    std::string method;
    std::string path;
    std::vector<std::string> segments;
    Needs needs = Needs::kRead;
    Handle handle;
  };
  const Route* find(const Request& request, Parameters& parameters,
                    std::vector<std::string>& methods) const;
  std::vector<Route> routes_;
  std::map<std::string, ErrorForm, std::greater<>> forms_;
};

}  // namespace serve
