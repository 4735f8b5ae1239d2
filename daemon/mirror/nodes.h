#pragma once

// What stands in the tree of pages and is no page: folders, whiteboards, databases and embeds. The
// site lists them nowhere (OpenAPI document), so each costs a request:
//
// 1. A node is asked for when a page, or another node, names it as its parent and the mirror does
//    not know it; what it names in turn is asked for next. A full run asks for every known one
//    once more; an incremental one for none. None is asked for twice in one run.
// 2. One that fails goes into quarantine (`node:ID`) and stops nothing. Where a type's first few
//    all fail, the token lacks its scope or the route is broken: the rest waits unasked.
// 3. What the site names as absent has vanished, unless something that the site shows still names
//    it as its parent: then it stays as it is known, and waits in quarantine.
// 4. Tombstones, and what rule 3 says of the others, are written by settle(), which is for when
//    the identity canary was green at the end: to a stranger nothing is there.
//
// Network thread only; refers to its arguments, which outlive it.

#include <map>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "daemon/mirror/context.h"
#include "daemon/mirror/spaces.h"

namespace mirror {

class Nodes {
 public:
  Nodes(Context& context, const Spaces& spaces) : context_(context), spaces_(spaces) {}

  // `since`: the last observation before a full run began; 0 in an incremental one. May be called
  // again when there are new pages.
  base::Awaitable<void> fetch(store::Observation since);
  // To be awaited when the tombstones of pages are written.
  base::Awaitable<void> settle();

 private:
  struct Missing {
    store::DueNode node;
    store::Observation observation = 0;
    store::Time observed_at{};
    std::string reason;
  };
  // How the requests for one type have fared.
  struct Luck {
    int answered = 0;
    int failed = 0;
    std::optional<store::Error> error;  // the last
  };

  base::Awaitable<void> find_due();
  base::Awaitable<void> work();
  base::Awaitable<void> ask(store::DueNode due, CommitSlot& slot);
  base::Awaitable<void> keep(store::DueNode due, confluence::Listing<store::Node> answer,
                             CommitSlot& slot);
  void bury(const std::vector<Missing>& nodes, store::Batch& batch);
  base::Awaitable<void> release_what_nobody_names(store::Batch& batch);

  Context& context_;
  const Spaces& spaces_;
  store::Observation since_ = 0;
  std::unordered_set<store::Id> taken_;  // in this run
  std::vector<store::DueNode> waiting_;
  std::map<std::string, Luck> luck_;  // by type
  std::vector<Missing> missing_;
  std::vector<store::Id> excluded_;
};

}  // namespace mirror
