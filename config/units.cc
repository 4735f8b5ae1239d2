#include "config/units.h"

#include <array>
#include <charconv>

namespace config {

namespace {

using std::chrono::milliseconds;

struct Unit {
  std::string_view name;
  std::int64_t length;  // ms
};
// Longest name first: "ms" must not be read as "m".
constexpr std::array<Unit, 5> kUnits{
    {{"ms", 1}, {"s", 1'000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}}};
constexpr std::int64_t kLongest = 86'400'000LL * 36'525;

const Unit* unit_at(std::string_view text) {
  for (const auto& unit : kUnits) {
    if (text.starts_with(unit.name)) return &unit;
  }
  return nullptr;
}

}  // namespace

std::optional<milliseconds> parse_duration(std::string_view text) {
  if (text == "0") return milliseconds(0);
  if (text.empty()) return std::nullopt;
  std::int64_t total = 0;
  std::int64_t last = kLongest;
  while (!text.empty()) {
    std::int64_t number = 0;
    if (text.front() < '0' || text.front() > '9') return std::nullopt;
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc()) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(stop - text.data()));
    const Unit* unit = unit_at(text);
    // From the larger to the smaller, each at most once: "1h30m", not "30m1h".
    if (!unit || unit->length >= last || number > (kLongest - total) / unit->length) {
      return std::nullopt;
    }
    last = unit->length;
    total += number * unit->length;
    text.remove_prefix(unit->name.size());
  }
  return milliseconds(total);
}

std::optional<std::pair<std::string, milliseconds>> parse_key_duration(std::string_view text) {
  const auto equals = text.rfind('=');
  if (equals == text.npos || equals == 0) return std::nullopt;
  const auto duration = parse_duration(text.substr(equals + 1));
  if (!duration) return std::nullopt;
  return std::pair(std::string(text.substr(0, equals)), *duration);
}

std::optional<std::chrono::sys_days> parse_date(std::string_view text) {
  constexpr std::string_view kForm = "2000-00-00";
  if (text.size() != kForm.size() || text.front() != kForm.front()) return std::nullopt;
  unsigned parts[3] = {0, 0, 0};
  std::size_t part = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (kForm[i] == '-') {
      if (text[i] != '-') return std::nullopt;
      ++part;
    } else if (text[i] >= '0' && text[i] <= '9') {
      parts[part] = parts[part] * 10 + static_cast<unsigned>(text[i] - '0');
    } else {
      return std::nullopt;
    }
  }
  const std::chrono::year_month_day date(std::chrono::year(static_cast<int>(parts[0])),
                                         std::chrono::month(parts[1]), std::chrono::day(parts[2]));
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days(date);
}

std::string format_duration(milliseconds duration) {
  const auto count = duration.count();
  if (count == 0) return "0";
  for (const std::string_view name : {"h", "m", "s"}) {
    const auto length = unit_at(name)->length;
    if (count % length == 0) return std::to_string(count / length).append(name);
  }
  return std::to_string(count) + "ms";
}

}  // namespace config
