#include <sys/prctl.h>
#include <sys/resource.h>

#include <exception>
#include <iostream>

#include "daemon/base/shutdown.h"
#include "daemon/cli/app.h"

// Read by jemalloc. Two arenas: what one thread frees another uses again. Listings come and go by
// the megabyte: their memory is kept for a second, and then goes back.
extern "C" {
const char* malloc_conf =  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)
    "narenas:2,dirty_decay_ms:1000,muzzy_decay_ms:0";
}

int main(int argc, char** argv) {
  // A core file would hold the token.
  constexpr rlimit kNone{0, 0};
  setrlimit(RLIMIT_CORE, &kNone);
  prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  base::ignore_sigpipe();
  base::ignore_sigxfsz();
  try {
    return cli::run(argc, argv, std::cin, std::cout, std::cerr);
  } catch (const std::exception& e) {
    std::cerr << "confmirror: internal error: " << e.what()
              << "\n  please report this; the mirror is as it was after its last commit\n";
    return 70;
  }
}
