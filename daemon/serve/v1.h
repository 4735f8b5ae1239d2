#pragma once

// The service's own API, its metrics and its health, as routes. Described in openapi.json, which is
// served as /v1/openapi.json and is what the tests hold the answers against.
//
// Threads: the server's. Ownership: what the options refer to outlives the router. Errors: reply.h.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "daemon/audit/options.h"
#include "daemon/base/async.h"
#include "daemon/query/answers.h"
#include "daemon/query/read_request.h"
#include "daemon/serve/backend.h"
#include "daemon/serve/live.h"
#include "daemon/serve/metrics.h"
#include "daemon/serve/router.h"

namespace serve {

struct AuditQuery {
  AuditQuery() = default;
  std::vector<std::string> rules;   // names; empty = all that the configuration leaves
  std::vector<std::string> spaces;  // keys; empty = all
  bool archived = false;
  std::string now;  // a time; "" = the clock's
};

// Asks the site itself. Server's thread; what it refers to outlives the server.
using SiteReader =
    std::function<base::Awaitable<store::Result<querying::Json>>(querying::ReadRequest)>;

// Synchronises now, and says what that did. As above.
using SyncNow = std::function<base::Awaitable<store::Result<querying::Json>>()>;

struct V1Options {
  Backend* backend = nullptr;
  const LiveState* live = nullptr;
  // Called on a thread of the backend.
  std::function<store::Result<audit::Options>(const AuditQuery&, store::Reader&)> audit_options;
  std::function<ServerCounts()> server_counts;
  SiteReader read_site;  // empty: `live` is refused
  SyncNow sync_now;      // empty: refused
};

class V1 {
 public:
  explicit V1(V1Options options);
  ~V1();
  V1(const V1&) = delete;
  V1& operator=(const V1&) = delete;

  // What was asked for is measured by whoever runs the router.
  Metrics& metrics();
  void add_routes(Router& router);
  // No audit goes on.
  void stop();

  struct State;  // v1_state.h

 private:
  std::shared_ptr<State> state_;
};

// A router whose answers are measured: what an HttpServer is given as its handler.
HttpServer::Handler measured(const Router& router, Metrics& metrics);

}  // namespace serve
