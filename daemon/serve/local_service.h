#pragma once

// The local service at work: its sockets, routes and readers on a thread of its own, so that it
// answers whatever the syncs are doing, and whether the site can be reached or not.
//
// Threads: start(), stop() and the end are for one thread, live() for any; what the options call is
// called on threads of the service. Ownership: the clock outlives it. stop() takes no new
// connection and ends streams; the destructor waits for answers under way (`limits.grace`). Errors:
// those of HttpServer where nothing at all can be listened on.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "daemon/base/clock.h"
#include "daemon/base/secret.h"
#include "daemon/serve/access.h"
#include "daemon/serve/backend.h"
#include "daemon/serve/http_server.h"
#include "daemon/serve/live.h"
#include "daemon/serve/v1.h"
#include "store/error.h"

namespace serve {

struct LocalServiceOptions {
  LocalServiceOptions() = default;
  BackendOptions backend;
  AccessRules access;
  ServerLimits limits;
  std::filesystem::path socket;  // empty = none
  std::string socket_group;
  std::vector<int> passed;  // sockets that listen already; they are taken, and `socket` is not made
  std::optional<std::pair<std::string, std::uint16_t>> tcp;
  base::Secret token;  // of callers by TCP
  std::function<store::Result<audit::Options>(const AuditQuery&, store::Reader&)> audit_options;
  SiteReader read_site;
  SyncNow sync_now;
};

class LocalService {
 public:
  static store::Result<std::unique_ptr<LocalService>> start(LocalServiceOptions options,
                                                            const base::Clock& clock);
  ~LocalService();
  LocalService(const LocalService&) = delete;
  LocalService& operator=(const LocalService&) = delete;

  void stop();
  LiveState& live();
  std::uint16_t tcp_port() const;  // 0: none
  ServerCounts counts() const;

 private:
  class Impl;
  explicit LocalService(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace serve
