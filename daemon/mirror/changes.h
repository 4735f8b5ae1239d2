#pragma once

// What changed on the site, newest first and without bodies: poll() since an earlier run, and
// follow_up() while the site was crawled. That takes two looks, both without bodies: newest first
// back to the start of the crawl (in the site's own time), again until a look changes nothing; and,
// where it costs little beside the crawl, one sweep over everything, because moves, archiving and
// trashing make no version and show in no other way, and a page that was moved from a space not
// listed yet to one that was would be missing. Network thread only; refers to the Context and
// Bodies, which outlive it.

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "daemon/mirror/bodies.h"
#include "daemon/mirror/context.h"

namespace mirror {

class Changes {
 public:
  Changes(Context& context, Bodies& bodies) : context_(context), bodies_(bodies) {}

  // One look at everything admitted, back to `since` less the overlap, by the site's clock (6.1 of
  // the API notes). Where most spaces are admitted the whole site is asked in one listing; `others`
  // are then the spaces known to be left out. False: a page of a space that nobody knows has
  // changed.
  base::Awaitable<bool> poll(std::vector<store::Id> spaces, std::unordered_set<store::Id> others,
                             store::Time since);

  // `since`: when the crawl began, by the site's clock; nullopt: the site names no time.
  base::Awaitable<void> follow_up(std::vector<store::Id> spaces, std::optional<store::Time> since,
                                  bool sweep);

 private:
  // How many pages were new or different.
  base::Awaitable<std::int64_t> look(const std::string& sort, store::Time cutoff);
  base::Awaitable<void> look_at(std::vector<store::Id> spaces, std::string sort,
                                store::Time cutoff);
  base::Awaitable<bool> keep(confluence::Listing<store::Page> listing, store::Time cutoff,
                             CommitSlot& slot);

  Context& context_;
  Bodies& bodies_;
  std::vector<store::Id> spaces_;
  std::unordered_set<store::Id> others_;  // of poll()
  bool all_known_ = true;
};

}  // namespace mirror
