// The local service beside the syncs.

#include "daemon/cli/service_local.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <utility>

#include "config/file.h"
#include "daemon/cli/audit_setup.h"
#include "daemon/cli/service.h"
#include "daemon/cli/service_run.h"
#include "daemon/serve/bearer.h"

namespace cli {

namespace {

constexpr std::size_t kMostTokenBytes = 4096;

store::Result<base::Secret> read_serve_token(const std::filesystem::path& file) {
  config::FileRules rules;
  rules.forbidden = 077;
  rules.most_bytes = kMostTokenBytes;
  rules.missing = "token_missing";
  rules.unreadable = "token_unreadable";
  rules.unsafe = "token_unsafe";
  auto text = config::read_checked(file, "the token file of the local service", rules);
  if (!text) return store::fail(usage_error(text.error()));
  while (!text->empty() && (text->back() == '\n' || text->back() == '\r')) text->pop_back();
  base::Secret token(std::move(*text));
  const auto shown = token.expose();
  const bool plain =
      std::all_of(shown.begin(), shown.end(), [](char c) { return c > 0x20 && c < 0x7F; });
  if (plain && shown.size() >= serve::BearerToken::kShortest) return token;
  return store::fail(store::ErrorKind::kUsage, "token_invalid",
                     fmt::format("cannot use the token in '{}': it must be one word of at least {} "
                                 "characters",
                                 file.string(), serve::BearerToken::kShortest),
                     "'openssl rand -hex 32' makes one");
}

// The configuration has checked its form.
std::pair<std::string, std::uint16_t> host_and_port(const std::string& listen) {
  const auto colon = listen.rfind(':');
  std::uint16_t port = 0;
  if (colon != listen.npos) {
    std::from_chars(listen.data() + colon + 1, listen.data() + listen.size(), port);
  }
  return {listen.substr(0, colon), port};
}

}  // namespace

store::Result<serve::LocalServiceOptions> local_service_options(const config::Config& config,
                                                                const std::filesystem::path& mirror,
                                                                const std::vector<int>& passed,
                                                                std::function<void()> on_change) {
  serve::LocalServiceOptions options;
  if (!config.serve.listen.empty()) {
    auto token = read_serve_token(config.serve.token_file);
    if (!token) return store::fail(token.error());
    options.token = std::move(*token);
    options.tcp = host_and_port(config.serve.listen);
  }
  options.backend.mirror = mirror;
  options.backend.site_url = config.site.url;
  options.backend.max_deletes = config.jobs.max_deletes;
  options.backend.on_conflict =
      store::parse_on_conflict(config.jobs.on_conflict).value_or(store::OnConflict::kFail);
  options.backend.can_impersonate = config.site.auth == "connect";
  options.backend.on_change = std::move(on_change);
  options.access = config.serve.access;
  options.socket = config.serve.socket;
  options.socket_group = config.serve.socket_group;
  const auto connections = static_cast<std::size_t>(config.serve.max_connections);
  options.limits.connections = connections;
  options.limits.connections_per_user = std::max<std::size_t>(connections / 2, 1);
  options.limits.grace = std::chrono::seconds(3);
  for (const int fd : passed) {
    const int copy = ::fcntl(fd, F_DUPFD_CLOEXEC, 3);
    if (copy < 0) {
      return store::fail(
          store::ErrorKind::kSystem, "cannot_take_over",
          fmt::format("cannot take over the socket {}: {}", fd, std::strerror(errno)));
    }
    options.passed.push_back(copy);
  }
  options.audit_options = [config](const serve::AuditQuery& asked, store::Reader& reader) {
    AuditArgs args;
    args.rules = asked.rules;
    args.spaces = asked.spaces;
    args.archived = asked.archived;
    args.now = asked.now;
    return audit_options(config, args, reader);
  };
  return options;
}

// A mirror that cannot be asked over a socket is one all the same: the daemon goes on without.
void Service::start_local() {
  auto wake = [this, alive = std::weak_ptr(alive_)] {
    auto tell_loop = [this, alive] {
      if (!alive.expired()) wake_jobs();
    };
    boost::asio::post(session_.io(), std::move(tell_loop));
  };
  auto options = local_service_options(config_, path_, passed_sockets, std::move(wake));
  if (!options) {
    base::daemon_log().error("the local service does not run: {}", options.error().message);
    return;
  }
  if (options->socket.empty() && options->passed.empty() && !options->tcp) return;
  options->read_site = site_reader();
  options->sync_now = sync_asker();
  auto started = serve::LocalService::start(std::move(*options), session_.clock());
  if (!started) {
    base::daemon_log().error("the local service does not run: {}", started.error().message);
    return;
  }
  live_reads_ = std::make_unique<base::TaskGroup>(session_.io());
  local_ = std::move(*started);
  base::daemon_log().info("serving socket='{}' listen='{}'",
                          passed_sockets.empty() ? config_.serve.socket.string() : "from systemd",
                          config_.serve.listen);
}

base::Awaitable<void> Service::stopped_local() {
  if (!local_) co_return;
  local_->stop();
  co_await stopped_live_reads();
  auto end = [local = std::shared_ptr(std::move(local_))]() mutable { local.reset(); };
  co_await base::run_on(errands_, std::move(end));
}

void Service::tell_local() {
  if (!local_) return;
  const auto& usage = session_.client().usage();
  const auto governor = session_.governor().status();
  serve::Live live;
  live.writer_waits = writer_state_;
  if (refused_) live.refused = "the site does not know us";
  live.full_sync_runs = full_ != nullptr;
  live.incremental_sync_runs = incremental_ != nullptr;
  live.site_requests = usage.requests;
  live.site_bytes = usage.wire_bytes;
  live.site_refused = usage.refused;
  live.site_retried = usage.retried;
  live.wait_until = governor.closed_until;
  live.token_expires_at = session_.token_expires_at();
  local_->live().set(std::move(live));
}

}  // namespace cli
