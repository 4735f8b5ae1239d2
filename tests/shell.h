#pragma once

// A command of the shell, run to its end. Throws std::runtime_error where there is no shell.

#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <stdexcept>
#include <string>

namespace test {

struct Ended {
  int code = -1;       // -1: a signal ended it
  std::string output;  // stdout and stderr
};

inline Ended shell(const std::string& command) {
  std::FILE* pipe = ::popen(("{ " + command + "\n} 2>&1").c_str(), "r");
  if (pipe == nullptr) throw std::runtime_error("cannot start a shell");
  Ended ended;
  std::array<char, 4096> buffer{};
  while (const auto got = std::fread(buffer.data(), 1, buffer.size(), pipe)) {
    ended.output.append(buffer.data(), got);
  }
  const int status = ::pclose(pipe);
  if (WIFEXITED(status)) ended.code = WEXITSTATUS(status);
  return ended;
}

// Whether a program of that name is installed.
inline bool is_installed(const std::string& program) {
  return shell("command -v " + program).code == 0;
}

}  // namespace test
