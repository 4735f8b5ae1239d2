#pragma once

// `confmirror completion bash`: a completion script made from the tree of commands itself, so that
// it knows every command and option there is. It needs nothing but bash 4: no bash-completion
// package. Any thread.

#include <CLI/App.hpp>
#include <ostream>
#include <string>

namespace cli {

// `app` must have all its commands by the time that this one runs, and must outlive it.
void add_completion_command(CLI::App& app, std::ostream& out, int& exit_code);

std::string bash_completion(const CLI::App& app);

}  // namespace cli
