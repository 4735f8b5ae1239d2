#include "daemon/cli/site_session.h"

#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "daemon/base/log.h"
#include "daemon/base/shutdown.h"
#include "daemon/confluence/connect_auth.h"

namespace cli {

namespace {
constexpr const char* kWaitUntil = "rate_wait_until";
constexpr const char* kTokenExpires = "token_expires_at";
constexpr const char* kWaitReason = "rate_wait_reason";
constexpr int kInterrupted = 130;
constexpr int kBesidePermits = 2;
}  // namespace

store::Result<std::unique_ptr<SiteSession>> SiteSession::make(const config::Config& config,
                                                              store::Observation last_observation) {
  auto token = read_site_secret(config.site);
  if (!token) return store::fail(token.error());
  return make_with(config, std::move(*token), last_observation);
}

store::Result<std::unique_ptr<SiteSession>> SiteSession::make_with(
    const config::Config& config, base::Secret token, store::Observation last_observation) {
  std::unique_ptr<SiteSession> session(new SiteSession());
  auto wired = session->rewire(config, std::move(token), last_observation);
  if (!wired) return store::fail(wired.error());
  return session;
}

store::Result<void> SiteSession::rewire(const config::Config& config, base::Secret token,
                                        store::Observation last_observation) {
  client_.reset();
  governor_.reset();
  auth_.reset();
  http_.reset();

  http::ClientOptions http_options;
  // Every permit of the governor has one of them at a time, for the token of its request first;
  // the question for the cloud id comes beside them.
  http_options.connections = static_cast<int>(config.http.max_concurrency) + kBesidePermits;
  http_ = std::make_unique<http::Client>(io_, http_options);
  auto auth = make_site_auth(config, token.copy(), {io_, *http_, clock_});
  if (!auth) return store::fail(auth.error());
  auth_ = std::move(*auth);
  site_ = config.site;
  token_ = std::move(token);

  confluence::GovernorOptions governor_options;
  governor_options.max_concurrency = static_cast<int>(config.http.max_concurrency);
  governor_options.max_requests_per_second = config.http.max_requests_per_second;
  auto persist = [this](std::optional<store::Time> until, const std::string& reason) {
    persist_wait(until, reason);
  };
  governor_ =
      std::make_unique<confluence::Governor>(io_, clock_, governor_options, std::move(persist));
  const confluence::Client::Deps deps{*http_, *governor_, *auth_, clock_, parse_pool_};
  client_ = std::make_unique<confluence::Client>(deps, config.site.url, last_observation,
                                                 config.http.timeout);
  return {};
}

bool SiteSession::replace_token(base::Secret token) {
  if (token.expose() == token_.expose()) return false;
  auth_->replace_secret(token.copy());
  token_ = std::move(token);
  persist_expiry();
  return true;
}

void SiteSession::install(std::optional<confluence::Installation> installation) {
  if (auto* connect = dynamic_cast<confluence::ConnectAuth*>(auth_.get())) {
    connect->install(std::move(installation));
  }
}

SiteSession::~SiteSession() {
  parse_pool_.join();
  reader_thread_.join();
}

void SiteSession::persist_waits_in(store::Writer* writer) {
  writer_ = writer;
  persist_expiry();
  if (writer_ && wait_until_) persist_wait(wait_until_, wait_reason_);
}

void SiteSession::persist_expiry() {
  if (!writer_) return;
  const auto expires_at = token_expires_at();
  store::Batch batch(0, clock_.now());
  batch.meta[kTokenExpires] = expires_at ? store::to_iso8601(*expires_at) : "";
  writer_->submit(std::move(batch), [](const store::Result<store::CommitInfo>& committed) {
    if (!committed)
      base::cli_log().warn("the end of the token was not saved: {}", committed.error().message);
  });
}

void SiteSession::persist_wait(std::optional<store::Time> until, const std::string& reason) {
  wait_until_ = until;
  wait_reason_ = reason;
  if (!writer_) return;
  store::Batch batch(0, clock_.now());
  batch.meta[kWaitUntil] = until ? store::to_iso8601(*until) : "";
  batch.meta[kWaitReason] = until ? reason : "";
  writer_->submit(std::move(batch), [](const store::Result<store::CommitInfo>& committed) {
    if (!committed)
      base::cli_log().warn("the site's wait was not saved: {}", committed.error().message);
  });
}

void SiteSession::restore_wait(store::Reader& reader) {
  const auto until = reader.meta(kWaitUntil);
  if (!until || !*until) return;
  const auto time = store::parse_iso8601(**until);
  if (!time || *time <= clock_.now()) return;
  const auto reason = reader.meta(kWaitReason);
  governor_->restore(*time, reason && *reason ? **reason : "");
}

store::Result<void> SiteSession::run(base::Awaitable<store::Result<void>> work) {
  std::optional<store::Result<void>> outcome;
  auto stop = [this] {
    if (on_stop) {
      on_stop();
    } else {
      main_.cancel();
    }
  };
  auto cut_short = [] { ::_exit(kInterrupted); };
  base::Shutdown shutdown(io_, std::move(stop), std::move(cut_short));

  auto body = [](base::Awaitable<store::Result<void>> inner,
                 std::optional<store::Result<void>>& result) -> base::Awaitable<void> {
    result = co_await std::move(inner);
  };
  auto whole = [](SiteSession& self, base::Shutdown& signals) -> base::Awaitable<void> {
    co_await self.main_.join();
    self.background_.cancel();
    co_await self.background_.join();
    signals.release();
  };
  main_.spawn(body(std::move(work), outcome));
  std::exception_ptr failure;
  auto on_end = [&failure](std::exception_ptr e) { failure = std::move(e); };
  boost::asio::co_spawn(io_, whole(*this, shutdown), std::move(on_end));
  io_.restart();
  io_.run();
  if (failure) std::rethrow_exception(failure);
  if (outcome) return std::move(*outcome);
  return store::fail(store::ErrorKind::kCanceled, "canceled", "interrupted");
}

}  // namespace cli
