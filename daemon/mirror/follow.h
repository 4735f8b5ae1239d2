#pragma once

// A listing from its first link to the missing `next`, for listings whose place is not saved.
// Network thread only.

#include <string>
#include <utility>

#include "daemon/base/async.h"
#include "daemon/mirror/plan.h"
#include "store/error.h"

namespace mirror {

inline constexpr int kMaxListingRestarts = 5;

// `fetch` asks for one link; `take` gets the answer and says whether to go on. Where the site
// refuses or repeats a cursor, the listing begins again: `take` may see rows twice.
template <typename Fetch, typename Take>
base::Awaitable<store::Result<void>> follow(std::string first, Fetch fetch, Take take) {
  std::string target = first;
  int restarts = 0;
  while (!target.empty()) {
    auto listing = co_await fetch(target);
    if (listing && same_place(listing->next, target)) {
      listing = store::fail(store::ErrorKind::kSpaceBad, "cursor_repeated",
                            "cannot follow a listing: the site sent the same cursor twice");
    }
    if (!listing) {
      const auto& name = listing.error().name;
      const bool lost_place = name == "cursor_refused" || name == "cursor_repeated";
      if (!lost_place || ++restarts > kMaxListingRestarts) {
        co_return store::fail(std::move(listing.error()));
      }
      target = first;
      continue;
    }
    target = listing->next;
    const bool more = co_await take(std::move(*listing));
    if (!more) break;
  }
  co_return store::Result<void>();
}

}  // namespace mirror
