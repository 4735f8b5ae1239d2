#include "daemon/base/async.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <list>

namespace base {

namespace detail {

struct Gate {
  std::mutex mutex;
  bool open = true;
};

namespace {
// An io_context that goes empties its queue without a lock: nothing may be posted from then on. The
// services of a context are shut down youngest first, its scheduler, the eldest, last.
class GateService final : public asio::execution_context::service {
 public:
  using key_type = GateService;
  static asio::execution_context::id id;

  explicit GateService(asio::execution_context& context) : service(context) {}
  const std::shared_ptr<Gate>& gate() const { return gate_; }

 private:
  void shutdown() override {
    const std::lock_guard lock(gate_->mutex);
    gate_->open = false;
  }
  std::shared_ptr<Gate> gate_ = std::make_shared<Gate>();
};
asio::execution_context::id GateService::id;
}  // namespace

std::shared_ptr<Gate> gate_of(const asio::any_io_executor& executor) {
  auto& context = asio::query(executor, asio::execution::context);
  return asio::use_service<GateService>(context).gate();
}

void DeliveryBase::announce() {
  arrived_ = true;
  if (timer_ == nullptr) return;  // nobody waits yet, or any more
  const std::lock_guard gate_lock(gate_->mutex);
  if (!gate_->open) return;
  asio::post(executor_, [self = shared_from_this()] {
    const std::lock_guard lock(self->mutex_);
    if (self->timer_ != nullptr) self->timer_->cancel();
  });
}

Awaitable<void> DeliveryBase::arrival() {
  const auto self = shared_from_this();
  asio::steady_timer timer(executor_, asio::steady_timer::time_point::max());
  {
    const std::lock_guard lock(mutex_);
    if (arrived_) co_return;
    timer_ = &timer;
  }
  struct Detach {
    DeliveryBase& delivery;
    ~Detach() {
      const std::lock_guard lock(delivery.mutex_);
      delivery.timer_ = nullptr;
    }
  } detach{*self};
  // An empty slot: a cancellation of the coroutine does not end this wait.
  boost::system::error_code ignored;
  auto token = asio::bind_cancellation_slot(asio::cancellation_slot(),
                                            asio::redirect_error(asio::use_awaitable, ignored));
  co_await timer.async_wait(token);
}

namespace {
// Shared by the copies of a std::function. If the writer drops its callback without calling it, the
// coroutine is told.
class CommitReply {
 public:
  using Answer = store::Result<store::CommitInfo>;
  explicit CommitReply(std::shared_ptr<Delivery<Answer>> delivery)
      : delivery_(std::move(delivery)) {}
  CommitReply(const CommitReply&) = delete;
  CommitReply& operator=(const CommitReply&) = delete;
  ~CommitReply() {
    if (!delivery_) return;
    delivery_->put(store::fail(store::ErrorKind::kCanceled, "writer_closed",
                               "cannot commit: the writer was closed"));
  }
  void answer(Answer result) {
    if (const auto delivery = std::exchange(delivery_, nullptr)) delivery->put(std::move(result));
  }

 private:
  std::shared_ptr<Delivery<Answer>> delivery_;
};
}  // namespace

}  // namespace detail

Awaitable<store::Result<store::CommitInfo>> commit(store::Writer& writer, store::Batch batch) {
  using Answer = store::Result<store::CommitInfo>;
  auto executor = co_await asio::this_coro::executor;
  const auto delivery = std::make_shared<detail::Delivery<Answer>>(std::move(executor));
  {
    auto reply = std::make_shared<detail::CommitReply>(delivery);
    store::Writer::Done done = [reply](Answer result) { reply->answer(std::move(result)); };
    reply.reset();
    writer.submit(std::move(batch), std::move(done));
  }
  co_await delivery->arrival();
  co_return delivery->take();
}

struct Signal::Waiters {
  struct Waiter {
    asio::steady_timer& timer;
    bool notified = false;
  };
  explicit Waiters(asio::io_context& context) : io(context) {}
  asio::io_context& io;
  std::list<Waiter*> list;
};

Signal::Signal(asio::io_context& io) : waiters_(std::make_shared<Waiters>(io)) {}

Signal::~Signal() { notify_all(); }

void Signal::notify_all() {
  for (auto* waiter : waiters_->list) {
    waiter->notified = true;
    waiter->timer.cancel();
  }
}

Awaitable<void> Signal::wait() {
  return wait_until(waiters_, asio::steady_timer::time_point::max());
}

Awaitable<void> Signal::wait_for(std::chrono::milliseconds limit) {
  const auto now = asio::steady_timer::clock_type::now();
  const auto longest = std::chrono::duration_cast<std::chrono::milliseconds>(
      asio::steady_timer::time_point::max() - now);
  return wait_until(waiters_,
                    limit < longest ? now + limit : asio::steady_timer::time_point::max());
}

Awaitable<void> Signal::wait_until(std::shared_ptr<Waiters> waiters,
                                   asio::steady_timer::time_point limit) {
  asio::steady_timer timer(waiters->io, limit);
  Waiters::Waiter self{timer};
  const auto place = waiters->list.insert(waiters->list.end(), &self);
  struct Leave {
    Waiters& waiters;
    std::list<Waiters::Waiter*>::iterator place;
    ~Leave() { waiters.list.erase(place); }
  } leave{*waiters, place};

  boost::system::error_code error;
  auto token = asio::redirect_error(asio::use_awaitable, error);
  co_await timer.async_wait(token);
  if (error && !self.notified) throw boost::system::system_error(error);
}

Awaitable<void> sleep_for(asio::steady_timer::duration duration) {
  auto executor = co_await asio::this_coro::executor;
  const auto now = asio::steady_timer::clock_type::now();
  const auto latest = asio::steady_timer::time_point::max();
  asio::steady_timer timer(executor, duration < latest - now ? now + duration : latest);
  co_await timer.async_wait(asio::use_awaitable);
}

}  // namespace base
