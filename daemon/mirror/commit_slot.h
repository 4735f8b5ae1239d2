#pragma once

// One uncommitted batch per worker: put() hands a batch to the Writer and returns as soon as the
// batch before it is on disk, so that a worker fetches the next answer while the last one is being
// written. drain() waits for the last one. Network thread only. Errors are those of Writer::submit;
// after an error the slot stays empty.
//
// Backlog counts what all slots of a crawl have handed over and is not on disk yet, and the answers
// that were asked for. Whoever is about to ask for many bytes takes room() first and keeps it until
// the answer was put: where the writer is behind, fewer requests are under way. Its waits end with
// the cancellation of the coroutine, as Signal's do.

#include <boost/asio/io_context.hpp>
#include <cstddef>
#include <functional>
#include <memory>
#include <utility>

#include "daemon/base/async.h"
#include "store/writer.h"

namespace mirror {

class Backlog {
 public:
  // As many requests as `max_concurrency` are under way while the writer keeps up.
  Backlog(boost::asio::io_context& io, int max_concurrency);
  void add(std::size_t bytes) { bytes_ += bytes; }
  void remove(std::size_t bytes);

  class Room {
   public:
    explicit Room(Backlog& backlog);
    Room(Room&& other) noexcept : backlog_(std::exchange(other.backlog_, nullptr)) {}
    Room& operator=(Room&&) = delete;
    ~Room();

   private:
    Backlog* backlog_;
  };
  // The backlog must outlive the room.
  base::Awaitable<Room> room();

 private:
  const std::size_t most_;
  std::size_t bytes_ = 0;
  base::Signal fewer_;
};

class CommitSlot {
 public:
  // `on_commit` hears of every commit, on the network thread, even after the slot has gone.
  using OnCommit = std::function<void(const store::CommitInfo&)>;
  CommitSlot(boost::asio::io_context& io, store::Writer& writer, std::shared_ptr<Backlog> backlog,
             OnCommit on_commit);

  // `then` is called after `on_commit`, if this batch was committed.
  base::Awaitable<store::Result<void>> put(store::Batch batch, std::function<void()> then = {});
  base::Awaitable<store::Result<void>> drain();

 private:
  struct State;
  boost::asio::io_context& io_;
  store::Writer& writer_;
  std::shared_ptr<Backlog> backlog_;
  OnCommit on_commit_;
  std::shared_ptr<State> pending_;
};

}  // namespace mirror
