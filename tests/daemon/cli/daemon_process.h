#pragma once

// `confmirror daemon` as a process of its own, with a socket that takes what it tells systemd.

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace test {

// How it is started, where not by itself alone.
struct DaemonLaunch {
  std::vector<std::string> words;  // what starts it: a program and its arguments
  int fd = -1;                     // its descriptor 3
};

class DaemonProcess {
 public:
  // `watchdog`: what systemd would expect; 0 = nothing.
  DaemonProcess(const std::filesystem::path& folder, const std::vector<std::string>& args,
                std::chrono::microseconds watchdog = std::chrono::microseconds(0),
                const DaemonLaunch& launch = {})
      : log_(folder / "daemon.log"), socket_(folder / "notify") {
    listen();
    hearer_ = std::thread([this] { hear(); });
    start(args, watchdog, launch);
  }
  ~DaemonProcess() {
    if (!exit_code_) {
      ::kill(pid_, SIGKILL);
      wait();
    }
    ::shutdown(fd_, SHUT_RDWR);
    hearer_.join();
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
  bool says(const std::string& what, std::size_t from = 0) const {
    std::unique_lock lock(mutex_);
    return heard_.wait_for(lock, std::chrono::minutes(1), [&] {
      return std::any_of(
          said_.begin() + static_cast<std::ptrdiff_t>(std::min(from, said_.size())), said_.end(),
          [&what](const std::string& message) { return message.find(what) != std::string::npos; });
    });
  }
  // What it has said by now.
  std::vector<std::string> said() const {
    const std::lock_guard lock(mutex_);
    return said_;
  }
  std::size_t now() const { return said().size(); }
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
  void start(const std::vector<std::string>& args, std::chrono::microseconds watchdog,
             const DaemonLaunch& launch) {
    auto words = launch.words;
    words.emplace_back(CONFMIRROR_PROGRAM);
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
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, log_.c_str(),
                                     O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (launch.fd >= 0) posix_spawn_file_actions_adddup2(&actions, launch.fd, 3);
    const int error =
        ::posix_spawnp(&pid_, words.front().c_str(), &actions, nullptr, argv.data(), envp.data());
    posix_spawn_file_actions_destroy(&actions);
    if (error != 0) throw std::runtime_error("cannot start " CONFMIRROR_PROGRAM);
  }
  // Taken off the socket at once, as systemd does: who speaks to a full one waits.
  void hear() {
    char text[4096];
    while (true) {
      const auto size = ::recv(fd_, text, sizeof text, 0);
      if (size <= 0) return;  // shut down
      const std::lock_guard lock(mutex_);
      said_.emplace_back(text, static_cast<std::size_t>(size));
      heard_.notify_all();
    }
  }

  std::filesystem::path log_;
  std::filesystem::path socket_;
  int fd_ = -1;
  pid_t pid_ = -1;
  std::optional<int> exit_code_;
  mutable std::mutex mutex_;
  mutable std::condition_variable heard_;
  std::vector<std::string> said_;
  std::thread hearer_;
};

}  // namespace test
