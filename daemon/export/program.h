#pragma once

// Runs a program to its end, without a shell and with no environment but the one that is given.
// What it is fed is written as it takes it; what it says is kept in memory files, so that neither
// side ever waits for the other. The program is looked for in PATH. Blocks; one thread. Errors:
// kSystem "program_missing" where there is none, "program_failed" where it could not be run. That
// the program itself ended badly is no error but in the outcome.

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "store/error.h"

namespace exporting {

struct ProgramOutcome {
  int exit_code = 0;  // 128 and the signal's number where one ended it
  std::string out;
  std::string err;  // at most a few lines of it
};

// Writes to the program's standard input; an error of the writing ends the feeding.
using WriteInput = std::function<store::Result<void>(std::string_view bytes)>;
using Feed = std::function<store::Result<void>(const WriteInput& write)>;

store::Result<ProgramOutcome> run_program(const std::vector<std::string>& arguments,
                                          const std::vector<std::string>& environment,
                                          const Feed& feed = nullptr);

}  // namespace exporting
