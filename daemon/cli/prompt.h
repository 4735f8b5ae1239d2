#pragma once

// Questions on a terminal. A secret is read without echo; the terminal is as before when the answer
// is there, when it fails and when a signal ends it. Use an Interrupt (interrupt.h) around it, so
// that signals end a question as kCanceled instead of ending the process. Errors: kUsage
// "no_answer" at the end of input. One thread at a time; owns neither descriptor nor stream.

#include <ostream>
#include <string>

#include "daemon/base/secret.h"
#include "store/error.h"

namespace cli {

class Prompt {
 public:
  // Answers are read from the terminal `fd`; questions go to `out`.
  Prompt(int fd, std::ostream& out) : fd_(fd), out_(out) {}

  // Without the blanks around it; may be empty.
  store::Result<std::string> ask(const std::string& question);
  store::Result<base::Secret> ask_secret(const std::string& question);

 private:
  store::Result<std::string> read_line();
  int fd_;
  std::ostream& out_;
};

}  // namespace cli
