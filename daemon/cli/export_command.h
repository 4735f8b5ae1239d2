#pragma once

// `export`: the mirror as files, without network. `--out FILE` appears only when it is whole;
// `--out -` writes to `out`, and then nothing else goes there. Diagnostics on `err`; returns the
// exit code of README.md.

#include <ostream>
#include <string>
#include <vector>

#include "daemon/cli/globals.h"

namespace cli {

struct ExportArgs {
  std::string format = "jsonl";
  std::string out;                  // a path, or - for standard output
  std::vector<std::string> spaces;  // keys; empty = all
  bool history = false;
  bool live_only = false;
};

int run_export(const GlobalOptions& globals, const ExportArgs& args, std::ostream& out,
               std::ostream& err);

}  // namespace cli
