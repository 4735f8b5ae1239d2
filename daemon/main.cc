#include <malloc.h>
#include <sys/prctl.h>

#include <exception>
#include <iostream>

#include "daemon/base/shutdown.h"
#include "daemon/cli/app.h"

int main(int argc, char** argv) {
  // One arena: what one thread frees another uses again. Listings come and go by the megabyte:
  // their memory is kept, for a fresh mapping each time costs more than reading it.
  mallopt(M_ARENA_MAX, 1);
  mallopt(M_MMAP_THRESHOLD, 1 << 20);
  mallopt(M_TRIM_THRESHOLD, 32 << 20);
  // A core file would hold the token.
  prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  base::ignore_sigpipe();
  try {
    return cli::run(argc, argv, std::cin, std::cout, std::cerr);
  } catch (const std::exception& e) {
    std::cerr << "confmirror: internal error: " << e.what()
              << "\n  please report this; the mirror is as it was after its last commit\n";
    return 70;
  }
}
