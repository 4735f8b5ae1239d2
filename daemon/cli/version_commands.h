#pragma once

// `history`, `diff` and `blame`: the versions of a page, what changed between two, and who wrote
// what. Tables and texts on `out`, or with --json one object on one line; diagnostics on `err`. On
// a terminal a diff has its words in colours (unless NO_COLOR is set), in a pipe it is a unified
// one. What a terminal shows is made printable. Return the exit code of README.md.

#include <optional>
#include <ostream>
#include <string>

#include "daemon/cli/globals.h"

namespace cli {

struct DiffArgs {
  std::string id;
  std::optional<std::int32_t> from;  // nullopt: the version before `to`
  std::optional<std::int32_t> to;    // nullopt: the newest
  bool storage = false;              // the source, not the readable text
};

int run_history(const GlobalOptions& globals, const std::string& id, std::ostream& out,
                std::ostream& err);
int run_diff(const GlobalOptions& globals, const DiffArgs& args, std::ostream& out,
             std::ostream& err);
int run_blame(const GlobalOptions& globals, const std::string& id, std::ostream& out,
              std::ostream& err);

}  // namespace cli
