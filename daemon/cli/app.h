#pragma once

// The command line: which sub-commands there are and what each is called with. Wiring only. Network
// thread = calling thread.

#include <istream>
#include <ostream>

namespace cli {

// Parses the arguments, runs one command, and returns its exit code (README.md).
int run(int argc, char** argv, std::istream& in, std::ostream& out, std::ostream& err);

}  // namespace cli
