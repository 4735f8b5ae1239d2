#pragma once

// The rate governor: one per credential, in front of every request of every kind.
//
// 1. A request is sent only with a Permit. Permits are given by priority (writes, head poll,
//    bodies, history), within a priority first come first served.
// 2. At most `concurrency` are out at once; concurrency and rate are learned: more while the site
//    answers well, less at a refusal (additive increase, multiplicative decrease), never above the
//    configured maxima.
// 3. After a 429 nothing is sent until its wait is over, however long: Retry-After (seconds or a
//    date), else X-RateLimit-Reset, else our own backoff. A wait over 24 h is reported and probed
//    once a day. The wait is handed to `persist`, so that it survives a restart.
// 4. X-RateLimit-Limit, -Remaining and -NearLimit slow us before the refusal. Beta- headers are
//    information only.
// 5. 5xx with Retry-After is a wait too. 5xx without lowers concurrency.
//
// The rules are in governor_rules.h (pure, with the time passed in); this class waits. Threads: the
// network thread.

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "daemon/base/async.h"
#include "daemon/base/clock.h"
#include "daemon/confluence/governor_rules.h"
#include "daemon/http/message.h"
#include "store/records.h"

namespace confluence {

enum class Priority { kWrite = 0, kHeadPoll = 1, kBodies = 2, kHistory = 3 };

struct GovernorStatus {
  int in_flight = 0;
  int waiting = 0;                          // coroutines that wait for a permit
  int concurrency = 0;                      // the learned bound
  double requests_per_second = 0;           // the learned rate; 0 = not limited
  std::optional<store::Time> closed_until;  // a wait is open
  std::string closed_reason;
  bool rate_bound = false;  // the rate, not the connections, is what holds us
};

class Governor {
  class Impl;

 public:
  // `persist` is called with the end of a wait (nullopt: none is open) and its reason when it
  // changes.
  using Persist = std::function<void(std::optional<store::Time> until, const std::string& reason)>;

  Governor(boost::asio::io_context& io, const base::Clock& clock, GovernorOptions options,
           Persist persist);
  ~Governor();

  // A wait that an earlier process persisted.
  void restore(store::Time until, std::string reason);

  // A request may be under way while its Permit lives and answered() was not called.
  class Permit {
   public:
    Permit(Permit&&) noexcept = default;
    Permit& operator=(Permit&&) = delete;
    ~Permit();
    // What became of the request; called at most once. Without it the permit counts as "no answer".
    void answered(const http::Response& response);
    // The request was held back or taken back and never left; the permit is spent.
    void withdrawn();

   private:
    friend class Governor;
    Permit(std::weak_ptr<Impl*> governor, GovernorRules::Ticket ticket)
        : governor_(std::move(governor)), ticket_(ticket) {}
    std::weak_ptr<Impl*> governor_;  // empty once spent; expired once the governor has gone
    GovernorRules::Ticket ticket_;
  };
  base::Awaitable<Permit> acquire(Priority priority);

  // False while a wait is open: asked again at the very moment a request would leave, for a
  // connection may have taken its time since the permit was given.
  bool open() const;

  GovernorStatus status() const;
  // True while a permit would be given at once and connections are to spare: the time for
  // speculative work.
  bool idle_capacity() const;

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace confluence
