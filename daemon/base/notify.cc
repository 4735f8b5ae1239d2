#include "daemon/base/notify.h"

#include <systemd/sd-daemon.h>
#include <time.h>

namespace base {

namespace {

void send(const std::string& message) {
  // Its answer says whether somebody listens, which is not ours to mind.
  static_cast<void>(sd_notify(/*unset_environment=*/0, message.c_str()));
}

}  // namespace

void Notify::ready() { send("READY=1"); }

void Notify::status(const std::string& text) {
  if (text == status_) return;
  status_ = text;
  send("STATUS=" + text);
}

void Notify::watchdog() { send("WATCHDOG=1"); }

void Notify::reloading() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  const auto microseconds = std::int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1'000;
  send("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(microseconds));
}

void Notify::stopping() { send("STOPPING=1"); }

std::optional<std::chrono::microseconds> Notify::watchdog_interval() {
  std::uint64_t microseconds = 0;
  if (sd_watchdog_enabled(/*unset_environment=*/0, &microseconds) <= 0) return std::nullopt;
  return std::chrono::microseconds(microseconds);
}

}  // namespace base
