#pragma once

// What the mirror holds and the site no longer shows.
//
// 1. Candidates are the pages that no answer since the crawl began has shown, if every listing of
//    it came to its end; a row that cannot be read convinces nobody that its page is gone.
// 2. Each is asked for by id, whatever its status, in batches: twice, with the rest of the crawl
//    between, and a look that shows some is repeated for the others alone, so that an answer that
//    was cut convinces nobody. What is there after all comes in as it is; what both looks miss has
//    vanished: purged or no longer visible, the API cannot tell. What the site shows
//    as `deleted` is deleted. What is in a space that the configuration does not admit is excluded.
// 3. The valve: more vanished and deleted pages than the options allow stop the crawl (kStopped,
//    "too_many_vanished"), and stopped() says which they are.
// 4. What has vanished within the last kAskedAgainFor is asked for once more: what was hidden then
//    may have been deleted since.
// 5. Nothing is written before take_tombstones(), which is for when the identity canary was green
//    once more.
//
// Network thread only; refers to its arguments, which outlive it.

#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "daemon/mirror/bodies.h"
#include "daemon/mirror/context.h"
#include "daemon/mirror/spaces.h"

namespace mirror {

class Vanished {
 public:
  Vanished(Context& context, Bodies& bodies, const Spaces& spaces)
      : context_(context), bodies_(bodies), spaces_(spaces) {}

  // `since`: the last observation before the crawl began.
  base::Awaitable<void> look(store::Observation since);
  // The second look, and the valve.
  base::Awaitable<void> confirm();
  std::vector<store::Batch> take_tombstones() { return std::move(tombstones_); }
  const std::optional<store::VanishedCandidates>& stopped() const { return stopped_; }

 private:
  struct Missing {
    store::Id page_id = 0;
    store::Id space_id = 0;  // where it was
  };
  struct Known;
  static store::Result<Known> read_known(store::Reader& reader);

  base::Awaitable<std::vector<Missing>> candidates(store::Observation since);
  base::Awaitable<void> ask_for_tombstones();
  void exclude(const std::vector<Missing>& pages);
  // Which of these the site does not show.
  base::Awaitable<std::vector<Missing>> ask(std::vector<Missing> pages, bool last_time);
  base::Awaitable<void> ask_batch(std::vector<Missing> pages, bool last_time,
                                  std::vector<Missing>& missing);
  base::Awaitable<void> ask_halves(std::vector<Missing> pages, bool last_time,
                                   std::vector<Missing>& missing);
  // What the answer shows leaves `open`. False: there was no whole answer. `unreadable`: a row was
  // bad, and names none of these pages.
  base::Awaitable<bool> ask_once(std::unordered_map<store::Id, store::Id>& open,
                                 store::Batch& tombstones, bool& unreadable);
  base::Awaitable<void> keep(confluence::Listing<store::Page> listing, CommitSlot& slot);
  void bury(store::Batch& batch, store::Id page_id, std::string reason);
  base::Awaitable<void> look_for_spaces(const std::vector<store::SpaceRow>& known);
  base::Awaitable<void> ask_for_spaces(std::vector<store::Id> ids);
  void check_valve(const std::vector<Missing>& vanished, const Known& known);

  Context& context_;
  Bodies& bodies_;
  const Spaces& spaces_;
  std::vector<Missing> missing_;            // after the first look
  std::map<store::Id, store::Id> deleted_;  // page to space
  std::vector<store::Batch> tombstones_;
  std::optional<store::VanishedCandidates> stopped_;
};

}  // namespace mirror
