#include "daemon/mirror/walks.h"

#include <fmt/format.h>

#include <algorithm>

#include "daemon/base/log.h"

namespace mirror {

namespace {

constexpr int kMaxRestarts = 12;
constexpr int kLongWalk = 2;  // listings after which a walk that goes on counts as long
constexpr std::chrono::milliseconds kBalanceInterval{15};

std::string describe(const store::WalkState& state) {
  return fmt::format("listing:{} of {} spaces (first {})", state.kind, state.space_ids.size(),
                     state.space_ids.empty() ? 0 : state.space_ids.front());
}

}  // namespace

base::Awaitable<void> Walks::start(std::vector<std::vector<store::Id>> groups,
                                   std::vector<bool> by_ids) {
  auto batch = context_.make_batch();
  std::vector<std::shared_ptr<Walk>> walks;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    store::WalkState state;
    state.walk_id = ++last_walk_id_;
    state.crawl_id = context_.run_id;
    state.kind = by_ids[i] ? "scout" : "bodies";
    state.space_ids = std::move(groups[i]);
    state.sort = "id";
    state.page_size = kMaxPageSize;
    batch.walks.push_back(state);
    walks.push_back(make_walk(std::move(state), std::make_shared<Span>()));
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
  std::vector<std::pair<std::vector<store::Id>, std::shared_ptr<Span>>> spans;
  const auto span_of = [&spans](const store::WalkState& state) {
    for (auto& [spaces, span] : spans) {
      if (spaces == state.space_ids) return span;
    }
    spans.emplace_back(state.space_ids, std::make_shared<Span>());
    return spans.back().second;
  };
  for (const auto& state : states) {
    last_walk_id_ = std::max(last_walk_id_, state.walk_id);
    if (!state.reached) continue;
    // A walk that began again from its end bounds nothing until it has come as far as before: it
    // keeps `reached`.
    if (state.sort == "id") {
      span_of(state)->up_reached(*state.reached);
    } else {
      span_of(state)->down_reached(*state.reached);
    }
  }
  for (auto& state : states) {
    ++context_.progress.walks;
    if (state.done) {
      ++context_.progress.walks_done;
      continue;
    }
    auto span = span_of(state);
    --context_.progress.walks;  // make_walk counts it
    context_.listings.spawn(run(make_walk(std::move(state), std::move(span))));
  }
}

std::shared_ptr<Walks::Walk> Walks::make_walk(store::WalkState state, std::shared_ptr<Span> span) {
  auto walk = std::make_shared<Walk>();
  walk->sizer = PageSizer(state.page_size);
  walk->paired = !state.space_ids.empty() && state.sort != "id";
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
    if (walk.limit_is_fixed) return walk.state.next_link;
    return confluence::with_limit(walk.state.next_link, walk.sizer.size());
  }
  confluence::PagesQuery query;
  query.space_ids = walk.state.space_ids;
  query.statuses = context_.options.page_statuses;
  query.sort = walk.state.sort;
  query.bodies = walk.with_bodies();
  query.limit = walk.sizer.size();
  return confluence::pages_target(query);
}

base::Awaitable<void> Walks::run(std::shared_ptr<Walk> walk) {
  struct Ended {
    Walks& self;
    ~Ended() {
      --self.running_;
      ++self.context_.progress.walks_done;
    }
  };
  const Ended ended{*this};
  while (!context_.fatal && !walk->state.done) {
    confluence::RetryBudget budget;
    budget.attempts = walk->with_bodies() ? 2 : 4;
    auto listing = co_await context_.deps.client.pages(target_of(*walk),
                                                       confluence::Priority::kBodies, budget);
    if (listing && !listing->next.empty() && listing->next == walk->state.next_link) {
      listing = store::fail(store::ErrorKind::kSpaceBad, "cursor_repeated",
                            "cannot follow a page listing: the site sent the same cursor twice");
    }
    if (listing) {
      walk->failures_in_a_row = 0;
      walk->cursor_retried = false;
      walk->sizer.succeeded(listing->elapsed);
      co_await accept(*walk, std::move(*listing));
      continue;
    }
    const bool goes_on = co_await recover(*walk, listing.error());
    if (!goes_on) break;
  }
  auto written = co_await walk->slot->drain();
  if (!written) context_.fail(written.error());
}

