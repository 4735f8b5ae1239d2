#pragma once

// What an audit found, whole: what every format shows. Plain values. Equal mirrors, options and
// `generated_at` give equal reports, in every byte of every format.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/audit/finding.h"

namespace audit {

struct AgeClass {
  std::string_view label;   // "1-2 years"
  std::int64_t up_to_days;  // less than; 0 = no end
};
inline constexpr std::array kAgeClasses = {
    AgeClass{"under 1 month", 30}, AgeClass{"1-3 months", 91}, AgeClass{"3-6 months", 182},
    AgeClass{"6-12 months", 365},  AgeClass{"1-2 years", 730}, AgeClass{"2-3 years", 1095},
    AgeClass{"3-5 years", 1826},   AgeClass{"over 5 years", 0}};
using AgeCounts = std::array<std::int64_t, kAgeClasses.size()>;

struct SpaceTally {
  store::Id id = 0;
  std::string key;
  std::string name;
  std::int64_t pages = 0;
  std::array<std::int64_t, kSeverities.size()> findings{};  // by Severity
};

// Of a finding of an earlier report.
struct PastFinding {
  std::string fingerprint;
  std::string rule;
  std::string severity;
  std::string page_id;  // "" = none
  std::string space_key;
  std::string title;
  std::string detail;
};

struct Comparison {
  std::string with;  // when the other report was made
  std::int64_t fresh = 0;
  std::int64_t still = 0;
  std::vector<PastFinding> fixed;  // there no more
};

struct Report {
  store::Time generated_at{};
  std::optional<store::Time> synced_at;  // when the last sync of the mirror ended
  std::string site_url;
  std::vector<std::string> spaces;  // that it was limited to, by key; empty = all
  bool archived = false;            // archived pages too
  std::vector<RuleId> rules;        // that were looked for
  std::int64_t pages = 0;           // looked at
  std::int64_t bodies = 0;          // of these, whose body was read
  std::int64_t body_bytes = 0;
  AgeCounts ages{};                 // of the pages, by last change
  std::vector<SpaceTally> tallies;  // of the spaces looked at, by key
  std::vector<Finding> findings;    // in order; accepted ones only where asked for
  std::int64_t accepted = 0;        // by the baseline
  std::int64_t expired = 0;         // entries of the baseline that hold no more
  std::optional<Comparison> comparison;

  // http(s), "" where there is none. The site's own addresses of pages carry the title too, which
  // may hold anything: the id is enough.
  std::string url_of(const Finding& finding) const;
  std::int64_t count(Severity severity) const;  // accepted ones left out
  std::int64_t count(RuleId rule) const;        // of all that are shown
};

}  // namespace audit
