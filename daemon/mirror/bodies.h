#pragma once

// Bodies of named pages, in `id=` batches of up to 250 on every connection that is free. A batch
// that fails is halved until what fails is one page; that page is asked for alone, and if it still
// fails it goes into quarantine and stops nothing else. What is named here is in the mirror's own
// list of bodies that are due as well, so a crash loses nothing. Network thread only; refers to the
// Context, which outlives it.

#include <cstddef>
#include <unordered_set>
#include <vector>

#include "daemon/mirror/context.h"

namespace mirror {

class Bodies {
 public:
  explicit Bodies(Context& context) : context_(context), changed_(context.deps.io) {}

  // Takes pages to fetch; they leave in whole batches, the rest with flush().
  void add(const std::vector<store::Id>& page_ids);
  void flush();
  // Suspends while enough pages wait for every connection there is.
  base::Awaitable<void> room();
  // Fetches what the mirror lists without a body and what is due in quarantine, and returns when
  // nothing is under way.
  base::Awaitable<void> fetch_all_due();

 private:
  void dispatch(bool partial_too);
  base::Awaitable<void> fetch(std::vector<store::Id> page_ids);
  base::Awaitable<void> fetch_one(store::Id page_id, CommitSlot& slot);
  // False: this set of ids cannot be had in one answer.
  base::Awaitable<bool> fetch_batch(const std::vector<store::Id>& page_ids, CommitSlot& slot);
  base::Awaitable<void> store_rows(confluence::Listing<store::Page> listing, CommitSlot& slot);
  base::Awaitable<void> retry_quarantined();
  base::Awaitable<void> retry(std::vector<store::Id> page_ids);

  Context& context_;
  base::Signal changed_;
  int under_way_ = 0;
  std::vector<store::Id> waiting_;
  std::unordered_set<store::Id> taken_;    // waiting or under way
  std::unordered_set<store::Id> settled_;  // failed for good, or not ours: not again in this run
};

}  // namespace mirror
