#include "daemon/mirror/crawl.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/this_coro.hpp>
#include <charconv>
#include <map>
#include <unordered_set>

#include "daemon/base/log.h"
#include "daemon/mirror/bodies.h"
#include "daemon/mirror/changes.h"
#include "daemon/mirror/history.h"
#include "daemon/mirror/nodes.h"
#include "daemon/mirror/plan.h"
#include "daemon/mirror/spaces.h"
#include "daemon/mirror/vanished.h"
#include "daemon/mirror/walks.h"

namespace mirror {

namespace {

constexpr int kMaxBodyRounds = 3;
constexpr std::size_t kUsersPerRequest = 250;  // OpenAPI document, POST /users-bulk
constexpr std::chrono::hours kResumeWithin{24};
constexpr std::int64_t kSweepShare = 20;  // a closing sweep may cost a 20th of the crawl
constexpr const char* kUsersSubject = "users:names";

std::string meta_key(std::int64_t run_id, std::string_view what) {
  return fmt::format("crawl.{}.{}", run_id, what);
}

std::unordered_set<store::Id> ids_of(std::string_view list) {
  std::unordered_set<store::Id> ids;
  const auto* at = list.data();
  const auto* const end = at + list.size();
  while (at < end) {
    store::Id id = 0;
    const auto [stop, error] = std::from_chars(at, end, id);
    if (error != std::errc()) break;
    ids.insert(id);
    at = stop + 1;
  }
  return ids;
}

// What the mirror says about earlier crawls.
struct Past {
  std::int64_t next_run_id = 0;
  std::vector<store::WalkState> walks;
  std::map<std::int64_t, std::string> scopes;      // of the crawls of those walks
  std::map<std::int64_t, std::string> site_times;  // when they began, by the site's clock
  std::string watermark;
  std::string full_scope;                            // of the last full run
  std::map<std::int64_t, std::string> observations;  // the last before they began
  store::Observation last_observation = 0;
  std::vector<store::RunUpdate> runs;  // those that have not ended; newest first
  store::Counts counts;
  std::vector<store::QuarantineRow> quarantine;
};

store::Result<Past> read_past(store::Reader& reader) {
  Past past;
  auto run_id = reader.next_run_id();
  if (!run_id) return store::fail(run_id.error());
  past.next_run_id = *run_id;
  auto walks = reader.walks();
  if (!walks) return store::fail(walks.error());
  past.walks = std::move(*walks);
  for (const auto& walk : past.walks) {
    if (past.scopes.contains(walk.crawl_id)) continue;
    auto scope = reader.meta(meta_key(walk.crawl_id, "scope"));
    auto site_time = reader.meta(meta_key(walk.crawl_id, "site_time"));
    if (!scope) return store::fail(scope.error());
    if (!site_time) return store::fail(site_time.error());
    auto observation = reader.meta(meta_key(walk.crawl_id, "observation"));
    if (!observation) return store::fail(observation.error());
    past.observations[walk.crawl_id] = observation->value_or("");
    past.scopes[walk.crawl_id] = scope->value_or("");
    past.site_times[walk.crawl_id] = site_time->value_or("");
  }
  auto watermark = reader.meta("watermark");
  if (!watermark) return store::fail(watermark.error());
  past.watermark = watermark->value_or("");
  auto full_scope = reader.meta("full_scope");
  if (!full_scope) return store::fail(full_scope.error());
  past.full_scope = full_scope->value_or("");
  auto last_observation = reader.last_observation();
  if (!last_observation) return store::fail(last_observation.error());
  past.last_observation = *last_observation;
  auto runs = reader.unfinished_runs();
  if (!runs) return store::fail(runs.error());
  past.runs = std::move(*runs);
  auto counts = reader.counts();
  if (!counts) return store::fail(counts.error());
  past.counts = std::move(*counts);
  auto quarantine = reader.quarantine();
  if (!quarantine) return store::fail(quarantine.error());
  past.quarantine = std::move(*quarantine);
  return past;
}

}  // namespace

class Crawl::Impl {
 public:
  Impl(CrawlDeps deps, CrawlOptions options, confluence::Identity who)
      : context_(deps, std::move(options)),
        bodies_(context_),
        history_(context_),
        walks_(context_, bodies_),
        spaces_(context_),
        changes_(context_, bodies_),
        vanished_(context_, bodies_, spaces_),
        nodes_(context_, spaces_),
        site_time_at_start_(who.server_time) {
    context_.account_id = std::move(who.account_id);
  }

