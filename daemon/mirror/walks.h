#pragma once

// Walks over page listings, ordered by id.
//
// 1. A walk covers a group of spaces. It lists pages with bodies, upwards by id; rows and cursor
// are committed together.
// 2. When connections are free and a walk is long, a second one starts at its other end
// (SplitScheme); they end when they meet.
// 3. The page size is halved on failures and slow answers and grows back, by rewriting `limit`
// alone in the next link.
// 4. A refused cursor is tried once more, then that walk alone starts again, without bodies: what
// it has already stored is not
//    fetched twice, what is missing is fetched by ids. The same way leads around a page that makes
//    listings fail.
// 5. Only a missing `next` ends a walk. A walk that cannot be ended is named among the failures and
// stops nothing else.
//
// Network thread only; refers to the Context and Bodies, which outlive it.

#include <memory>
#include <string>
#include <vector>

#include "daemon/mirror/bodies.h"
#include "daemon/mirror/context.h"
#include "daemon/mirror/plan.h"

namespace mirror {

class Walks {
 public:
  Walks(Context& context, Bodies& bodies) : context_(context), bodies_(bodies) {}

  // New walks over these groups, and those that an interrupted crawl left; both are spawned in
  // context.listings. `by_ids` says for each group whether to list without bodies from the start
  // (there are pages in it known to be bad).
  base::Awaitable<void> start(std::vector<std::vector<store::Id>> groups, std::vector<bool> by_ids);
  void resume(std::vector<store::WalkState> states);

  // Watches for free connections and splits long walks; ends when all walks have ended.
  base::Awaitable<void> balance();

 private:
  struct Walk {
    store::WalkState state;
    std::shared_ptr<Span> span;
    PageSizer sizer;
    std::unique_ptr<CommitSlot> slot;
    int listings = 0;
    int restarts = 0;
    bool limit_is_fixed = false;  // this site refused a changed limit
    bool cursor_retried = false;
    bool paired = false;
    int failures_in_a_row = 0;
    bool upwards() const { return state.sort == "id"; }
    bool with_bodies() const { return state.kind == "bodies"; }
  };

  std::shared_ptr<Walk> make_walk(store::WalkState state, std::shared_ptr<Span> span);
  base::Awaitable<void> run(std::shared_ptr<Walk> walk);
  std::string target_of(const Walk& walk) const;
  base::Awaitable<void> accept(Walk& walk, confluence::Listing<store::Page> listing);
  base::Awaitable<void> fetch_what_is_due(store::Id from, store::Id to);
  // False: the walk is given up.
  base::Awaitable<bool> recover(Walk& walk, const store::Error& error);
  bool restart(Walk& walk);
  bool start_partner();

  Context& context_;
  Bodies& bodies_;
  std::vector<std::weak_ptr<Walk>> open_;
  std::int64_t last_walk_id_ = 0;
  int running_ = 0;
};

}  // namespace mirror
