#pragma once

// `spaces`, `pages` and `page`: tables and texts on `out`, or with --json one object on one line;
// diagnostics on `err`. Only in what a terminal shows are texts of others made printable. Return
// the exit code of README.md.

#include <cstdint>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "daemon/cli/globals.h"

namespace cli {

struct PagesArgs {
  std::string space;                  // key; empty = all
  std::vector<std::string> statuses;  // empty = all
  std::optional<std::string> title;
  std::string sort = "title";
  std::int64_t limit = -1;  // -1 = all
  std::int64_t offset = 0;
  bool tree = false;  // by their place, with folders and the like
  std::string as_of;  // a time; empty = now
};

struct PageArgs {
  std::string id;
  std::optional<std::int32_t> version;  // nullopt = the current one
  std::string format;  // storage | markdown | text | html | json; empty = for people
  std::string as_of;   // a time; empty = now
};

int run_spaces(const GlobalOptions& globals, std::ostream& out, std::ostream& err);
int run_pages(const GlobalOptions& globals, const PagesArgs& args, std::ostream& out,
              std::ostream& err);
int run_page(const GlobalOptions& globals, const PageArgs& args, std::ostream& out,
             std::ostream& err);

}  // namespace cli
