#include "daemon/cli/site_auth.h"

#include <fmt/format.h>

#include "config/token.h"
#include "config/units.h"
#include "daemon/cli/connect_setup.h"
#include "daemon/cli/globals.h"
#include "daemon/confluence/connect_auth.h"
#include "daemon/confluence/token_expiry.h"

namespace cli {

namespace {

store::Result<std::unique_ptr<confluence::Auth>> make_connect_auth(const config::Config& config,
                                                                   confluence::AuthDeps deps) {
  auto installation =
      confluence::load_installation(confluence::installation_path(config.mirror.path));
  if (!installation) return store::fail(installation.error());
  confluence::ConnectOptions options;
  options.app_key = config.connect.app_key;
  options.user = config.connect.user;
  options.token_url = config.connect.token_url;
  options.token_audience = config.connect.token_audience;
  options.timeout = config.http.timeout;
  options.install_hint = install_hint(config);
  std::unique_ptr<confluence::Auth> auth =
      std::make_unique<confluence::ConnectAuth>(deps, std::move(options), std::move(*installation));
  return auth;
}

}  // namespace

store::Result<base::Secret> read_site_secret(const config::SiteConfig& site) {
  if (site.auth == "connect") return base::Secret();  // the installation brings it
  auto token = config::read_token(site);
  if (!token) return store::fail(usage_error(token.error()));
  return base::Secret(std::move(*token));
}

std::optional<store::Time> token_expiry(const config::SiteConfig& site,
                                        const base::Secret& secret) {
  if (site.auth == "bearer") {
    if (const auto said = confluence::jwt_expiry(secret.expose())) return said;
  }
  const auto day = config::parse_date(site.token_expires);
  return day ? std::optional<store::Time>(*day) : std::nullopt;
}

bool has_scopes(const config::SiteConfig& site) {
  return site.auth == "scoped-token" || site.auth == "service-account" || site.auth == "bearer";
}

store::Result<std::unique_ptr<confluence::Auth>> make_site_auth(const config::Config& config,
                                                                base::Secret secret,
                                                                confluence::AuthDeps deps) {
  const auto& site = config.site;
  if (site.auth == "connect") {
    return make_connect_auth(config, deps);
  }
  confluence::AuthOptions options;
  options.scheme = site.auth;
  options.email = site.email;
  options.client_id = site.client_id;
  options.cloud_id = site.cloud_id;
  options.gateway_url = site.gateway_url;
  options.token_url = site.token_url;
  options.timeout = config.http.timeout;
  return confluence::make_auth(options, std::move(secret), deps);
}

}  // namespace cli
