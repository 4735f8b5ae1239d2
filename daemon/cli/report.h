#pragma once

// How errors are told to the user, and how text that others wrote is shown on a terminal. Any
// thread.

#include <ostream>
#include <string>
#include <string_view>

#include "store/error.h"

namespace cli {

constexpr int kFindings = 1;  // exit code: done, with findings

// Prints `confmirror: <message>` and the hint below it, nothing for "pipe_closed"; returns the exit
// code for it.
int report(const store::Error& error, std::ostream& err);

// The text on one line, with what could steer a terminal replaced: control characters (escape
// sequences among them), marks that turn the direction of text, bytes that are not UTF-8.
std::string printable(std::string_view text);
// The same, but newlines and tabs stay.
std::string printable_lines(std::string_view text);

}  // namespace cli
