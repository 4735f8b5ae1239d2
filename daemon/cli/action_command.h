#pragma once

// The connector's actions: JSON in, JSON out. The reads are answered from the mirror, or with
// `live` by the site (live_read.h). Errors are told on `err`; returns the program's exit code: 1
// where the site did not take the write. Any thread.

#include <istream>
#include <ostream>
#include <string>

#include "daemon/cli/globals.h"

namespace cli {

struct ActionArgs {
  std::string name;        // get_spaces, get_pages, get_page, create_page, update_page, delete_page
  std::string json = "-";  // the input, or - for standard input
  bool wait = false;
  bool dry_run = false;
  bool live = false;
};

int run_action(const GlobalOptions& globals, const ActionArgs& args, std::istream& in,
               std::ostream& out, std::ostream& err);

}  // namespace cli
