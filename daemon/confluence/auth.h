#pragma once

// How a request proves who sends it, and where the API answers under that scheme. One class per
// scheme of the connector's contract. Threads: the network thread. An Auth never prints what it
// knows.

#include <memory>
#include <optional>
#include <string>

#include "daemon/base/async.h"
#include "daemon/base/clock.h"
#include "daemon/base/secret.h"
#include "daemon/http/message.h"
#include "store/error.h"
#include "store/records.h"

namespace confluence {

// Whoever gives out tokens asks for a wait.
struct TokenWait {
  store::Time until{};
  std::string reason;
};

class Auth {
 public:
  virtual ~Auth() = default;

  // ROOT of the API notes for that site: scheme://host[:port], or the gateway's prefix, without
  // /wiki and without a slash at its end. May have to be asked for; errors as Client has them.
  virtual base::Awaitable<store::Result<std::string>> root(std::string site_url);

  // `as_user`: the account id on whose behalf; "" = the connection's own identity. A scheme that
  // cannot act for others refuses with kUsage "cannot_impersonate". May have to get a token first;
  // errors of that: kCredentialsBad, kRetryAfter, kUnreachable, kUsage, kCanceled, as Client has
  // them.
  virtual base::Awaitable<store::Result<void>> sign(http::Request& request,
                                                    std::string as_user) = 0;

  // The site answered 401 to what was signed for that user at that time (or just before): whether
  // signing it once more may help, because the token was one that is got anew. Forgets that token,
  // unless it has been renewed since.
  virtual bool renew(const std::string& as_user, base::Clock::Steady signed_at);

  // After sign() or root() failed: nothing may be asked before that wait is over, and then it may
  // be tried again. Told once.
  virtual std::optional<TokenWait> take_wait();

  // The token or secret of the configuration has changed; what was got with the old one is
  // forgotten. Nothing where the scheme takes none from there.
  virtual void replace_secret(base::Secret secret);
};

// For the schemes that know only one identity.
store::Error cannot_impersonate(const std::string& as_user);

class BasicAuth final : public Auth {
 public:
  BasicAuth(std::string email, base::Secret token);
  base::Awaitable<store::Result<void>> sign(http::Request& request, std::string as_user) override;
  void replace_secret(base::Secret secret) override;

 private:
  std::string email_;
  base::Secret header_value_;
};

}  // namespace confluence
