#pragma once

// A report for a terminal: findings by rule, the gravest first, with what to do, and the sum at the
// end. Escape sequences only where `terminal` is one; none from the mirror in any case. Any thread.

#include <cstddef>
#include <ostream>

#include "daemon/audit/report.h"
#include "daemon/cli/terminal.h"

namespace cli {

// On a terminal the first findings of each rule; elsewhere all. `brief`: the sum alone.
void print_audit(const audit::Report& report, const Terminal& terminal, bool brief,
                 std::ostream& out);

// `--list`: every rule with its severity and what it finds.
void print_rules(std::ostream& out, std::size_t width);

}  // namespace cli
