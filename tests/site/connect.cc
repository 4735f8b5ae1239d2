#include "tests/site/connect.h"

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <vector>

#include "tests/site/digest.h"
#include "tests/site/text.h"
#include "tests/site/wire_client.h"

namespace site {
namespace {

using Json = nlohmann::json;

constexpr std::string_view kAudience =
    "https://oauth-2-authorization-server.services.atlassian.com";
constexpr std::string_view kClientUrn = "urn:atlassian:connect:clientid:";
constexpr std::string_view kUserUrn = "urn:atlassian:connect:useraccountid:";
constexpr std::int64_t kLongestAssertion = 120;  // seconds
constexpr std::int64_t kLongestRequest = 180;
constexpr std::int64_t kLeeway = 30;

const unsigned char* as_bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::string random_hex(std::size_t count) {
  std::string raw(count, '\0');
  if (RAND_bytes(reinterpret_cast<unsigned char*>(raw.data()), static_cast<int>(count)) != 1) {
    throw std::runtime_error("no random numbers");
  }
  return to_hex(raw);
}

std::string hmac_of(std::string_view secret, std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> mac{};
  std::size_t length = 0;
  if (EVP_Q_mac(nullptr, "HMAC", nullptr, "SHA256", nullptr, secret.data(), secret.size(),
                as_bytes(text), text.size(), mac.data(), mac.size(), &length) == nullptr) {
    throw std::runtime_error("no HMAC");
  }
  return {reinterpret_cast<const char*>(mac.data()), length};
}

std::optional<std::string> from_base64url(std::string text) {
  std::replace(text.begin(), text.end(), '-', '+');
  std::replace(text.begin(), text.end(), '_', '/');
  while (text.size() % 4 != 0) text += '=';
  return base64_decode(text);
}

std::string issuer_of(std::string_view token) {
  const auto parts = split(token, '.');
  if (parts.size() != 3) return {};
  const auto claims = from_base64url(std::string(parts[1]));
  const Json json = claims ? Json::parse(*claims, nullptr, false) : Json();
  const auto found = json.is_object() ? json.find("iss") : json.end();
  return json.is_object() && found != json.end() && found->is_string() ? found->get<std::string>()
                                                                       : std::string();
}

// The claims of a token that this secret signed with HS256.
std::optional<Json> verified_claims(std::string_view token, std::string_view secret) {
  const auto parts = split(token, '.');
  if (parts.size() != 3) return std::nullopt;
  const auto head = from_base64url(std::string(parts[0]));
  const auto claims = from_base64url(std::string(parts[1]));
  if (!head || !claims) return std::nullopt;
  const Json header = Json::parse(*head, nullptr, false);
  if (!header.is_object() || header.value("alg", "") != "HS256") return std::nullopt;
  const auto signed_text = token.substr(0, parts[0].size() + 1 + parts[1].size());
  if (base64url(hmac_of(secret, signed_text)) != parts[2]) return std::nullopt;
  Json json = Json::parse(*claims, nullptr, false);
  if (!json.is_object()) return std::nullopt;
  return json;
}

std::string claim_text(const Json& json, const char* name) {
  const auto found = json.find(name);
  return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::int64_t claim_number(const Json& json, const char* name) {
  const auto found = json.find(name);
  return found != json.end() && found->is_number_integer() ? found->get<std::int64_t>() : 0;
}

Response connect_json(int status, const Json& json) {
  Response response;
  response.status = status;
  response.body = json.dump();
  return response;
}

Response oauth_error(int status, const char* error, const std::string& text) {
  Json json = {{"error", error}};
  if (!text.empty()) json["error_description"] = text;
  return connect_json(status, json);
}

std::string credential_of(std::string_view authorization, std::string_view scheme) {
  if (!authorization.starts_with(scheme)) return {};
  return std::string(authorization.substr(scheme.size()));
}

}  // namespace

std::string base64url(std::string_view raw) {
  std::string text((raw.size() + 2) / 3 * 4 + 1, '\0');
  const int length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), as_bytes(raw),
                                     static_cast<int>(raw.size()));
  text.resize(static_cast<std::size_t>(length));
  while (text.ends_with('=')) text.pop_back();
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  return text;
}

