#include "daemon/audit/report.h"

#include <algorithm>

namespace audit {

std::int64_t Report::count(Severity severity) const {
  return std::count_if(findings.begin(), findings.end(), [severity](const Finding& finding) {
    return finding.severity == severity && !finding.accepted;
  });
}

std::int64_t Report::count(RuleId rule) const {
  return std::count_if(findings.begin(), findings.end(),
                       [rule](const Finding& finding) { return finding.rule == rule; });
}

}  // namespace audit
