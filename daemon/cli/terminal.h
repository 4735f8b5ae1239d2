#pragma once

// What a stream leads to: decides how wide tables are, whether there are colours, and whether
// control characters may pass. Any thread.

#include <cstddef>
#include <ostream>

namespace cli {

struct Terminal {
  bool is_terminal = false;
  std::size_t columns = 0;  // 0 = any: not a terminal
  bool colours = false;     // a terminal, and NO_COLOR (https://no-color.org) is not set
};

// Of std::cout and std::cerr; every other stream is none.
Terminal terminal_of(const std::ostream& stream);

}  // namespace cli
