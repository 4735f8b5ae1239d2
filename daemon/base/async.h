#pragma once

// Small bridges for coroutines of the one network thread.
//
// g++ 12 miscompiles aggregates and capturing lambdas that are built inside a co_await expression: name them first (the
// functions here take what they run by value, as a named local of the caller, moved in).

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <memory>

#include "store/batch.h"
#include "store/error.h"
#include "store/writer.h"

namespace base {

template <typename T>
using Awaitable = boost::asio::awaitable<T>;
namespace asio = boost::asio;

// Runs `work` on the pool and comes back to the caller's executor with what it returned.
template <typename Work>
Awaitable<std::invoke_result_t<Work&>> run_on(asio::thread_pool& pool, Work work);

// The only bridge from a coroutine to the Writer: returns after COMMIT, or with the error.
Awaitable<store::Result<store::CommitInfo>> commit(store::Writer& writer, store::Batch batch);

// A condition of the network thread: wait() suspends until the next notify_all(), or until `limit` has passed.
class Signal {
 public:
  explicit Signal(asio::io_context& io) : timer_(io) {
    timer_.expires_at(asio::steady_timer::time_point::max());
  }
  Awaitable<void> wait();
  Awaitable<void> wait_for(std::chrono::milliseconds limit);
  void notify_all();

 private:
  asio::steady_timer timer_;
};

Awaitable<void> sleep_for(asio::steady_timer::duration duration);

}  // namespace base

#include "daemon/base/async_impl.h"
