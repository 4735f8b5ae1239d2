#pragma once

// `confmirror audit`: what is amiss in the documentation, out of the mirror alone. Adds the
// sub-command to `app`; the report on `out` (or in a file), diagnostics and progress on `err`, exit
// code (README.md) in `exit_code`: 1 where a finding that is not accepted is at least as grave as
// --fail-on says.

#include <CLI/App.hpp>
#include <cstdint>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "daemon/cli/globals.h"

namespace cli {

struct AuditArgs {
  std::vector<std::string> rules;   // names; empty = all that the configuration leaves
  std::vector<std::string> spaces;  // keys; empty = all
  bool archived = false;
  std::string format;  // table, json, csv, html, markdown; empty = table, or json with --json
  std::string out;     // a path; empty or - = standard output
  std::string fail_on = "error";
  std::string baseline;  // empty = the configuration's
  std::string write_baseline;
  bool all = false;  // accepted findings too
  std::string compare;
  std::optional<std::string> reports;  // a folder; "" = the configuration's
  std::optional<std::int64_t> keep;
  std::string now;  // a time; empty = the clock's
  bool list = false;
};

int run_audit(const GlobalOptions& globals, const AuditArgs& args, std::ostream& out,
              std::ostream& err);

void add_audit_command(CLI::App& app, const GlobalOptions& globals, std::ostream& out,
                       std::ostream& err, int& exit_code);

}  // namespace cli
