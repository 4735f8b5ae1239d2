#include "daemon/mirror/commit_slot.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <optional>
#include <utility>

namespace mirror {

namespace asio = boost::asio;

struct CommitSlot::State {
  State(asio::io_context& io, OnCommit on_commit, std::function<void()> afterwards)
      : done(io), report(std::move(on_commit)), then(std::move(afterwards)) {}
  base::Signal done;
  OnCommit report;
  std::function<void()> then;
  std::optional<store::Result<store::CommitInfo>> result;
};

CommitSlot::CommitSlot(asio::io_context& io, store::Writer& writer, OnCommit on_commit)
    : io_(io), writer_(writer), on_commit_(std::move(on_commit)) {}

base::Awaitable<store::Result<void>> CommitSlot::put(store::Batch batch,
                                                     std::function<void()> then) {
  auto former = co_await drain();
  if (!former) co_return former;
  pending_ = std::make_shared<State>(io_, on_commit_, std::move(then));
  auto on_done = [state = pending_, guard = asio::make_work_guard(io_)](
                     store::Result<store::CommitInfo> result) mutable {
    // Moved, not shared: what it owns belongs to the network thread.
    auto deliver = [state = std::move(state), result = std::move(result)]() mutable {
      if (result) state->report(*result);
      if (result && state->then) state->then();
      state->result = std::move(result);
      state->done.notify_all();
    };
    asio::post(guard.get_executor(), std::move(deliver));
    // The callback may be kept by the writer for a while: it must not hold the network thread up.
    guard.reset();
  };
  writer_.submit(std::move(batch), std::move(on_done));
  co_return store::Result<void>();
}

base::Awaitable<store::Result<void>> CommitSlot::drain() {
  while (pending_ && !pending_->result) {
    auto state = pending_;
    co_await state->done.wait();
  }
  if (!pending_) co_return store::Result<void>();
  const auto state = std::exchange(pending_, nullptr);
  if (*state->result) co_return store::Result<void>();
  co_return store::fail(state->result->error());
}

}  // namespace mirror
