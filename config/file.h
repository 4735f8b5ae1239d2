#pragma once

// Reading a small file whose safety matters: what is checked is what is read (one descriptor). Any
// thread.

#include <sys/types.h>

#include <cstddef>
#include <filesystem>
#include <string>

#include "config/error.h"

namespace config {

struct FileRules {
  mode_t forbidden = 0;    // permission bits that may not be set
  bool any_owner = false;  // else it must be root or the caller
  std::size_t most_bytes = 0;
  // Names of the errors.
  const char* missing = "";
  const char* unreadable = "";
  const char* unsafe = "";
};

// The content of a regular file that follows the rules. `what` names it in messages: "the token
// file".
Result<std::string> read_checked(const std::filesystem::path& path, const std::string& what,
                                 const FileRules& rules);

// With `'` around it and control characters replaced.
std::string named(const std::filesystem::path& path);

}  // namespace config
