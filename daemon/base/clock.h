#pragma once

// The time, as a thing that is passed in, so that rules about time can be tested without waiting.
// Any thread.

#include <time.h>

#include <chrono>

#include "store/records.h"

namespace base {

class Clock {
 public:
  using Steady = std::chrono::steady_clock::time_point;
  virtual ~Clock() = default;
  virtual store::Time now() const = 0;  // wall clock, UTC
  virtual Steady steady() const = 0;    // never steps; goes on while the machine sleeps
};

class SystemClock final : public Clock {
 public:
  store::Time now() const override {
    return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  }
  // Timers stop while the machine sleeps (CLOCK_MONOTONIC); this clock does not, so that what was
  // to come meanwhile is seen to be due.
  Steady steady() const override {
    timespec now{};
    clock_gettime(CLOCK_BOOTTIME, &now);
    return Steady(std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec));
  }
};

}  // namespace base
