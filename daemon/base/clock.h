#pragma once

// The time, as a thing that is passed in, so that rules about time can be tested without waiting.
// Any thread.

#include <chrono>

#include "store/records.h"

namespace base {

class Clock {
 public:
  using Steady = std::chrono::steady_clock::time_point;
  virtual ~Clock() = default;
  virtual store::Time now() const = 0;  // wall clock, UTC
  virtual Steady steady() const = 0;    // never steps
};

class SystemClock final : public Clock {
 public:
  store::Time now() const override {
    return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  }
  Steady steady() const override { return std::chrono::steady_clock::now(); }
};

}  // namespace base
