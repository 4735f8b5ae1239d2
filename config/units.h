#pragma once

// Durations and dates as people write them. Pure; any thread.

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace config {

// "250ms", "60s", "5m", "24h", "7d", "1h30m", "0". nullopt: not of that form, or more than 100
// years.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);
// "ENG=90d": what stands before the last '=', and the duration after it. nullopt: not of that form.
std::optional<std::pair<std::string, std::chrono::milliseconds>> parse_key_duration(
    std::string_view text);
// The shortest such text: "5m", "24h", "90s". Days are written in hours.
std::string format_duration(std::chrono::milliseconds duration);

// "2027-03-01": the days since 1970-01-01, for a day that there is in the years 2000 to 2999.
std::optional<std::chrono::sys_days> parse_date(std::string_view text);

}  // namespace config
