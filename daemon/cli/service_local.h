#pragma once

// The local service (serve/local_service.h) as the configuration wants it. Blocks for the token
// file alone. What stands in the way of one listener is noted and leaves the others as they are.

#include <filesystem>
#include <functional>
#include <vector>

#include "config/config.h"
#include "daemon/serve/local_service.h"

namespace cli {

struct LocalServiceSetup {
  LocalServiceSetup() = default;
  serve::LocalServiceOptions options;
  std::vector<store::Error> problems;  // e.g. of the token file, without which there is no TCP
};

// `passed`: sockets that systemd handed over; they are dup'ed, so that they can be taken again.
// `on_change`: any thread; the queue was changed.
LocalServiceSetup local_service_setup(const config::Config& config,
                                      const std::filesystem::path& mirror,
                                      const std::vector<int>& passed,
                                      std::function<void()> on_change);

}  // namespace cli
