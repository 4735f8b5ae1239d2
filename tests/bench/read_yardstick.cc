// A yardstick of tests/bench/run: what a plain read of every body of a mirror costs, and beside it
// a command that does something with them. usage: read_yardstick MIRROR COMMAND... Prints the
// seconds of both, their ratio, and the command's peak of memory. The first read, which fills the
// system's cache, does not count.

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <string>

#include "store/reader.h"

namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begun) {
  return std::chrono::duration<double>(Clock::now() - begun).count();
}

struct Amount {
  std::int64_t pages = 0;
  std::int64_t bytes = 0;
};

bool read_all(const char* mirror, Amount& amount) {
  auto reader = store::Reader::open(mirror);
  if (!reader) {
    std::fprintf(stderr, "%s\n", reader.error().message.c_str());
    return false;
  }
  const auto done = (*reader)->for_each_page(
      [&amount](const store::PageRow& page) {
        ++amount.pages;
        if (page.body) amount.bytes += static_cast<std::int64_t>(page.body->text.size());
        return true;
      },
      /*with_bodies=*/true, {});
  if (!done) std::fprintf(stderr, "%s\n", done.error().message.c_str());
  return done.has_value();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: read_yardstick MIRROR COMMAND...\n");
    return 2;
  }
  Amount warm;
  Amount amount;
  if (!read_all(argv[1], warm)) return 1;
  auto begun = Clock::now();
  if (!read_all(argv[1], amount)) return 1;
  const double plain = seconds_since(begun);
  begun = Clock::now();
  const pid_t child = ::fork();
  if (child == 0) {
    ::execv(argv[2], argv + 2);
    std::perror(argv[2]);
    ::_exit(127);
  }
  int status = 0;
  rusage usage{};
  if (child < 0 || ::wait4(child, &status, 0, &usage) != child) {
    std::perror("wait4");
    return 1;
  }
  const double command = seconds_since(begun);
  const double cpu = static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                     static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
  std::printf(
      "pages %lld, %.1f MiB of bodies; plain read %.2f s; command %.2f s (%.2f s of cpu), %.0f "
      "pages/s, %.2f times the read; peak %.1f MiB; exit %d\n",
      static_cast<long long>(amount.pages), static_cast<double>(amount.bytes) / 1048576, plain,
      command, cpu, static_cast<double>(amount.pages) / command, command / plain,
      static_cast<double>(usage.ru_maxrss) / 1024, WIFEXITED(status) ? WEXITSTATUS(status) : -1);
  return 0;
}
