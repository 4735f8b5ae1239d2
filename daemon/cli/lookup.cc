#include "daemon/cli/lookup.h"

namespace cli {

store::Result<std::unique_ptr<store::Reader>> open_mirror(const GlobalOptions& globals) {
  const auto path = resolve_mirror_path(globals);
  if (!path) return store::fail(path.error());
  return store::Reader::open(*path);
}

}  // namespace cli
