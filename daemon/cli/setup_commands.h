#pragma once

// `confmirror init` and `confmirror check`. Both ask the site who we are and what we see. Results
// on `out`, diagnostics and questions on `err`; the token is read without echo and never shown.
// Return the exit code of README.md.
//
// `init` writes nothing before the site has accepted the token (unless `offline`), and then both
// files or none: the configuration and, if it was typed or piped, the token, each 0600. Without a
// terminal the first line of `in` is the token, if no existing file and no variable is named.

#include <istream>
#include <ostream>
#include <string>

#include "daemon/cli/globals.h"

namespace cli {

struct InitArgs {
  std::string site;
  std::string email;
  std::string auth = "basic";
  std::string client_id;
  std::string cloud_id;
  std::string token_expires;
  std::string gateway_url;  // "" = Atlassian's
  std::string token_url;
  std::string token_file;  // existing, or to be written with what is typed
  std::string token_env;
  std::string mirror;    // path of the mirror file
  bool force = false;    // overwrite an existing configuration
  bool offline = false;  // do not validate the connection
  bool sample = false;   // print a file with every key and do nothing else
  int terminal = -1;     // where to ask for what is missing; -1 = standard input, if it is one
};

int run_init(const GlobalOptions& globals, InitArgs args, std::istream& in, std::ostream& out,
             std::ostream& err);
int run_check(const GlobalOptions& globals, std::ostream& out, std::ostream& err);

}  // namespace cli
