#pragma once

// OAuth 2.0 through Atlassian Connect: what an installed app may do, as itself or on behalf of
// users (section 5.5 of the API notes).
//
// A user's requests carry an access token, got for an assertion that the app's shared secret signs
// and that lives 59 s; tokens are kept per user until 30 s before their end, one exchange at a time
// per user, and got anew after a 401. Requests of the app itself carry a JWT of their own each,
// tied to method, path and query. With Options::user empty the connection is the app itself, else
// that user.
//
// Threads: the network thread. Ownership: refers to everything in AuthDeps, all of which outlive
// it. Errors: kCredentialsBad "app_not_installed", "app_refused" (a secret that is not good any
// more), "clock_wrong" (an assertion that was refused, and a clock that is off), "no_act_as_user",
// "user_refused" (for that user alone), kUsage "no_oauth_client"; those of TokenEndpoint.

#include <chrono>
#include <optional>
#include <string>

#include "daemon/confluence/auth.h"
#include "daemon/confluence/installation.h"
#include "daemon/confluence/jwt.h"
#include "daemon/confluence/schemes.h"
#include "daemon/confluence/token_cache.h"
#include "daemon/confluence/token_endpoint.h"

namespace confluence {

struct ConnectOptions {
  ConnectOptions() = default;
  std::string app_key;
  std::string user;  // account id; "" = the app itself
  std::string token_url;
  std::string token_audience;
  std::chrono::milliseconds timeout{15'000};
  std::string install_hint;  // how to install the app
};

class ConnectAuth final : public Auth {
 public:
  ConnectAuth(AuthDeps deps, ConnectOptions options, std::optional<Installation> installation);

  base::Awaitable<store::Result<void>> sign(http::Request& request, std::string as_user) override;
  bool renew(const std::string& as_user, base::Clock::Steady signed_at) override;
  std::optional<TokenWait> take_wait() override;

  // The app was installed, or uninstalled (nullopt). What was got before is forgotten.
  void install(std::optional<Installation> installation);

 private:
  std::string user_of(const std::string& as_user) const;
  store::Result<void> sign_as_app(http::Request& request);
  base::Awaitable<store::Result<TokenCache::Token>> exchange(std::string user);
  store::Error explain(store::Error error, const std::string& user) const;

  AuthDeps deps_;
  ConnectOptions options_;
  std::optional<Installation> installation_;
  TokenEndpoint endpoint_;
  TokenCache tokens_;
};

// The claims of an assertion, pure.
JwtClaims assertion_claims(const Installation& installation, const std::string& user,
                           const std::string& audience, store::Time now);

// atlassian-connect.json.
std::string connect_descriptor(const std::string& app_key, const std::string& name,
                               const std::string& public_url);

}  // namespace confluence
