#include "daemon/confluence/schemes.h"

#include <fmt/format.h>

#include "daemon/confluence/gateway.h"
#include "daemon/confluence/token_cache.h"
#include "daemon/confluence/token_endpoint.h"

namespace confluence {

namespace {

// Another scheme's signature, at the gateway.
class AtGateway : public Auth {
 public:
  AtGateway(AuthDeps deps, const AuthOptions& options)
      : gateway_(deps.io, deps.http, {options.gateway_url, options.cloud_id, options.timeout}) {}
  base::Awaitable<store::Result<std::string>> root(std::string site_url) override {
    return gateway_.root(std::move(site_url));
  }

 private:
  Gateway gateway_;
};

class ScopedTokenAuth final : public AtGateway {
 public:
  ScopedTokenAuth(AuthDeps deps, const AuthOptions& options, base::Secret token)
      : AtGateway(deps, options), basic_(options.email, std::move(token)) {}
  base::Awaitable<store::Result<void>> sign(http::Request& request, std::string as_user) override {
    return basic_.sign(request, std::move(as_user));
  }
  void replace_secret(base::Secret secret) override { basic_.replace_secret(std::move(secret)); }

 private:
  BasicAuth basic_;
};

class BearerAuth final : public AtGateway {
 public:
  BearerAuth(AuthDeps deps, const AuthOptions& options, base::Secret token)
      : AtGateway(deps, options) {
    replace_secret(std::move(token));
  }
  base::Awaitable<store::Result<void>> sign(http::Request& request, std::string as_user) override {
    if (!as_user.empty()) co_return store::fail(cannot_impersonate(as_user));
    request.authorization = header_value_.copy();
    co_return store::Result<void>();
  }
  void replace_secret(base::Secret secret) override {
    constexpr std::string_view kScheme = "Bearer ";
    std::string value;
    value.reserve(kScheme.size() + secret.expose().size());
    value += kScheme;
    value += secret.expose();
    header_value_ = base::Secret(std::move(value));
  }

 private:
  base::Secret header_value_;
};

class ServiceAccountAuth final : public AtGateway {
 public:
  ServiceAccountAuth(AuthDeps deps, const AuthOptions& options, base::Secret secret)
      : AtGateway(deps, options),
        client_id_(options.client_id),
        secret_(std::move(secret)),
        endpoint_(deps.http, deps.clock, endpoint_options(options)),
        tokens_(deps.io, deps.clock, [this](const std::string&) { return fetch(); }) {}

  base::Awaitable<store::Result<void>> sign(http::Request& request, std::string as_user) override {
    if (!as_user.empty()) co_return store::fail(cannot_impersonate(as_user));
    auto token = co_await tokens_.get(std::string());
    if (!token) co_return store::fail(std::move(token.error()));
    request.authorization = std::move(*token);
    co_return store::Result<void>();
  }
  bool renew(const std::string& as_user, base::Clock::Steady signed_at) override {
    return as_user.empty() && tokens_.forget(std::string(), signed_at);
  }
  std::optional<TokenWait> take_wait() override { return endpoint_.take_wait(); }
  void replace_secret(base::Secret secret) override {
    secret_ = std::move(secret);
    tokens_.clear();
  }

 private:
  static TokenEndpoint::Options endpoint_options(const AuthOptions& options) {
    TokenEndpoint::Options made;
    made.url = options.token_url;
    made.timeout = options.timeout;
    made.hint =
        "check site.client_id and the client secret (wrong, rotated or revoked?) with whoever "
        "manages the service account; then run 'confmirror check'";
    return made;
  }
  base::Awaitable<store::Result<TokenCache::Token>> fetch() {
    auto form = form_of({{"grant_type", "client_credentials"},
                         {"client_id", client_id_},
                         {"client_secret", secret_.expose()}});
    auto token = co_await endpoint_.ask(std::move(form));
    co_return token;
  }

  std::string client_id_;
  base::Secret secret_;
  TokenEndpoint endpoint_;
  TokenCache tokens_;
};

}  // namespace

store::Result<std::unique_ptr<Auth>> make_auth(const AuthOptions& options, base::Secret secret,
                                               AuthDeps deps) {
  const auto& scheme = options.scheme;
  std::unique_ptr<Auth> made;
  if (scheme == "basic") {
    made = std::make_unique<BasicAuth>(options.email, std::move(secret));
  } else if (scheme == "scoped-token") {
    made = std::make_unique<ScopedTokenAuth>(deps, options, std::move(secret));
  } else if (scheme == "service-account") {
    made = std::make_unique<ServiceAccountAuth>(deps, options, std::move(secret));
  } else if (scheme == "bearer") {
    made = std::make_unique<BearerAuth>(deps, options, std::move(secret));
  } else {
    return store::fail(store::ErrorKind::kUsage, "auth_unsupported",
                       fmt::format("cannot sign in: no scheme is called \"{}\"", scheme),
                       "set site.auth to basic, scoped-token, service-account or bearer");
  }
  return made;
}

}  // namespace confluence
