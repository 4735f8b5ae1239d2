#pragma once

// The schemes of the connector's contract, each as an Auth, and what makes them: section 5 of the
// API notes. "connect" is made elsewhere, for it takes more than these.
//
//   basic            e-mail and API token, at the site itself
//   scoped-token     e-mail and scoped API token, at the gateway
//   service-account  OAuth 2.0 client credentials; the access token is got anew before it ends and
//                    once after a 401; at the gateway
//   bearer           a token as it is, at the gateway
//
// Threads: the network thread. Ownership: an Auth refers to everything in AuthDeps, all of which
// outlive it.

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <memory>
#include <string>

#include "daemon/confluence/auth.h"
#include "daemon/http/client.h"

namespace confluence {

struct AuthOptions {
  std::string scheme;
  std::string email;
  std::string client_id;
  std::string cloud_id;  // "" = the site is asked
  std::string gateway_url;
  std::string token_url;
  std::chrono::milliseconds timeout{15'000};
};

struct AuthDeps {
  boost::asio::io_context& io;
  http::Client& http;
  const base::Clock& clock;
};

// `secret`: the token, or the client secret. kUsage "auth_unsupported" for a scheme that is not
// above.
store::Result<std::unique_ptr<Auth>> make_auth(const AuthOptions& options, base::Secret secret,
                                               AuthDeps deps);

}  // namespace confluence
