#pragma once

// Small bridges for coroutines of the one network thread (or of the local service's).
//
// Threads: every function here is awaited on such a thread; only the work itself runs elsewhere. A
// bridge survives an io_context that is stopped or destroyed while the work is still running: what
// the work returns is then dropped. Errors: an exception of the work is rethrown to the awaiting
// coroutine. Cancellation (asio's, terminal): run_on() and commit() wait for their end all the
// same, because what they started cannot be taken back; the waits of Signal and sleep_for() end
// with system_error(operation_aborted).
//
// g++ 12 miscompiles aggregates and capturing lambdas that are built inside a co_await expression:
// name them first (the functions here take what they run by value, as a named local of the caller,
// moved in).

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <chrono>
#include <exception>
#include <functional>
#include <memory>
#include <type_traits>
#include <utility>

#include "store/batch.h"
#include "store/error.h"
#include "store/writer.h"

namespace base {

template <typename T>
using Awaitable = boost::asio::awaitable<T>;
namespace asio = boost::asio;

namespace detail {
template <typename T>
class Delivery;
}

// Runs `work` on the pool and comes back to the caller's executor with what it returned. `work`
// must own what it uses.
template <typename Work>
Awaitable<std::invoke_result_t<Work&>> run_on(asio::thread_pool& pool, Work work);

// Where the value for a coroutine of another thread's loop goes, once; any thread. One that goes
// without a value tells the coroutine so: operation_aborted.
template <typename T>
class Promise {
 public:
  explicit Promise(std::shared_ptr<detail::Delivery<T>> delivery)
      : delivery_(std::move(delivery)) {}
  Promise(Promise&& other) noexcept : delivery_(std::exchange(other.delivery_, nullptr)) {}
  Promise& operator=(Promise&&) = delete;
  Promise(const Promise&) = delete;
  Promise& operator=(const Promise&) = delete;
  ~Promise();

  void put(T value) { std::exchange(delivery_, nullptr)->put(std::move(value)); }
  void put_failure(std::exception_ptr failure) {
    std::exchange(delivery_, nullptr)->put_failure(std::move(failure));
  }

 private:
  std::shared_ptr<detail::Delivery<T>> delivery_;
};

// Has `begin` called on the other loop, by its thread, and comes back with what its promise gets.
// The other loop must not be destroyed meanwhile.
template <typename T>
Awaitable<T> ask_loop(asio::io_context& other, std::function<void(Promise<T>)> begin);

// The only bridge from a coroutine to the Writer: returns after COMMIT, or with the error.
Awaitable<store::Result<store::CommitInfo>> commit(store::Writer& writer, store::Batch batch);

// A condition of the network thread: wait() suspends until the next notify_all(), or until `limit`
// has passed. Whoever waits looks at the condition again afterwards. A Signal that goes wakes
// everyone who waits for it.
class Signal {
 public:
  explicit Signal(asio::io_context& io);
  ~Signal();
  Signal(const Signal&) = delete;
  Signal& operator=(const Signal&) = delete;

  Awaitable<void> wait();
  Awaitable<void> wait_for(std::chrono::milliseconds limit);
  void notify_all();

 private:
  struct Waiters;
  static Awaitable<void> wait_until(std::shared_ptr<Waiters> waiters,
                                    asio::steady_timer::time_point limit);
  std::shared_ptr<Waiters> waiters_;
};

Awaitable<void> sleep_for(asio::steady_timer::duration duration);

}  // namespace base

#include "daemon/base/async_impl.h"
