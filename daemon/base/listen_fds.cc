#include "daemon/base/listen_fds.h"

#include <systemd/sd-daemon.h>

namespace base {

std::vector<int> take_listen_fds() {
  std::vector<int> sockets;
  const int count = sd_listen_fds(1);
  for (int i = 0; i < count; ++i) sockets.push_back(SD_LISTEN_FDS_START + i);
  return sockets;
}

}  // namespace base
