#include "daemon/cli/progress_line.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

#include "daemon/cli/report.h"

namespace cli {

namespace {

double per_second(std::int64_t count, std::chrono::milliseconds elapsed) {
  return elapsed.count() <= 0
             ? 0.0
             : static_cast<double>(count) * 1000.0 / static_cast<double>(elapsed.count());
}

// Pages with their bodies; where the mirror has those already, the rows that were listed.
std::int64_t pages_done(const mirror::Progress& p) {
  return p.pages_seen > 0 ? p.pages_seen : p.pages_listed;
}

// What is left, from what was done and how long that took, both counted in answers of the site: a
// listing of pages brings 250 of them, every history costs one. Only where enough was done to tell.
std::optional<std::chrono::milliseconds> time_left(const ProgressView& view) {
  constexpr double kPagesPerAnswer = 250;
  constexpr std::chrono::seconds kSoonest{2};
  const auto& p = view.progress;
  const auto answers = [](std::int64_t pages, std::int64_t histories) {
    return static_cast<double>(pages) / kPagesPerAnswer + static_cast<double>(histories);
  };
  // A crawl that goes on where another stopped does not see again what that one saw.
  const bool in_pages = p.phase == "spaces" || p.phase == "pages";
  const double done = answers(pages_done(p), p.histories_done);
  const double all = answers(in_pages ? p.pages_known : pages_done(p), p.histories_known);
  if (done <= 0 || all <= done || view.elapsed < kSoonest) return std::nullopt;
  auto left = static_cast<double>(view.elapsed.count()) * (all - done) / done;
  if (const auto& closed = view.governor.closed_until; closed && *closed > view.now) {
    left += static_cast<double>((*closed - view.now).count());
  }
  return std::chrono::milliseconds(static_cast<std::int64_t>(left));
}

std::string pages_part(const mirror::Progress& p) {
  // More may come as long as a listing is not at its end.
  return fmt::format("pages {} of {}{}", with_thousands(pages_done(p)),
                     with_thousands(p.pages_known), p.walks_done < p.walks ? "+" : "");
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

std::string held_by(const confluence::GovernorStatus& governor, store::Time now) {
  if (governor.closed_until && *governor.closed_until > now) {
    return fmt::format("waiting {} ({})", in_words(*governor.closed_until - now),
                       printable(governor.closed_reason));
  }
  if (governor.rate_bound) {
    return fmt::format("held at {:.1f}/s by the site's limit", governor.requests_per_second);
  }
  if (governor.concurrency > 0 && governor.in_flight >= governor.concurrency) {
    return fmt::format("all {} connections busy", governor.concurrency);
  }
  return {};
}

std::string with_thousands(std::int64_t number) {
  std::string digits = std::to_string(number);
  const std::size_t first = number < 0 ? 1 : 0;
  for (std::size_t i = digits.size(); i > first + 3; i -= 3) digits.insert(i - 3, 1, ',');
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
  return unit == 0 ? fmt::format("{} bytes", bytes)
                   : fmt::format("{:.1f} {}", amount, kUnits.at(unit));
}

std::string progress_line(const ProgressView& view, std::size_t width) {
  const auto& p = view.progress;
  std::vector<std::string> parts;
  if (pages_done(p) == 0) {
    parts.push_back(p.spaces > 0 ? fmt::format("{} spaces", with_thousands(p.spaces))
                                 : "asking the site");
  } else {
    parts.push_back(pages_part(p));
    // Once all are there, the mean over the whole time would only seem to fall.
    if (pages_done(p) < p.pages_known) {
      parts.push_back(fmt::format("{:.0f} pages/s", per_second(pages_done(p), view.elapsed)));
    }
  }
  if (p.histories_known > 0) {
    parts.push_back(fmt::format("history {} of {}", with_thousands(p.histories_done),
                                with_thousands(p.histories_known)));
  }
  if (p.phase == "users") parts.emplace_back("looking up names");
  if (p.phase == "closing") parts.emplace_back("looking for what changed meanwhile");
  parts.push_back(fmt::format("{} requests, {:.0f}/s", with_thousands(view.usage.requests),
                              per_second(view.usage.requests, view.elapsed)));
  if (auto held = held_by(view.governor, view.now); !held.empty()) parts.push_back(std::move(held));
  if (!p.failures.empty()) parts.push_back(fmt::format("{} failed", p.failures.size()));
  if (const auto left = time_left(view)) parts.push_back("about " + in_words(*left) + " left");
  return fit(fmt::format("{}", fmt::join(parts, " · ")), width);
}

}  // namespace cli
