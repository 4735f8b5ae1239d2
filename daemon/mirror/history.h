#pragma once

// Older versions: one version listing for each page that has any, newest first, with bodies where
// the policy says so. Pages come from the mirror's own list of what is due, so nothing is lost by a
// crash and nothing is queued without bound. Network thread only; refers to the Context, which
// outlives it.

#include <set>
#include <string>
#include <unordered_set>

#include "daemon/mirror/context.h"

namespace mirror {

class HistoryBackfill {
 public:
  explicit HistoryBackfill(Context& context) : context_(context), caught_up_(context.deps.io) {}

  // Feeds version listings until finish() was called and nothing is due; to be spawned in
  // context.histories.
  base::Awaitable<void> run();
  void finish();
  // Returns when nothing that could be fetched is due or under way, for now.
  base::Awaitable<void> catch_up();

 private:
  // One page's listing while it is read.
  struct Reading {
    explicit Reading(store::DuePage due_page) : due(due_page), up_to(due_page.version) {}
    store::DuePage due;
    std::string next;
    std::set<std::int32_t> kept;  // version numbers
    std::int32_t up_to;
    bool whole = true;  // no row was bad
    int restarts = 0;
  };

  bool idle() const { return under_way_ == 0 && !more_; }
  base::Awaitable<bool> take_pass();
  base::Awaitable<void> fetch(store::DuePage due);
  // False: this page's versions cannot be had in this run.
  base::Awaitable<bool> read_all(Reading& reading, CommitSlot& slot);
  // False: give up.
  bool retry(Reading& reading, const store::Error& error, bool shrunk);
  base::Awaitable<void> store_listing(Reading& reading,
                                      confluence::Listing<store::PageVersion> listing, bool last,
                                      CommitSlot& slot);
  bool enough(const Reading& reading) const;

  Context& context_;
  base::Signal caught_up_;
  std::unordered_set<store::Id> taken_;  // under way, or failed for good in this run
  int under_way_ = 0;
  bool more_ = true;  // the mirror may have due pages that were not taken yet
  bool finishing_ = false;
};

}  // namespace mirror
