#pragma once

// For offline work that must clean up after itself: while an Interrupt lives, SIGINT, SIGTERM and
// SIGHUP are only noted, and the work asks now and then. At most one at a time, and none beside
// base::Shutdown, which takes the same signals.

#include <csignal>

#include "store/error.h"

namespace cli {

class Interrupt {
 public:
  Interrupt();
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  // kCanceled once a signal came.
  static store::Result<void> check();

 private:
  struct sigaction before_[3]{};
};

}  // namespace cli
