#include "daemon/confluence/connect_auth.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <string_view>

#include "daemon/confluence/clock_skew.h"
#include "daemon/confluence/qsh.h"

namespace confluence {

namespace {

constexpr std::chrono::seconds kAssertionLives{59};  // more than 120 s is refused
constexpr std::chrono::seconds kRequestLives{120};   // 180 s at most
constexpr std::chrono::seconds kTokenMargin{30};
constexpr const char* kRefusedHint =
    "the app may have been uninstalled or its secret rotated, or this machine's clock is wrong: "
    "'confmirror connect status' says what is known here, and installing the app once more brings "
    "a new secret";

constexpr const char* kClockHint =
    "set this machine's clock, by a time service (NTP: 'timedatectl set-ntp true'); nothing is "
    "wrong "
    "with the app itself";

// What a token endpoint says of the assertion, and not of the user whom it names. Atlassian's says
// "Invalid aud: ..." and "Expiration timestamp too far in the future [...]".
bool is_of_assertion(std::string_view message) {
  constexpr std::array kWords = {"Invalid aud", "Invalid iss",          "Invalid tnt",
                                 "Invalid iat", "Expiration timestamp", "expired",
                                 "signature"};
  return std::any_of(kWords.begin(), kWords.end(),
                     [&](std::string_view word) { return message.find(word) != message.npos; });
}

std::int64_t seconds_of(store::Time time) {
  return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}

TokenEndpoint::Options endpoint_options(const ConnectOptions& options) {
  TokenEndpoint::Options endpoint;
  endpoint.url = options.token_url;
  endpoint.timeout = options.timeout;
  endpoint.margin = kTokenMargin;
  endpoint.hint = kRefusedHint;
  endpoint.setting = "connect.token_url";
  return endpoint;
}

}  // namespace

JwtClaims assertion_claims(const Installation& installation, const std::string& user,
                           const std::string& audience, store::Time now) {
  JwtClaims claims;
  claims.iss = "urn:atlassian:connect:clientid:" + installation.oauth_client_id;
  claims.sub = "urn:atlassian:connect:useraccountid:" + user;
  claims.tnt = installation.base_url;
  claims.aud = {audience};
  claims.iat = seconds_of(now);
  claims.exp = *claims.iat + kAssertionLives.count();
  return claims;
}

std::string connect_descriptor(const std::string& app_key, const std::string& name,
                               const std::string& public_url) {
  nlohmann::ordered_json json;
  json["key"] = app_key;
  json["name"] = name;
  json["description"] = "Keeps a complete, versioned copy of this site, and writes back to it.";
  json["baseUrl"] = public_url;
  json["vendor"] = {{"name", "confmirror"}, {"url", public_url}};
  json["authentication"] = {{"type", "jwt"}};
  json["lifecycle"] = {{"installed", "/installed"}, {"uninstalled", "/uninstalled"}};
  json["scopes"] = {"READ", "WRITE", "DELETE", "ACT_AS_USER"};
  json["apiVersion"] = 1;
  json["apiMigrations"] = {{"signed-install", true}, {"context-qsh", true}};
  json["enableLicensing"] = false;
  json["modules"] = nlohmann::ordered_json::object();
  return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

ConnectAuth::ConnectAuth(AuthDeps deps, ConnectOptions options,
                         std::optional<Installation> installation)
    : deps_(deps),
      options_(std::move(options)),
      installation_(std::move(installation)),
      endpoint_(deps.http, deps.clock, endpoint_options(options_)),
      tokens_(deps.io, deps.clock, [this](std::string user) { return exchange(std::move(user)); }) {
}

void ConnectAuth::install(std::optional<Installation> installation) {
  installation_ = std::move(installation);
  tokens_.clear();
}

std::string ConnectAuth::user_of(const std::string& as_user) const {
  return as_user.empty() ? options_.user : as_user;
}

base::Awaitable<store::Result<void>> ConnectAuth::sign(http::Request& request,
                                                       std::string as_user) {
  if (!installation_) {
    co_return store::fail(store::ErrorKind::kCredentialsBad, "app_not_installed",
                          "cannot sign in: the Connect app is not installed on the site",
                          options_.install_hint);
  }
  auto user = user_of(as_user);
  if (user.empty()) co_return sign_as_app(request);
  auto token = co_await tokens_.get(user);
  if (!token) co_return store::fail(explain(std::move(token.error()), user));
  request.authorization = std::move(*token);
  co_return store::Result<void>();
}

store::Result<void> ConnectAuth::sign_as_app(http::Request& request) {
  const auto url = http::parse_url(request.url);
  if (!url) return store::fail(url.error());
  JwtClaims claims;
  claims.iss = options_.app_key;
  claims.qsh = query_string_hash(request.method, url->target, "/wiki");
  claims.iat = seconds_of(deps_.clock.now());
  claims.exp = *claims.iat + kRequestLives.count();
  auto token = sign_jwt(claims, installation_->shared_secret);
  if (!token) return store::fail(token.error());
  std::string header = "JWT ";
  header.reserve(header.size() + token->expose().size());
  header += token->expose();
  request.authorization = base::Secret(std::move(header));
  return {};
}

base::Awaitable<store::Result<TokenCache::Token>> ConnectAuth::exchange(std::string user) {
  if (!installation_ || installation_->oauth_client_id.empty()) {
    co_return store::fail(store::ErrorKind::kUsage, "no_oauth_client",
                          "cannot act for users: the site gave the app no OAuth client id",
                          "install the app once more; its descriptor asks for ACT_AS_USER");
  }
  const auto claims =
      assertion_claims(*installation_, user, options_.token_audience, deps_.clock.now());
  auto assertion = sign_jwt(claims, installation_->shared_secret);
  if (!assertion) co_return store::fail(std::move(assertion.error()));
  std::vector<std::pair<std::string_view, std::string_view>> fields;
  fields.emplace_back("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer");
  fields.emplace_back("assertion", assertion->expose());
  auto form = form_of(fields);
  auto token = co_await endpoint_.ask(std::move(form));
  co_return token;
}

// What the endpoint says of a user concerns that user alone, where it is not the connection's own.
store::Error ConnectAuth::explain(store::Error error, const std::string& user) const {
  if (error.kind != store::ErrorKind::kCredentialsBad) return error;
  const bool of_user = error.name == "oauth_access_denied" ||
                       (error.name == "oauth_invalid_grant" && !is_of_assertion(error.message));
  const auto ahead = endpoint_.ahead().value_or(std::chrono::seconds(0));
  if (error.name != "oauth_access_denied" && std::chrono::abs(ahead) > kSignersSkew) {
    error.name = "clock_wrong";
    error.message = fmt::format(
        "cannot act for account '{}': this machine's clock is {} the token endpoint's, "
        "and an assertion lives {} s: {}",
        user, skew_words(ahead), kAssertionLives.count(), error.message);
    error.hint = kClockHint;
    return error;
  }
  if (error.name == "oauth_unauthorized_client") {
    error.name = "no_act_as_user";
    error.message = fmt::format("cannot act for account '{}': {}", user, error.message);
    error.hint =
        "the installation lacks the scope ACT_AS_USER: update the app on the site, from the "
        "descriptor that 'confmirror connect descriptor' prints";
    return error;
  }
  if (of_user) {
    error.message = fmt::format("cannot act for account '{}': {}", user, error.message);
    error.hint = "is it an active account with access to this site? " + std::string(kRefusedHint);
  }
  error.name = of_user && user != options_.user ? "user_refused" : "app_refused";
  return error;
}

bool ConnectAuth::renew(const std::string& as_user, base::Clock::Steady signed_at) {
  const auto user = user_of(as_user);
  return !user.empty() && tokens_.forget(user, signed_at);
}

std::optional<TokenWait> ConnectAuth::take_wait() { return endpoint_.take_wait(); }

}  // namespace confluence
