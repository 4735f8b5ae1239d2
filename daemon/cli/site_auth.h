#pragma once

// What the configuration says of how to sign in, in the terms of daemon/confluence. Any thread;
// read_site_secret() blocks, with a command up to 30 s.

#include <memory>
#include <optional>

#include "config/config.h"
#include "daemon/base/secret.h"
#include "daemon/confluence/schemes.h"

namespace cli {

// What site.auth signs with: the token, or a service account's client secret. Errors: kUsage.
store::Result<base::Secret> read_site_secret(const config::SiteConfig& site);

// When it ends, where that is known: site.token_expires, or what a bearer token says of itself.
std::optional<store::Time> token_expiry(const config::SiteConfig& site, const base::Secret& secret);

// Whether the credential has scopes that can be asked for.
bool has_scopes(const config::SiteConfig& site);

// The scheme that site.auth names.
store::Result<std::unique_ptr<confluence::Auth>> make_site_auth(const config::Config& config,
                                                                base::Secret secret,
                                                                confluence::AuthDeps deps);

}  // namespace cli