// By the words of the documentation, not by the code that is tested.
std::string request_hash(std::string_view method, std::string_view path, const std::string& query) {
  std::map<std::string, std::vector<std::string>> parameters;
  for (const auto part : split(query, '&')) {
    if (part.empty()) continue;
    const auto equals = std::min(part.find('='), part.size());
    const auto name = percent_decode(part.substr(0, equals));
    if (name == "jwt") continue;
    const auto value = part.substr(std::min(equals + 1, part.size()));
    parameters[percent_encode(name)].push_back(percent_encode(percent_decode(value)));
  }
  std::string text = std::string(method) + "&" + std::string(path) + "&";
  for (auto& [name, values] : parameters) {
    std::sort(values.begin(), values.end());
    if (!text.ends_with('&')) text += '&';
    text += name + "=";
    for (const auto& value : values) {
      if (!text.ends_with('=')) text += ',';
      text += value;
    }
  }
  return sha256_hex(text);
}

SigningKey::SigningKey(std::string kid, unsigned bits)
    : kid_(std::move(kid)), key_(EVP_RSA_gen(bits), EVP_PKEY_free) {
  if (!key_) throw std::runtime_error("no RSA key");
}

std::string SigningKey::public_pem() const {
  const std::unique_ptr<BIO, decltype(&BIO_free)> bio(BIO_new(BIO_s_mem()), BIO_free);
  if (!bio || PEM_write_bio_PUBKEY(bio.get(), key_.get()) != 1) {
    throw std::runtime_error("no PEM");
  }
  char* data = nullptr;
  const auto length = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<std::size_t>(length)};
}

std::string SigningKey::sign(std::string_view head, std::string_view claims) const {
  const auto text = base64url(head) + "." + base64url(claims);
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                        EVP_MD_CTX_free);
  std::size_t length = 0;
  if (!context ||
      EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key_.get()) != 1 ||
      EVP_DigestSign(context.get(), nullptr, &length, as_bytes(text), text.size()) != 1) {
    throw std::runtime_error("cannot sign");
  }
  std::string signature(length, '\0');
  if (EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &length,
                     as_bytes(text), text.size()) != 1) {
    throw std::runtime_error("cannot sign");
  }
  signature.resize(length);
  return text + "." + base64url(signature);
}

std::string hs256_token(std::string_view head, std::string_view claims, std::string_view secret) {
  const auto text = base64url(head) + "." + base64url(claims);
  return text + "." + base64url(hmac_of(secret, text));
}

Connect::Connect() : key_("site-key-1"), secret_(random_hex(32)) {
  keys_[key_.kid()] = key_.public_pem();
}

std::int64_t Connect::now() const { return now_millis() / 1000 + offset_.count(); }

Response Connect::answer(const Request& request) {
  constexpr std::string_view kKeys = "/__connect/keys/";
  if (request.method == "GET" && request.path.starts_with(kKeys)) {
    return key_answer(request.path.substr(kKeys.size()));
  }
  if (request.method == "POST" && request.path == "/__connect/oauth2/token") {
    return token_answer(request);
  }
  return html_page(404, "Not Found");
}

Response Connect::key_answer(const std::string& kid) {
  const std::scoped_lock lock(mutex_);
  ++counts_.keys;
  if (!keys_available_) return html_page(503, "Service Unavailable");
  const auto found = keys_.find(kid);
  if (found == keys_.end()) return html_page(404, "Not Found");
  Response response;
  response.content_type = "application/x-pem-file";
  response.body = found->second;
  return response;
}

std::optional<Connect::Refusal> Connect::refusal_of(const std::string& assertion,
                                                    std::string& user) const {
  const auto claims = installed_ ? verified_claims(assertion, secret_) : std::nullopt;
  if (!claims || claim_text(*claims, "iss") != std::string(kClientUrn) + oauth_client_id()) {
    return Refusal{401, "invalid_client", ""};
  }
  if (!impersonates_) {
    return Refusal{
        400, "unauthorized_client",
        "The authenticated client is not authorized to use this authorization grant type"};
  }
  if (const auto audience = claim_text(*claims, "aud"); audience != kAudience) {
    return Refusal{400, "invalid_grant", "Invalid aud: " + audience};
  }
  const auto issued = claim_number(*claims, "iat");
  const auto expires = claim_number(*claims, "exp");
  if (expires - now() > kLongestAssertion) {
    return Refusal{400, "invalid_grant",
                   "Expiration timestamp too far in the future [was " +
                       std::to_string(expires - now()) +
                       " seconds from now; please set `exp` to no more than 60 seconds after "
                       "issue time]"};
  }
  if (issued == 0 || expires <= issued || expires < now()) return Refusal{};
  if (claim_text(*claims, "tnt") != base_url_) return Refusal{};
  const auto subject = claim_text(*claims, "sub");
  if (!subject.starts_with(kUserUrn)) return Refusal{};
  user = subject.substr(kUserUrn.size());
  if (!users_.contains(user)) return Refusal{403, "access_denied", ""};
  return std::nullopt;
}

