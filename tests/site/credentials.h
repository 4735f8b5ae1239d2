#pragma once

// The ways into the simulated site beside the one classic token: API tokens with scopes, bearer
// tokens, service accounts and the access tokens that they were given; what the organisation
// allows; and how the token endpoint and tenant_info behave. Sections 3.2 and 5 of the API notes.
// Any thread.

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace site {

inline constexpr std::string_view kCloudId = "3f1c5d2e-7a60-4b1c-9a55-0c6b5b1f7d42";

using Scopes = std::set<std::string>;
// Everything that the routes of this site ask for.
Scopes all_scopes();

// How an endpoint beside the API answers.
enum class Endpoint : std::uint8_t { kGood, k404, k429, k500, k503, kHtml, kOdd };
std::optional<Endpoint> parse_endpoint(
    std::string_view name);  // good, 404, 429, 500, 503, html, odd

struct ServiceAccount {
  std::string client_id;
  std::string secret;
  Scopes scopes;
  std::uint32_t expires_in_s = 3600;  // of the access tokens that it gets
};

class Credentials {
 public:
  void put_scoped_token(std::string token, Scopes scopes);
  // `installed`: it has access to this site.
  void put_bearer(std::string token, Scopes scopes, bool installed = true);
  void put_service_account(ServiceAccount account);
  // A token of either kind, or a client id.
  void revoke(const std::string& name);
  // Access tokens that service accounts were given end now, whatever was promised.
  void end_access_tokens();

  void disable_basic(bool disabled);
  void garble_basic(bool garbled);  // as a proxy on the way that cuts the header
  void take_licence(bool taken);
  void set_token_endpoint(Endpoint behaviour);
  void set_tenant_info(Endpoint behaviour);

  bool basic_disabled() const;
  bool licensed() const;
  bool garbled() const;
  Endpoint tenant_info() const;
  Endpoint token_endpoint() const;
  std::uint64_t tokens_given() const;
  std::uint64_t token_requests() const;

  struct Known {
    Scopes scopes;
    bool installed = true;
  };
  std::optional<Known> scoped_token(std::string_view token) const;
  std::optional<Known> bearer(std::string_view token) const;

  struct Grant {
    std::string access_token;
    std::uint32_t expires_in_s = 0;
    Scopes scopes;
  };
  void count_token_request();
  // nullopt: no such client, or another secret.
  std::optional<Grant> grant(const std::string& client_id, const std::string& secret);

 private:
  struct Access {
    Known known;
    std::optional<std::chrono::steady_clock::time_point> ends;
    bool given = false;  // by the token endpoint
  };
  mutable std::mutex mutex_;
  std::map<std::string, Known, std::less<>> scoped_;
  std::map<std::string, Access, std::less<>> bearers_;
  std::map<std::string, ServiceAccount, std::less<>> accounts_;
  bool basic_disabled_ = false;
  bool licensed_ = true;
  bool garbled_ = false;
  Endpoint token_endpoint_ = Endpoint::kGood;
  Endpoint tenant_info_ = Endpoint::kGood;
  std::uint64_t given_ = 0;
  std::uint64_t asked_ = 0;
};

}  // namespace site
