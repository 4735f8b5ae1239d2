#pragma once

// An OAuth 2.0 token endpoint: a form goes there, an access token or an error comes back (RFC 6749,
// 4.4 and 5; section 5.3 of the API notes). Which grant it is, the form says.
//
// Threads: the network thread. Errors: kCredentialsBad where the endpoint does not accept who we
// are ("oauth_<error>"), kRetryAfter for 408, 429, 5xx, an answer that is no token, and what the
// network does (the http client's names, so that Client knows how long to go on trying), kUsage for
// an address that is none. After a 429 or a 503 that names a wait nothing is sent before it is over
// (take_wait()). Messages hold the endpoint's words, bounded, and never what was sent or got.

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/confluence/auth.h"
#include "daemon/confluence/token_cache.h"
#include "daemon/http/client.h"

namespace confluence {

// application/x-www-form-urlencoded.
base::Secret form_of(const std::vector<std::pair<std::string_view, std::string_view>>& fields);

class TokenEndpoint {
 public:
  struct Options {
    std::string url;
    std::chrono::milliseconds timeout{15'000};
    std::chrono::seconds margin{60};         // so long before its end a token is not used any more
    std::string hint;                        // what to check when the endpoint does not accept us
    std::string setting = "site.token_url";  // that its address comes from
  };
  TokenEndpoint(http::Client& http, const base::Clock& clock, Options options);

  // The token's text is the whole Authorization header, "Bearer ...".
  base::Awaitable<store::Result<TokenCache::Token>> ask(base::Secret form);

  // How far this machine's clock is ahead of the endpoint's (negative: behind), as the header Date
  // of its last answer says, to the second. nullopt: it does not say.
  std::optional<std::chrono::seconds> ahead() const { return ahead_; }

  // A wait that the endpoint named and that is not over; told once.
  std::optional<TokenWait> take_wait();

 private:
  store::Result<TokenCache::Token> read(http::Response& response);
  store::Error error_of(const http::Response& response);
  void note_wait(const http::Response& response);
  store::Failure failed(store::ErrorKind kind, std::string name, std::string_view cause,
                        std::string hint) const;

  http::Client& http_;
  const base::Clock& clock_;
  Options options_;
  std::optional<std::chrono::seconds> ahead_;
  std::optional<TokenWait> wait_;
  bool told_ = true;
};

}  // namespace confluence