  base::Awaitable<store::Result<void>> run();
  void stop() {
    context_.fail(store::Error(store::ErrorKind::kCanceled, "canceled", "the sync was interrupted",
                               "run it again: it goes on where it stopped"));
  }
  const Progress& progress() const { return context_.progress; }
  std::int64_t run_id() const { return context_.run_id; }

 private:
  using Step = base::Awaitable<void> (Impl::*)();
  base::Awaitable<void> step(std::string phase, Step work);
  base::Awaitable<void> settle(base::TaskGroup& group);
  base::Awaitable<void> begin();
  base::Awaitable<void> poll();
  void take_up(Past& past);
  base::Awaitable<void> abandon();
  void note_interrupted(std::vector<store::RunUpdate> runs, store::Batch& batch) const;
  base::Awaitable<void> list_spaces() { return spaces_.list(); }
  base::Awaitable<void> walk();
  base::Awaitable<void> plan(std::vector<WalkPlan>& plans, std::vector<store::WalkState>& retired);
  base::Awaitable<void> fetch_missing_bodies();
  base::Awaitable<void> catch_up();
  base::Awaitable<void> fetch_nodes() { return nodes_.fetch(watermark_ ? 0 : seen_before_); }
  base::Awaitable<void> close();
  base::Awaitable<void> follow_changes();
  base::Awaitable<void> crawl_users();
  base::Awaitable<void> look_for_gone() { return vanished_.look(seen_before_); }
  base::Awaitable<void> confirm_gone() { return vanished_.confirm(); }
  base::Awaitable<void> mark_gone();
  base::Awaitable<void> note_what_was_seen(store::Batch& batch, store::Time finished_at);
  base::Awaitable<std::string> newest_watermark();
  base::Awaitable<void> second_canary();
  base::Awaitable<store::Result<void>> finish();
  base::Awaitable<void> release_what_is_well(store::Batch& batch);
  base::Awaitable<void> commit(store::Batch batch);
  store::RunUpdate run_update() const;

