#include "daemon/cli/single_look.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <utility>

#include "daemon/base/clock.h"
#include "daemon/confluence/clock_skew.h"
#include "daemon/confluence/side_request.h"
#include "daemon/http/client.h"

namespace cli {

namespace {

constexpr std::chrono::seconds kPatience{10};
constexpr std::size_t kMostBytes = 1u << 20;

http::Request request_for(std::string url) {
  auto request = confluence::side_request("GET", std::move(url), kPatience, kMostBytes);
  // The time there is asked for, not the one when some cache asked.
  request.headers.emplace_back("Cache-Control", "no-cache");
  return request;
}

base::Awaitable<void> look_into(http::Client& http, confluence::Auth* auth, std::string url,
                                std::optional<store::Result<http::Response>>& answer) {
  auto request = request_for(std::move(url));
  if (auth != nullptr) {
    auto signed_now = co_await auth->sign(request, std::string());
    if (!signed_now) {
      answer = store::fail(std::move(signed_now.error()));
      co_return;
    }
  }
  answer = co_await http.send(std::move(request));
}

}  // namespace

store::Result<Look> look_at(std::string url) { return look_at(std::move(url), {}); }

store::Result<Look> look_at(std::string url, const MakeAuth& make_auth) {
  const base::SystemClock clock;
  std::optional<store::Result<http::Response>> answer;
  std::exception_ptr failure;
  boost::asio::io_context io{1};
  http::Client http(io, {});
  const auto auth = make_auth ? make_auth({io, http, clock}) : nullptr;
  boost::asio::co_spawn(io, look_into(http, auth.get(), std::move(url), answer),
                        [&failure](std::exception_ptr e) { failure = std::move(e); });
  io.run();
  if (failure) std::rethrow_exception(failure);
  if (!*answer) return store::fail(std::move(answer->error()));
  Look look;
  look.ahead = confluence::clock_ahead(**answer, clock.now());
  look.response = std::move(**answer);
  return look;
}

std::optional<std::chrono::seconds> ahead_of_site(const std::string& site_url) {
  auto look = look_at(site_url + "/_edge/tenant_info");
  return look ? look->ahead : std::nullopt;
}

}  // namespace cli