base::Awaitable<void> Walks::accept(Walk& walk, confluence::Listing<store::Page> listing) {
  ++walk.listings;
  store::Batch batch(listing.observation, listing.received_at);
  std::optional<store::Id> lowest;
  std::optional<store::Id> highest;
  const auto in_order = [&walk](const store::Page& a, const store::Page& b) {
    return walk.upwards() ? a.id < b.id : a.id > b.id;
  };
  if (!std::is_sorted(listing.rows.begin(), listing.rows.end(), in_order)) walk.span->spoil();
  for (auto& page : listing.rows) {
    lowest = lowest ? std::min(*lowest, page.id) : page.id;
    highest = highest ? std::max(*highest, page.id) : page.id;
    // A filter that the site did not understand widens a listing silently.
    if (!context_.admitted_spaces.contains(page.space_id)) continue;
    if (page.body) batch.released.push_back(fmt::format("page:{}", page.id));
    batch.pages.push_back(std::move(page));
  }
  if (highest && walk.upwards()) {
    walk.span->up_reached(*highest);
    walk.state.reached = walk.span->low();
  } else if (lowest && !walk.upwards()) {
    walk.span->down_reached(*lowest);
    walk.state.reached = walk.span->high();
  }
  walk.state.next_link = listing.next;
  walk.state.page_size = walk.sizer.size();
  walk.state.done = listing.next.empty() || walk.span->met();
  auto& progress = context_.progress;
  progress.pages_listed += static_cast<std::int64_t>(batch.pages.size());
  if (walk.with_bodies()) progress.pages_seen += static_cast<std::int64_t>(batch.pages.size());
  progress.pages_known =
      std::max({progress.pages_known, progress.pages_listed, progress.pages_seen});
  batch.walks.push_back(walk.state);
  auto written = co_await walk.slot->put(std::move(batch));
  if (!written) {
    context_.fail(written.error());
    co_return;
  }
  for (const auto& row : listing.bad_rows) {
    store::Error error(store::ErrorKind::kItemBad, "bad_row", row.reason);
    co_await context_.quarantine("page:" + row.id, error);
  }
  if (!walk.with_bodies() && lowest) {
    written = co_await walk.slot->drain();
    if (!written) {
      context_.fail(written.error());
      co_return;
    }
    co_await fetch_what_is_due(*lowest, *highest);
  }
}

base::Awaitable<void> Walks::fetch_what_is_due(store::Id from, store::Id to) {
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
      if (page.page_id <= to) ids.push_back(page.page_id);
    }
    const bool more = ids.size() == kMaxIdsPerRequest;
    if (!ids.empty()) after = ids.back();
    co_await bodies_.add(std::move(ids));
    if (!more) co_return;
  }
}

bool Walks::restart(Walk& walk) {
  if (++walk.restarts > kMaxRestarts) return false;
  // What is stored already need not travel again.
  if (walk.state.reached && walk.with_bodies()) walk.state.kind = "scout";
  walk.state.next_link.clear();
  walk.cursor_retried = false;
  return true;
}

base::Awaitable<bool> Walks::recover(Walk& walk, const store::Error& error) {
  base::crawl_log().debug("walk={} failed name={} message=\"{}\"", walk.state.walk_id, error.name,
                          error.message);
  bool goes_on = false;
  if (error.kind == store::ErrorKind::kCredentialsBad) {
    auto red = co_await context_.canary();
    if (red) {
      context_.fail(std::move(*red));
      co_return false;
    }
    goes_on = ++walk.failures_in_a_row <= 3;
  } else if (Context::is_fatal(error)) {
    context_.fail(error);
    co_return false;
  } else if (error.name == "cursor_refused" && !walk.cursor_retried) {
    walk.cursor_retried = true;
    goes_on = true;
  } else if (error.name == "cursor_refused" || error.name == "cursor_repeated") {
    goes_on = restart(walk);
  } else if (error.name == "limit_refused" && !walk.limit_is_fixed) {
    walk.limit_is_fixed = true;
    goes_on = true;
  } else if (walk.limit_is_fixed && walk.sizer.size() > kMinPageSize) {
    walk.sizer.shrink();
    goes_on = restart(walk);
  } else if (walk.sizer.shrink()) {
    goes_on = true;
  } else if (walk.with_bodies()) {
    // Small and still failing: some page in it is bad. Go around it by ids.
    walk.state.kind = "scout";
    walk.sizer = PageSizer();
    goes_on = restart(walk);
  } else {
    walk.sizer = PageSizer();
    goes_on = ++walk.failures_in_a_row <= 2;
  }
  if (!goes_on) co_await context_.quarantine(describe(walk.state), error);
  co_return goes_on;
}

base::Awaitable<void> Walks::balance() {
  if (context_.options.split == SplitScheme::kNone) co_return;
  while (running_ > 0 && !context_.fatal) {
    co_await base::sleep_for(kBalanceInterval);
    const auto status = context_.deps.governor.status();
    // Where the site's rate is the limit, a second walk only costs requests.
    if (status.rate_bound || status.closed_until) continue;
    if (context_.deps.governor.idle_capacity()) start_partner();
  }
}

bool Walks::start_partner() {
  std::erase_if(open_, [](const auto& walk) { return walk.expired(); });
  for (const auto& weak : open_) {
    const auto walk = weak.lock();
    if (walk->paired || !walk->upwards() || walk->state.done || walk->listings < kLongWalk)
      continue;
    if (walk->span->high()) continue;
    walk->paired = true;
    store::WalkState state;
    state.walk_id = ++last_walk_id_;
    state.crawl_id = walk->state.crawl_id;
    state.kind = context_.options.split == SplitScheme::kScout ? "scout" : "bodies";
    state.space_ids = walk->state.space_ids;
    state.sort = "-id";
    state.page_size = kMaxPageSize;
    context_.listings.spawn(run(make_walk(std::move(state), walk->span)));
    return true;
  }
  return false;
}

}  // namespace mirror
