#pragma once

// The local service (serve/local_service.h) as the configuration wants it. Blocks for the token
// file alone. Errors: kUsage for the token file, those of LocalService::start.

#include <filesystem>
#include <functional>
#include <vector>

#include "config/config.h"
#include "daemon/serve/local_service.h"

namespace cli {

// `passed`: sockets that systemd handed over; they are dup'ed, so that they can be taken again.
// `on_change`: any thread; the queue was changed.
store::Result<serve::LocalServiceOptions> local_service_options(const config::Config& config,
                                                                const std::filesystem::path& mirror,
                                                                const std::vector<int>& passed,
                                                                std::function<void()> on_change);

}  // namespace cli
