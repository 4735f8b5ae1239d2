#pragma once

// Findings that somebody has looked at and accepted: a JSON file of fingerprints, each with a note
// and a last day if one is wanted. It holds no more of a finding than its report does: no secret.
//
// {"format": "confmirror-baseline-1", "accepted": [{"fingerprint": "...", "rule": "...",
//   "page_id": "...", "space_key": "...", "title": "...", "detail": "...", "note": "known, see
//   OPS-1", "expires": "2027-01-31"}]}
//
// Only `fingerprint` must be there. Read as what anybody may have written: errors are kUsage and
// name the entry. Pure; any thread.

#include <map>
#include <string>
#include <string_view>

#include "daemon/audit/report.h"
#include "store/error.h"

namespace audit {

struct Accepted {
  std::string note;     // one line
  std::string expires;  // the last day on which it holds, "2027-01-31"; "" = for good
};
using Baseline = std::map<std::string, Accepted>;  // by fingerprint

// `name` is what errors call the file.
store::Result<Baseline> parse_baseline(std::string_view text, const std::string& name);
// Every finding of the report; notes and last days of `known` stay.
std::string to_baseline(const Report& report, const Baseline& known);

// Marks and counts what is accepted, and takes it out unless `keep`; counts entries that expired.
void accept(Report& report, const Baseline& baseline, bool keep);

}  // namespace audit
