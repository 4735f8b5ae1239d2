#pragma once

// Where the API of a site answers at Atlassian's gateway: `<gateway>/ex/confluence/<cloudId>`. The
// cloud id is the configured one, or the one that SITE/_edge/tenant_info names, asked once and
// without credentials (section 5.2 of the API notes).
//
// Threads: the network thread. Errors: kUsage "cloud_id_not_found" where the site names none (404,
// a web page, something else), kRetryAfter for what may pass, as Client has it.

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <string>
#include <string_view>

#include "daemon/base/async.h"
#include "daemon/http/client.h"

namespace confluence {

// 8-4-4-4-12 hexadecimal digits. Nothing else goes into an address.
bool is_cloud_id(std::string_view text);

class Gateway {
 public:
  struct Options {
    std::string url;       // https://api.atlassian.com, without a slash at its end
    std::string cloud_id;  // "" = the site is asked
    std::chrono::milliseconds timeout{15'000};
  };
  Gateway(boost::asio::io_context& io, http::Client& http, Options options);

  base::Awaitable<store::Result<std::string>> root(std::string site_url);

 private:
  base::Awaitable<store::Result<std::string>> ask(std::string site_url);

  http::Client& http_;
  Options options_;
  bool asking_ = false;
  base::Signal asked_;
};

}  // namespace confluence
