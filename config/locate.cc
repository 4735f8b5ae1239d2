#include <unistd.h>

#include <cstdlib>
#include <system_error>

#include "config/file.h"
#include "config/load.h"

namespace config {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kLargestFile = 1u << 20;
constexpr const char* kSystemPlace = "/etc/confmirror/confmirror.toml";

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

// Relative values of XDG_CONFIG_HOME are to be ignored, says its specification.
std::optional<fs::path> user_place() {
  fs::path folder = environment("XDG_CONFIG_HOME");
  if (!folder.is_absolute()) {
    const fs::path home = environment("HOME");
    if (!home.is_absolute()) return std::nullopt;
    folder = home / ".config";
  }
  return folder / "confmirror" / "confmirror.toml";
}

}  // namespace

Result<Config> load(const fs::path& file) {
  const FileRules rules{.forbidden = 022,
                        .most_bytes = kLargestFile,
                        .missing = "config_missing",
                        .unreadable = "config_unreadable",
                        .unsafe = "config_unsafe"};
  auto text = read_checked(file, "the configuration", rules);
  if (!text) {
    auto error = std::move(text.error());
    if (error.name == "config_missing") error.hint = "'confmirror init' writes one";
    return tl::unexpected(std::move(error));
  }
  Config config;
  const auto problems = parse(*text, file, config);
  if (problems.empty()) return config;
  std::string message = "cannot use the configuration " + named(file) + ":";
  for (const auto& problem : problems) message += "\n" + to_string(problem);
  return tl::unexpected(Error{"config_invalid", std::move(message), ""});
}

Result<fs::path> find() {
  // A file that was named must be there: going on to another one would be a surprise.
  if (const auto named_file = environment("CONFMIRROR_CONFIG"); !named_file.empty())
    return fs::path(named_file);
  std::string places;
  for (const auto& place : {user_place(), std::optional<fs::path>(kSystemPlace)}) {
    if (!place) continue;
    std::error_code error;
    // What cannot be looked at may be there: reading it says why it cannot be read.
    if (fs::exists(*place, error) || error) return *place;
    places += (places.empty() ? "" : " nor ") + named(*place);
  }
  return tl::unexpected(Error{
      "config_missing",
      "cannot find the configuration: neither $CONFMIRROR_CONFIG is set nor is there " + places,
      "'confmirror init' writes one; --config FILE names another"});
}

fs::path default_path() {
  if (const auto named_file = environment("CONFMIRROR_CONFIG"); !named_file.empty())
    return named_file;
  const auto user = user_place();
  return ::geteuid() == 0 || !user ? fs::path(kSystemPlace) : *user;
}

}  // namespace config
