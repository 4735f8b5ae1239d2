#include "daemon/cli/sync_setup.h"

#include <fmt/format.h>

#include "daemon/cli/scope.h"
#include "daemon/mirror/crawl.h"

namespace cli {

namespace {

mirror::History history_of(const std::string& policy) {
  if (policy == "none") return mirror::History::kNone;
  return policy == "metadata" ? mirror::History::kMetadata : mirror::History::kBodies;
}

}  // namespace

mirror::CrawlOptions crawl_options(const config::Config& config,
                                   const std::vector<std::string>& spaces) {
  mirror::CrawlOptions options;
  const auto& mirror_config = config.mirror;
  options.admits = admits_of(mirror_config, spaces);
  options.page_statuses = mirror_config.page_statuses;
  options.history = history_of(mirror_config.history);
  options.history_depth = static_cast<int>(mirror_config.history_depth);
  options.max_concurrency = static_cast<int>(config.http.max_concurrency);
  options.overlap = std::chrono::duration_cast<std::chrono::seconds>(config.sync.overlap);
  options.whole_site = spaces.empty();
  options.max_vanished_percent = config.sync.max_vanished_percent;
  options.max_vanished_pages = config.sync.max_vanished_pages;
  options.requests_per_hour = config.sync.reconcile_requests_per_hour;
  options.scope = fmt::format(
      "spaces={} include={} exclude={} types={} statuses={}", fmt::join(spaces, ","),
      fmt::join(mirror_config.include_spaces, ","), fmt::join(mirror_config.exclude_spaces, ","),
      fmt::join(mirror_config.space_types, ","), fmt::join(options.page_statuses, ","));
  return options;
}

store::Result<LastFullRun> last_full_run(store::Reader& reader, const std::string& scope,
                                         store::Time now) {
  auto full_scope = reader.meta("full_scope");
  if (!full_scope) return store::fail(full_scope.error());
  auto text = reader.meta("last_full_sync_at");
  if (!text) return store::fail(text.error());
  auto unfinished = mirror::has_unfinished(reader, scope);
  if (!unfinished) return store::fail(unfinished.error());
  LastFullRun last;
  const auto ended_at = store::parse_iso8601(text->value_or(""));
  last.whole = ended_at && *full_scope == scope;
  if (last.whole && !*unfinished && *ended_at <= now) last.age = now - *ended_at;
  return last;
}

}  // namespace cli