  Context context_;
  Bodies bodies_;
  HistoryBackfill history_;
  Walks walks_;
  Spaces spaces_;
  Changes changes_;
  Vanished vanished_;
  Nodes nodes_;
  store::Time started_at_{};
  std::optional<store::Time> site_time_at_start_;
  store::Observation seen_before_ = 0;    // what was observed since then is of this crawl
  std::optional<store::Time> watermark_;  // set: this run is incremental
  bool saw_all_changes_ = true;           // of an incremental run
  std::string noted_watermark_;           // when this run began
  std::vector<std::int64_t> abandoned_;   // crawls whose walks are given up
  std::vector<store::WalkState> unfinished_;
  std::optional<store::RunUpdate> earlier_;  // what this run did before it was interrupted
};

base::Awaitable<void> Crawl::Impl::commit(store::Batch batch) {
  auto written = co_await base::commit(context_.deps.writer, std::move(batch));
  if (!written) context_.fail(written.error());
}

store::RunUpdate Crawl::Impl::run_update() const {
  store::RunUpdate run;
  run.run_id = context_.run_id;
  run.kind = watermark_ ? "incremental" : "full";
  run.started_at = started_at_;
  run.outcome = "running";
  run.requests = context_.deps.client.usage().requests - context_.options.usage_before.requests;
  run.bytes = context_.deps.client.usage().wire_bytes - context_.options.usage_before.wire_bytes;
  run.pages_changed = context_.progress.pages_changed;
  if (earlier_) {
    run.started_at = earlier_->started_at;
    run.requests += earlier_->requests;
    run.bytes += earlier_->bytes;
    run.pages_changed += earlier_->pages_changed;
  }
  return run;
}

base::Awaitable<void> Crawl::Impl::step(std::string phase, Step work) {
  if (context_.fatal) co_return;
  context_.progress.phase = std::move(phase);
  context_.listings.spawn((this->*work)());
  co_await settle(context_.listings);
}

// The wall for exceptions of the tasks.
base::Awaitable<void> Crawl::Impl::settle(base::TaskGroup& group) {
  std::string what;
  try {
    co_await group.join();
  } catch (const std::exception& e) {
    what = e.what();
  }
  if (what.empty()) co_return;
  context_.fail(store::Error(store::ErrorKind::kBug, "crawl_bug",
                             fmt::format("cannot go on with the sync: {}", what),
                             "This is a defect: please report it."));
}

base::Awaitable<store::Result<void>> Crawl::Impl::run() {
  co_await boost::asio::this_coro::reset_cancellation_state(boost::asio::disable_cancellation());
  started_at_ = context_.deps.clock.now();
  co_await step("spaces", &Impl::begin);
  if (watermark_) co_await step("changes", &Impl::poll);
  if (!watermark_) co_await step("spaces", &Impl::list_spaces);
  const bool with_history = context_.options.history != History::kNone;
  if (!context_.fatal && with_history) context_.histories.spawn(history_.run());
  if (!watermark_) {
    co_await step("pages", &Impl::walk);
    co_await step("pages", &Impl::fetch_missing_bodies);
  }
  co_await step("history", &Impl::catch_up);
  if (!watermark_) {
    co_await step("closing", &Impl::close);
    co_await step("closing", &Impl::look_for_gone);
    co_await step("closing", &Impl::fetch_nodes);  // those of pages that came since
  }
  history_.finish();
  co_await settle(context_.histories);
  co_await step("users", &Impl::crawl_users);
  if (!watermark_) co_await step("closing", &Impl::confirm_gone);
  co_await step("identity", &Impl::second_canary);
  co_await step("closing", &Impl::mark_gone);
  // What is left may have been ended from outside the steps.
  co_await settle(context_.listings);
  co_return co_await finish();
}

// Takes up the newest full crawl of this scope that did not end; what is too old to be taken up,
// and others of this scope, are abandoned.
void Crawl::Impl::take_up(Past& past) {
  std::int64_t last_walk_id = 0;
  std::optional<std::int64_t> chosen;
  for (auto& [crawl_id, scope] : past.scopes) {
    if (scope != context_.options.scope || crawl_id == context_.options.beside_run) continue;
    if (chosen) abandoned_.push_back(*chosen);
    chosen = crawl_id;
  }
  for (const auto& walk : past.walks) last_walk_id = std::max(last_walk_id, walk.walk_id);
  walks_.number_from(last_walk_id);
  if (!chosen) return;
  const auto run = std::find_if(past.runs.begin(), past.runs.end(),
                                [&](const auto& r) { return r.run_id == *chosen; });
  const bool recent = run != past.runs.end() && started_at_ - run->started_at <= kResumeWithin;
  // An incremental run that finds that it must look at everything does so from the start.
  if (!recent || watermark_) {
    abandoned_.push_back(*chosen);
    return;
  }
  // Everything that crawl began keeps its name and its start, so that the closing poll looks back
  // far enough.
  context_.run_id = *chosen;
  earlier_ = *run;
  auto site_time = store::parse_iso8601(past.site_times[*chosen]);
  if (site_time) site_time_at_start_ = *site_time;
  if (const auto observation = id_after(past.observations[*chosen], "")) {
    seen_before_ = *observation;
  }
  for (auto& walk : past.walks) {
    if (walk.crawl_id == *chosen) unfinished_.push_back(std::move(walk));
  }
  base::crawl_log().info("resuming run_id={} walks={}", context_.run_id, unfinished_.size());
}

base::Awaitable<void> Crawl::Impl::begin() {
  auto past = co_await context_.read(read_past);
  if (!past) {
    context_.fail(past.error());
    co_return;
  }
  context_.progress.pages_known = past->counts.pages;
  context_.progress.histories_known = past->counts.history_due;
  context_.remember_quarantine(past->quarantine);
  context_.run_id = std::max(past->next_run_id, context_.options.beside_run + 1);
  seen_before_ = past->last_observation;
  const bool was_whole = past->full_scope == context_.options.scope;
  if (was_whole) context_.set_budget(context_.options.requests_per_hour);
  if (context_.options.incremental && was_whole) {
    if (const auto since = store::parse_iso8601(past->watermark)) watermark_ = *since;
  }
  noted_watermark_ = past->watermark;
  if (context_.options.beside_run > 0 && !watermark_) {
    context_.run_id = 0;
    context_.fail(store::Error(store::ErrorKind::kBusy, "full_run_under_way",
                               "cannot follow changes: a full run is under way, and none has "
                               "come to its end before"));
    co_return;
  }
  take_up(*past);

  auto batch = context_.make_batch();
  batch.meta[meta_key(context_.run_id, "scope")] = context_.options.scope;
  batch.meta[meta_key(context_.run_id, "observation")] = std::to_string(seen_before_);
  if (site_time_at_start_) {
    batch.meta[meta_key(context_.run_id, "site_time")] = store::to_iso8601(*site_time_at_start_);
  }
  batch.meta["account_id"] = context_.account_id;
  note_interrupted(std::move(past->runs), batch);
  batch.runs.push_back(run_update());
  co_await commit(std::move(batch));
  if (!watermark_) co_await abandon();
}

// A process that was killed could not say so itself.
void Crawl::Impl::note_interrupted(std::vector<store::RunUpdate> runs, store::Batch& batch) const {
  for (auto& run : runs) {
    const bool under_way =
        run.run_id == context_.run_id || run.run_id == context_.options.beside_run;
    if (under_way || run.outcome != "running") continue;
    run.outcome = "interrupted";
    run.error = "the process ended without a word";
    batch.runs.push_back(std::move(run));
  }
}

base::Awaitable<void> Crawl::Impl::abandon() {
  for (const auto id : abandoned_) {
    if (context_.fatal) co_return;
    auto drop = context_.make_batch();
    drop.drop_walks_of_crawl = id;
    for (const auto* const what : {"scope", "site_time", "observation"}) {
      drop.meta[meta_key(id, what)] = "";
    }
    co_await commit(std::move(drop));
  }
  abandoned_.clear();
}

base::Awaitable<void> Crawl::Impl::poll() {
  struct Known {
    std::vector<store::SpaceRow> spaces;
    std::string left_out;
  };
  auto query = [](store::Reader& reader) -> store::Result<Known> {
    Known known;
    auto spaces = reader.spaces();
    if (!spaces) return store::fail(spaces.error());
    known.spaces = std::move(*spaces);
    auto left_out = reader.meta("spaces_left_out");
    if (!left_out) return store::fail(left_out.error());
    known.left_out = left_out->value_or("");
    return known;
  };
  auto known = co_await context_.read(std::move(query));
  if (!known) {
    context_.fail(known.error());
    co_return;
  }
  std::vector<store::Id> ids;
  for (const auto& space : known->spaces) {
    ids.push_back(space.id);
    context_.admitted_spaces.insert(space.id);
  }
  context_.progress.spaces = static_cast<std::int64_t>(ids.size());
  const bool all_known =
      co_await changes_.poll(std::move(ids), ids_of(known->left_out), *watermark_);
  if (all_known || context_.fatal) co_return;
  saw_all_changes_ = false;
  if (context_.options.beside_run > 0) co_return;  // the next run after that one sees to it
  base::crawl_log().info("a page of an unknown space has changed: everything is looked at");
  context_.admitted_spaces.clear();
  watermark_.reset();
  co_await abandon();
}

base::Awaitable<void> Crawl::Impl::walk() {
  std::vector<WalkPlan> plans;
  std::vector<store::WalkState> retired;
  co_await plan(plans, retired);
  if (context_.fatal) co_return;
  walks_.resume(std::move(unfinished_));
  co_await walks_.start(std::move(plans), std::move(retired));
  if (!context_.fatal) co_await spaces_.read_labels();
}

base::Awaitable<void> Crawl::Impl::plan(std::vector<WalkPlan>& plans,
                                        std::vector<store::WalkState>& retired) {
  struct Known {
    std::map<store::Id, std::int64_t> pages;
    std::unordered_set<store::Id> with_bad_pages;
  };
  auto query = [now = context_.due_time()](store::Reader& reader) -> store::Result<Known> {
    Known known;
    auto spaces = reader.spaces();
    if (!spaces) return store::fail(spaces.error());
    for (const auto& space : *spaces) known.pages[space.id] = space.pages;
    auto rows = reader.quarantine();
    if (!rows) return store::fail(rows.error());
    for (const auto& row : *rows) {
      const auto id = id_after(row.subject, "page:");
      if (!id || row.next_try_at <= now) continue;
      auto page = reader.page(*id, false);
      if (!page) return store::fail(page.error());
      if (*page) known.with_bad_pages.insert((*page)->space_id);
    }
    return known;
  };
  auto known = co_await context_.read(std::move(query));
  if (!known) {
    context_.fail(known.error());
    co_return;
  }

  // A walk over spaces that are no longer there, or no longer wanted, is not gone on with: its
  // filter cannot change within it.
  std::unordered_set<store::Id> broken;
  for (const auto& state : unfinished_) {
    const bool whole =
        state.done || std::all_of(state.space_ids.begin(), state.space_ids.end(),
                                  [&](auto id) { return context_.admitted_spaces.contains(id); });
    if (!whole) broken.insert(state.space_ids.begin(), state.space_ids.end());
  }
  const auto stale = std::stable_partition(
      unfinished_.begin(), unfinished_.end(), [&](const store::WalkState& state) {
        return state.space_ids.empty() || !broken.contains(state.space_ids.front());
      });
  retired.assign(std::make_move_iterator(stale), std::make_move_iterator(unfinished_.end()));
  unfinished_.erase(stale, unfinished_.end());

  std::unordered_set<store::Id> walked;
  for (const auto& state : unfinished_) {
    walked.insert(state.space_ids.begin(), state.space_ids.end());
  }
  std::vector<SpaceLoad> fresh;
  std::vector<SpaceLoad> by_ids;
  for (const auto& space : spaces_.admitted()) {
    if (walked.contains(space.id)) continue;
    SpaceLoad load;
    load.space_id = space.id;
    load.known_pages = known->pages[space.id];
    // What was mirrored before is listed without bodies: only those that changed travel again. And
    // pages known to be bad are in no one's way then.
    const bool listed = known->with_bad_pages.contains(space.id) ||
                        (load.known_pages > 0 && !context_.options.refetch_bodies);
    (listed ? by_ids : fresh).push_back(load);
  }
  for (auto* const loads : {&fresh, &by_ids}) {
    for (auto& group : group_spaces(std::move(*loads), context_.options.max_concurrency)) {
      WalkPlan walk_plan;
      walk_plan.spaces = std::move(group);
      walk_plan.by_ids = loads == &by_ids;
      plans.push_back(std::move(walk_plan));
    }
  }
}

base::Awaitable<void> Crawl::Impl::fetch_missing_bodies() {
  for (int round = 0; round < kMaxBodyRounds && !context_.fatal; ++round) {
    auto query = [](store::Reader& reader) { return reader.counts(); };
    auto counts = co_await context_.read(std::move(query));
    if (!counts) context_.fail(counts.error());
    if (!counts || (round > 0 && counts->bodies_due == 0)) co_return;
    co_await bodies_.fetch_all_due();
  }
}

base::Awaitable<void> Crawl::Impl::catch_up() {
  std::vector<base::Awaitable<void>> tasks;
  if (context_.options.history != History::kNone) tasks.push_back(history_.catch_up());
  tasks.push_back(fetch_nodes());
  co_await context_.all(std::move(tasks));
}

base::Awaitable<void> Crawl::Impl::close() {
  std::vector<base::Awaitable<void>> tasks;
  tasks.push_back(follow_changes());
  tasks.push_back(crawl_users());
  co_await context_.all(std::move(tasks));
}

base::Awaitable<void> Crawl::Impl::follow_changes() {
  std::vector<store::Id> ids;
  for (const auto& space : spaces_.admitted()) ids.push_back(space.id);
  const auto cost = context_.progress.pages_known / kMaxPageSize + 1;
  const auto used = context_.deps.client.usage().requests - context_.options.usage_before.requests;
  const bool cheap = cost * kSweepShare <= used;
  const bool sweep = context_.options.closing_sweep && cheap;
  return changes_.follow_up(std::move(ids), site_time_at_start_, sweep);
}

base::Awaitable<void> Crawl::Impl::crawl_users() {
  std::unordered_set<std::string> asked;
  while (!context_.fatal) {
    // Those whose answer could not be read stay unknown, and stand in front.
    auto query = [limit = kUsersPerRequest + asked.size()](store::Reader& reader) {
      return reader.unknown_users(limit);
    };
    auto unknown = co_await context_.read(std::move(query));
    if (!unknown) {
      context_.fail(unknown.error());
      co_return;
    }
    std::erase_if(*unknown, [&asked](const std::string& id) { return asked.contains(id); });
    if (unknown->size() > kUsersPerRequest) unknown->resize(kUsersPerRequest);
    if (unknown->empty()) co_return;
    asked.insert(unknown->begin(), unknown->end());
    auto listing = co_await context_.deps.client.users(std::move(*unknown));
    if (!listing) {
      const bool goes_on = co_await context_.survives(listing.error());
      if (!goes_on) co_return;
      co_await context_.quarantine(kUsersSubject, listing.error());
      continue;
    }
    store::Batch batch(listing->observation, listing->received_at);
    batch.users = std::move(listing->rows);
    co_await commit(std::move(batch));
    for (const auto& row : listing->bad_rows) {
      store::Error error(store::ErrorKind::kItemBad, "bad_row", row.reason);
      co_await context_.quarantine(kUsersSubject, std::move(error));
    }
  }
}

base::Awaitable<void> Crawl::Impl::second_canary() {
  auto red = co_await context_.canary();
  if (red) context_.fail(std::move(*red));
}

base::Awaitable<void> Crawl::Impl::mark_gone() {
  for (auto& batch : vanished_.take_tombstones()) {
    if (context_.fatal) co_return;
    auto written = co_await base::commit(context_.deps.writer, std::move(batch));
    if (!written) {
      context_.fail(written.error());
    } else {
      context_.progress.pages_gone += written->pages_gone;
    }
  }
  if (!context_.fatal) co_await nodes_.settle();
}

// What a crawl that came to its end has shown to be well again, or to be no more.
base::Awaitable<void> Crawl::Impl::release_what_is_well(store::Batch& batch) {
  auto query = [](store::Reader& reader) -> store::Result<std::unordered_set<store::Id>> {
    std::unordered_set<store::Id> ids;
    constexpr std::size_t kPart = 10'000;
    store::Id after = 0;
    while (true) {
      auto due = reader.history_due(after, kPart, store::Time::max());
      if (!due) return store::fail(due.error());
      for (const auto& page : *due) ids.insert(after = page.page_id);
      if (due->size() < kPart) return ids;
    }
  };
  auto history_due = co_await context_.read(std::move(query));
  if (!history_due) {
    context_.fail(history_due.error());
    co_return;
  }
  std::vector<std::string> well;
  for (const auto& [subject, row] : context_.in_quarantine()) {
    if (context_.failed_now(subject)) continue;
    const auto space = id_after(subject, "listing:space ");
    const auto versions_of = id_after(subject, "versions:");
    const bool of_other_scope =
        space && spaces_.seen(*space) && !context_.admitted_spaces.contains(*space);
    const bool listing = subject.starts_with("listing:") || subject.starts_with("space:");
    // An incremental run has looked at changes alone.
    const bool looked_at = !watermark_ || subject.starts_with("listing:changes");
    const bool general = (listing && looked_at) || subject == kUsersSubject || subject == "page:" ||
                         subject == "versions:";
    if ((general && !of_other_scope) || (versions_of && !history_due->contains(*versions_of))) {
      well.push_back(subject);
    }
  }
  for (const auto& subject : well) context_.release(batch, subject);
}

// A run beside this one may have seen more recent changes.
base::Awaitable<std::string> Crawl::Impl::newest_watermark() {
  auto query = [](store::Reader& reader) { return reader.meta("watermark"); };
  auto noted = co_await context_.read(std::move(query));
  auto newest = *site_time_at_start_;
  // One that was there before may be wrong, and must not stay for ever.
  if (noted && *noted != noted_watermark_) {
    if (const auto beside = store::parse_iso8601(noted->value_or(""))) {
      newest = std::max(newest, *beside);
    }
  }
  co_return store::to_iso8601(newest);
}

base::Awaitable<void> Crawl::Impl::note_what_was_seen(store::Batch& batch,
                                                      store::Time finished_at) {
  // A listing that failed may have kept changes to itself.
  if (!context_.options.whole_site || !context_.listings_whole()) co_return;
  if (watermark_ && !saw_all_changes_) co_return;
  if (site_time_at_start_) batch.meta["watermark"] = co_await newest_watermark();
  if (watermark_) co_return;
  batch.meta["full_scope"] = context_.options.scope;
  batch.meta["spaces_left_out"] = fmt::format("{}", fmt::join(spaces_.left_out(), ","));
  batch.meta["last_full_sync_at"] = store::to_iso8601(finished_at);
  context_.progress.whole = true;
}

base::Awaitable<store::Result<void>> Crawl::Impl::finish() {
  auto batch = context_.make_batch();
  if (!context_.fatal) co_await release_what_is_well(batch);
  auto run = run_update();
  run.finished_at = context_.deps.clock.now();
  const auto fatal = context_.fatal;
  auto& progress = context_.progress;
  progress.quarantined = static_cast<std::int64_t>(context_.in_quarantine().size());
  const bool plan_is_worthless = fatal && (fatal->kind == store::ErrorKind::kCredentialsBad ||
                                           fatal->kind == store::ErrorKind::kStopped);
  if (!fatal || plan_is_worthless || watermark_) {
    batch.drop_walks_of_crawl = context_.run_id;
    batch.meta[meta_key(context_.run_id, "scope")] = "";
    batch.meta[meta_key(context_.run_id, "site_time")] = "";
    batch.meta[meta_key(context_.run_id, "observation")] = "";
  }
  if (vanished_.stopped()) batch.vanished = vanished_.stopped();
  if (!fatal) {
    const bool whole = progress.failures.empty() && progress.quarantined == 0;
    run.outcome = whole ? "done" : "partial";
    co_await note_what_was_seen(batch, *run.finished_at);
  } else {
    run.outcome = "failed";
    if (fatal->kind == store::ErrorKind::kCanceled) run.outcome = "interrupted";
    if (fatal->kind == store::ErrorKind::kStopped) run.outcome = "stopped";
    run.error = fatal->message;
  }
  if (!progress.failures.empty() && run.error.empty()) {
    run.error = fmt::format("{} objects failed, first: {}", progress.failures.size(),
                            progress.failures.front());
  }
  if (context_.run_id > 0) {  // else it ended before anything was written
    batch.runs.push_back(std::move(run));
    auto written = co_await base::commit(context_.deps.writer, std::move(batch));
    if (!written && !fatal) co_return store::fail(written.error());
  }
  if (fatal) co_return store::fail(*fatal);
  co_return store::Result<void>();
}

Crawl::Crawl(CrawlDeps deps, CrawlOptions options, confluence::Identity who)
    : impl_(std::make_unique<Impl>(deps, std::move(options), std::move(who))) {}
Crawl::~Crawl() = default;
base::Awaitable<store::Result<void>> Crawl::run() { co_return co_await impl_->run(); }
void Crawl::stop() { impl_->stop(); }
const Progress& Crawl::progress() const { return impl_->progress(); }
std::int64_t Crawl::run_id() const { return impl_->run_id(); }

store::Result<bool> has_unfinished(store::Reader& reader, const std::string& scope) {
  auto past = read_past(reader);
  if (!past) return store::fail(past.error());
  return std::any_of(past->scopes.begin(), past->scopes.end(),
                     [&scope](const auto& crawl) { return crawl.second == scope; });
}

}  // namespace mirror
