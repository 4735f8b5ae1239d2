#pragma once

// The API token, from where the configuration says: token_file, token_env, token_command (its first line of output, within
// 30 s), else the systemd credential `confmirror.token`. Never from the configuration itself. Errors name the source, never
// the content: token_missing, token_unreadable, token_unsafe (others may read the file), token_empty,
// token_invalid (control characters, or more than 16 KiB), token_command_failed. The caller wipes the string (base::Secret).

#include <string>

#include "config/config.h"
#include "config/error.h"

namespace config {

Result<std::string> read_token(const SiteConfig& site);

}  // namespace config
