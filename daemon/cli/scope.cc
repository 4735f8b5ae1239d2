#include "daemon/cli/scope.h"

#include <fmt/format.h>

#include <algorithm>

namespace cli {

std::function<bool(const store::Space&)> admits_of(const config::MirrorConfig& mirror,
                                                   const std::vector<std::string>& keys) {
  return [mirror, keys](const store::Space& space) {
    const auto alias = space.current_alias.value_or("");
    if (!keys.empty() && std::none_of(keys.begin(), keys.end(), [&](const std::string& key) {
          return config::matches(key, space.key) || (!alias.empty() && config::matches(key, alias));
        })) {
      return false;
    }
    return config::admits(mirror, space.key, space.type);
  };
}

store::Result<void> expect_same_site(std::string_view verb, store::Reader& reader,
                                     const config::Config& config,
                                     const std::filesystem::path& path) {
  auto site = reader.meta("site_url");
  if (!site) return store::fail(site.error());
  if (!*site || **site == config.site.url) return {};
  return store::fail(store::ErrorKind::kUsage, "another_site",
                     fmt::format("cannot {} '{}': it is a mirror of {}, the configuration names {}",
                                 verb, path.string(), **site, config.site.url),
                     "give each site its own mirror.path");
}

}  // namespace cli
