#pragma once

// The one pass over bodies. The calling thread reads and hands them on in chunks; a small pool
// looks at them; what waits between the two is bounded by bytes. The result does not depend on who
// was quicker. Errors: those of the Reader and of Options::progress; kBug if a look failed.

#include <cstdint>
#include <vector>

#include "daemon/audit/map_rules.h"
#include "daemon/audit/page_facts.h"

namespace audit {

struct BodyPass {
  std::vector<PageFacts> facts;  // in the order of SiteMap::pages()
  std::int64_t bodies = 0;
  std::int64_t body_bytes = 0;
};

store::Result<BodyPass> read_bodies(store::Reader& reader, const SiteMap& map,
                                    const Options& options, const Scope& scope);

}  // namespace audit
