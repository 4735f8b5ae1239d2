#pragma once

// Coroutines that end together. Network thread only. join() returns when all have ended; cancel()
// asks all of them to end (asio's terminal cancellation: what they wait for ends, and the next
// co_await throws inside them). A coroutine that ends because of that is silent; any other
// exception is a bug and is kept for join() to rethrow.
//
// The group must outlive its coroutines: join() before it goes.

#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>
#include <exception>
#include <list>

#include "daemon/base/async.h"

namespace mirror {

class TaskGroup {
 public:
  explicit TaskGroup(boost::asio::io_context& io) : io_(io), ended_(io) {}
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;

  void spawn(base::Awaitable<void> task);
  base::Awaitable<void> join();
  void cancel();
  bool canceled() const { return canceled_; }
  std::size_t running() const { return tasks_.size(); }

 private:
  struct Task {
    boost::asio::cancellation_signal signal;
    bool ended = false;
  };
  boost::asio::io_context& io_;
  base::Signal ended_;
  std::list<Task> tasks_;
  bool canceled_ = false;
  std::exception_ptr failure_;
};

}  // namespace mirror
