#pragma once

// What an audit looks at and from when on it finds fault. Plain values, owned by the caller; the
// functions are called on the thread that runs the audit, `mirrored` on those of its pool as well.

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/audit/rules.h"
#include "store/records.h"

namespace audit {

struct Progress {
  std::int64_t pages = 0;  // read so far
  std::int64_t of = 0;
};

struct Options {
  Options();

  bool runs(RuleId rule) const { return enabled[index_of(rule)]; }
  Severity severity(RuleId rule) const { return severities[index_of(rule)]; }

  store::Time now{};                              // what ages are counted from
  std::array<bool, kRuleCount> enabled{};         // all
  std::array<Severity, kRuleCount> severities{};  // those of the table
  std::vector<store::Id> space_ids;               // findings of these alone; empty = all
  bool archived = false;                          // archived pages and spaces too

  std::chrono::milliseconds stale_after = std::chrono::hours(24 * 365);
  std::map<std::string, std::chrono::milliseconds> stale_after_by_space;  // by key, case folded
  std::chrono::milliseconds never_updated_after = std::chrono::hours(24 * 365);
  std::chrono::milliseconds draft_after = std::chrono::hours(24 * 7);
  std::int64_t max_depth = 8;  // 1 = the top of a space
  std::int64_t huge_page_bytes = 500'000;
  std::int64_t duplicate_words = 10;  // texts of fewer words are no duplicates
  std::int64_t near_duplicate_percent = 85;
  std::int64_t near_duplicate_words = 50;  // the same for nearly equal ones

  // Whether a space of that key would be in the mirror if it were on the site: links to others are
  // not judged. Empty = every space.
  std::function<bool(std::string_view key)> mirrored;
  // Asked now and then; an error ends the audit and is what it returns. May be empty.
  std::function<store::Result<void>(const Progress&)> progress;
  unsigned threads = 0;  // that look at bodies; 0 = as many as the machine has, 4 at most
};

}  // namespace audit
