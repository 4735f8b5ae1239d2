#include "daemon/cli/sync_setup.h"

#include <fmt/format.h>

#include <algorithm>

#include "daemon/mirror/crawl.h"

namespace cli {

namespace {

bool equal_keys(const std::string& a, const std::string& b) { return config::matches(a, b); }

mirror::History history_of(const std::string& policy) {
  if (policy == "none") return mirror::History::kNone;
  return policy == "metadata" ? mirror::History::kMetadata : mirror::History::kBodies;
}

}  // namespace

mirror::CrawlOptions crawl_options(const config::Config& config,
                                   const std::vector<std::string>& spaces) {
  mirror::CrawlOptions options;
  const auto& mirror_config = config.mirror;
  options.admits = [mirror_config, keys = spaces](const store::Space& space) {
    const auto alias = space.current_alias.value_or("");
    if (!keys.empty() && std::none_of(keys.begin(), keys.end(), [&](const std::string& key) {
          return equal_keys(key, space.key) || (!alias.empty() && equal_keys(key, alias));
        })) {
      return false;
    }
    return config::admits(mirror_config, space.key, space.type);
  };
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

store::Result<void> expect_same_site(store::Reader& reader, const config::Config& config,
                                     const std::filesystem::path& path) {
  auto site = reader.meta("site_url");
  if (!site) return store::fail(site.error());
  if (!*site || **site == config.site.url) return {};
  return store::fail(
      store::ErrorKind::kUsage, "another_site",
      fmt::format("cannot sync '{}': it is a mirror of {}, the configuration names {}",
                  path.string(), **site, config.site.url),
      "give each site its own mirror.path");
}

store::Result<std::optional<std::chrono::milliseconds>> since_full_run(store::Reader& reader,
                                                                       const std::string& scope,
                                                                       store::Time now) {
  using Age = std::optional<std::chrono::milliseconds>;
  auto full_scope = reader.meta("full_scope");
  if (!full_scope) return store::fail(full_scope.error());
  auto text = reader.meta("last_full_sync_at");
  if (!text) return store::fail(text.error());
  auto unfinished = mirror::has_unfinished(reader, scope);
  if (!unfinished) return store::fail(unfinished.error());
  const auto last = store::parse_iso8601(text->value_or(""));
  if (!last || *unfinished || *full_scope != scope || *last > now) return Age();
  return Age(now - *last);
}

}  // namespace cli
