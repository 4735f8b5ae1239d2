#pragma once

// Older versions: one version listing for each page that has any, newest first, with bodies where
// the policy says so. Pages come from the mirror's own list of what is due, so nothing is lost by a
// crash and nothing is queued without bound. Network thread only; refers to the Context, which
// outlives it.

#include <unordered_set>

#include "daemon/mirror/context.h"

namespace mirror {

class HistoryBackfill {
 public:
  explicit HistoryBackfill(Context& context) : context_(context), ended_(context.deps.io) {}

  // Feeds version listings until finish() was called and nothing is due; to be spawned in
  // context.histories.
  base::Awaitable<void> run();
  void finish();
  bool idle() const { return under_way_ == 0 && !more_; }

 private:
  base::Awaitable<void> fetch(store::DuePage due);
  base::Awaitable<bool> store_listing(store::Id page_id, std::int32_t up_to, std::int64_t kept,
                                      confluence::Listing<store::PageVersion> listing, bool last,
                                      CommitSlot& slot);

  Context& context_;
  base::Signal ended_;
  std::unordered_set<store::Id> taken_;
  int under_way_ = 0;
  bool more_ = true;  // the mirror may have due pages that were not taken yet
  bool finishing_ = false;
};

}  // namespace mirror
