#pragma once

// One line that says how a sync is going. Pure: what it shows is passed in. Any thread.

#include <chrono>
#include <optional>
#include <string>

#include "daemon/confluence/client.h"
#include "daemon/confluence/governor.h"
#include "daemon/mirror/progress.h"
#include "store/records.h"

namespace cli {

struct ProgressView {
  mirror::Progress progress;
  confluence::Usage usage;
  confluence::GovernorStatus governor;
  std::chrono::milliseconds elapsed{0};
  store::Time now{};
};

// `pages 4,210 of 10,000+ · 820 pages/s · history 120 of 340 · 312 requests, 14/s · waiting 12s
// (429) · about 2m 05s left`. The plus means that listings are not at their end; before the time
// left stands what the sync waits for: the site's wait, its limit, or answers on every connection.
// At most `width` columns; 0 = any.
std::string progress_line(const ProgressView& view, std::size_t width);

// What the program waits for: the site's wait, its limit, or answers on every connection; "" if for
// nothing in particular.
std::string held_by(const confluence::GovernorStatus& governor, store::Time now);

// `1,234,567`, `3m 05s`, `1.2 MiB`.
std::string with_thousands(std::int64_t number);
std::string in_words(std::chrono::milliseconds duration);
std::string bytes_in_words(std::int64_t bytes);

}  // namespace cli
