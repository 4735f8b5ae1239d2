#pragma once

// What the daemon tells systemd (sd_notify(3)) over the socket in $NOTIFY_SOCKET; nothing where
// there is none. One thread. Never fails: a manager that does not listen is no reason to stop.
// STATUS is one line that `systemctl status` shows; what others wrote in it must have been cleaned.

#include <chrono>
#include <optional>
#include <string>

namespace base {

class Notify {
 public:
  void ready();
  void status(const std::string& text);  // only sent where it differs from the last one
  void watchdog();
  void reloading();  // ready() ends it
  void stopping();

  // How often systemd wants to hear watchdog(), if it does ($WATCHDOG_USEC is for this process).
  static std::optional<std::chrono::microseconds> watchdog_interval();

 private:
  std::string status_;
};

}  // namespace base