Response Connect::token_answer(const Request& request) {
  const std::scoped_lock lock(mutex_);
  const Query form(request.body);
  if (form.get("grant_type") != "urn:ietf:params:oauth:grant-type:jwt-bearer") {
    ++counts_.refused_assertions;
    return oauth_error(400, "unsupported_grant_type", "");
  }
  std::string user;
  if (const auto refusal = refusal_of(form.get("assertion").value_or(""), user)) {
    ++counts_.refused_assertions;
    return oauth_error(refusal->status, refusal->error, refusal->text);
  }
  ++counts_.assertions;
  ++counts_.by_user[user];
  ++counts_.tokens;
  const auto token = "connect-" + random_hex(24);
  tokens_[token] = {user, now() + lifetime_.count()};
  return connect_json(
      200, {{"access_token", token}, {"expires_in", lifetime_.count()}, {"token_type", "Bearer"}});
}

// "" = it is good.
std::string Connect::refusal_of_app(const Request& request, std::string_view token) const {
  if (!installed_ || issuer_of(token) != app_key_) {
    return "Your presented credentials do not provide access to this resource.";
  }
  const auto claims = verified_claims(token, secret_);
  if (!claims) return std::string(token);
  const auto issued = claim_number(*claims, "iat");
  const auto expires = claim_number(*claims, "exp");
  if (issued == 0 || expires == 0) return "'exp' and 'iat' are required claims.";
  if (expires + kLeeway < now()) {
    return "Expired at " + to_http_date(expires * 1000) + " and time is now " +
           to_http_date(now() * 1000) + " (30 leeway seconds is allowed)";
  }
  if (expires - issued > kLongestRequest) return "Claim 'exp' lies too far from 'iat'.";
  std::string_view path = request.path;
  constexpr std::string_view kWiki = "/wiki";
  if (path.starts_with(kWiki)) path.remove_prefix(kWiki.size());
  const auto question = request.target.find('?');
  const auto query =
      question == std::string::npos ? std::string() : request.target.substr(question + 1);
  const auto expected = request_hash(request.method, path, query);
  const auto hash = claim_text(*claims, "qsh");
  if (hash == expected) return {};
  return "Expecting claim 'qsh' to have value '" + expected + "' but instead it has the value '" +
         hash + "'";
}

std::optional<std::string> Connect::user_of(const Request& request, bool& ours, std::string& why) {
  const auto jwt = credential_of(request.authorization, "JWT ");
  const auto bearer = credential_of(request.authorization, "Bearer ");
  ours = !jwt.empty() || bearer.starts_with("connect-");
  if (!ours) return std::nullopt;
  const std::scoped_lock lock(mutex_);
  if (!jwt.empty()) {
    auto refusal = refusal_of_app(request, jwt);
    ++(refusal.empty() ? counts_.app_requests : counts_.refused_requests);
    if (refusal.empty()) return std::string();
    if (explains_) why = std::move(refusal);
    return std::nullopt;
  }
  const auto found = tokens_.find(bearer);
  if (found == tokens_.end() || found->second.expires <= now() || !installed_) {
    ++counts_.refused_requests;
    return std::nullopt;
  }
  ++counts_.user_requests;
  return found->second.user;
}

void Connect::set_site_url(std::string url) {
  const std::scoped_lock lock(mutex_);
  site_url_ = std::move(url);
}

int Connect::call_uninstalled() {
  Lifecycle last;
  {
    const std::scoped_lock lock(mutex_);
    last = last_;
  }
  last.event = "uninstalled";
  return call(last);
}

