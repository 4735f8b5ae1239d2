#pragma once

// Walks over page listings, ordered by id.
//
// 1. A walk covers a group of spaces. It lists pages with bodies, upwards by id; rows and cursor
//    are committed together.
// 2. When connections are free and a walk is long, a second one starts at its other end
//    (SplitScheme); they end when they meet. A walk without bodies (a scout) runs ahead of the
//    bodies that it names, which are fetched by ids, and may not run ahead far.
// 3. The page size is halved on failures and slow answers and grows back, by rewriting `limit`
//    alone in the next link; where the site refuses that, links are followed as they are.
// 4. A refused cursor is tried once more, then that walk alone starts again, without bodies: what
//    it has already stored is not fetched twice, what is missing is fetched by ids. The same way
//    leads around a page that makes listings fail.
// 5. Only a missing `next` ends a walk. One that cannot be ended is taken apart by its spaces,
//    until what fails is one space, which is named among the failures and stops nothing else.
//
// Network thread only; refers to the Context and Bodies, which outlive it.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/mirror/bodies.h"
#include "daemon/mirror/context.h"
#include "daemon/mirror/plan.h"

namespace mirror {

// What is to be listed: `spaces`, with bodies or (known pages, or pages known to be bad) without.
struct WalkPlan {
  std::vector<store::Id> spaces;
  bool by_ids = false;
  bool suspect = false;  // a listing of these has failed: go carefully, do not try for long
};

class Walks {
 public:
  Walks(Context& context, Bodies& bodies) : context_(context), bodies_(bodies) {}

  // Ids above this are free for new walks.
  void number_from(std::int64_t last_walk_id) { last_walk_id_ = last_walk_id; }
  // New walks, spawned in context.listings once they are on disk. `retired` are walks of an
  // interrupted crawl that are not taken up: the new ones cover their spaces.
  base::Awaitable<void> start(std::vector<WalkPlan> plans, std::vector<store::WalkState> retired);
  // Those that an interrupted crawl left.
  void resume(std::vector<store::WalkState> states);

 private:
  struct Walk {
    store::WalkState state;
    std::shared_ptr<Span> span;
    PageSizer sizer;
    std::unique_ptr<CommitSlot> slot;
    std::optional<store::Id> last_id;  // of the listing before this one
    int listings = 0;
    int restarts = 0;
    bool as_sent = false;         // follow the next link as it is, this once
    bool cursor_retried = false;  // since the last good answer
    bool paired = false;          // has a partner, or is one
    int failures_in_a_row = 0;
    bool upwards() const { return state.sort == "id"; }
    bool with_bodies() const { return state.kind == "bodies"; }
  };

  store::WalkState new_state(std::vector<store::Id> spaces, bool with_bodies, std::string sort);
  std::shared_ptr<Walk> make_walk(store::WalkState state, std::shared_ptr<Span> span);
  base::Awaitable<void> run(std::shared_ptr<Walk> walk);
  void ended();
  std::string target_of(const Walk& walk) const;
  base::Awaitable<store::Result<confluence::Listing<store::Page>>> next_listing(Walk& walk);
  base::Awaitable<void> accept(Walk& walk, confluence::Listing<store::Page> listing);
  void note_progress(Walk& walk, const confluence::Listing<store::Page>& listing);
  void fetch_what_is_due(store::Id from, store::Id to);
  base::Awaitable<void> read_what_is_due(store::Id from, store::Id to);
  // False: the walk is given up.
  base::Awaitable<bool> recover(Walk& walk, store::Error error);
  bool retry(Walk& walk, const store::Error& error);
  bool restart(Walk& walk);
  base::Awaitable<void> give_up(Walk& walk, store::Error error);
  void start_partners();

  Context& context_;
  Bodies& bodies_;
  std::vector<std::weak_ptr<Walk>> open_;
  std::int64_t last_walk_id_ = 0;
  int running_ = 0;
  int due_reads_ = 0;
  // Whether this site lets `limit` change within a walk, once that is known.
  bool limit_is_fixed_ = false;
  bool limit_is_free_ = false;
};

}  // namespace mirror
