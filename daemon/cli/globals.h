#pragma once

// Options that every command takes, and what follows from them. Any thread.

#include <filesystem>
#include <string>

#include "config/config.h"
#include "config/error.h"
#include "store/error.h"

namespace cli {

struct GlobalOptions {
  std::string config;  // --config; empty = looked for (config::find)
  std::string db;      // --db; empty = the configuration's mirror.path
  bool json = false;
  bool quiet = false;
  bool no_progress = false;
  std::string log_level;  // empty = warn
};

// A configuration's error as one of the program: kUsage.
store::Error usage_error(const config::Error& error);

store::Result<config::Config> load_config(const GlobalOptions& globals);
std::filesystem::path mirror_path(const GlobalOptions& globals, const config::Config& config);
// For offline commands: --db alone is enough, else the configuration is read for its mirror.path.
store::Result<std::filesystem::path> resolve_mirror_path(const GlobalOptions& globals);

}  // namespace cli
