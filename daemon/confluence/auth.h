#pragma once

// How a request proves who sends it, and where the API answers under that scheme. One class per
// scheme of the connector's contract. Threads: the network thread. An Auth never prints what it
// knows.

#include <memory>
#include <string>

#include "daemon/base/async.h"
#include "daemon/base/secret.h"
#include "daemon/http/message.h"
#include "store/error.h"

namespace confluence {

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

  // The site answered 401 to what was signed for that user: whether signing it once more may help,
  // because the token was one that is got anew. Forgets that token.
  virtual bool renew(const std::string& as_user);
};

// For the schemes that know only one identity.
store::Error cannot_impersonate(const std::string& as_user);

class BasicAuth final : public Auth {
 public:
  BasicAuth(std::string email, base::Secret token);
  base::Awaitable<store::Result<void>> sign(http::Request& request, std::string as_user) override;

 private:
  base::Secret header_value_;
};

}  // namespace confluence
