#pragma once

// Bodies of named pages, in `id=` batches of up to 250 on every connection that is free. A batch
// that fails is halved until what fails is one page; that page is asked for alone, and if it still
// fails it goes into quarantine and stops nothing else. Network thread only; refers to the Context,
// which outlives it.

#include <unordered_set>
#include <vector>

#include "daemon/mirror/context.h"

namespace mirror {

class Bodies {
 public:
  explicit Bodies(Context& context) : context_(context), ended_(context.deps.io) {}

  // Takes pages to fetch; suspends while as many batches are under way as there are connections.
  base::Awaitable<void> add(std::vector<store::Id> page_ids);
  // Fetches what the mirror lists without a body, apart from what is in quarantine.
  base::Awaitable<void> fetch_all_due();
  // Returns when nothing is under way.
  base::Awaitable<void> wait_idle();

 private:
  base::Awaitable<void> fetch(std::vector<store::Id> page_ids);
  base::Awaitable<void> fetch_one(store::Id page_id, CommitSlot& slot);
  // False: this set of ids cannot be had in one answer.
  base::Awaitable<bool> fetch_batch(const std::vector<store::Id>& page_ids, CommitSlot& slot);
  base::Awaitable<void> store_rows(confluence::Listing<store::Page> listing, CommitSlot& slot);

  Context& context_;
  base::Signal ended_;
  int under_way_ = 0;
  std::unordered_set<store::Id> taken_;
  std::unordered_set<store::Id> failed_;  // for good, in this run
};

}  // namespace mirror
