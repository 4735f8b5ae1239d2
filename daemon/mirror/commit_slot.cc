#include "daemon/mirror/commit_slot.h"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <exception>
#include <optional>
#include <utility>

namespace mirror {

namespace asio = boost::asio;

namespace {
constexpr std::size_t kAnswerBytes = std::size_t{1} << 20;  // 250 pages of 4 KB
constexpr std::size_t kSpareAnswers = 2;  // that may wait for the writer while all others travel
}  // namespace

Backlog::Backlog(asio::io_context& io, int max_concurrency)
    : most_((static_cast<std::size_t>(std::max(1, max_concurrency)) + kSpareAnswers) *
            kAnswerBytes),
      fewer_(io) {}

void Backlog::remove(std::size_t bytes) {
  bytes_ -= bytes;
  fewer_.notify_all();
}

Backlog::Room::Room(Backlog& backlog) : backlog_(&backlog) { backlog.add(kAnswerBytes); }

Backlog::Room::~Room() {
  if (backlog_ != nullptr) backlog_->remove(kAnswerBytes);
}

base::Awaitable<Backlog::Room> Backlog::room() {
  while (bytes_ > 0 && bytes_ + kAnswerBytes > most_) co_await fewer_.wait();
  co_return Room(*this);
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
                       std::shared_ptr<Backlog> backlog, OnCommit on_commit)
    : io_(io), writer_(writer), backlog_(std::move(backlog)), on_commit_(std::move(on_commit)) {}

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
  backlog_->add(bytes);
  auto on_end = [state = pending_, backlog = backlog_, bytes](const std::exception_ptr& failure) {
    if (failure) {
      state->result.emplace(store::fail(store::ErrorKind::kBug, "commit_bug",
                                        "cannot commit: an exception came in the way"));
    }
    backlog->remove(bytes);
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
