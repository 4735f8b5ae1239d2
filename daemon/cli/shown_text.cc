#include "daemon/cli/shown_text.h"

#include "daemon/cli/terminal.h"

namespace cli {

void print_table(const Table& table, const GlobalOptions& globals, std::ostream& out,
                 std::ostream& err) {
  table.print(out, terminal_of(out).columns);
  if (table.empty() && !globals.quiet) err << "nothing found\n";
}

std::string name_or_id(const std::string& name, const std::string& account_id) {
  if (!name.empty()) return name;
  return account_id.empty() ? "somebody" : account_id;
}

}  // namespace cli
