#pragma once

// Which pages and spaces an audit is about, and the rules that need no body: age, owner, tree,
// size, homepages, drafts. Any thread; judge_drafts() on the Reader's.

#include <unordered_set>
#include <vector>

#include "daemon/audit/finding.h"
#include "daemon/audit/options.h"
#include "daemon/audit/site_map.h"
#include "store/reader.h"

namespace audit {

// Live current pages of live current spaces; archived ones too where asked for.
class Scope {
 public:
  Scope(const SiteMap& map, const Options& options);

  bool holds(const PageEntry& page) const;
  bool holds(const store::SpaceRow& space) const;

 private:
  const SiteMap& map_;
  bool archived_;
  std::unordered_set<store::Id> space_ids_;  // empty = all
};

void judge_map(const SiteMap& map, const Options& options, const Scope& scope,
               std::vector<Finding>& findings);

store::Result<void> judge_drafts(store::Reader& reader, const SiteMap& map, const Options& options,
                                 std::vector<Finding>& findings);

}  // namespace audit
