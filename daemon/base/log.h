#pragma once

// Logging: one spdlog logger per subsystem, on stderr, usable from any thread and before
// configure_logging(). Messages are `what happened key=value key=value`, one info line per unit of
// work with count and duration. Nothing a server sent goes into a log unbounded, and control
// characters are replaced. Secrets have a type (secret.h) that cannot print.

#include <spdlog/spdlog.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "store/error.h"

namespace base {

spdlog::logger& http_log();
spdlog::logger& crawl_log();
spdlog::logger& store_log();
spdlog::logger& cli_log();
spdlog::logger& daemon_log();
spdlog::logger& edits_log();

// `level`: trace, debug, info, warn, error, off. `format`: text, json (one object a line), journald
// (a syslog priority instead of the time). Text and journald become entries with fields (journal.h)
// where standard error leads to the systemd journal. kUsage names what is not known.
store::Result<void> configure_logging(std::string_view level, std::string_view format);

// Keeps a failure that repeats from filling the log: of each kind, one line per window.
class RepeatLimiter {
 public:
  using Steady = std::chrono::steady_clock::time_point;
  explicit RepeatLimiter(std::chrono::milliseconds window = std::chrono::seconds(30))
      : window_(window) {}

  // nullopt: leave this one out. Else: log it, and say how many of its kind were left out since the
  // last.
  std::optional<std::int64_t> admit(std::string_view kind, Steady now);

 private:
  struct Kind {
    Steady logged_at{};
    std::int64_t left_out = 0;
  };
  static constexpr std::size_t kMaxKinds = 256;
  std::chrono::milliseconds window_;
  std::map<std::string, Kind, std::less<>> kinds_;
};

}  // namespace base
