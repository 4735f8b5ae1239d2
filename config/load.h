#pragma once

// Reads a configuration file. Pure but for the reading; any thread. Every problem of a file is
// found, not only the first; each says `FILE:LINE:COLUMN: key: what is wrong`, unknown keys with
// the nearest known one. A file that others can write is refused (it says whom we send the token
// to), and so is one that belongs to neither root nor the caller.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "config/error.h"

namespace config {

struct Problem {
  std::string file;
  std::uint32_t line = 0;    // from 1; 0 = of the file as a whole
  std::uint32_t column = 0;  // from 1
  std::string key;           // "sync.interval"; may be empty
  std::string text;
};
std::string to_string(const Problem& problem);

// The text of a file; relative paths in it are taken from the folder of `file`.
std::vector<Problem> parse(std::string_view text, const std::filesystem::path& file,
                           Config& config);

// Errors: "config_invalid" with every problem, one a line, in the message; "config_missing",
// "config_unsafe".
Result<Config> load(const std::filesystem::path& file);

// Where the configuration is looked for when nobody names it: $CONFMIRROR_CONFIG, $XDG_CONFIG_HOME
// (else ~/.config) /confmirror/confmirror.toml, /etc/confmirror/confmirror.toml; the first that
// exists. The error "config_missing" names them all.
Result<std::filesystem::path> find();
// Where `init` writes when nobody says: $CONFMIRROR_CONFIG, else the XDG place, for root
// /etc/confmirror/confmirror.toml.
std::filesystem::path default_path();

}  // namespace config
