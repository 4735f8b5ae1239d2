#include "tests/site/credentials.h"

#include <utility>

namespace site {

std::optional<Endpoint> parse_endpoint(std::string_view name) {
  constexpr std::pair<std::string_view, Endpoint> kNames[] = {
      {"good", Endpoint::kGood}, {"404", Endpoint::k404}, {"429", Endpoint::k429},
      {"500", Endpoint::k500},   {"503", Endpoint::k503}, {"html", Endpoint::kHtml},
      {"odd", Endpoint::kOdd}};
  for (const auto& [known, endpoint] : kNames) {
    if (known == name) return endpoint;
  }
  return std::nullopt;
}

void Credentials::put_scoped_token(std::string token, Scopes scopes) {
  const std::scoped_lock lock(mutex_);
  scoped_[std::move(token)] = Known{std::move(scopes), true};
}

void Credentials::put_bearer(std::string token, Scopes scopes, bool installed) {
  const std::scoped_lock lock(mutex_);
  bearers_[std::move(token)] = Access{Known{std::move(scopes), installed}, std::nullopt, false};
}

void Credentials::put_service_account(ServiceAccount account) {
  const std::scoped_lock lock(mutex_);
  std::string id = account.client_id;
  accounts_[std::move(id)] = std::move(account);
}

void Credentials::revoke(const std::string& name) {
  const std::scoped_lock lock(mutex_);
  scoped_.erase(name);
  bearers_.erase(name);
  accounts_.erase(name);
}

void Credentials::end_access_tokens() {
  const std::scoped_lock lock(mutex_);
  std::erase_if(bearers_, [](const auto& entry) { return entry.second.given; });
}

void Credentials::disable_basic(bool disabled) {
  const std::scoped_lock lock(mutex_);
  basic_disabled_ = disabled;
}

void Credentials::garble_basic(bool garbled) {
  const std::scoped_lock lock(mutex_);
  garbled_ = garbled;
}

void Credentials::take_licence(bool taken) {
  const std::scoped_lock lock(mutex_);
  licensed_ = !taken;
}

void Credentials::set_token_endpoint(Endpoint behaviour) {
  const std::scoped_lock lock(mutex_);
  token_endpoint_ = behaviour;
}

void Credentials::set_tenant_info(Endpoint behaviour) {
  const std::scoped_lock lock(mutex_);
  tenant_info_ = behaviour;
}

bool Credentials::basic_disabled() const {
  const std::scoped_lock lock(mutex_);
  return basic_disabled_;
}

bool Credentials::garbled() const {
  const std::scoped_lock lock(mutex_);
  return garbled_;
}

bool Credentials::licensed() const {
  const std::scoped_lock lock(mutex_);
  return licensed_;
}

Endpoint Credentials::tenant_info() const {
  const std::scoped_lock lock(mutex_);
  return tenant_info_;
}

Endpoint Credentials::token_endpoint() const {
  const std::scoped_lock lock(mutex_);
  return token_endpoint_;
}

std::uint64_t Credentials::tokens_given() const {
  const std::scoped_lock lock(mutex_);
  return given_;
}

std::uint64_t Credentials::token_requests() const {
  const std::scoped_lock lock(mutex_);
  return asked_;
}

std::optional<Credentials::Known> Credentials::scoped_token(std::string_view token) const {
  const std::scoped_lock lock(mutex_);
  const auto found = scoped_.find(token);
  return found == scoped_.end() ? std::nullopt : std::optional(found->second);
}

std::optional<Credentials::Known> Credentials::bearer(std::string_view token) const {
  const std::scoped_lock lock(mutex_);
  const auto found = bearers_.find(token);
  if (found == bearers_.end()) return std::nullopt;
  const auto& ends = found->second.ends;
  if (ends && std::chrono::steady_clock::now() >= *ends) return std::nullopt;
  return found->second.known;
}

void Credentials::count_token_request() {
  const std::scoped_lock lock(mutex_);
  ++asked_;
}

std::optional<Credentials::Grant> Credentials::grant(const std::string& client_id,
                                                     const std::string& secret) {
  const std::scoped_lock lock(mutex_);
  const auto found = accounts_.find(client_id);
  if (found == accounts_.end() || found->second.secret != secret) return std::nullopt;
  const ServiceAccount& account = found->second;
  Grant grant;
  grant.access_token = "site-access-token-" + std::to_string(++given_);
  grant.expires_in_s = account.expires_in_s;
  grant.scopes = account.scopes;
  Access access{Known{account.scopes, true},
                std::chrono::steady_clock::now() + std::chrono::seconds(account.expires_in_s),
                true};
  bearers_[grant.access_token] = std::move(access);
  return grant;
}

}  // namespace site
