#pragma once

// Small things that commands which show rows have in common. Any thread.

#include <ostream>
#include <string>

#include "daemon/cli/globals.h"
#include "daemon/cli/table.h"

namespace cli {

// As wide as the terminal; "nothing found" on `err` where there are no rows.
void print_table(const Table& table, const GlobalOptions& globals, std::ostream& out,
                 std::ostream& err);

// The name of a person as far as it is known.
std::string name_or_id(const std::string& name, const std::string& account_id);

}  // namespace cli
