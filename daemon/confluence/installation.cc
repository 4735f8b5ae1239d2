#include "daemon/confluence/installation.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <nlohmann/json.hpp>
#include <system_error>

#include "daemon/http/message.h"

namespace confluence {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kMostFileBytes = 64u << 10;

store::Failure file_failed(const char* verb, const fs::path& file, int error) {
  const bool full = error == ENOSPC || error == EDQUOT;
  return store::fail(store::ErrorKind::kSystem, full ? "disk_full" : "installation_io",
                     fmt::format("cannot {} '{}': {}", verb, file.string(),
                                 std::generic_category().message(error)));
}

store::Failure unsafe(const fs::path& file, std::string_view cause) {
  return store::fail(store::ErrorKind::kUsage, "installation_unsafe",
                     fmt::format("cannot use '{}': {}", file.string(), cause),
                     "it holds the secret of the Connect app: only its owner may read it (0600)");
}

class OpenFile {
 public:
  explicit OpenFile(int fd) : fd_(fd) {}
  ~OpenFile() {
    if (fd_ >= 0) ::close(fd_);
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

store::Result<std::string> read_file_of(const fs::path& path, int fd) {
  std::string text(kMostFileBytes + 1, '\0');
  std::size_t used = 0;
  while (used < text.size()) {
    const auto got = ::read(fd, text.data() + used, text.size() - used);
    if (got == 0) break;
    if (got < 0 && errno != EINTR) return file_failed("read", path, errno);
    if (got > 0) used += static_cast<std::size_t>(got);
  }
  text.resize(used);
  return text;
}

int write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const auto put = ::write(fd, text.data(), text.size());
    if (put < 0 && errno != EINTR) return errno;
    if (put > 0) text.remove_prefix(static_cast<std::size_t>(put));
  }
  return ::fsync(fd) == 0 ? 0 : errno;
}

store::Result<void> sync_folder(const fs::path& file) {
  const auto folder = fs::absolute(file).parent_path();
  const OpenFile opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (opened.get() < 0 || ::fsync(opened.get()) != 0) return file_failed("write", folder, errno);
  return {};
}

std::optional<Installation> parse_installation(std::string_view text) {
  const auto json = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return std::nullopt;
  const auto take = [&json](const char* name) -> std::string {
    const auto found = json.find(name);
    return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  Installation installation;
  installation.client_key = take("clientKey");
  installation.oauth_client_id = take("oauthClientId");
  installation.shared_secret = base::Secret(take("sharedSecret"));
  installation.base_url = take("baseUrl");
  const auto time = store::parse_iso8601(take("installedAt"));
  if (time) installation.installed_at = *time;
  const bool whole = time && !installation.client_key.empty() &&
                     !installation.shared_secret.empty() && !installation.base_url.empty();
  if (!whole) return std::nullopt;
  return installation;
}

}  // namespace

Installation Installation::copy() const {
  Installation other;
  other.client_key = client_key;
  other.oauth_client_id = oauth_client_id;
  other.shared_secret = shared_secret.copy();
  other.base_url = base_url;
  other.installed_at = installed_at;
  return other;
}

fs::path installation_path(const fs::path& mirror) { return mirror.string() + ".connect"; }

store::Result<std::optional<Installation>> load_installation(const fs::path& path) {
  const OpenFile file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (file.get() < 0 && errno == ENOENT) return std::optional<Installation>();
  if (file.get() < 0 && errno == ELOOP) return unsafe(path, "it is a link");
  if (file.get() < 0) return file_failed("read", path, errno);
  struct stat info {};
  if (::fstat(file.get(), &info) != 0) return file_failed("read", path, errno);
  if (!S_ISREG(info.st_mode)) return unsafe(path, "it is no plain file");
  if ((info.st_mode & 077) != 0) {
    return unsafe(path, fmt::format("others can read or change it (mode {:04o})",
                                    static_cast<unsigned>(info.st_mode & 07777)));
  }
  if (info.st_uid != ::geteuid() && info.st_uid != 0) {
    return unsafe(path, "it belongs to somebody else");
  }
  auto text = read_file_of(path, file.get());
  if (!text) return store::fail(text.error());
  auto installation = text->size() <= kMostFileBytes ? parse_installation(*text) : std::nullopt;
  ::explicit_bzero(text->data(), text->size());
  if (!installation) {
    return store::fail(
        store::ErrorKind::kUsage, "installation_bad",
        fmt::format("cannot read '{}': it is no installation of a Connect app", path.string()),
        "remove it, and install the app on the site once more");
  }
  return installation;
}

store::Result<void> save_installation(const fs::path& path, const Installation& installation) {
  nlohmann::json json;
  json["clientKey"] = installation.client_key;
  json["oauthClientId"] = installation.oauth_client_id;
  json["sharedSecret"] = installation.shared_secret.expose();
  json["baseUrl"] = installation.base_url;
  json["installedAt"] = store::to_iso8601(installation.installed_at);
  auto text = json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
  auto pattern = path.string() + ".XXXXXX";
  int error = 0;
  {
    const OpenFile file(::mkostemp(pattern.data(), O_CLOEXEC));  // 0600
    error = file.get() < 0 ? errno : write_all(file.get(), text);
    ::explicit_bzero(text.data(), text.size());
    if (file.get() < 0) return file_failed("write", path, error);
  }
  if (error == 0 && ::rename(pattern.c_str(), path.c_str()) != 0) error = errno;
  if (error != 0) {
    ::unlink(pattern.c_str());
    return file_failed("write", path, error);
  }
  return sync_folder(path);
}

store::Result<void> remove_installation(const fs::path& path) {
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return file_failed("remove", path, errno);
  return sync_folder(path);
}

bool is_base_of(std::string_view base_url, std::string_view site_url) {
  const auto base = http::parse_url(base_url);
  const auto site = http::parse_url(site_url);
  if (!base || !site) return false;
  std::string_view target = base->target;
  while (target.ends_with('/')) target.remove_suffix(1);
  if (target == "/wiki") target = {};
  return base->scheme == site->scheme && base->host == site->host && base->port == site->port &&
         target.empty() && (site->target.empty() || site->target == "/");
}

}  // namespace confluence
