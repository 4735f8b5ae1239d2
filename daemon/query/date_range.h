#pragma once

// Spans of time as people write them: 2026, 2026-03, 2026-03-01, 2026-03-01T12:00:00Z, each with >,
// >=, < or <= before it, or two with .. between them (one may be absent). Days are those of UTC.
// Pure; any thread.

#include <optional>
#include <string>
#include <string_view>

#include "store/records.h"

namespace querying {

struct DateRange {
  std::optional<store::Time> from;  // from here on
  std::optional<store::Time> to;    // and before this
  std::string fault;                // not empty: it is none, and why
};

DateRange parse_date_range(std::string_view text);

}  // namespace querying
