#include "daemon/confluence/clock_skew.h"

#include <fmt/format.h>

#include <charconv>
#include <cstdint>

#include "daemon/confluence/governor_rules.h"

namespace confluence {

namespace {

constexpr std::int64_t kOldestCached = 86'400;

std::chrono::seconds age_of(const http::Response& response) {
  const auto header = response.headers.get("Age");
  std::int64_t age = 0;
  if (!header) return std::chrono::seconds(0);
  const auto* const end = header->data() + header->size();
  const auto [stop, error] = std::from_chars(header->data(), end, age);
  const bool good = error == std::errc() && stop == end && age >= 0 && age <= kOldestCached;
  return std::chrono::seconds(good ? age : 0);
}

std::string duration_words(std::int64_t seconds) {
  constexpr std::int64_t kMinute = 60;
  constexpr std::int64_t kHour = 60 * kMinute;
  constexpr std::int64_t kDay = 24 * kHour;
  if (seconds < kMinute) return fmt::format("{}s", seconds);
  if (seconds < kHour) return fmt::format("{}m {:02}s", seconds / kMinute, seconds % kMinute);
  if (seconds < kDay) return fmt::format("{}h {:02}m", seconds / kHour, seconds % kHour / kMinute);
  return fmt::format("{}d {:02}h", seconds / kDay, seconds % kDay / kHour);
}

}  // namespace

std::optional<std::chrono::seconds> clock_ahead(const http::Response& response,
                                                store::Time received_at) {
  const auto header = response.headers.get("Date");
  const auto date = header ? parse_http_date(*header) : std::nullopt;
  if (!date) return std::nullopt;
  // Date was cut down to a second, and then it travelled: a second off either way is nothing.
  const auto there = *date + age_of(response);
  return std::chrono::floor<std::chrono::seconds>(received_at) -
         std::chrono::floor<std::chrono::seconds>(there);
}

std::string skew_words(std::chrono::seconds ahead) {
  const auto count = ahead.count();
  return duration_words(count < 0 ? -count : count) + (count < 0 ? " behind" : " ahead of");
}

}  // namespace confluence
