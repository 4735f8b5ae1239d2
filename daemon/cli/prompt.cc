#include "daemon/cli/prompt.h"

#include <poll.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "daemon/cli/interrupt.h"

namespace cli {

namespace {

constexpr std::size_t kLongestLine = 64u << 10;

// No echo as long as it lives; what was typed before is thrown away, for it was shown.
class NoEcho {
 public:
  explicit NoEcho(int fd) : fd_(fd), changed_(::tcgetattr(fd, &before_) == 0) {
    if (!changed_) return;
    termios quiet = before_;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO | ECHOE | ECHOK);
    quiet.c_lflag |= ECHONL;
    changed_ = ::tcsetattr(fd, TCSAFLUSH, &quiet) == 0;
  }
  ~NoEcho() {
    if (changed_) ::tcsetattr(fd_, TCSAFLUSH, &before_);
  }
  NoEcho(const NoEcho&) = delete;
  NoEcho& operator=(const NoEcho&) = delete;
  bool holds() const { return changed_; }

 private:
  int fd_;
  termios before_{};
  bool changed_;
};

std::string trimmed(const std::string& text) {
  constexpr const char* kBlank = " \t\r\n";
  const auto from = text.find_first_not_of(kBlank);
  if (from == text.npos) return {};
  return text.substr(from, text.find_last_not_of(kBlank) - from + 1);
}

}  // namespace

store::Result<std::string> Prompt::read_line() {
  constexpr int kTick = 100;  // ms: a signal that comes just before the wait is seen that late
  std::string line;
  line.reserve(kLongestLine);  // a secret leaves no copies behind by growing
  while (true) {
    if (auto canceled = Interrupt::check(); !canceled) {
      ::explicit_bzero(line.data(), line.size());
      return store::fail(canceled.error());
    }
    pollfd slot{fd_, POLLIN, 0};
    if (::poll(&slot, 1, kTick) <= 0) continue;
    char c = 0;
    const auto got = ::read(fd_, &c, 1);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (got <= 0 || line.size() == kLongestLine) {
      ::explicit_bzero(line.data(), line.size());
      return store::fail(store::ErrorKind::kUsage, "no_answer",
                         "cannot read the answer: the input ended",
                         "'confmirror init --help' names the options that answer beforehand");
    }
    if (c == '\n') return line;
    line += c;
  }
}

store::Result<std::string> Prompt::ask(const std::string& question) {
  out_ << question << ": " << std::flush;
  auto line = read_line();
  if (!line) {
    out_ << "\n";
    return line;
  }
  return trimmed(*line);
}

store::Result<base::Secret> Prompt::ask_secret(const std::string& question) {
  const NoEcho quiet(fd_);
  if (!quiet.holds()) {
    return store::fail(store::ErrorKind::kSystem, "no_terminal",
                       "cannot ask for a secret: the terminal does not stop showing what is typed",
                       "put the token into a file (0600) and name it with --token-file");
  }
  out_ << question << ": " << std::flush;
  auto line = read_line();
  if (!line) {
    out_ << "\n";
    return store::fail(line.error());
  }
  base::Secret secret(trimmed(*line));
  ::explicit_bzero(line->data(), line->size());
  return secret;
}

}  // namespace cli
