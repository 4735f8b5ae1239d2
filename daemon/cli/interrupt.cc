#include "daemon/cli/interrupt.h"

#include <array>
#include <atomic>
#include <cstddef>

namespace cli {

namespace {

constexpr std::array<int, 3> kSignals{SIGINT, SIGTERM, SIGHUP};
// Any thread may be the one that the signal interrupts.
std::atomic<bool> noted = false;
static_assert(std::atomic<bool>::is_always_lock_free);

void note(int /*signal*/) { noted = true; }

}  // namespace

Interrupt::Interrupt() {
  noted = false;
  struct sigaction action {};
  action.sa_handler = note;
  sigemptyset(&action.sa_mask);
  action.sa_flags = static_cast<int>(SA_RESETHAND);  // a second signal ends the process at once
  for (std::size_t i = 0; i < kSignals.size(); ++i) {
    sigaction(kSignals.at(i), nullptr, &before_[i]);
    // What the parent had ignored (nohup) stays ignored.
    if (before_[i].sa_handler != SIG_IGN) sigaction(kSignals.at(i), &action, nullptr);
  }
}

Interrupt::~Interrupt() {
  for (std::size_t i = 0; i < kSignals.size(); ++i) {
    sigaction(kSignals.at(i), &before_[i], nullptr);
  }
}

store::Result<void> Interrupt::check() {
  if (!noted) return {};
  return store::fail(store::ErrorKind::kCanceled, "canceled", "interrupted");
}

}  // namespace cli
