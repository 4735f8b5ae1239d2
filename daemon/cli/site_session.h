#pragma once

// The parts that a command needs to talk to the site, wired in the order in which they may go away
// again.
//
// Threads: the network thread is the one that calls run(). Ownership: everything a coroutine of
// run() refers to must outlive run(), which returns when that coroutine has ended. A first SIGINT
// or SIGTERM calls `on_stop` (or cancels the coroutine, while that is empty); a second ends the
// process at once with exit code 130, which the mirror survives like any crash.

#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "config/config.h"
#include "daemon/base/clock.h"
#include "daemon/base/secret.h"
#include "daemon/base/task_group.h"
#include "daemon/cli/site_auth.h"
#include "daemon/confluence/client.h"
#include "daemon/confluence/installation.h"
#include "store/reader.h"
#include "store/writer.h"

namespace cli {

class SiteSession {
 public:
  // kUsage for what is wrong with the token.
  static store::Result<std::unique_ptr<SiteSession>> make(const config::Config& config,
                                                          store::Observation last_observation);
  // With this token, wherever the configuration says that it is.
  static store::Result<std::unique_ptr<SiteSession>> make_with(const config::Config& config,
                                                               base::Secret token,
                                                               store::Observation last_observation);
  ~SiteSession();
  SiteSession(const SiteSession&) = delete;
  SiteSession& operator=(const SiteSession&) = delete;

  // Requests are made anew from this configuration. Nothing may be under way.
  store::Result<void> rewire(const config::Config& config, base::Secret token,
                             store::Observation last_observation);
  // Whether this is another token than the one in use; the next request carries it.
  bool replace_token(base::Secret token);
  // The Connect app was installed, or uninstalled; nothing under other schemes.
  void install(std::optional<confluence::Installation> installation);
  base::Secret token() const { return token_.copy(); }
  // When the token in use ends, where that is known.
  std::optional<store::Time> token_expires_at() const { return token_expiry(site_, token_); }

  // Waits that the site named are kept in this mirror from now on, and when the token ends.
  void persist_waits_in(store::Writer* writer);
  void restore_wait(store::Reader& reader);

  // Runs the coroutine to its end. kCanceled if a signal ended it.
  store::Result<void> run(base::Awaitable<store::Result<void>> work);
  std::function<void()> on_stop;

  boost::asio::io_context& io() { return io_; }
  confluence::Client& client() { return *client_; }
  confluence::Governor& governor() { return *governor_; }
  boost::asio::thread_pool& parse_pool() { return parse_pool_; }
  boost::asio::thread_pool& reader_thread() { return reader_thread_; }
  const base::Clock& clock() const { return clock_; }
  // For work that ends with the session, a progress line for example; canceled when run()'s
  // coroutine ends.
  base::TaskGroup& background() { return background_; }

 private:
  SiteSession() = default;
  void persist_expiry();
  void persist_wait(std::optional<store::Time> until, const std::string& reason);

  base::SystemClock clock_;
  boost::asio::thread_pool parse_pool_{1};
  boost::asio::thread_pool reader_thread_{1};
  boost::asio::io_context io_{1};
  config::SiteConfig site_;
  base::Secret token_;
  std::unique_ptr<http::Client> http_;
  std::unique_ptr<confluence::Auth> auth_;  // the client refers to it
  std::unique_ptr<confluence::Governor> governor_;
  std::unique_ptr<confluence::Client> client_;
  base::TaskGroup main_{io_};
  base::TaskGroup background_{io_};
  store::Writer* writer_ = nullptr;
  std::optional<store::Time> wait_until_;
  std::string wait_reason_;
};

}  // namespace cli
