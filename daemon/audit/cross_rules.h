#pragma once

// The rules that look at several pages at once: anchors on other pages, equal and nearly equal
// texts, hosts that are linked to. Pure; any thread.

#include <vector>

#include "daemon/audit/page_facts.h"

namespace audit {

// `facts` in the order of SiteMap::pages(); only pages that were looked at count.
void judge_together(const SiteMap& map, const Options& options, const std::vector<PageFacts>& facts,
                    std::vector<Finding>& findings);

}  // namespace audit
