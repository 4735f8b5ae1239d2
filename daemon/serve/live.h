#pragma once

// What the daemon knows that does not stand in the mirror, for metrics and readiness: set by the
// thread that runs the syncs, read by the one that serves. Any thread.

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "store/records.h"

namespace serve {

struct Live {
  Live() = default;
  std::string writer_waits;  // why nothing can be written; "" = it can
  std::string refused;       // why the site is not asked: it does not know us; "" = it does
  bool full_sync_runs = false;
  bool incremental_sync_runs = false;
  std::int64_t site_requests = 0;
  std::int64_t site_bytes = 0;
  std::int64_t site_refused = 0;  // 429
  std::int64_t site_retried = 0;
  std::optional<store::Time> wait_until;        // that the site asked for
  std::optional<store::Time> token_expires_at;  // where it is known
};

class LiveState {
 public:
  void set(Live live) {
    const std::lock_guard lock(mutex_);
    live_ = std::move(live);
  }
  Live get() const {
    const std::lock_guard lock(mutex_);
    return live_;
  }

 private:
  mutable std::mutex mutex_;
  Live live_;
};

}  // namespace serve
