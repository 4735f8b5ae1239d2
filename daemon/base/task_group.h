#pragma once

// Coroutines that end together. Network thread only. join() returns when all have ended; cancel()
// asks all of them to end (asio's terminal cancellation: what they wait for ends, and the next
// co_await throws inside them). A coroutine that ends because of that is silent; any other
// exception is a bug, cancels the rest, and is kept for join() to rethrow, once.
//
// The group must outlive its coroutines: join() before it goes. Handlers of it that are still on
// their way then do no harm.

#include <boost/asio/io_context.hpp>
#include <memory>
#include <vector>

#include "daemon/base/async.h"

namespace base {

class TaskGroup {
 public:
  explicit TaskGroup(boost::asio::io_context& io);
  ~TaskGroup();
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;

  // After cancel() nothing starts any more.
  void spawn(Awaitable<void> task);
  Awaitable<void> join();
  // For one of the coroutines: spawns these, all at once, and returns when all have ended, or the
  // group is canceled.
  Awaitable<void> all(std::vector<Awaitable<void>> tasks);
  void cancel();
  bool canceled() const;
  std::size_t running() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace base
