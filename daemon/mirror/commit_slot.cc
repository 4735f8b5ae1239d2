#include "daemon/mirror/commit_slot.h"

#include <boost/asio/co_spawn.hpp>
#include <exception>
#include <optional>
#include <utility>

namespace mirror {

namespace asio = boost::asio;

namespace {
constexpr std::size_t kMostUncommittedBytes = std::size_t{4} << 20;  // one transaction's worth
}  // namespace

void Uncommitted::remove(std::size_t bytes) {
  bytes_ -= bytes;
  fewer_.notify_all();
}

base::Awaitable<void> Uncommitted::room() {
  while (bytes_ >= kMostUncommittedBytes) co_await fewer_.wait();
}

struct CommitSlot::State {
  State(asio::io_context& io, OnCommit on_commit, std::function<void()> afterwards)
      : done(io), report(std::move(on_commit)), then(std::move(afterwards)) {}
  base::Signal done;
  OnCommit report;
  std::function<void()> then;
  std::optional<store::Result<void>> result;
};

CommitSlot::CommitSlot(asio::io_context& io, store::Writer& writer,
                       std::shared_ptr<Uncommitted> uncommitted, OnCommit on_commit)
    : io_(io),
      writer_(writer),
      uncommitted_(std::move(uncommitted)),
      on_commit_(std::move(on_commit)) {}

base::Awaitable<store::Result<void>> CommitSlot::put(store::Batch batch,
                                                     std::function<void()> then) {
  auto former = co_await drain();
  if (!former) co_return former;
  pending_ = std::make_shared<State>(io_, on_commit_, std::move(then));
  auto commit = [](store::Writer& writer, store::Batch rows,
                   std::shared_ptr<State> state) -> base::Awaitable<void> {
    auto committed = co_await base::commit(writer, std::move(rows));
    if (!committed) {
      state->result.emplace(store::fail(std::move(committed.error())));
      co_return;
    }
    state->report(*committed);
    if (state->then) state->then();
    state->result.emplace();
  };
  const auto bytes = batch.bytes();
  uncommitted_->add(bytes);
  auto on_end = [state = pending_, uncommitted = uncommitted_,
                 bytes](const std::exception_ptr& failure) {
    if (failure) {
      state->result.emplace(store::fail(store::ErrorKind::kBug, "commit_bug",
                                        "cannot commit: an exception came in the way"));
    }
    uncommitted->remove(bytes);
    state->done.notify_all();
  };
  // A coroutine of its own, that nobody cancels: what was handed over cannot be taken back.
  asio::co_spawn(io_, commit(writer_, std::move(batch), pending_), std::move(on_end));
  co_return store::Result<void>();
}

base::Awaitable<store::Result<void>> CommitSlot::drain() {
  while (pending_ && !pending_->result) {
    auto state = pending_;
    co_await state->done.wait();
  }
  if (!pending_) co_return store::Result<void>();
  const auto state = std::exchange(pending_, nullptr);
  co_return *state->result;
}

}  // namespace mirror
