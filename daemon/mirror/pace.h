#pragma once

// A budget of requests an hour, spread evenly over it: what was not used is not saved up. Pure; one
// owner.

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "daemon/base/clock.h"

namespace mirror {

class Pace {
 public:
  using Steady = base::Clock::Steady;

  // 0 = no budget.
  void set(std::int64_t requests_per_hour) {
    pause_ = requests_per_hour > 0
                 ? std::chrono::nanoseconds(std::chrono::hours(1)) / requests_per_hour
                 : std::chrono::nanoseconds(0);
  }
  // Takes the next turn, and says how long from `now` it is away.
  std::chrono::nanoseconds take(Steady now) {
    const auto turn = std::max(now, next_);
    next_ = turn + pause_;
    return turn - now;
  }

 private:
  std::chrono::nanoseconds pause_{0};
  Steady next_{};
};

}  // namespace mirror
