#include "config/file.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace config {

namespace {

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

Result<void> check(const std::filesystem::path& path, const std::string& what,
                   const FileRules& rules, const struct stat& status) {
  const auto refuse = [&](const std::string& why, const std::string& hint) {
    return tl::unexpected(
        Error{rules.unsafe, "cannot use " + what + " " + named(path) + ": " + why, hint});
  };
  if (!S_ISREG(status.st_mode)) return refuse("it is not a regular file", "");
  if (!rules.any_owner && status.st_uid != 0 && status.st_uid != ::geteuid()) {
    return refuse("it belongs to another user",
                  "make it belong to the user who runs confmirror, or to root");
  }
  const mode_t excess = status.st_mode & rules.forbidden;
  if ((excess & (S_IRGRP | S_IROTH)) != 0)
    return refuse("others can read it", "chmod 600 " + named(path));
  if ((excess & (S_IWGRP | S_IWOTH)) != 0)
    return refuse("others can write it", "chmod go-w " + named(path));
  if (static_cast<std::size_t>(status.st_size) > rules.most_bytes) {
    return refuse("it is larger than " + std::to_string(rules.most_bytes) + " bytes", "");
  }
  return {};
}

}  // namespace

std::string named(const std::filesystem::path& path) {
  std::string text = "'";
  for (const char c : path.string())
    text += static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? '?' : c;
  return text + "'";
}

Result<std::string> read_checked(const std::filesystem::path& path, const std::string& what,
                                 const FileRules& rules) {
  const auto fail = [&](const char* name, int error) {
    return tl::unexpected(
        Error{name, "cannot read " + what + " " + named(path) + ": " + cause(error), ""});
  };
  // Not blocking: opening a pipe that nobody writes to would wait for ever.
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  if (file.get() < 0) {
    return fail(errno == ENOENT || errno == ENOTDIR ? rules.missing : rules.unreadable, errno);
  }
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) return fail(rules.unreadable, errno);
  if (auto checked = check(path, what, rules, status); !checked)
    return tl::unexpected(checked.error());

  // One buffer from the start: a string that grows leaves copies of a secret behind.
  std::string content(rules.most_bytes + 1, '\0');
  std::size_t size = 0;
  while (size < content.size()) {
    const auto got = ::read(file.get(), content.data() + size, content.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail(rules.unreadable, errno);
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  if (size > rules.most_bytes) {
    ::explicit_bzero(content.data(), content.size());
    return tl::unexpected(
        Error{rules.unsafe, "cannot use " + what + " " + named(path) + ": it grows", ""});
  }
  content.resize(size);
  return content;
}

}  // namespace config
