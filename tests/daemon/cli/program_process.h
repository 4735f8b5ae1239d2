#pragma once

// A command of the program as a process of its own, its output in files: for what goes on while the
// test does something else, and for signals.

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/daemon/cli/pty.h"

namespace test {

class ProgramProcess {
 public:
  // `name` tells the files of several apart. `terminal`: that its results go to, in place of a
  // file.
  ProgramProcess(const std::filesystem::path& folder, const std::string& name,
                 std::vector<std::string> args, const std::string& terminal = {},
                 const std::string& program = CONFMIRROR_PROGRAM)
      : out_(terminal.empty() ? folder / (name + ".out") : std::filesystem::path(terminal)),
        err_(folder / (name + ".err")) {
    args.insert(args.begin(), program);
    std::vector<char*> argv;
    for (auto& arg : args) argv.push_back(arg.data());
    argv.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    constexpr int kFresh = O_WRONLY | O_CREAT | O_TRUNC | O_NOCTTY;
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, out_.c_str(), kFresh, 0600);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, err_.c_str(), kFresh, 0600);
    const int error =
        ::posix_spawn(&pid_, program.c_str(), &actions, nullptr, argv.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    if (error != 0) throw std::runtime_error("cannot start " + program);
  }
  ~ProgramProcess() {
    if (exit_code_) return;
    ::kill(pid_, SIGKILL);
    wait();
  }
  ProgramProcess(const ProgramProcess&) = delete;
  ProgramProcess& operator=(const ProgramProcess&) = delete;

  void signal(int number) const { ::kill(pid_, number); }
  // The exit code; 128 + the signal that killed it.
  int wait() {
    int status = 0;
    while (!exit_code_ && ::waitpid(pid_, &status, 0) != pid_) {
      if (errno != EINTR) throw std::runtime_error("cannot wait for the program");
    }
    if (!exit_code_) exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return *exit_code_;
  }
  std::string out() const { return content(out_); }
  std::string err() const { return content(err_); }
  // Whether it shows this now or within half a minute.
  bool shows(const std::string& what) const {
    return eventually([&] { return out().find(what) != std::string::npos; });
  }
  bool tells(const std::string& what) const {
    return eventually([&] { return err().find(what) != std::string::npos; });
  }

 private:
  static std::string content(const std::filesystem::path& file) {
    std::ifstream in(file);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  std::filesystem::path out_;
  std::filesystem::path err_;
  pid_t pid_ = -1;
  std::optional<int> exit_code_;
};

}  // namespace test
