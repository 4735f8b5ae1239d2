#pragma once

// Help texts, and what to say about a command line that cannot be understood. Any thread.

#include <CLI/App.hpp>
#include <ostream>
#include <string>
#include <vector>

#include "store/error.h"

namespace cli {

// The help of `app` or, named by words ("db", "backup"), of a command below it. kUsage for one that
// there is not.
store::Result<std::string> help_of(const CLI::App& app, const std::vector<std::string>& command);

// kUsage: what was wrong in the arguments that `app` has just refused, with the nearest command or
// option.
store::Error explain_refusal(const CLI::App& app, const CLI::ParseError& refusal);

}  // namespace cli
