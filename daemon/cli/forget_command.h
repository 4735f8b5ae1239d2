#pragma once

// `db forget`: erases a page from the mirror (store/forget.h), after a question on a terminal or
// with
// --yes, and says what may still hold it: the copies of the mirror beside it by name, and what
// cannot be known.

#include <CLI/App.hpp>
#include <istream>
#include <ostream>

#include "daemon/cli/globals.h"

namespace cli {

// `db`: the command that this one is below.
void add_forget_command(CLI::App& db, const GlobalOptions& globals, std::ostream& out,
                        std::ostream& err, int& exit_code);

}  // namespace cli
