#pragma once

// `sql`: a statement over the documented views as a table, as JSON or as CSV. Nothing in it can
// change the mirror, run for ever, or fill the memory (store/sql.h). In a table, and in whatever a
// terminal shows, texts of others are made printable. In CSV a text that a spreadsheet would take
// for a formula gets an apostrophe before it, unless --raw is given.

#include <CLI/App.hpp>
#include <istream>
#include <ostream>

#include "daemon/cli/globals.h"

namespace cli {

void add_sql_command(CLI::App& app, const GlobalOptions& globals, std::istream& in,
                     std::ostream& out, std::ostream& err, int& exit_code);

}  // namespace cli
