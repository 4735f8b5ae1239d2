#pragma once

// The API token, from where the configuration says: token_file, token_env, token_command (the first
// line of its output; see command.h), else the systemd credential `confmirror.token`. Never from
// the configuration itself. A token file must be a regular file of root or of the caller that
// nobody else can read or write (no bit of 077), unless it is below $CREDENTIALS_DIRECTORY, which
// systemd guards as a whole. Blocks, with a command up to 30 s; any thread. Errors name the source,
// never the content: token_missing, token_unreadable, token_unsafe, token_empty, token_invalid
// (spaces, control characters, more than one line or 16 KiB), token_command_failed. The caller
// wipes the string (base::Secret), and calls again when the token may have changed.

#include <string>
#include <string_view>

#include "config/config.h"
#include "config/error.h"

namespace config {

Result<std::string> read_token(const SiteConfig& site);

// What was typed, without blanks around it. `source` names where it comes from: "the terminal".
Result<std::string> check_token(std::string_view text, const std::string& source);

}  // namespace config
