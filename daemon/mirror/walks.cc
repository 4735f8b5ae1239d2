#include "daemon/mirror/walks.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "daemon/base/log.h"

namespace mirror {

namespace {

constexpr int kMaxRestarts = 12;
constexpr int kMaxFailures = 3;
constexpr int kLongWalk = 6;  // listings after which a walk that goes on counts as long

std::string describe(const store::WalkState& state) {
  if (state.space_ids.size() == 1) return fmt::format("listing:space {}", state.space_ids.front());
  return fmt::format("listing:{} spaces from {}", state.space_ids.size(),
                     state.space_ids.empty() ? 0 : state.space_ids.front());
}

}  // namespace

store::WalkState Walks::new_state(std::vector<store::Id> spaces, bool with_bodies,
                                  std::string sort) {
  store::WalkState state;
  state.walk_id = ++last_walk_id_;
  state.crawl_id = context_.run_id;
  state.kind = with_bodies ? "bodies" : "scout";
  state.space_ids = std::move(spaces);
  state.sort = std::move(sort);
  state.page_size = kMaxPageSize;
  return state;
}

base::Awaitable<void> Walks::start(std::vector<WalkPlan> plans,
                                   std::vector<store::WalkState> retired) {
  auto batch = context_.make_batch();
  for (auto& state : retired) {
    state.done = true;
    batch.walks.push_back(std::move(state));
  }
  std::vector<std::shared_ptr<Walk>> walks;
  for (auto& plan : plans) {
    auto state = new_state(std::move(plan.spaces), !plan.by_ids, "id");
    if (plan.suspect) state.page_size = kMinPageSize;
    batch.walks.push_back(state);
    auto walk = make_walk(std::move(state), std::make_shared<Span>());
    if (plan.suspect) walk->failures_in_a_row = kMaxFailures - 1;
    walks.push_back(std::move(walk));
  }
  // The plan is on disk before the first answer: a crash in the middle leaves no space out.
  auto committed = co_await base::commit(context_.deps.writer, std::move(batch));
  if (!committed) {
    context_.fail(committed.error());
    co_return;
  }
  for (auto& walk : walks) context_.listings.spawn(run(walk));
}

void Walks::resume(std::vector<store::WalkState> states) {
  // Partners cover the same spaces; an upward walk that is done because they met still bounds its
  // partner.
  std::map<std::vector<store::Id>, std::shared_ptr<Span>> spans;
  std::map<std::vector<store::Id>, int> walks_of;
  for (const auto& state : states) {
    auto& span = spans[state.space_ids];
    if (!span) span = std::make_shared<Span>();
    ++walks_of[state.space_ids];
    if (!state.reached) {
      // It has shown rows out of order, or none yet.
      if (!state.next_link.empty() || state.done) span->spoil();
    } else if (state.sort == "id") {
      // A walk that began again from its end keeps `reached`: what it stored before still counts.
      span->up_reached(*state.reached);
    } else {
      span->down_reached(*state.reached);
    }
  }
  for (auto& state : states) {
    if (state.done) {
      ++context_.progress.walks;
      ++context_.progress.walks_done;
      continue;
    }
    const auto span = spans[state.space_ids];
    const bool paired = walks_of[state.space_ids] > 1;
    auto walk = make_walk(std::move(state), span);
    walk->paired = paired;
    context_.listings.spawn(run(std::move(walk)));
  }
}

std::shared_ptr<Walks::Walk> Walks::make_walk(store::WalkState state, std::shared_ptr<Span> span) {
  auto walk = std::make_shared<Walk>();
  walk->sizer = PageSizer(state.page_size);
  walk->paired = state.sort != "id";
  walk->state = std::move(state);
  walk->span = std::move(span);
  walk->slot = context_.make_slot();
  ++context_.progress.walks;
  ++running_;
  open_.push_back(walk);
  return walk;
}

std::string Walks::target_of(const Walk& walk) const {
  if (!walk.state.next_link.empty()) {
    if (limit_is_fixed_ || walk.as_sent) return walk.state.next_link;
    auto target = confluence::with_limit(walk.state.next_link, walk.sizer.size());
    return target.empty() ? walk.state.next_link : target;
  }
  confluence::PagesQuery query;
  query.space_ids = walk.state.space_ids;
  query.statuses = context_.options.page_statuses;
  query.sort = walk.state.sort;
  query.bodies = walk.with_bodies();
  query.limit = walk.sizer.size();
  return confluence::pages_target(query);
}

base::Awaitable<store::Result<confluence::Listing<store::Page>>> Walks::next_listing(Walk& walk) {
  confluence::RetryBudget budget;
  budget.attempts = walk.with_bodies() ? 2 : 4;
  // Scouts go first: they find work for everyone else.
  const auto priority =
      walk.with_bodies() ? confluence::Priority::kBodies : confluence::Priority::kHeadPoll;
  const auto target = target_of(walk);
  auto listing = co_await context_.deps.client.pages(target, priority, budget);
  if (listing && !walk.state.next_link.empty()) {
    if (target != walk.state.next_link) limit_is_free_ = true;
    if (walk.as_sent && !limit_is_free_) limit_is_fixed_ = true;
  }
  if (listing && same_place(listing->next, walk.state.next_link)) {
    listing = store::fail(store::ErrorKind::kSpaceBad, "cursor_repeated",
                          "cannot follow a page listing: the site sent the same cursor twice");
  }
  co_return listing;
}

void Walks::ended() {
  --running_;
  ++context_.progress.walks_done;
  start_partners();
  if (running_ == 0 && due_reads_ == 0) bodies_.flush();
}

base::Awaitable<void> Walks::run(std::shared_ptr<Walk> walk) {
  struct Ended {
    Walks& self;
    ~Ended() { self.ended(); }
  };
  const Ended ended{*this};
  while (!context_.fatal && !walk->state.done) {
    std::optional<Backlog::Room> room;
    if (walk->with_bodies()) {
      room.emplace(co_await context_.backlog->room());
    } else {
      co_await bodies_.room();
    }
    co_await context_.turn();
    auto listing = co_await next_listing(*walk);
    if (listing) {
      context_.succeeded();
      walk->as_sent = false;
      walk->cursor_retried = false;
      walk->failures_in_a_row = 0;
      walk->sizer.succeeded(listing->elapsed);
      co_await accept(*walk, std::move(*listing));
      start_partners();
      continue;
    }
    const bool goes_on = co_await recover(*walk, listing.error());
    if (!goes_on) break;
  }
  auto written = co_await walk->slot->drain();
  if (!written) context_.fail(written.error());
}

// Where the walk stands after this listing.
void Walks::note_progress(Walk& walk, const confluence::Listing<store::Page>& listing) {
  const auto before = [&walk](store::Id a, store::Id b) { return walk.upwards() ? a < b : a > b; };
  for (const auto& page : listing.rows) {
    if (walk.last_id && before(page.id, *walk.last_id)) walk.span->spoil();
    walk.last_id = page.id;
  }
  if (walk.last_id && walk.upwards()) walk.span->up_reached(*walk.last_id);
  if (walk.last_id && !walk.upwards()) walk.span->down_reached(*walk.last_id);
  walk.state.reached = walk.upwards() ? walk.span->low() : walk.span->high();
  if (walk.span->spoiled()) walk.state.reached.reset();
  walk.state.next_link = listing.next;
  walk.state.page_size = walk.sizer.size();
  walk.state.done = listing.next.empty() || walk.span->met();
}

base::Awaitable<void> Walks::accept(Walk& walk, confluence::Listing<store::Page> listing) {
  ++walk.listings;
  note_progress(walk, listing);
  store::Batch batch(listing.observation, listing.received_at);
  std::optional<store::Id> lowest;
  std::optional<store::Id> highest;
  for (auto& page : listing.rows) {
    lowest = lowest ? std::min(*lowest, page.id) : page.id;
    highest = highest ? std::max(*highest, page.id) : page.id;
    // A filter that the site did not understand widens a listing silently.
    if (!context_.admitted_spaces.contains(page.space_id)) continue;
    if (page.body) context_.release(batch, page_subject(page.id));
    batch.pages.push_back(std::move(page));
  }
  auto& progress = context_.progress;
  progress.pages_listed += static_cast<std::int64_t>(batch.pages.size());
  if (walk.with_bodies()) progress.pages_seen += static_cast<std::int64_t>(batch.pages.size());
  progress.pages_known =
      std::max({progress.pages_known, progress.pages_listed, progress.pages_seen});
  batch.walks.push_back(walk.state);
  std::function<void()> then;
  if (!walk.with_bodies() && lowest) {
    then = [this, from = *lowest, to = *highest] { fetch_what_is_due(from, to); };
  }
  auto written = co_await walk.slot->put(std::move(batch), std::move(then));
  if (!written) {
    context_.fail(written.error());
    co_return;
  }
  for (const auto& row : listing.bad_rows) {
    store::Error error(store::ErrorKind::kItemBad, "bad_row", row.reason);
    co_await context_.quarantine(page_subject(row.id), std::move(error));
  }
}

void Walks::fetch_what_is_due(store::Id from, store::Id to) {
  if (context_.fatal) return;
  ++due_reads_;
  context_.listings.spawn(read_what_is_due(from, to));
}

base::Awaitable<void> Walks::read_what_is_due(store::Id from, store::Id to) {
  struct Ended {
    Walks& self;
    ~Ended() {
      if (--self.due_reads_ == 0 && self.running_ == 0) self.bodies_.flush();
    }
  };
  const Ended ended{*this};
  store::Id after = from - 1;
  while (!context_.fatal) {
    const auto now = context_.due_time();
    auto query = [after, now](store::Reader& reader) {
      return reader.bodies_due(after, kMaxIdsPerRequest, now);
    };
    auto due = co_await context_.read(std::move(query));
    if (!due) {
      context_.fail(due.error());
      co_return;
    }
    std::vector<store::Id> ids;
    for (const auto& page : *due) {
      after = page.page_id;
      if (after <= to) ids.push_back(after);
    }
    bodies_.add(ids);
    if (due->size() < kMaxIdsPerRequest || after > to) co_return;
  }
}

bool Walks::restart(Walk& walk) {
  if (++walk.restarts > kMaxRestarts) return false;
  // What is stored already need not travel again.
  if (walk.listings > 0 || walk.state.reached) walk.state.kind = "scout";
  walk.state.next_link.clear();
  walk.last_id.reset();
  walk.cursor_retried = false;
  walk.as_sent = false;
  return true;
}

base::Awaitable<bool> Walks::recover(Walk& walk, store::Error error) {
  base::crawl_log().debug("walk={} failed name={} message=\"{}\"", walk.state.walk_id, error.name,
                          error.message);
  const bool goes_on = co_await context_.survives(error);
  if (!goes_on) co_return false;
  if (retry(walk, error)) co_return true;
  co_await give_up(walk, std::move(error));
  co_return false;
}

bool Walks::retry(Walk& walk, const store::Error& error) {
  const bool refused = error.name == "cursor_refused" || error.name == "limit_refused";
  if (refused && !walk.cursor_retried) {
    // Maybe it was not the cursor but the limit beside it.
    walk.cursor_retried = true;
    walk.as_sent = !limit_is_fixed_ && target_of(walk) != walk.state.next_link;
    return true;
  }
  walk.as_sent = false;
  if (refused || error.name == "cursor_repeated") return restart(walk);
  if (error.kind != store::ErrorKind::kRetryAfter && error.kind != store::ErrorKind::kItemBad) {
    return ++walk.failures_in_a_row < kMaxFailures;
  }
  if (walk.sizer.shrink()) return !limit_is_fixed_ || restart(walk);
  if (walk.with_bodies()) {
    // Small and still failing: some page in it is bad. Go around it by ids.
    walk.sizer = PageSizer();
    walk.state.kind = "scout";
    return restart(walk);
  }
  return ++walk.failures_in_a_row < kMaxFailures;
}

base::Awaitable<void> Walks::give_up(Walk& walk, store::Error error) {
  auto& spaces = walk.state.space_ids;
  if (spaces.size() <= 1) {
    co_await context_.quarantine(describe(walk.state), std::move(error));
    co_return;
  }
  base::crawl_log().warn("a listing of {} spaces fails and is taken apart: {}", spaces.size(),
                         error.message);
  const auto middle = spaces.begin() + static_cast<std::ptrdiff_t>(spaces.size() / 2);
  std::vector<WalkPlan> halves(2);
  halves[0].spaces.assign(spaces.begin(), middle);
  halves[1].spaces.assign(middle, spaces.end());
  for (auto& half : halves) half.by_ids = half.suspect = true;
  walk.paired = true;  // no partner for this one any more
  std::vector<store::WalkState> retired;
  retired.push_back(walk.state);
  // What this walk has under way must not overwrite its end.
  auto written = co_await walk.slot->drain();
  if (!written) {
    context_.fail(written.error());
    co_return;
  }
  co_await start(std::move(halves), std::move(retired));
}

void Walks::start_partners() {
  if (context_.options.split == SplitScheme::kNone || context_.fatal) return;
  std::erase_if(open_, [](const auto& walk) { return walk.expired(); });
  const auto walks = open_;
  for (const auto& weak : walks) {
    // Where the site's rate is the limit, a second walk only costs requests.
    if (!context_.deps.governor.idle_capacity()) return;
    const auto walk = weak.lock();
    if (!walk || walk->paired || walk->state.done || walk->listings < kLongWalk) continue;
    walk->paired = true;
    const bool bodies = walk->with_bodies() && context_.options.split == SplitScheme::kTwoEnds;
    auto state = new_state(walk->state.space_ids, bodies, "-id");
    context_.listings.spawn(run(make_walk(std::move(state), walk->span)));
  }
}

}  // namespace mirror
