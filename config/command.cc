#include "config/command.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <optional>
#include <system_error>

extern char** environ;  // POSIX has it, but no header declares it without GNU extensions

namespace config {

namespace {

using Steady = std::chrono::steady_clock;

tl::unexpected<Error> failed(const std::string& cause) {
  return tl::unexpected(Error{"token_command_failed",
                              "cannot get the token from site.token_command: " + cause,
                              "run the command by hand: its first line must be the token"});
}

struct Actions {
  Actions() { ::posix_spawn_file_actions_init(&value); }
  ~Actions() { ::posix_spawn_file_actions_destroy(&value); }
  Actions(const Actions&) = delete;
  Actions& operator=(const Actions&) = delete;
  posix_spawn_file_actions_t value{};
};

struct Attributes {
  Attributes() { ::posix_spawnattr_init(&value); }
  ~Attributes() { ::posix_spawnattr_destroy(&value); }
  Attributes(const Attributes&) = delete;
  Attributes& operator=(const Attributes&) = delete;
  posix_spawnattr_t value{};
};

Result<pid_t> spawn(const std::string& command, int output) {
  Actions actions;
  Attributes attributes;
  int error =
      ::posix_spawn_file_actions_addopen(&actions.value, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  if (error == 0) error = ::posix_spawn_file_actions_adddup2(&actions.value, output, STDOUT_FILENO);
  if (error == 0) {
    error =
        ::posix_spawn_file_actions_addopen(&actions.value, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  }
  if (error != 0) return failed(cause(error));
  // A program of its own has none of the signals ignored or blocked that we ignore or block.
  sigset_t all;
  sigset_t none;
  ::sigfillset(&all);
  ::sigemptyset(&none);
  ::posix_spawnattr_setsigdefault(&attributes.value, &all);
  ::posix_spawnattr_setsigmask(&attributes.value, &none);
  ::posix_spawnattr_setpgroup(&attributes.value, 0);
  ::posix_spawnattr_setflags(
      &attributes.value, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
  std::string shell = "sh";
  std::string flag = "-c";
  std::string text = command;
  const std::array<char*, 4> arguments{shell.data(), flag.data(), text.data(), nullptr};
  pid_t child = -1;
  error = ::posix_spawn(&child, "/bin/sh", &actions.value, &attributes.value, arguments.data(),
                        environ);
  if (error != 0) return failed(cause(error));
  return child;
}

// The child and the pipe it prints into.
class Run {
 public:
  Run(pid_t child, int pipe, CommandLimits limits)
      : child_(child),
        pipe_(pipe),
        deadline_(Steady::now() + limits.time),
        buffer_(limits.bytes + 1, '\0') {}
  ~Run() {
    if (!status_) kill_group();
    ::explicit_bzero(buffer_.data(), buffer_.size());
  }
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  Result<std::string> finish() {
    while (!status_) {
      if (Steady::now() >= deadline_) return failed("it did not end in time");
      wait_a_little();
      read_some();
      if (size_ == buffer_.size()) return failed("it printed too much");
      reap(WNOHANG);
    }
    // Whatever it started may hold the pipe open; only what is there counts.
    while (read_some()) {
    }
    if (size_ == buffer_.size()) return failed("it printed too much");
    if (WIFSIGNALED(*status_))
      return failed("it was ended by signal " + std::to_string(WTERMSIG(*status_)));
    if (WEXITSTATUS(*status_) != 0) {
      return failed("it ended with exit code " + std::to_string(WEXITSTATUS(*status_)));
    }
    return buffer_.substr(0, size_);
  }

 private:
  void wait_a_little() const {
    constexpr int kTick = 10;  // ms
    pollfd slot{ended_ ? -1 : pipe_, POLLIN, 0};
    ::poll(&slot, 1, kTick);
  }
  bool read_some() {
    if (ended_ || size_ == buffer_.size()) return false;
    const auto got = ::read(pipe_, buffer_.data() + size_, buffer_.size() - size_);
    if (got > 0) size_ += static_cast<std::size_t>(got);
    if (got == 0) ended_ = true;
    return got > 0;
  }
  void reap(int flags) {
    int status = 0;
    const pid_t done = ::waitpid(child_, &status, flags);
    if (done == child_ || (done < 0 && errno == ECHILD)) status_ = done == child_ ? status : 0xff00;
  }
  void kill_group() {
    ::kill(-child_, SIGKILL);
    while (!status_) reap(0);
  }

  pid_t child_;
  int pipe_;
  Steady::time_point deadline_;
  std::string buffer_;
  std::size_t size_ = 0;
  bool ended_ = false;
  std::optional<int> status_;
};

}  // namespace

Result<std::string> output_of(const std::string& command, CommandLimits limits) {
  std::array<int, 2> ends{-1, -1};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return failed(cause(errno));
  ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
  auto child = spawn(command, ends[1]);
  ::close(ends[1]);
  auto result = child ? Run(*child, ends[0], limits).finish()
                      : Result<std::string>(tl::unexpected(child.error()));
  ::close(ends[0]);
  return result;
}

}  // namespace config
