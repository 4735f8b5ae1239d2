#pragma once

// One run of the service, for service*.cc only. Network thread.

#include <memory>
#include <optional>
#include <string_view>

#include "daemon/cli/service.h"

namespace cli {

struct Service::Run {
  Run(boost::asio::io_context& io, mirror::RunKind run_kind, base::Clock::Steady now)
      : kind(run_kind), group(io), started(now) {}

  mirror::RunKind kind;
  base::TaskGroup group;
  base::Clock::Steady started;
  store::Time started_at{};
  confluence::Usage usage_before;
  std::unique_ptr<mirror::Crawl> crawl;
  std::optional<store::Result<void>> result;  // nothing: it was canceled
  bool stop_wanted = false;
  bool ended = false;
};

inline std::string_view name_of(mirror::RunKind kind) {
  return kind == mirror::RunKind::kFull ? "full" : "incremental";
}

inline confluence::Usage difference(const confluence::Usage& now, const confluence::Usage& before) {
  confluence::Usage usage;
  usage.requests = now.requests - before.requests;
  usage.wire_bytes = now.wire_bytes - before.wire_bytes;
  usage.refused = now.refused - before.refused;
  usage.retried = now.retried - before.retried;
  return usage;
}

}  // namespace cli
