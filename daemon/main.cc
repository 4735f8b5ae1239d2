#include <malloc.h>
#include <sys/prctl.h>

#include <exception>
#include <iostream>

#include "daemon/base/shutdown.h"
#include "daemon/cli/app.h"

int main(int argc, char** argv) {
  // A few arenas are enough for a few threads, and blocks of a listing's size go back to the system
  // when they are freed.
  mallopt(M_ARENA_MAX, 2);
  mallopt(M_MMAP_THRESHOLD, 1 << 20);
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
