#include "config/token.h"

#include <string.h>

#include <algorithm>
#include <cstdlib>

#include "config/command.h"
#include "config/file.h"
#include "config/text.h"

namespace config {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kLongestToken = 16u << 10;
constexpr std::size_t kLongestName = 64;
constexpr const char* kCredential = "confmirror.token";

tl::unexpected<Error> failed(std::string name, std::string message, std::string hint = {}) {
  return tl::unexpected(Error{std::move(name), std::move(message), std::move(hint)});
}

// Takes the text over: whatever becomes of it, no copy stays behind.
class Wiped {
 public:
  explicit Wiped(std::string text) : text_(std::move(text)) {}
  ~Wiped() { ::explicit_bzero(text_.data(), text_.size()); }
  Wiped(const Wiped&) = delete;
  Wiped& operator=(const Wiped&) = delete;
  std::string_view view() const { return text_; }

 private:
  std::string text_;
};

fs::path credentials_folder() {
  const char* folder = std::getenv("CREDENTIALS_DIRECTORY");
  return folder ? fs::path(folder).lexically_normal() : fs::path();
}

bool is_below(const fs::path& path, const fs::path& folder) {
  if (!folder.is_absolute()) return false;
  const auto relative = path.lexically_normal().lexically_relative(folder);
  return !relative.empty() && *relative.begin() != "..";
}

Result<std::string> from_file(const fs::path& path) {
  // systemd guards its credentials by the folder; their own mode and owner say nothing (ACLs,
  // DynamicUser=).
  const bool credential = is_below(path, credentials_folder());
  const FileRules rules{.forbidden = credential ? mode_t{0} : mode_t{077},
                        .any_owner = credential,
                        .most_bytes = kLongestToken + 2,  // and the end of the line
                        .missing = "token_missing",
                        .unreadable = "token_unreadable",
                        .unsafe = "token_unsafe"};
  auto content = read_checked(path, "the token file", rules);
  if (!content) {
    auto error = std::move(content.error());
    if (error.name == "token_missing") error.hint = "put the API token into it, with mode 0600";
    return tl::unexpected(std::move(error));
  }
  const Wiped text(std::move(*content));
  return check_token(text.view(), "the file " + named(path));
}

Result<std::string> from_environment(const std::string& name) {
  // A name this long may be a token that was put in the wrong place.
  const std::string shown = name.size() > kLongestName ? "that site.token_env names" : named(name);
  const char* value = std::getenv(name.c_str());
  if (!value) {
    return failed("token_missing", "cannot read the token from the environment: the variable " +
                                       shown + " is not set");
  }
  return check_token(value, "the environment variable " + shown);
}

Result<std::string> from_command(const std::string& command) {
  auto output = output_of(command);
  if (!output) return tl::unexpected(std::move(output.error()));
  const Wiped text(std::move(*output));
  return check_token(text.view().substr(0, text.view().find('\n')), "site.token_command");
}

}  // namespace

Result<std::string> check_token(std::string_view text, const std::string& source) {
  const auto token = trimmed(text);
  if (token.empty())
    return failed("token_empty", "cannot use the token of " + source + ": it is empty");
  if (token.size() > kLongestToken) {
    return failed("token_invalid",
                  "cannot use the token of " + source + ": it has more than 16 KiB");
  }
  if (token.find('\n') != token.npos) {
    return failed("token_invalid",
                  "cannot use the token of " + source + ": it has more than one line");
  }
  const bool odd = std::any_of(token.begin(), token.end(), [](char c) {
    return static_cast<unsigned char>(c) <= 0x20 || c == 0x7F;
  });
  if (odd) {
    return failed("token_invalid",
                  "cannot use the token of " + source + ": it has spaces or control characters");
  }
  return std::string(token);
}

Result<std::string> read_token(const SiteConfig& site) {
  if (!site.token_file.empty()) return from_file(site.token_file);
  if (!site.token_env.empty()) return from_environment(site.token_env);
  if (!site.token_command.empty()) return from_command(site.token_command);
  if (const auto folder = credentials_folder(); !folder.empty())
    return from_file(folder / kCredential);
  return failed("token_missing",
                "cannot find the API token: the configuration names no place for it",
                "set site.token_file, site.token_env or site.token_command");
}

}  // namespace config
