#include "daemon/audit/options.h"

namespace audit {

Options::Options() {
  enabled.fill(true);
  for (const auto& rule : rules()) severities[index_of(rule.id)] = rule.severity;
}

}  // namespace audit
