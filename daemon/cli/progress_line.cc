#include "daemon/cli/progress_line.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

namespace cli {

namespace {

double per_second(std::int64_t count, std::chrono::milliseconds elapsed) {
  return elapsed.count() <= 0 ? 0.0 : static_cast<double>(count) * 1000.0 / static_cast<double>(elapsed.count());
}

// What is left, from what was done and how long that took. Only where a total is known and enough was done to tell.
std::optional<std::chrono::milliseconds> time_left(const ProgressView& view) {
  const auto& p = view.progress;
  const double done = static_cast<double>(p.histories_done > 0 ? p.histories_done : p.pages_seen);
  const double all = static_cast<double>(p.histories_done > 0 ? p.histories_known : p.pages_known);
  if (done < 1 || all <= done || view.elapsed < std::chrono::seconds(2)) return std::nullopt;
  const double left = static_cast<double>(view.elapsed.count()) * (all - done) / done;
  return std::chrono::milliseconds(static_cast<std::int64_t>(left));
}

// Cut at a character: UTF-8 continuation bytes do not count as columns.
std::string fit(std::string line, std::size_t width) {
  if (width == 0) return line;
  std::size_t columns = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if ((static_cast<unsigned char>(line[i]) & 0xC0u) == 0x80u) continue;
    if (++columns > width) return line.substr(0, i);
  }
  return line;
}

}  // namespace

std::string with_thousands(std::int64_t number) {
  std::string digits = std::to_string(number);
  const std::size_t first = number < 0 ? 1 : 0;
  for (std::size_t i = digits.size(); i > first + 3; i -= 3) digits.insert(i - 3, ",");
  return digits;
}

std::string in_words(std::chrono::milliseconds duration) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(duration).count();
  if (seconds >= 3600) return fmt::format("{}h {:02}m", seconds / 3600, seconds % 3600 / 60);
  if (seconds >= 60) return fmt::format("{}m {:02}s", seconds / 60, seconds % 60);
  if (seconds >= 10) return fmt::format("{}s", seconds);
  return fmt::format("{:.1f}s", static_cast<double>(duration.count()) / 1000.0);
}

std::string bytes_in_words(std::int64_t bytes) {
  static constexpr std::array<const char*, 4> kUnits{"bytes", "KiB", "MiB", "GiB"};
  double amount = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (amount >= 1024.0 && unit + 1 < kUnits.size()) {
    amount /= 1024.0;
    ++unit;
  }
  return unit == 0 ? fmt::format("{} bytes", bytes) : fmt::format("{:.1f} {}", amount, kUnits.at(unit));
}

std::string progress_line(const ProgressView& view, std::size_t width) {
  const auto& p = view.progress;
  std::vector<std::string> parts;
  if (p.pages_seen == 0 && p.pages_listed == 0) {
    parts.push_back(p.spaces > 0 ? fmt::format("{} spaces", with_thousands(p.spaces)) : "asking the site");
  } else {
    const bool more = p.walks_done < p.walks;
    parts.push_back(fmt::format("pages {} of {}{}", with_thousands(p.pages_seen), with_thousands(p.pages_known),
                                more ? "+" : ""));
    parts.push_back(fmt::format("{:.0f} pages/s", per_second(p.pages_seen, view.elapsed)));
  }
  if (p.histories_known > 0) {
    parts.push_back(
        fmt::format("history {} of {}", with_thousands(p.histories_done), with_thousands(p.histories_known)));
  }
  parts.push_back(fmt::format("{} requests, {:.0f}/s", with_thousands(view.usage.requests),
                              per_second(view.usage.requests, view.elapsed)));
  if (view.governor.closed_until && *view.governor.closed_until > view.now) {
    parts.push_back(fmt::format("waiting {} ({})", in_words(*view.governor.closed_until - view.now),
                                view.governor.closed_reason));
  } else if (view.governor.rate_bound) {
    parts.push_back(fmt::format("held at {:.1f}/s by the site's limit", view.governor.requests_per_second));
  }
  if (!p.failures.empty()) parts.push_back(fmt::format("{} failed", p.failures.size()));
  if (const auto left = time_left(view)) parts.push_back("about " + in_words(*left) + " left");
  return fit(fmt::format("{}", fmt::join(parts, " · ")), width);
}

}  // namespace cli
