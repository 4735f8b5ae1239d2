#pragma once

// Atlassian Connect as the simulated site plays it: the key host, the token endpoint, what a signed
// request or an access token stands for, and the calls that tell an app that it was installed or
// uninstalled, with real signatures. Signatures are made and checked here by themselves, apart from
// the code that is tested.
//
// What a refused request is told follows Atlassian's own library for it, com.atlassian.jwt, as it
// is published with its products: the issuer is looked up first (unknown: "Your presented
// credentials do not provide access to this resource."), then the signature (its message is the
// very token), then `exp` with 30 s of leeway; that `iat` lies ahead is no fault. All are 401, as a
// page of the servlet container, whose message a site may show or not (explain()). The token
// endpoint's words are those that users have reported, for what they have reported; else none.
//
// Under /__connect/: keys/{kid} (PEM), oauth2/token. Any thread; guarded by a mutex of its own.
// Times of tokens are seconds of the site's clock, which clock_offset moves.

#include <openssl/evp.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "tests/site/message.h"

namespace site {

inline constexpr std::string_view kConnectRoot = "/__connect/";

// An RSA key that installations are signed with.
class SigningKey {
 public:
  explicit SigningKey(std::string kid, unsigned bits = 2048);
  const std::string& kid() const { return kid_; }
  std::string public_pem() const;
  // A compact JWS of these two JSON texts, signed with RS256 whatever they say.
  std::string sign(std::string_view head, std::string_view claims) const;

 private:
  std::string kid_;
  std::shared_ptr<EVP_PKEY> key_;
};

// The same with HS256.
std::string hs256_token(std::string_view head, std::string_view claims, std::string_view secret);
std::string base64url(std::string_view bytes);
std::string request_hash(std::string_view method, std::string_view path, const std::string& query);

struct ConnectCounts {
  std::uint64_t assertions = 0;  // whose signature and claims were good
  std::uint64_t refused_assertions = 0;
  std::uint64_t tokens = 0;                      // given out
  std::uint64_t app_requests = 0;                // signed by the app, and good
  std::uint64_t user_requests = 0;               // with a good access token
  std::uint64_t refused_requests = 0;            // of either kind
  std::uint64_t keys = 0;                        // asked for
  std::map<std::string, std::uint64_t> by_user;  // exchanges, by account id
};

// A call to the app. What is empty is filled in with what the site would send.
struct Lifecycle {
  std::string event = "installed";  // or "uninstalled"
  std::uint16_t port = 0;           // of the app's listener, on 127.0.0.1
  std::string public_url;           // whom the token is for
  std::string app_key = "confmirror";
  std::string base_url;  // of this site, with /wiki; "" = its own address
};

class Connect {
 public:
  Connect();

  // Of a path below kConnectRoot.
  Response answer(const Request& request);

  // Whom a request with `JWT ...` or an access token of ours is from: "" = the app itself.
  // nullopt: nobody, and `why` is what the error page says of it. `ours`: whether it is one of
  // these at all.
  std::optional<std::string> user_of(const Request& request, bool& ours, std::string& why);

  // What the site is called: the default of Lifecycle::base_url, without /wiki. Before anything
  // else.
  void set_site_url(std::string url);

  // Calls the app that was installed last.
  int call_uninstalled();
  // Sends it; the status of the answer, 0 without one. An installation makes a new secret; a
  // refused one is forgotten.
  int call(const Lifecycle& call);
  // What an installation says, and its token; for tests that forge.
  std::string body_of(const Lifecycle& call) const;

  // As if an app had taken the call: for tests that have no listener.
  void install(std::string app_key, std::string base_url);
  void know_user(std::string account_id);           // an active account
  void remove_user(const std::string& account_id);  // and its tokens
  void new_client_key(std::string client_key);      // as a site import brings
  void rotate_secret();                             // without telling the app
  void expire_tokens();                             // all of them
  void set_token_lifetime(std::chrono::seconds lifetime);
  // The site's clock and the token endpoint's, against this machine's; the header Date as well.
  void set_clock_offset(std::chrono::seconds offset);
  std::chrono::seconds clock_offset() const;
  void explain(bool explains);        // whether pages of errors say why; true at first
  void allow_impersonation(bool on);  // ACT_AS_USER; true at first
  void set_keys_available(bool available);
  void add_key(const SigningKey& key);
  const SigningKey& key() const { return key_; }
  bool installed() const;
  std::string client_key() const;
  std::string secret() const;
  std::string oauth_client_id() const;
  ConnectCounts counts() const;

 private:
  struct Token {
    std::string user;
    std::int64_t expires = 0;
  };
  std::int64_t now() const;
  Response key_answer(const std::string& kid);
  Response token_answer(const Request& request);
  struct Refusal {
    int status = 400;
    const char* error = "invalid_grant";
    std::string text;
  };
  std::optional<Refusal> refusal_of(const std::string& assertion, std::string& user) const;
  std::string refusal_of_app(const Request& request, std::string_view token) const;

  const SigningKey key_;
  mutable std::mutex mutex_;
  std::map<std::string, std::string> keys_;  // PEM by kid
  bool keys_available_ = true;
  bool installed_ = false;
  std::string site_url_;
  std::string app_key_;
  Lifecycle last_;  // that an app took
  std::string base_url_;
  std::string client_key_ = "b6a7ed45-1d10-3f4c-a2f5-7f0c9a3d2f61";
  std::string secret_;
  std::set<std::string> users_;
  std::map<std::string, Token> tokens_;
  std::chrono::seconds lifetime_{900};
  std::chrono::seconds offset_{0};
  bool explains_ = true;
  bool impersonates_ = true;
  ConnectCounts counts_;
};

}  // namespace site
