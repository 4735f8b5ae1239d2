#pragma once

// One request beside the client, for `check`: no retry, ten seconds (twenty in all), and the answer
// as it is. Blocks; the calling thread is the network thread meanwhile. Errors: those of
// http::Client and of the signature.

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "daemon/confluence/schemes.h"
#include "daemon/http/message.h"
#include "store/error.h"

namespace cli {

struct Look {
  http::Response response;
  std::optional<std::chrono::seconds> ahead;  // this machine's clock against the answer's Date
};

// GET without credentials.
store::Result<Look> look_at(std::string url);
// GET, signed.
using MakeAuth = std::function<std::unique_ptr<confluence::Auth>(confluence::AuthDeps deps)>;
store::Result<Look> look_at(std::string url, const MakeAuth& make_auth);

// How far this machine's clock is ahead of the site's, by a path that every site answers without
// credentials (section 5.2 of the API notes). nullopt: it does not answer, or says no time.
std::optional<std::chrono::seconds> ahead_of_site(const std::string& site_url);

}  // namespace cli
