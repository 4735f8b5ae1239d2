#include "daemon/confluence/governor.h"

#include <algorithm>
#include <array>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <list>
#include <random>

#include "daemon/base/log.h"

namespace confluence {

namespace asio = boost::asio;

class Governor::Impl {
 public:
  Impl(asio::io_context& context, const base::Clock& wall_clock, GovernorOptions options,
       Persist persist_wait)
      : io(context),
        clock(wall_clock),
        persist(std::move(persist_wait)),
        rules(options, std::random_device{}()),
        alarm(context) {}

  struct Waiter {
    asio::steady_timer timer;
    std::optional<GovernorRules::Ticket> ticket;
  };
  using Queue = std::list<Waiter*>;
  static constexpr std::size_t kPriorities = 4;
  static constexpr std::chrono::seconds kLongestNap{30};

  Moment now() const { return {clock.steady(), clock.now()}; }
  bool anyone_waits() const {
    return std::any_of(queues.begin(), queues.end(), [](const auto& q) { return !q.empty(); });
  }
  std::size_t waiting() const {
    std::size_t count = 0;
    for (const auto& queue : queues) count += queue.size();
    return count;
  }

  // Gives out what may be given, then sets the alarm for the next time something may.
  void pump();
  void wait_may_have_changed();

  asio::io_context& io;
  const base::Clock& clock;
  Persist persist;
  GovernorRules rules;
  std::array<Queue, kPriorities> queues;
  asio::steady_timer alarm;
  std::optional<store::Time> told_until;
  base::RepeatLimiter log_limiter{std::chrono::seconds(10)};
  std::shared_ptr<Impl*> self = std::make_shared<Impl*>(this);
};

void Governor::Impl::wait_may_have_changed() {
  const auto& wait = rules.wait();
  const auto until = wait ? std::optional(wait->until) : std::nullopt;
  if (until == told_until) return;
  told_until = until;
  if (wait) {
    const auto length = std::chrono::ceil<std::chrono::seconds>(wait->until - clock.now());
    if (length > GovernorRules::kProbeAfter) {
      base::http_log().warn(
          "the site asks for a wait of {} h, probed once a day until={} reason=\"{}\"",
          std::chrono::duration_cast<std::chrono::hours>(length).count(),
          store::to_iso8601(wait->until), wait->reason);
    } else if (const auto left_out = log_limiter.admit("wait", clock.steady())) {
      base::http_log().info(
          "the site asks for a wait retry_after={} reason=\"{}\" others_left_out={}",
          length.count(), wait->reason, *left_out);
    }
  }
  if (persist) persist(until, wait ? wait->reason : std::string());
}

void Governor::Impl::pump() {
  rules.expire_wait(clock.steady());
  wait_may_have_changed();
  for (auto& queue : queues) {
    while (!queue.empty()) {
      const auto now_steady = clock.steady();
      const auto at = rules.next_send(now_steady);
      if (at > now_steady) {
        if (at == GovernorRules::Steady::max()) return;
        // By its length: the clock may be another than the timer's, which stands still while the
        // machine sleeps.
        alarm.expires_after(std::min<GovernorRules::Duration>(at - now_steady, kLongestNap));
        alarm.async_wait([weak = std::weak_ptr(self)](const boost::system::error_code& error) {
          const auto alive = weak.lock();
          if (!error && alive) (*alive)->pump();
        });
        return;
      }
      auto* const waiter = queue.front();
      queue.pop_front();
      waiter->ticket = rules.sent(now_steady);
      waiter->timer.cancel();
    }
  }
}

Governor::Governor(asio::io_context& io, const base::Clock& clock, GovernorOptions options,
                   Persist persist)
    : impl_(std::make_unique<Impl>(io, clock, options, std::move(persist))) {}

Governor::~Governor() {
  impl_->self.reset();
  for (auto& queue : impl_->queues) {
    for (auto* waiter : queue) waiter->timer.cancel();
  }
}

void Governor::restore(store::Time until, std::string reason) {
  impl_->rules.restore(until, std::move(reason), impl_->now());
  // It is persisted already; if it is over, that is news.
  const auto& wait = impl_->rules.wait();
  impl_->told_until = wait ? wait->until : until;
  impl_->pump();
}

base::Awaitable<Governor::Permit> Governor::acquire(Priority priority) {
  auto& impl = *impl_;
  const auto now = impl.clock.steady();
  if (!impl.anyone_waits()) {
    if (impl.rules.expire_wait(now)) impl.wait_may_have_changed();
    if (impl.rules.next_send(now) <= now) co_return Permit(impl.self, impl.rules.sent(now));
  }

  Impl::Waiter waiter{asio::steady_timer(impl.io, asio::steady_timer::time_point::max()), {}};
  auto& queue = impl.queues[static_cast<std::size_t>(priority)];
  const auto place = queue.insert(queue.end(), &waiter);
  // A frame that is destroyed while it waits leaves the queue, if the governor is still there.
  struct Leave {
    std::weak_ptr<Impl*> governor;
    Impl::Queue& queue;
    Impl::Queue::iterator place;
    Impl::Waiter& waiter;
    ~Leave() {
      const auto alive = governor.lock();
      if (waiter.ticket || !alive) return;
      queue.erase(place);
      // An alarm for nobody would keep the io_context running until the wait is over.
      if (!(*alive)->anyone_waits()) (*alive)->alarm.cancel();
    }
  };
  const Leave leave{impl.self, queue, place, waiter};
  impl.pump();
  if (!waiter.ticket) {
    boost::system::error_code interrupted;
    auto token = asio::redirect_error(asio::use_awaitable, interrupted);
    co_await waiter.timer.async_wait(token);
    if (!waiter.ticket) throw boost::system::system_error(asio::error::operation_aborted);
  }
  co_return Permit(impl.self, *waiter.ticket);
}

Governor::Permit::~Permit() {
  const auto governor = std::exchange(governor_, {}).lock();
  if (!governor) return;
  auto& impl = **governor;
  impl.rules.lost(ticket_, impl.clock.steady());
  impl.pump();
}

void Governor::Permit::answered(const http::Response& response) {
  const auto governor = std::exchange(governor_, {}).lock();
  if (!governor) return;
  auto& impl = **governor;
  impl.rules.answered(ticket_, response.status, response.headers, impl.now());
  impl.pump();
}

void Governor::Permit::withdrawn() {
  const auto governor = std::exchange(governor_, {}).lock();
  if (!governor) return;
  auto& impl = **governor;
  impl.rules.withdrawn(ticket_);
  impl.pump();
}

bool Governor::open() const { return impl_->rules.open(impl_->clock.steady()); }

GovernorStatus Governor::status() const {
  const auto& rules = impl_->rules;
  GovernorStatus status;
  status.in_flight = rules.in_flight();
  status.waiting = static_cast<int>(impl_->waiting());
  status.concurrency = rules.concurrency();
  status.requests_per_second = rules.requests_per_second();
  if (const auto& wait = rules.wait(); wait && wait->until > impl_->clock.now()) {
    status.closed_until = wait->until;
    status.closed_reason = wait->reason;
  }
  status.rate_bound = rules.rate_bound(impl_->clock.steady());
  return status;
}

bool Governor::idle_capacity() const {
  const auto now = impl_->clock.steady();
  const auto& rules = impl_->rules;
  return !impl_->anyone_waits() && rules.in_flight() < rules.concurrency() &&
         rules.next_send(now) <= now && !rules.rate_bound(now);
}

}  // namespace confluence
