#pragma once

// What every kind of sync takes from the configuration and from the mirror's own notes. Any thread;
// a Reader is used by the caller's.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "config/config.h"
#include "daemon/mirror/context.h"
#include "store/reader.h"

namespace cli {

// `spaces`: the keys of those to look at; empty = all that the configuration admits.
mirror::CrawlOptions crawl_options(const config::Config& config,
                                   const std::vector<std::string>& spaces);

struct LastFullRun {
  bool whole = false;  // one of this scope came to its end: changes since then can be told
  // How long ago, by the wall clock; nullopt: a full run is due, because there was none, one was
  // interrupted, or its time lies in the future (a clock that was set back must not put the next
  // one off for ever).
  std::optional<std::chrono::milliseconds> age;
};
store::Result<LastFullRun> last_full_run(store::Reader& reader, const std::string& scope,
                                         store::Time now);

}  // namespace cli
