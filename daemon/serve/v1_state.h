#pragma once

// What the handlers of the service's own API share; for v1*.cc only. One for each V1; handlers hold
// it. Server's thread, but for `stopping`.

#include <atomic>
#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "daemon/serve/parameters.h"
#include "daemon/serve/queue_calls.h"
#include "daemon/serve/reply.h"
#include "daemon/serve/v1.h"

namespace serve {

struct V1::State {
  explicit State(V1Options given) : options(std::move(given)) {}
  Backend& backend() const { return *options.backend; }

  V1Options options;
  Metrics metrics;
  std::optional<MirrorFigures> figures;  // kept for a moment: they take a look at the whole mirror
  std::chrono::steady_clock::time_point figures_at{};
  bool audit_runs = false;
  std::atomic<bool> stopping{false};
};

using V1State = std::shared_ptr<V1::State>;

// Handlers of the queue: their work on the backend's threads, as the caller.
using ReadCall = std::function<Reply(const QueueCalls&)>;
using WriteCall = std::function<Reply(const QueueCalls&, store::JobQueue&)>;
base::Awaitable<Response> call_reading(Backend& backend, Caller caller, ReadCall call);
base::Awaitable<Response> call_writing(Backend& backend, Caller caller, WriteCall call);

void add_action_routes(Router& router, const V1State& state);
void add_job_routes(Router& router, Backend& backend);
void add_event_routes(Router& router, Backend& backend);

}  // namespace serve
