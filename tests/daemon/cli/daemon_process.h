#pragma once

// `confmirror daemon` as a process of its own, with a socket that takes what it tells systemd.

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace test {

class DaemonProcess {
 public:
  // `watchdog`: what systemd would expect; 0 = nothing.
  DaemonProcess(const std::filesystem::path& folder, const std::vector<std::string>& args,
                std::chrono::microseconds watchdog = std::chrono::microseconds(0))
      : log_(folder / "daemon.log"), socket_(folder / "notify") {
    listen();
    start(args, watchdog);
  }
  ~DaemonProcess() {
    if (!exit_code_) {
      ::kill(pid_, SIGKILL);
      wait();
    }
    ::close(fd_);
  }
  DaemonProcess(const DaemonProcess&) = delete;
  DaemonProcess& operator=(const DaemonProcess&) = delete;

  pid_t pid() const { return pid_; }
  void signal(int number) const { ::kill(pid_, number); }
  // The exit code; 128 + the signal that killed it.
  int wait() {
    int status = 0;
    while (!exit_code_ && ::waitpid(pid_, &status, 0) != pid_) {
      if (errno != EINTR) throw std::runtime_error("cannot wait for the daemon");
    }
    if (!exit_code_) exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return *exit_code_;
  }
  // Whether it said this (or something with this in it) since `from`, or says it within a minute.
  bool says(const std::string& what, std::size_t from = 0) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    while (true) {
      for (std::size_t i = from; i < said_.size(); ++i) {
        if (said_[i].find(what) != std::string::npos) return true;
      }
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
          deadline - std::chrono::steady_clock::now());
      if (left.count() <= 0 || !hear(static_cast<int>(left.count()))) return false;
    }
  }
  // How much it has said by now.
  std::size_t now() {
    while (hear(0)) {
    }
    return said_.size();
  }
  const std::vector<std::string>& said() const { return said_; }
  std::string log() const {
    std::ifstream in(log_);
    return {std::istreambuf_iterator<char>(in), {}};
  }

 private:
  void listen() {
    std::filesystem::remove(socket_);
    fd_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const auto text = socket_.string();
    if (text.size() >= sizeof address.sun_path) throw std::runtime_error("the path is too long");
    std::copy(text.begin(), text.end(), address.sun_path);
    if (::bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
      throw std::runtime_error("cannot listen on a socket");
  }
  void start(const std::vector<std::string>& args, std::chrono::microseconds watchdog) {
    std::vector<std::string> words{CONFMIRROR_PROGRAM};
    words.insert(words.end(), args.begin(), args.end());
    words.emplace_back("daemon");
    std::vector<char*> argv;
    for (auto& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    std::vector<std::string> environment{"NOTIFY_SOCKET=" + socket_.string()};
    if (watchdog.count() > 0)
      environment.push_back("WATCHDOG_USEC=" + std::to_string(watchdog.count()));
    for (char** entry = environ; *entry != nullptr; ++entry) environment.emplace_back(*entry);
    std::vector<char*> envp;
    for (auto& entry : environment) envp.push_back(entry.data());
    envp.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, log_.c_str(),
                                     O_WRONLY | O_CREAT | O_APPEND, 0600);
    const int error =
        ::posix_spawn(&pid_, CONFMIRROR_PROGRAM, &actions, nullptr, argv.data(), envp.data());
    posix_spawn_file_actions_destroy(&actions);
    if (error != 0) throw std::runtime_error("cannot start " CONFMIRROR_PROGRAM);
  }
  bool hear(int milliseconds) {
    pollfd slot{fd_, POLLIN, 0};
    if (::poll(&slot, 1, milliseconds) <= 0) return false;
    char text[4096];
    const auto size = ::recv(fd_, text, sizeof text, 0);
    if (size < 0) return false;
    said_.emplace_back(text, static_cast<std::size_t>(size));
    return true;
  }

  std::filesystem::path log_;
  std::filesystem::path socket_;
  int fd_ = -1;
  pid_t pid_ = -1;
  std::optional<int> exit_code_;
  std::vector<std::string> said_;
};

}  // namespace test
