#pragma once

// What a synchronisation did, as `sync --json` prints it, and in words. Pure; any thread.

#include <chrono>
#include <filesystem>
#include <ostream>

#include "daemon/cli/globals.h"
#include "daemon/confluence/client.h"
#include "daemon/mirror/progress.h"
#include "daemon/serve/reply.h"

namespace cli {

serve::Json sync_summary(const mirror::Progress& progress, const confluence::Usage& usage,
                         std::chrono::milliseconds elapsed, const std::filesystem::path& mirror);

// Failures on `err`, the rest on `out`; returns the exit code: 4 where something is left.
int print_sync(const serve::Json& summary, const GlobalOptions& globals, std::ostream& out,
               std::ostream& err);

}  // namespace cli
