// The Connect listener beside the service's syncs: an app that is installed, or uninstalled, while
// it runs.

#include <fmt/format.h>

#include "daemon/cli/connect_setup.h"
#include "daemon/cli/service_run.h"
#include "daemon/serve/connect_listener.h"

namespace cli {

store::Result<void> Service::start_connect() {
  if (config_.site.auth != "connect" || connect_) return {};
  if (auto ready = expect_public_url(config_); !ready) return ready;
  const auto where = listen_address(config_.connect.listen);
  if (!where) return store::fail(where.error());
  const auto file = confluence::installation_path(config_.mirror.path);
  auto installation = confluence::load_installation(file);
  if (!installation) return store::fail(installation.error());
  if (!*installation) {
    base::daemon_log().warn("the Connect app is not installed on {}: {}", config_.site.url,
                            install_hint(config_));
  }
  serve::ConnectListenerOptions options;
  options.app_key = config_.connect.app_key;
  options.name = config_.connect.name;
  options.public_url = config_.site.public_url;
  options.site_url = config_.site.url;
  options.key_host = config_.connect.key_host;
  options.file = file;
  auto changed = [this](std::optional<confluence::Installation> now) {
    installed_at_ = session_.clock().steady();
    session_.install(std::move(now));
    refused_.reset();
    schedule_->ask();
    wake_jobs();
    attention();
  };
  const serve::ConnectListener::Deps deps{session_.io(), session_.clock()};
  connect_ = std::make_unique<serve::ConnectListener>(deps, std::move(options),
                                                      std::move(*installation), std::move(changed));
  const auto port = connect_->listen(where->first, where->second);
  if (!port) return store::fail(port.error());
  base::daemon_log().info("listening for the site's calls connect.listen={}:{} public_url={}",
                          where->first, *port, config_.site.public_url);
  return {};
}

base::Awaitable<void> Service::stopped_connect() {
  if (!connect_) co_return;
  connect_->stop();
  co_await connect_->stopped();
  connect_.reset();
}

}  // namespace cli
