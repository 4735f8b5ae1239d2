#include "daemon/export/program.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <system_error>
#include <utility>

namespace exporting {

namespace {

class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  ~Descriptor() { close(); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }
  void set(int fd) {
    close();
    fd_ = fd;
  }
  void close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }

 private:
  int fd_;
};

store::Failure program_failure(const std::string& program, int code) {
  const bool missing = code == ENOENT;
  return store::fail(
      store::ErrorKind::kSystem, missing ? "program_missing" : "program_failed",
      fmt::format("cannot run '{}': {}", program,
                  std::error_code(code, std::generic_category()).message()),
      missing ? fmt::format("install it (on Debian: apt-get install {})", program) : "");
}

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> all;
  all.reserve(texts.size() + 1);
  for (const auto& text : texts) all.push_back(const_cast<char*>(text.c_str()));
  all.push_back(nullptr);
  return all;
}

std::string content_of(int fd, std::size_t most_bytes) {
  std::string content;
  std::array<char, 65536> part{};
  ::lseek(fd, 0, SEEK_SET);
  while (content.size() < most_bytes) {
    const auto got = ::read(fd, part.data(), part.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    content.append(part.data(), static_cast<std::size_t>(got));
  }
  return content;
}

// A socket: writing to one whose reader is gone can be told not to raise SIGPIPE.
store::Result<void> send_all(int fd, std::string_view bytes, const std::string& program) {
  while (!bytes.empty()) {
    const auto sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return program_failure(program, errno);
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return {};
}

// 0, or an errno.
int spawn(const std::vector<std::string>& arguments, const std::vector<std::string>& environment,
          int in, int out, int err, pid_t& pid) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  if (const int code = ::posix_spawn_file_actions_init(&actions); code != 0) return code;
  if (const int code = ::posix_spawnattr_init(&attributes); code != 0) {
    ::posix_spawn_file_actions_destroy(&actions);
    return code;
  }
  ::posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, err, STDERR_FILENO);
  sigset_t defaults;
  sigemptyset(&defaults);
  sigaddset(&defaults, SIGPIPE);
  ::posix_spawnattr_setsigdefault(&attributes, &defaults);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
  auto argv = pointers(arguments);
  auto envp = pointers(environment);
  const int code = ::posix_spawnp(&pid, argv[0], &actions, &attributes, argv.data(), envp.data());
  ::posix_spawnattr_destroy(&attributes);
  ::posix_spawn_file_actions_destroy(&actions);
  return code;
}

int wait_for(pid_t pid) {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

store::Result<ProgramOutcome> run_program(const std::vector<std::string>& arguments,
                                          const std::vector<std::string>& environment,
                                          const Feed& feed) {
  constexpr std::size_t kMostOutput = std::size_t{1} << 30;
  constexpr std::size_t kMostErrors = std::size_t{1} << 14;
  const auto& program = arguments.front();
  const Descriptor out(::memfd_create("out", MFD_CLOEXEC));
  const Descriptor err(::memfd_create("err", MFD_CLOEXEC));
  std::array<int, 2> ends{-1, -1};
  if (out.get() < 0 || err.get() < 0 ||
      ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return program_failure(program, errno);
  }
  Descriptor ours(ends[0]);
  Descriptor theirs(ends[1]);
  pid_t pid = 0;
  const int code = spawn(arguments, environment, theirs.get(), out.get(), err.get(), pid);
  if (code != 0) return program_failure(program, code);
  theirs.close();
  store::Result<void> fed;
  if (feed) {
    fed = feed([&](std::string_view bytes) { return send_all(ours.get(), bytes, program); });
  }
  // Without its input's proper end, a program that was not fed to the end does nothing.
  ours.close();
  ProgramOutcome outcome;
  outcome.exit_code = wait_for(pid);
  outcome.err = content_of(err.get(), kMostErrors);
  // That the program had gone says less than what it said when it went.
  const bool gone = !fed && fed.error().name == "program_failed" && outcome.exit_code != 0;
  if (!fed && !gone) return store::fail(fed.error());
  outcome.out = content_of(out.get(), kMostOutput);
  return outcome;
}

}  // namespace exporting
