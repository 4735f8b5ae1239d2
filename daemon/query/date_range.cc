#include "daemon/query/date_range.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstddef>

namespace querying {

namespace {

using std::chrono::day;
using std::chrono::month;
using std::chrono::sys_days;
using std::chrono::year;
using std::chrono::year_month_day;

struct Span {
  store::Time from;
  store::Time to;
};

std::optional<unsigned> number(std::string_view text, std::size_t digits) {
  unsigned value = 0;
  const auto* const end = text.data() + text.size();
  if (text.size() != digits) return std::nullopt;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
  }
  const auto parsed = std::from_chars(text.data(), end, value);
  if (parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
  return value;
}

store::Time time_of(const year_month_day& date) { return store::Time(sys_days(date)); }

std::optional<Span> span_of(std::string_view text) {
  constexpr std::size_t kDay = 10;  // "2026-03-01"
  if (text.size() > kDay) {
    const auto time = store::parse_iso8601(text);
    if (!time) return std::nullopt;
    return Span{*time, *time + std::chrono::milliseconds(1)};
  }
  const auto y = number(text.substr(0, 4), 4);
  if (!y || *y < 1) return std::nullopt;
  const year the_year(static_cast<int>(*y));
  if (text.size() == 4) {
    return Span{time_of(the_year / 1 / 1), time_of((the_year + std::chrono::years(1)) / 1 / 1)};
  }
  if (text[4] != '-' || text.size() < 7) return std::nullopt;
  const auto m = number(text.substr(5, 2), 2);
  if (!m || *m < 1 || *m > 12) return std::nullopt;
  const auto the_month = the_year / month(*m);
  if (text.size() == 7) {
    return Span{time_of(the_month / 1), time_of((the_month + std::chrono::months(1)) / 1)};
  }
  const auto d = text[7] == '-' ? number(text.substr(8), 2) : std::nullopt;
  if (!d || !(the_month / day(*d)).ok()) return std::nullopt;
  const auto begin = sys_days(the_month / day(*d));
  return Span{store::Time(begin), store::Time(begin + std::chrono::days(1))};
}

DateRange fault(std::string what) { return {std::nullopt, std::nullopt, std::move(what)}; }

DateRange not_a_date(std::string_view text) {
  if (text.empty()) return fault("a date is missing");
  return fault("'" + std::string(text) + "' is no date");
}

DateRange between(std::string_view first, std::string_view last) {
  DateRange range;
  if (first.empty() && last.empty()) return not_a_date({});
  if (!first.empty()) {
    const auto span = span_of(first);
    if (!span) return not_a_date(first);
    range.from = span->from;
  }
  if (!last.empty()) {
    const auto span = span_of(last);
    if (!span) return not_a_date(last);
    range.to = span->to;
  }
  if (range.from && range.to && *range.from >= *range.to) {
    return fault("the end lies before the beginning");
  }
  return range;
}

}  // namespace

DateRange parse_date_range(std::string_view text) {
  if (const auto dots = text.find(".."); dots != text.npos) {
    return between(text.substr(0, dots), text.substr(dots + 2));
  }
  const auto sign =
      text.substr(0, std::min<std::size_t>(text.find_first_not_of("<>="), text.size()));
  const auto date = text.substr(sign.size());
  const auto span = span_of(date);
  if (!span) return not_a_date(date);
  if (sign.empty() || sign == "=") return {span->from, span->to, {}};
  if (sign == ">") return {span->to, std::nullopt, {}};
  if (sign == ">=") return {span->from, std::nullopt, {}};
  if (sign == "<") return {std::nullopt, span->from, {}};
  if (sign == "<=") return {std::nullopt, span->to, {}};
  return fault("'" + std::string(sign) + "' is none of > >= < <=");
}

}  // namespace querying
