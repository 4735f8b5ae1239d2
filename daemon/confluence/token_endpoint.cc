#include "daemon/confluence/token_endpoint.h"

#include <fmt/format.h>
#include <string.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "daemon/base/log.h"
#include "daemon/confluence/governor_rules.h"
#include "daemon/confluence/parse.h"
#include "daemon/confluence/side_request.h"
#include "daemon/confluence/text.h"

namespace confluence {

namespace {

using store::ErrorKind;

constexpr std::size_t kMostTokenBytes = 64u << 10;
constexpr std::size_t kLongestToken = 16u << 10;
constexpr std::size_t kLongestName = 40;
constexpr std::chrono::hours kLongestLife{24};
constexpr std::chrono::seconds kShortestUse{1};
constexpr std::chrono::seconds kWaitUnnamed{30};  // a 429 that does not say how long
constexpr std::chrono::hours kLongestWait{24};

// `invalid_client`; what else stands there is not repeated.
std::string oauth_error_name(const nlohmann::json& document) {
  const auto found = document.find("error");
  if (found == document.end() || !found->is_string()) return {};
  const auto& text = found->get_ref<const std::string&>();
  const bool plain = !text.empty() && text.size() <= kLongestName &&
                     std::all_of(text.begin(), text.end(),
                                 [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; });
  return plain ? text : std::string();
}

std::string oauth_text(const nlohmann::json& document, const char* name) {
  const auto found = document.find(name);
  if (found == document.end() || !found->is_string()) return {};
  return one_line(found->get_ref<const std::string&>());
}

bool is_token_text(std::string_view text) {
  return !text.empty() && text.size() <= kLongestToken &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

// RFC 6749 has a number; some servers send it as a text.
std::optional<std::int64_t> expires_in_of(const nlohmann::json& document) {
  const auto found = document.find("expires_in");
  if (found == document.end()) return std::nullopt;
  if (found->is_number()) {
    const double value = found->get<double>();
    return value >= 0 && value < 1e12 ? std::optional(static_cast<std::int64_t>(value))
                                      : std::nullopt;
  }
  return std::nullopt;
}

// Documents of a token endpoint are flat; a deep one is an attack on whoever reads it.
bool is_flat_document(std::string_view body) {
  return std::count(body.begin(), body.end(), '{') + std::count(body.begin(), body.end(), '[') < 50;
}

void wipe_text(std::string& text) { ::explicit_bzero(text.data(), text.size()); }

}  // namespace

base::Secret form_of(const std::vector<std::pair<std::string_view, std::string_view>>& fields) {
  std::size_t most = 0;
  for (const auto& [name, value] : fields) most += 3 * (name.size() + value.size()) + 2;
  std::string form;
  form.reserve(most);  // a reallocation would leave a copy of the secret behind
  for (const auto& [name, value] : fields) {
    if (!form.empty()) form += '&';
    append_encoded(form, name);
    form += '=';
    append_encoded(form, value);
  }
  return base::Secret(std::move(form));
}

TokenEndpoint::TokenEndpoint(http::Client& http, const base::Clock& clock, Options options)
    : http_(http), clock_(clock), options_(std::move(options)) {}

store::Failure TokenEndpoint::failed(ErrorKind kind, std::string name, std::string_view cause,
                                     std::string hint) const {
  return store::fail(kind, std::move(name),
                     fmt::format("cannot get an access token from '{}': {}",
                                 http::loggable_url(options_.url), cause),
                     std::move(hint));
}

base::Awaitable<store::Result<TokenCache::Token>> TokenEndpoint::ask(base::Secret form) {
  if (wait_ && clock_.now() < wait_->until) {
    told_ = false;
    co_return failed(ErrorKind::kRetryAfter, "token_wait",
                     fmt::format("it asks to wait until {}", store::to_iso8601(wait_->until)),
                     "it is tried again then");
  }
  auto request = side_request("POST", options_.url, options_.timeout, kMostTokenBytes);
  request.headers.emplace_back("Accept", "application/json");
  request.headers.emplace_back("Content-Type", "application/x-www-form-urlencoded");
  request.secret_body = std::move(form);
  auto response = co_await http_.send(std::move(request));
  if (!response) {
    auto error = std::move(response.error());
    if (error.kind == ErrorKind::kItemBad) error.kind = ErrorKind::kRetryAfter;  // too large
    error.message = fmt::format("cannot get an access token: {}", error.message);
    co_return store::fail(std::move(error));
  }
  if (response->status != 200) co_return store::fail(error_of(*response));
  auto token = read(*response);
  wipe_text(response->body);
  co_return token;
}

store::Result<TokenCache::Token> TokenEndpoint::read(http::Response& response) {
  const std::string hint = "it is tried again; check site.token_url if it stays";
  const auto now = clock_.steady();
  if (!is_flat_document(response.body)) {
    return failed(ErrorKind::kRetryAfter, "no_token", "the answer is no token", hint);
  }
  auto document = nlohmann::json::parse(response.body, nullptr, /*allow_exceptions=*/false);
  if (!document.is_object()) {
    const bool html = response.body.find('<') != std::string::npos;
    return failed(ErrorKind::kRetryAfter, "no_token",
                  html ? "the answer is a web page, not JSON" : "the answer is not JSON", hint);
  }
  const auto found = document.find("access_token");
  const bool good = found != document.end() && found->is_string() &&
                    is_token_text(found->get_ref<const std::string&>());
  auto seconds = expires_in_of(document);
  if (!good) {
    return failed(ErrorKind::kRetryAfter, "no_token", "the answer holds no access token", hint);
  }
  auto& text = found->get_ref<std::string&>();
  TokenCache::Token token;
  std::string header;
  constexpr std::string_view kScheme = "Bearer ";
  header.reserve(kScheme.size() + text.size());
  header += kScheme;
  header += text;
  wipe_text(text);
  token.text = base::Secret(std::move(header));
  // Without expires_in a token is good for this one use and a little more.
  const std::chrono::seconds lasts = std::min<std::chrono::seconds>(
      std::chrono::seconds(seconds.value_or(options_.margin.count() * 2)), kLongestLife);
  token.good_until = now + std::max<std::chrono::seconds>(lasts - options_.margin, kShortestUse);
  base::http_log().debug("an access token was got endpoint={} lasts_s={}",
                         http::loggable_url(options_.url), lasts.count());
  return token;
}

void TokenEndpoint::note_wait(const http::Response& response) {
  const auto now = clock_.now();
  std::optional<std::chrono::seconds> wait;
  if (const auto header = response.headers.get("Retry-After")) {
    wait = parse_retry_after(*header, now);
  }
  if (!wait && response.status == 429) wait = kWaitUnnamed;
  if (!wait || wait->count() <= 0) return;
  TokenWait named;
  named.until = now + std::min<std::chrono::seconds>(*wait, kLongestWait);
  named.reason = fmt::format("HTTP {} of the token endpoint", response.status);
  wait_ = std::move(named);
  told_ = false;
}

std::optional<TokenWait> TokenEndpoint::take_wait() {
  if (told_ || !wait_) return std::nullopt;
  told_ = true;
  return wait_;
}

store::Error TokenEndpoint::error_of(const http::Response& response) {
  const int status = response.status;
  const auto document = is_flat_document(response.body)
                            ? nlohmann::json::parse(response.body, nullptr, false)
                            : nlohmann::json();
  std::string oauth;
  std::string words;
  if (document.is_object()) {
    oauth = oauth_error_name(document);
    words = oauth_text(document, "error_description");
  }
  if (words.empty() && oauth.empty()) words = parse_server_message(response.body).text;
  std::string cause = fmt::format("HTTP {}", status);
  if (!oauth.empty()) cause += ": " + oauth;
  if (!words.empty()) cause += ": " + words;

  const bool passing = status == 408 || status == 425 || status == 429 || status >= 500 ||
                       oauth == "temporarily_unavailable" || oauth == "server_error";
  ErrorKind kind = ErrorKind::kCredentialsBad;
  std::string name = oauth.empty() ? fmt::format("token_http_{}", status) : "oauth_" + oauth;
  std::string hint = options_.hint;
  if (passing) {
    kind = ErrorKind::kRetryAfter;
    name = fmt::format("token_http_{}", status);
    hint = "it is tried again";
    note_wait(response);
  } else if (oauth.empty() && status != 401 && status != 403) {
    kind = ErrorKind::kUsage;  // some other address answers
    hint = "check site.token_url";
  } else if (oauth == "invalid_scope" || oauth == "unsupported_grant_type" ||
             oauth == "invalid_request" || oauth == "unauthorized_client") {
    hint += "; the credential may not be one for this kind of grant";
  }
  auto failure = failed(kind, std::move(name), cause, std::move(hint));
  failure.value().http_status = status;
  return std::move(failure.value());
}

}  // namespace confluence
