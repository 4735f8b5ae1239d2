#pragma once

// Where a Confluence site reaches a Connect app: its descriptor, and the calls that say that it was
// installed or uninstalled. Nothing else is served here: 404.
//
// 1. A call is believed when its token is signed (RS256, pinned) by a key of the key host, is for
//    this app (aud), from the site that the body names (iss), for this very request (qsh), timely,
//    and new: a token that was used is refused until it has ended.
// 2. An installation on another site than Options::site_url is refused. A second one is taken over:
//    the site sends it again after an upgrade, with a new secret, and with another client key after
//    an import.
// 3. The key id is checked before it goes into a URL. One key is fetched at a time, few a minute,
//    and kept; where keys cannot be had the answer is 503, and nothing changes.
// 4. on_change is called after the file is written.
//
// Threads: the network thread; files are written on a thread of its own. Ownership: Deps outlive
// it; destroy it after stopped(). Errors: those of HttpServer::listen_tcp.
// Sources: section 5.5 of the API notes.

#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "daemon/base/clock.h"
#include "daemon/base/log.h"
#include "daemon/confluence/installation.h"
#include "daemon/confluence/jwt.h"
#include "daemon/http/client.h"
#include "daemon/serve/http_server.h"

namespace serve {

struct ConnectListenerOptions {
  ConnectListenerOptions() = default;
  std::string app_key;
  std::string name;
  std::string public_url;  // the descriptor's baseUrl
  std::string site_url;
  std::string key_host;
  std::filesystem::path file;  // of the installation
  std::chrono::milliseconds timeout{10'000};
};

class ConnectListener {
 public:
  struct Deps {
    boost::asio::io_context& io;
    const base::Clock& clock;
  };
  using OnChange = std::function<void(std::optional<confluence::Installation>)>;

  ConnectListener(Deps deps, ConnectListenerOptions options,
                  std::optional<confluence::Installation> installation, OnChange on_change);
  ~ConnectListener();
  ConnectListener(const ConnectListener&) = delete;
  ConnectListener& operator=(const ConnectListener&) = delete;

  // Gives the port.
  store::Result<std::uint16_t> listen(const std::string& host, std::uint16_t port);
  void stop();
  base::Awaitable<void> stopped();

 private:
  struct Call;
  struct Key {
    Key() = default;
    std::string pem;  // "" = the key host has none
    base::Clock::Steady until{};
  };

  base::Awaitable<Response> handle(Request request);
  base::Awaitable<store::Result<void>> take(Request request, bool install);
  // What was called, where it is to be believed.
  base::Awaitable<store::Result<Call>> verify(const Request& request, bool install);
  store::Result<void> check_claims(const confluence::JwtClaims& claims, const Request& request,
                                   const Call& call) const;
  base::Awaitable<store::Result<std::string>> key_of(std::string kid);
  base::Awaitable<store::Result<std::string>> fetch_key(std::string kid);
  bool may_fetch();
  store::Result<void> expect_new(const std::string& mark, std::int64_t exp);
  base::Awaitable<store::Result<void>> installed(Call call);
  base::Awaitable<store::Result<void>> uninstalled(Call call);
  std::string path_of(const Request& request) const;

  Deps deps_;
  ConnectListenerOptions options_;
  std::string base_path_;  // of public_url, "" or "/somewhere"
  std::optional<confluence::Installation> installation_;
  OnChange on_change_;
  boost::asio::thread_pool disk_{1};
  http::Client http_;
  std::map<std::string, Key> keys_;
  bool fetching_ = false;
  base::Signal fetched_;
  base::Clock::Steady minute_{};
  int fetches_ = 0;
  std::map<std::string, std::int64_t> used_;  // what a token is known by, until when
  base::RepeatLimiter repeats_;
  std::unique_ptr<HttpServer> server_;
};

}  // namespace serve
