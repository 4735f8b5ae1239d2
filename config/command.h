#pragma once

// Runs site.token_command. It is given to `/bin/sh -c`, like the commands of ssh and git, so that
// quoting works as people know it; the configuration is nobody's but its owner's to write. No
// standard input, standard error is dropped (it may hold what must not be logged), no descriptor of
// ours; a process group of its own, all of which is killed when the time is over. Blocks; any
// thread.

#include <chrono>
#include <cstddef>
#include <string>

#include "config/error.h"

namespace config {

struct CommandLimits {
  std::chrono::milliseconds time{30'000};
  std::size_t bytes = 64u << 10;  // what it may print
};

// All that it printed, if it ended with 0. The error token_command_failed says how it ended, never
// what it printed.
Result<std::string> output_of(const std::string& command, CommandLimits limits = {});

}  // namespace config
