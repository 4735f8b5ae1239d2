#pragma once

// What a stream leads to: decides how wide tables are, and whether control characters may pass. Any
// thread.

#include <cstddef>
#include <ostream>

namespace cli {

struct Terminal {
  bool is_terminal = false;
  std::size_t columns = 0;  // 0 = any: not a terminal
};

// Of std::cout and std::cerr; every other stream is none.
Terminal terminal_of(const std::ostream& stream);

}  // namespace cli
