#pragma once

// The templates of async.h; not for inclusion by itself.

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/system/system_error.hpp>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <variant>

namespace base::detail {

// Whether the event loop is still there to be posted to; closed before it begins to go.
struct Gate;
std::shared_ptr<Gate> gate_of(const asio::any_io_executor& executor);

// One value on its way from another thread to a coroutine. The awaiting frame owns the timer it
// sleeps on; `timer_` is cleared when the frame goes, under the mutex.
class DeliveryBase : public std::enable_shared_from_this<DeliveryBase> {
 public:
  explicit DeliveryBase(asio::any_io_executor executor)
      : executor_(std::move(executor)), gate_(gate_of(executor_)) {}
  virtual ~DeliveryBase() = default;

  Awaitable<void> arrival();

 protected:
  // Caller holds mutex_.
  void announce();
  std::mutex mutex_;

 private:
  asio::any_io_executor executor_;
  std::shared_ptr<Gate> gate_;
  asio::steady_timer* timer_ = nullptr;
  bool arrived_ = false;
};

template <typename T>
class Delivery final : public DeliveryBase {
 public:
  using DeliveryBase::DeliveryBase;

  void put(T value) {
    const std::lock_guard lock(mutex_);
    value_.emplace(std::move(value));
    announce();
  }
  void put_failure(std::exception_ptr failure) {
    const std::lock_guard lock(mutex_);
    failure_ = std::move(failure);
    announce();
  }
  // After arrival().
  T take() {
    const std::lock_guard lock(mutex_);
    if (failure_) std::rethrow_exception(failure_);
    return std::move(*value_);
  }

 private:
  std::optional<T> value_;
  std::exception_ptr failure_;
};

}  // namespace base::detail

namespace base {

template <typename T>
Promise<T>::~Promise() {
  if (!delivery_) return;
  delivery_->put_failure(
      std::make_exception_ptr(boost::system::system_error(asio::error::operation_aborted)));
}

namespace detail {

// What waits in the pool's queue. A pool that is stopped destroys it unrun; the coroutine is told.
template <typename Work, typename Value>
class PoolJob {
 public:
  PoolJob(Promise<Value> promise, Work work)
      : promise_(std::move(promise)), work_(std::move(work)) {}

  void operator()() {
    auto promise = std::move(promise_);
    try {
      if constexpr (std::is_same_v<Value, std::monostate>) {
        work_();
        promise.put({});
      } else {
        promise.put(work_());
      }
    } catch (...) {
      promise.put_failure(std::current_exception());
    }
  }

 private:
  Promise<Value> promise_;
  Work work_;
};

}  // namespace detail

template <typename Work>
Awaitable<std::invoke_result_t<Work&>> run_on(asio::thread_pool& pool, Work work) {
  using Returned = std::invoke_result_t<Work&>;
  using Value = std::conditional_t<std::is_void_v<Returned>, std::monostate, Returned>;
  auto executor = co_await asio::this_coro::executor;
  const auto delivery = std::make_shared<detail::Delivery<Value>>(std::move(executor));
  asio::post(pool, detail::PoolJob<Work, Value>(Promise<Value>(delivery), std::move(work)));
  co_await delivery->arrival();
  if constexpr (std::is_void_v<Returned>) {
    delivery->take();
  } else {
    co_return delivery->take();
  }
}

template <typename T>
Awaitable<T> ask_loop(asio::io_context& other, std::function<void(Promise<T>)> begin) {
  auto executor = co_await asio::this_coro::executor;
  const auto delivery = std::make_shared<detail::Delivery<T>>(std::move(executor));
  auto call = [begin = std::move(begin), promise = Promise<T>(delivery)]() mutable {
    begin(std::move(promise));
  };
  asio::post(other, std::move(call));
  co_await delivery->arrival();
  co_return delivery->take();
}

}  // namespace base
