#pragma once

// An earlier report, read back from its JSON form and put beside a new one: what is new, what is
// fixed, what is still there. Rules that only one of the two looked for are left out. The file is
// read as what anybody may have written: its texts are cleaned and masked like those of a page;
// errors are kUsage. Pure; any thread.

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/audit/report.h"
#include "store/error.h"

namespace audit {

struct PastReport {
  std::string generated_at;
  std::vector<std::string> spaces;
  bool archived = false;
  std::set<std::string> rules;
  std::vector<PastFinding> findings;
};

// `name` is what errors call the file.
store::Result<PastReport> parse_report(std::string_view text, const std::string& name);
// Before a baseline takes findings away: what is accepted is not fixed. kUsage where the two are
// not of the same spaces.
store::Result<void> compare(Report& report, const PastReport& past, const std::string& name);

}  // namespace audit
