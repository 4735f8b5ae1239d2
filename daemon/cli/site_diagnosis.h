#pragma once

// What a refusal of the site means under the scheme that is configured, and what to do about it;
// the lines of `check` for it. Pure; any thread.

#include <optional>
#include <vector>

#include "config/config.h"
#include "daemon/base/secret.h"
#include "daemon/cli/setup_checks.h"
#include "store/error.h"
#include "store/records.h"

namespace cli {

// The same error with a hint for this scheme. `expires_at`: of the token, where it is known.
store::Error explained(const config::SiteConfig& site, std::optional<store::Time> expires_at,
                       store::Time now, store::Error error);

// The site's own host answered as it does to a token with scopes, and to what it cannot decode.
bool is_unreadable_or_scoped(const config::SiteConfig& site, const store::Error& error);
// The hint for that. `scoped`: whether the gateway takes the token; nullopt: unknown.
std::string hint_of_unread(std::optional<bool> scoped);

// The hint for a token that holds more than the token; it is looked at only after a refusal.
std::optional<std::string> slip_of_token(const config::SiteConfig& site, const base::Secret& token);

// None where it is not known. `accepted`: the site takes the token.
std::optional<CheckLine> expiry_line(std::optional<store::Time> expires_at, store::Time now,
                                     bool accepted);
// One for each scope that is missing, or one that says that none is; none where nobody asked.
std::vector<CheckLine> scope_lines(const SiteView& view);

}  // namespace cli
