#pragma once

// Sockets that systemd has opened and hands over (sd_listen_fds(3)). To be called once, early, on
// the main thread: it takes the variables out of the environment. The caller owns what it gets.

#include <vector>

namespace base {

std::vector<int> take_listen_fds();

}  // namespace base