std::string Connect::body_of(const Lifecycle& call) const {
  const std::scoped_lock lock(mutex_);
  Json json;
  json["key"] = call.app_key;
  json["clientKey"] = client_key_;
  json["oauthClientId"] = oauth_client_id();
  json["publicKey"] = "obsolete";
  if (call.event == "installed") json["sharedSecret"] = secret_;
  json["serverVersion"] = "6452";
  json["pluginsVersion"] = "1000.0.0";
  json["baseUrl"] = call.base_url.empty() ? site_url_ + "/wiki" : call.base_url;
  json["productType"] = "confluence";
  json["description"] = "The simulated site";
  json["eventType"] = call.event;
  return json.dump();
}

int Connect::call(const Lifecycle& call) {
  std::string claims;
  std::string head;
  if (call.event == "installed") rotate_secret();
  {
    const std::scoped_lock lock(mutex_);
    const Json json = {{"iss", client_key_},
                       {"aud", Json::array({call.public_url})},
                       {"qsh", request_hash("POST", "/" + call.event, "")},
                       {"iat", now()},
                       {"exp", now() + kLongestRequest},
                       {"jti", random_hex(12)}};
    claims = json.dump();
    head = Json({{"alg", "RS256"}, {"typ", "JWT"}, {"kid", key_.kid()}}).dump();
  }
  WireClient client(call.port);
  client.authorize("JWT " + key_.sign(head, claims));
  const auto body = body_of(call);
  Reply reply;
  try {
    reply = client.request("POST", "/" + call.event, body, {"Content-Type: application/json"});
  } catch (const std::runtime_error&) {
    reply.status = 0;  // nobody listens
  }
  const bool taken = reply.status >= 200 && reply.status < 300;
  const std::scoped_lock lock(mutex_);
  if (call.event == "uninstalled") {
    installed_ = false;  // whatever the app says
    tokens_.clear();
  } else if (taken) {
    installed_ = true;
    app_key_ = call.app_key;
    base_url_ = call.base_url.empty() ? site_url_ + "/wiki" : call.base_url;
    last_ = call;
  }
  return reply.status;
}

void Connect::install(std::string app_key, std::string base_url) {
  const std::scoped_lock lock(mutex_);
  installed_ = true;
  app_key_ = std::move(app_key);
  base_url_ = std::move(base_url);
}

void Connect::know_user(std::string account_id) {
  const std::scoped_lock lock(mutex_);
  users_.insert(std::move(account_id));
}

void Connect::remove_user(const std::string& account_id) {
  const std::scoped_lock lock(mutex_);
  users_.erase(account_id);
  std::erase_if(tokens_, [&](const auto& entry) { return entry.second.user == account_id; });
}

void Connect::new_client_key(std::string client_key) {
  const std::scoped_lock lock(mutex_);
  client_key_ = std::move(client_key);
}

void Connect::rotate_secret() {
  auto secret = random_hex(32);
  const std::scoped_lock lock(mutex_);
  secret_ = std::move(secret);
  tokens_.clear();
}

void Connect::expire_tokens() {
  const std::scoped_lock lock(mutex_);
  for (auto& [text, token] : tokens_) token.expires = 0;
}

void Connect::set_token_lifetime(std::chrono::seconds lifetime) {
  const std::scoped_lock lock(mutex_);
  lifetime_ = lifetime;
}

void Connect::set_clock_offset(std::chrono::seconds offset) {
  const std::scoped_lock lock(mutex_);
  offset_ = offset;
}

std::chrono::seconds Connect::clock_offset() const {
  const std::scoped_lock lock(mutex_);
  return offset_;
}

void Connect::explain(bool explains) {
  const std::scoped_lock lock(mutex_);
  explains_ = explains;
}

void Connect::allow_impersonation(bool on) {
  const std::scoped_lock lock(mutex_);
  impersonates_ = on;
}

void Connect::set_keys_available(bool available) {
  const std::scoped_lock lock(mutex_);
  keys_available_ = available;
}

void Connect::add_key(const SigningKey& key) {
  const std::scoped_lock lock(mutex_);
  keys_[key.kid()] = key.public_pem();
}

bool Connect::installed() const {
  const std::scoped_lock lock(mutex_);
  return installed_;
}

std::string Connect::client_key() const {
  const std::scoped_lock lock(mutex_);
  return client_key_;
}

std::string Connect::secret() const {
  const std::scoped_lock lock(mutex_);
  return secret_;
}

std::string Connect::oauth_client_id() const { return "oauth-client-of-the-simulated-site"; }

ConnectCounts Connect::counts() const {
  const std::scoped_lock lock(mutex_);
  return counts_;
}

}  // namespace site
