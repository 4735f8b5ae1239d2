#pragma once

// `confmirror init` and `confmirror check`. Both make one test call to the site. Results on `out`, diagnostics and questions on
// `err`; the token is read without echo and never shown. Return the exit code of README.md.

#include <istream>
#include <ostream>
#include <string>

#include "daemon/cli/globals.h"

namespace cli {

struct InitArgs {
  std::string site;
  std::string email;
  std::string token_file;  // existing, or to be written with what is typed
  std::string token_env;
  std::string mirror;      // path of the mirror file
  bool force = false;      // overwrite an existing configuration
  bool offline = false;    // do not validate the connection
};

int run_init(const GlobalOptions& globals, InitArgs args, std::istream& in, std::ostream& out, std::ostream& err);
int run_check(const GlobalOptions& globals, std::ostream& out, std::ostream& err);

}  // namespace cli
