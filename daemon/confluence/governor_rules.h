#pragma once

// The rules of the rate governor (see governor.h), pure: every time is passed in, nothing waits,
// one owner, no locks.
//
// How a rate is learned:
// 1. Nothing limits until the site says so: no pacing, as many requests at once as configured.
// 2. The site names a rate for the second (X-RateLimit-Limit, or the bucket's FillRate): we pace
//    just below it, and less while little is left or another client eats from the same bucket. A
//    limit that belongs to an hourly quota (RateLimit-Reason with `quota`, or a reset that is far
//    away) is not a rate; when it nears its end, what is left is spread over the time left. Where
//    the site shows a stock, a pace that fell behind catches up.
// 3. The site only refuses: between two refusals a token bucket goes from empty to empty, so what
//    it granted, over the time between them, is its rate. We pace just below that and creep up,
//    slowly at first, until the next refusal. A rate that the site has granted once is believed for
//    the next kProofHolds refusals: some come whatever the rate, and those must not slow us to a
//    creep. The refusals of requests that were under way when the first came are one event. A long
//    wait or a quota teaches no rate.
// 4. Waits: Retry-After, else X-RateLimit-Reset, else RateLimit's `t`, else our own backoff,
//    doubled while nothing succeeds; jitter comes on top. Zero, negative, past or unreadable values
//    count as absent; enormous ones saturate at ten years.
// 5. 5xx without Retry-After, lost answers, and refusals for concurrency lower the concurrency; ten
//    good answers raise it.

#include <chrono>
#include <cstdint>
#include <optional>
#include <random>
#include <string>

#include "daemon/base/clock.h"
#include "daemon/http/message.h"
#include "store/records.h"

namespace confluence {

struct GovernorOptions {
  int max_concurrency = 8;
  double max_requests_per_second = 0;  // 0 = what the server bears
};

struct Moment {
  base::Clock::Steady steady;
  store::Time wall;
};

class GovernorRules {
 public:
  using Steady = base::Clock::Steady;
  using Duration = std::chrono::nanoseconds;

  // A wait longer than this is probed after it, with one request.
  static constexpr std::chrono::hours kProbeAfter{24};

  GovernorRules(GovernorOptions options, std::uint32_t seed);

  // When the next request may leave: not after `now` = at once; Steady::max() = when one of those
  // under way has come back.
  Steady next_send(Steady now) const;
  // False while a wait is open (unless its probe is due): what was granted but has not left must
  // not leave.
  bool open(Steady now) const;

  struct Ticket {
    Steady sent_at;
    bool probe = false;
  };
  Ticket sent(Steady now);
  void answered(const Ticket& ticket, int status, const http::Headers& headers, Moment now);
  void lost(const Ticket& ticket, Steady now);
  // It never left.
  void withdrawn(const Ticket& ticket);

  void restore(store::Time until, std::string reason, Moment now);

  struct Wait {
    store::Time until;
    std::string reason;
  };
  // The wait that is open, or was until nobody looked; an expired one goes with expire_wait().
  const std::optional<Wait>& wait() const { return wait_; }
  bool expire_wait(Steady now);

  int in_flight() const { return in_flight_; }
  int concurrency() const { return static_cast<int>(concurrency_); }
  double requests_per_second() const;  // 0 = not limited
  bool rate_bound(Steady now) const;

 private:
  void refused(const Ticket& ticket, const http::Headers& headers, Moment now);
  void learn_from_refusal(Steady now);
  void succeeded(const Ticket& ticket, Steady now);
  void read_limits(const http::Headers& headers, Moment now);
  void read_quota(double limit, double remaining, bool near, Duration to_reset);
  void read_burst(double limit, std::optional<double> remaining, bool near, Steady now);
  void lower_concurrency(Steady now);
  void close(Duration wait, std::string reason, Moment now);
  void grow(Steady now);
  Duration backoff();
  Duration jitter(Duration wait);

  GovernorOptions options_;
  std::minstd_rand random_;

  int in_flight_ = 0;
  double concurrency_;
  Steady lowered_at_{};

  // The gate.
  std::optional<Wait> wait_;
  Steady closed_at_{};
  Steady opens_at_{};        // end of the wait, or of its first day
  bool probe_only_ = false;  // the wait is longer than a day
  bool probing_ = false;
  int refusals_in_a_row_ = 0;

  // Pace.
  double learned_rate_ = 0;  // by refusals
  double proven_rate_ = 0;   // the most that was measured between two refusals
  int since_proof_ = 0;      // refusals
  double named_rate_ = 0;    // by headers, for a second
  double named_share_;       // how much of it we take
  double quota_rate_ = 0;    // while an hourly quota is near its end
  Steady named_at_{};
  Steady share_changed_at_{};
  Steady scarce_at_{};  // when the site last said that little is left
  std::optional<double> quota_left_;
  double quota_cost_ = 1;  // what one request takes from it
  Steady next_slot_{};
  Steady paced_at_{};  // when the pace last made a request wait
  Steady grown_at_{};

  // The time between two refusals.
  std::optional<Steady> cycle_start_;
  Steady event_at_{};
  int events_ = 0;
  std::int64_t granted_ = 0;
};

// Retry-After as a wait: seconds or a date. nullopt: absent, unreadable, zero, negative or past.
std::optional<std::chrono::seconds> parse_retry_after(std::string_view value, store::Time now);
// An IMF-fixdate (`Sun, 06 Nov 1994 08:49:37 GMT`), as in Date and Retry-After.
std::optional<store::Time> parse_http_date(std::string_view text);

}  // namespace confluence
