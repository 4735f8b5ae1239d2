// The service's settings while it runs: SIGHUP, and tokens that change.

#include <fmt/format.h>

#include "daemon/cli/service_run.h"

namespace cli {

namespace {

constexpr std::chrono::seconds kLookAtFile{2};
constexpr std::chrono::minutes kLookAtCommand{5};

// What a new configuration says that only a restart can bring about.
std::string needs_restart(const config::Config& from, const config::Config& to) {
  if (from.site.url != to.site.url) return "site.url";
  if (from.mirror.path != to.mirror.path) return "mirror.path";
  if (to.site.auth == "connect") {
    if (from.site.public_url != to.site.public_url) return "site.public_url";
    const auto& a = from.connect;
    const auto& b = to.connect;
    const bool same = a.app_key == b.app_key && a.name == b.name && a.listen == b.listen &&
                      a.key_host == b.key_host;
    if (!same) return "connect.app_key, name, listen or key_host";
  }
  return {};
}

}  // namespace

base::Awaitable<void> Service::reload() {
  reload_wanted_ = false;
  notify_.reloading();
  struct Read {
    store::Result<config::Config> config;
    std::optional<store::Error> token_error;
    base::Secret token;
  };
  auto work = [globals = globals_] {
    Read read{load_config(globals), {}, base::Secret()};
    if (!read.config) return read;
    auto token = read_site_secret(read.config->site);
    if (token) {
      read.token = std::move(*token);
    } else {
      read.token_error = token.error();
    }
    return read;
  };
  auto read = co_await base::run_on(errands_, std::move(work));
  std::optional<store::Error> wrong;
  if (!read.config) {
    wrong = read.config.error();
  } else if (read.token_error) {
    wrong = read.token_error;
  } else if (const auto key = needs_restart(config_, *read.config); !key.empty()) {
    wrong.emplace(store::ErrorKind::kUsage, "needs_restart",
                  fmt::format("cannot change {} while the daemon runs", key), "restart it");
  } else if (!writer_state_.empty()) {
    wrong.emplace(store::ErrorKind::kSystem, "disk_full", "writing waits for the disk",
                  "reload again once there is room");
  } else {
    auto taken = co_await take_over(std::move(*read.config), std::move(read.token));
    if (!taken) wrong = taken.error();
  }
  if (wrong) {
    base::daemon_log().error("the configuration was not taken over, the old one stays: {}",
                             wrong->message);
  } else {
    base::daemon_log().info("the configuration was read again");
  }
  notify_.ready();
}

base::Awaitable<store::Result<void>> Service::take_over(config::Config config, base::Secret token) {
  if (config.site.auth != config_.site.auth) {
    co_return store::fail(store::ErrorKind::kUsage, "needs_restart",
                          "cannot change site.auth while the daemon runs", "restart it");
  }
  stop_runs();
  co_await stopped_local();
  co_await stopped_runs();
  co_await stopped_jobs();
  if (stopping_) co_return store::Result<void>();
  const bool reopens = config.mirror.history != config_.mirror.history;
  config_ = std::move(config);
  const auto& level = globals_.log_level.empty() ? config_.log.level : globals_.log_level;
  auto logging = base::configure_logging(level, config_.log.format);
  if (!logging) co_return logging;
  store::Result<void> planned;
  if (reopens) {
    // The policy takes effect on the whole file.
    session_.persist_waits_in(nullptr);
    auto reopen = [this] {
      auto closed = close();
      if (!closed) base::daemon_log().warn("closing the mirror: {}", closed.error().message);
      return open();
    };
    planned = co_await base::run_on(errands_, std::move(reopen));
  }
  session_.replace_token(std::move(token));
  if (planned) planned = plan();
  if (planned) {
    start_jobs();
    start_local();
  } else {
    fatal_ = planned.error();
  }
  refused_.reset();
  co_return planned;
}

base::Awaitable<void> Service::refresh_token() {
  auto work = [site = config_.site] { return read_site_secret(site); };
  auto read = co_await base::run_on(errands_, std::move(work));
  if (!read) {
    // While it is being replaced there may be none; the one that we have still counts.
    if (repeats_.admit("token", session_.clock().steady())) {
      base::daemon_log().warn("{}: the token that was read before is used", read.error().message);
    }
    co_return;
  }
  const bool changed = session_.replace_token(std::move(*read));
  if (!changed) co_return;
  base::daemon_log().info("the token has changed");
  wake_jobs();
  if (!refused_) co_return;
  refused_.reset();
  schedule_->ask();
}

base::Awaitable<void> Service::look_at_token() {
  const auto now = session_.clock().steady();
  if (now >= refused_->again_at) {
    refused_.reset();
    schedule_->ask();
    co_return;
  }
  if (now < refused_->look_at) co_return;
  const bool command = !config_.site.token_command.empty();
  refused_->look_at = now + (command ? std::chrono::seconds(kLookAtCommand) : kLookAtFile);
  co_await refresh_token();
}

}  // namespace cli
