#include "daemon/cli/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <string_view>

namespace cli {

Terminal terminal_of(const std::ostream& stream) {
  constexpr std::size_t kUsual = 80;
  const int fd = &stream == &std::cout ? STDOUT_FILENO : &stream == &std::cerr ? STDERR_FILENO : -1;
  if (fd < 0 || ::isatty(fd) != 1) return {};
  winsize size{};
  const bool known = ::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  const char* no_colour = std::getenv("NO_COLOR");
  const char* type = std::getenv("TERM");
  const bool colours = (no_colour == nullptr || *no_colour == '\0') &&
                       (type == nullptr || std::string_view(type) != "dumb");
  return {true, known ? size.ws_col : kUsual, colours};
}

}  // namespace cli
