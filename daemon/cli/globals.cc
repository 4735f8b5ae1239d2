#include "daemon/cli/globals.h"

#include "config/load.h"

namespace cli {

store::Error usage_error(const config::Error& error) {
  return store::Error(store::ErrorKind::kUsage, error.name, error.message, error.hint);
}

store::Result<config::Config> load_config(const GlobalOptions& globals) {
  std::filesystem::path file = globals.config;
  if (file.empty()) {
    auto found = config::find();
    if (!found) return store::fail(usage_error(found.error()));
    file = std::move(*found);
  }
  auto loaded = config::load(file);
  if (!loaded) return store::fail(usage_error(loaded.error()));
  return std::move(*loaded);
}

std::filesystem::path mirror_path(const GlobalOptions& globals, const config::Config& config) {
  return globals.db.empty() ? config.mirror.path : std::filesystem::path(globals.db);
}

store::Result<std::filesystem::path> resolve_mirror_path(const GlobalOptions& globals) {
  if (!globals.db.empty()) return std::filesystem::path(globals.db);
  auto config = load_config(globals);
  if (config) return mirror_path(globals, *config);
  auto error = std::move(config.error());
  // Only the path is wanted here, and that can be said without any configuration.
  if (error.name == "config_missing") error.hint = "--db FILE names a mirror; " + error.hint;
  return store::fail(std::move(error));
}

}  // namespace cli
