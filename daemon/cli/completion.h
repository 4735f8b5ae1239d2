#pragma once

// `confmirror completion bash`: prints a completion script made from `app` itself, so that it knows every sub-command and
// option there is.

#include <CLI/App.hpp>
#include <ostream>

namespace cli {

void add_completion_command(CLI::App& app, std::ostream& out, int& exit_code);

}  // namespace cli
