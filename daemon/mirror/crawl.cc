#include "daemon/mirror/crawl.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "daemon/base/log.h"
#include "daemon/mirror/bodies.h"
#include "daemon/mirror/history.h"
#include "daemon/mirror/plan.h"
#include "daemon/mirror/walks.h"

namespace mirror {

namespace {
constexpr int kMaxClosingPolls = 10;
constexpr int kMaxBodyRounds = 3;
constexpr std::size_t kRunsLookedAt = 20;
constexpr std::size_t kUsersPerRequest = 250;  // OpenAPI document, POST /users-bulk

std::string meta_key(std::int64_t run_id, std::string_view what) {
  return fmt::format("crawl.{}.{}", run_id, what);
}
}  // namespace

class Crawl::Impl {
 public:
  Impl(CrawlDeps deps, CrawlOptions options, confluence::Identity who)
      : context_(deps, std::move(options)),
        bodies_(context_),
        history_(context_),
        walks_(context_, bodies_),
        slot_(context_.make_slot()),
        site_time_at_start_(who.server_time),
        account_id_(std::move(who.account_id)) {}

  base::Awaitable<store::Result<void>> run();
  void stop() {
    context_.fail(store::Error(store::ErrorKind::kCanceled, "canceled", "the sync was interrupted",
                               "run it again: it goes on where it stopped"));
  }
  const Progress& progress() const { return context_.progress; }

 private:
  using Step = base::Awaitable<void> (Impl::*)();
  base::Awaitable<void> step(std::string phase, Step work);
  base::Awaitable<void> begin();
  base::Awaitable<void> close_crashed_runs(store::Batch& batch);
  base::Awaitable<void> crawl_spaces();
  base::Awaitable<void> list_spaces(std::string status);
  base::Awaitable<void> keep_spaces(confluence::Listing<store::Space> listing);
  base::Awaitable<void> plan_walks();
  base::Awaitable<void> crawl_labels();
  base::Awaitable<void> labels_by_name(std::vector<std::string> names);
  base::Awaitable<void> labels_by_space();
  base::Awaitable<std::optional<std::vector<std::string>>> all_labels(std::string target);
  base::Awaitable<void> fetch_missing_bodies();
  base::Awaitable<void> closing_poll();
  base::Awaitable<std::int64_t> poll_once();
  base::Awaitable<void> crawl_users();
  base::Awaitable<void> second_canary();
  base::Awaitable<void> finish();
  base::Awaitable<void> put(store::Batch batch);
  store::RunUpdate run_update() const;

  Context context_;
  Bodies bodies_;
  HistoryBackfill history_;
  Walks walks_;
  std::unique_ptr<CommitSlot> slot_;
  store::Time started_at_{};
  std::optional<store::Time> site_time_at_start_;
  std::string account_id_;
  std::vector<store::WalkState> unfinished_;
  std::vector<store::Space> spaces_;
  bool resumed_ = false;
  std::optional<store::RunUpdate> earlier_;  // what this run did before it was interrupted
};

base::Awaitable<void> Crawl::Impl::put(store::Batch batch) {
  auto written = co_await slot_->put(std::move(batch));
  if (!written) context_.fail(written.error());
}

store::RunUpdate Crawl::Impl::run_update() const {
  store::RunUpdate run;
  run.run_id = context_.run_id;
  run.kind = "sync";
  run.started_at = started_at_;
  run.outcome = "running";
  run.requests = context_.deps.client.usage().requests;
  run.bytes = context_.deps.client.usage().wire_bytes;
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
  co_await context_.listings.join();
}

base::Awaitable<store::Result<void>> Crawl::Impl::run() {
  started_at_ = context_.deps.clock.now();
  co_await step("spaces", &Impl::begin);
  co_await step("spaces", &Impl::crawl_spaces);
  if (!context_.fatal && context_.options.history != History::kNone)
    context_.histories.spawn(history_.run());
  co_await step("pages", &Impl::plan_walks);
  co_await step("pages", &Impl::fetch_missing_bodies);
  co_await step("closing", &Impl::closing_poll);
  if (!context_.fatal) context_.progress.phase = "history";
  history_.finish();
  co_await context_.histories.join();
  co_await step("users", &Impl::crawl_users);
  co_await step("identity", &Impl::second_canary);
  co_await finish();
  if (context_.fatal) co_return store::fail(*context_.fatal);
  co_return store::Result<void>();
}

base::Awaitable<void> Crawl::Impl::begin() {
  auto query = [](store::Reader& reader) { return reader.next_run_id(); };
  auto run_id = co_await context_.read(std::move(query));
  auto list_walks = [](store::Reader& reader) { return reader.walks(); };
  auto walks = co_await context_.read(std::move(list_walks));
  auto count = [](store::Reader& reader) { return reader.counts(); };
  auto counts = co_await context_.read(std::move(count));
  for (const auto* error : {run_id ? nullptr : &run_id.error(), walks ? nullptr : &walks.error(),
                            counts ? nullptr : &counts.error()}) {
    if (error) {
      context_.fail(*error);
      co_return;
    }
  }
  context_.progress.pages_known = counts->pages;
  context_.progress.histories_known = counts->history_due;
  context_.run_id = *run_id;

  auto batch = context_.make_batch();
  for (auto& walk : *walks) {
    auto scope_query = [key = meta_key(walk.crawl_id, "scope")](store::Reader& reader) {
      return reader.meta(key);
    };
    auto scope = co_await context_.read(std::move(scope_query));
    if (!scope || *scope != context_.options.scope) continue;
    unfinished_.push_back(std::move(walk));
  }
  if (!unfinished_.empty()) {
    resumed_ = true;
    // Everything that crawl began keeps its name and its start, so that the closing poll looks back
    // far enough.
    context_.run_id = unfinished_.front().crawl_id;
    std::erase_if(unfinished_,
                  [this](const auto& walk) { return walk.crawl_id != context_.run_id; });
    auto start_query = [key = meta_key(context_.run_id, "site_time")](store::Reader& reader) {
      return reader.meta(key);
    };
    auto site_time = co_await context_.read(std::move(start_query));
    if (site_time && *site_time) {
      auto parsed = store::parse_iso8601(**site_time);
      if (parsed) site_time_at_start_ = *parsed;
    }
    base::crawl_log().info("resuming crawl={} open_walks={}", context_.run_id, unfinished_.size());
  }
  batch.meta[meta_key(context_.run_id, "scope")] = context_.options.scope;
  if (site_time_at_start_) {
    batch.meta[meta_key(context_.run_id, "site_time")] = store::to_iso8601(*site_time_at_start_);
  }
  batch.meta["account_id"] = account_id_;
  co_await close_crashed_runs(batch);
  batch.runs.push_back(run_update());
  co_await put(std::move(batch));
}

// A process that was killed could not say so itself; and the run that is taken up again goes on
// counting.
base::Awaitable<void> Crawl::Impl::close_crashed_runs(store::Batch& batch) {
  auto query = [](store::Reader& reader) { return reader.runs(kRunsLookedAt); };
  auto runs = co_await context_.read(std::move(query));
  if (!runs) {
    context_.fail(runs.error());
    co_return;
  }
  for (auto& run : *runs) {
    if (run.run_id == context_.run_id) {
      earlier_ = run;
    } else if (run.outcome == "running") {
      run.outcome = "interrupted";
      run.error = "the process ended without a word";
      batch.runs.push_back(std::move(run));
    }
  }
}

base::Awaitable<void> Crawl::Impl::crawl_spaces() {
  for (const auto& status : context_.options.space_statuses) {
    if (!context_.fatal) co_await list_spaces(status);
  }
  if (context_.fatal) co_return;
  if (spaces_.empty()) {
    context_.fail(store::Error(
        store::ErrorKind::kStopped, "no_spaces",
        "cannot sync: the site shows no space that the configuration admits",
        "check include_spaces, exclude_spaces and space_types, and what this account may see"));
  }
}

base::Awaitable<void> Crawl::Impl::list_spaces(std::string status) {
  confluence::SpacesQuery query;
  query.status = std::move(status);
  std::string target = confluence::spaces_target(query);
  int restarts = 0;
  while (!target.empty() && !context_.fatal) {
    auto listing = co_await context_.deps.client.spaces(target);
    if (listing) {
      target = listing->next;
      co_await keep_spaces(std::move(*listing));
    } else if (listing.error().name == "cursor_refused" && ++restarts <= 5) {
      target = confluence::spaces_target(query);
    } else {
      // Without the whole list of spaces there is no plan.
      context_.fail(listing.error());
    }
  }
}

base::Awaitable<void> Crawl::Impl::keep_spaces(confluence::Listing<store::Space> listing) {
  store::Batch batch(listing.observation, listing.received_at);
  for (auto& space : listing.rows) {
    if (!context_.options.admits(space)) continue;
    if (!context_.admitted_spaces.insert(space.id).second) continue;
    spaces_.push_back(space);
    batch.spaces.push_back(std::move(space));
  }
  context_.progress.spaces = static_cast<std::int64_t>(spaces_.size());
  co_await put(std::move(batch));
  for (const auto& row : listing.bad_rows) {
    store::Error error(store::ErrorKind::kSpaceBad, "bad_row", row.reason);
    co_await context_.quarantine("space:" + row.id, error);
  }
}

base::Awaitable<void> Crawl::Impl::plan_walks() {
  auto list_spaces_query = [](store::Reader& reader) { return reader.spaces(); };
  auto known = co_await context_.read(std::move(list_spaces_query));
  if (!known) {
    context_.fail(known.error());
    co_return;
  }
  std::map<store::Id, std::int64_t> known_pages;
  for (const auto& space : *known) known_pages[space.id] = space.pages;

  // Spaces with pages known to be bad are listed without bodies too; the rest of their pages comes
  // by ids.
  std::unordered_set<store::Id> by_ids;
  const auto now = context_.due_time();
  auto bad_spaces_query = [now](store::Reader& reader) -> store::Result<std::vector<store::Id>> {
    std::vector<store::Id> found;
    auto rows = reader.quarantine();
    if (!rows) return store::fail(rows.error());
    for (const auto& row : *rows) {
      if (row.next_try_at <= now || !row.subject.starts_with("page:")) continue;
      auto page = reader.page(std::strtoll(row.subject.c_str() + 5, nullptr, 10), false);
      if (!page) return store::fail(page.error());
      if (*page) found.push_back((*page)->space_id);
    }
    return found;
  };
  auto bad_spaces = co_await context_.read(std::move(bad_spaces_query));
  if (!bad_spaces) {
    context_.fail(bad_spaces.error());
    co_return;
  }
  by_ids.insert(bad_spaces->begin(), bad_spaces->end());

  std::unordered_set<store::Id> walked;
  for (const auto& walk : unfinished_) walked.insert(walk.space_ids.begin(), walk.space_ids.end());
  std::vector<SpaceLoad> loads;
  for (const auto& space : spaces_) {
    if (walked.contains(space.id)) continue;
    SpaceLoad load;
    load.space_id = space.id;
    load.known_pages = known_pages[space.id];
    loads.push_back(load);
  }
  // What was mirrored before is listed without bodies: only those that changed travel again.
  const auto before = std::partition(loads.begin(), loads.end(), [&](const SpaceLoad& load) {
    return !by_ids.contains(load.space_id) &&
           (load.known_pages == 0 || context_.options.refetch_bodies);
  });
  std::vector<SpaceLoad> listed(before, loads.end());
  loads.erase(before, loads.end());
  auto groups = group_spaces(std::move(loads), context_.options.max_concurrency);
  std::vector<bool> without_bodies(groups.size(), false);
  for (auto& group : group_spaces(std::move(listed), context_.options.max_concurrency)) {
    groups.push_back(std::move(group));
    without_bodies.push_back(true);
  }
  if (resumed_) walks_.resume(std::move(unfinished_));
  co_await walks_.start(std::move(groups), std::move(without_bodies));
  context_.listings.spawn(walks_.balance());
  context_.listings.spawn(crawl_labels());
}

base::Awaitable<std::optional<std::vector<std::string>>> Crawl::Impl::all_labels(
    std::string target) {
  std::vector<std::string> names;
  while (!target.empty()) {
    auto listing = co_await context_.deps.client.labels(target);
    if (!listing) {
      // Labels of spaces are supplementary: they are as old as the last sync then, and the log says
      // so.
      base::crawl_log().warn("space labels were not read: {}", listing.error().message);
      co_return std::nullopt;
    }
    target = listing->next == target ? std::string() : listing->next;
    for (auto& name : listing->rows) names.push_back(std::move(name));
  }
  co_return names;
}

base::Awaitable<void> Crawl::Impl::crawl_labels() {
  auto names = co_await all_labels(confluence::team_labels_target());
  if (!names) co_return;
  // Whichever costs fewer requests: one listing of spaces for each label, or one of labels for each
  // space.
  if (names->size() <= spaces_.size()) {
    co_await labels_by_name(std::move(*names));
  } else {
    co_await labels_by_space();
  }
}

base::Awaitable<void> Crawl::Impl::labels_by_name(std::vector<std::string> names) {
  std::map<store::Id, std::vector<std::string>> labels;
  for (const auto& space : spaces_) labels[space.id];
  store::Observation observation = 0;
  for (const auto& name : names) {
    confluence::SpacesQuery query;  // of any status
    query.label = name;
    query.details = false;
    std::string target = confluence::spaces_target(query);
    while (!target.empty()) {
      auto listing = co_await context_.deps.client.spaces(target);
      if (!listing) {
        base::crawl_log().warn("space labels were not read: {}", listing.error().message);
        co_return;
      }
      for (const auto& space : listing->rows) {
        const auto found = labels.find(space.id);
        if (found != labels.end()) found->second.push_back(name);
      }
      observation = listing->observation;
      target = listing->next == target ? std::string() : listing->next;
    }
  }
  store::Batch batch(observation, context_.deps.clock.now());
  for (auto& [space_id, space_labels] : labels) {
    std::sort(space_labels.begin(), space_labels.end());
    space_labels.erase(std::unique(space_labels.begin(), space_labels.end()), space_labels.end());
    store::SpaceLabels row;
    row.space_id = space_id;
    row.labels = std::move(space_labels);
    batch.space_labels.push_back(std::move(row));
  }
  co_await put(std::move(batch));
}

base::Awaitable<void> Crawl::Impl::labels_by_space() {
  for (const auto& space : spaces_) {
    auto names = co_await all_labels(confluence::space_labels_target(space.id));
    if (!names) co_return;
    std::sort(names->begin(), names->end());
    auto batch = context_.make_batch();
    store::SpaceLabels row;
    row.space_id = space.id;
    row.labels = std::move(*names);
    batch.space_labels.push_back(std::move(row));
    co_await put(std::move(batch));
  }
}

base::Awaitable<void> Crawl::Impl::fetch_missing_bodies() {
  for (int round = 0; round < kMaxBodyRounds && !context_.fatal; ++round) {
    auto query = [](store::Reader& reader) { return reader.counts(); };
    auto counts = co_await context_.read(std::move(query));
    if (!counts) context_.fail(counts.error());
    if (!counts || counts->bodies_due == 0) co_return;
    co_await bodies_.fetch_all_due();
    co_await bodies_.wait_idle();
  }
}

base::Awaitable<void> Crawl::Impl::closing_poll() {
  if (!site_time_at_start_) {
    base::crawl_log().warn(
        "the site sends no Date header: changes made during this crawl are found by the next one");
    co_return;
  }
  for (int poll = 0; poll < kMaxClosingPolls && !context_.fatal; ++poll) {
    const auto changed = co_await poll_once();
    if (changed == 0) co_return;
    co_await fetch_missing_bodies();
  }
}

base::Awaitable<std::int64_t> Crawl::Impl::poll_once() {
  const auto cutoff = *site_time_at_start_ - context_.options.overlap;
  const auto before = context_.progress.pages_changed;
  for (std::size_t begin = 0; begin < spaces_.size(); begin += kMaxSpacesPerWalk) {
    confluence::PagesQuery query;
    for (std::size_t i = begin; i < std::min(spaces_.size(), begin + kMaxSpacesPerWalk); ++i) {
      query.space_ids.push_back(spaces_[i].id);
    }
    query.statuses = context_.options.page_statuses;
    query.sort = "-modified-date";
    query.bodies = false;
    const std::string first = confluence::pages_target(query);
    std::string target = first;
    int restarts = 0;
    confluence::RetryBudget budget;
    while (!target.empty() && !context_.fatal) {
      auto listing =
          co_await context_.deps.client.pages(target, confluence::Priority::kHeadPoll, budget);
      if (!listing) {
        if (listing.error().name == "cursor_refused" && ++restarts <= 5) {
          target = first;
          continue;
        }
        if (Context::is_fatal(listing.error())) {
          context_.fail(listing.error());
        } else {
          co_await context_.quarantine("listing:newest first", listing.error());
        }
        break;
      }
      const bool reaches_back =
          std::any_of(listing->rows.begin(), listing->rows.end(),
                      [&](const store::Page& page) { return page.version.created_at >= cutoff; });
      target = reaches_back || listing->rows.empty() ? listing->next : std::string();
      store::Batch batch(listing->observation, listing->received_at);
      for (auto& page : listing->rows) {
        if (page.version.created_at < cutoff) continue;
        if (context_.admitted_spaces.contains(page.space_id))
          batch.pages.push_back(std::move(page));
      }
      co_await put(std::move(batch));
    }
  }
  auto written = co_await slot_->drain();
  if (!written) context_.fail(written.error());
  co_return context_.progress.pages_changed - before;
}

base::Awaitable<void> Crawl::Impl::crawl_users() {
  while (!context_.fatal) {
    auto written = co_await slot_->drain();
    if (!written) {
      context_.fail(written.error());
      co_return;
    }
    auto query = [](store::Reader& reader) { return reader.unknown_users(kUsersPerRequest); };
    auto unknown = co_await context_.read(std::move(query));
    if (!unknown) {
      context_.fail(unknown.error());
      co_return;
    }
    if (unknown->empty()) co_return;
    auto listing = co_await context_.deps.client.users(std::move(*unknown));
    if (!listing) {
      if (Context::is_fatal(listing.error())) context_.fail(listing.error());
      base::crawl_log().warn("names of users were not read: {}", listing.error().message);
      co_return;
    }
    store::Batch batch(listing->observation, listing->received_at);
    batch.users = std::move(listing->rows);
    co_await put(std::move(batch));
  }
}

base::Awaitable<void> Crawl::Impl::second_canary() {
  auto identity = co_await context_.deps.client.who_am_i();
  if (!identity) {
    context_.fail(identity.error());
  } else if (identity->account_id != account_id_) {
    context_.fail(
        store::Error(store::ErrorKind::kCredentialsBad, "identity_changed",
                     "cannot trust this sync: the site took us for someone else at its end",
                     "check that nothing rotates the token between accounts, then sync again"));
  }
}

base::Awaitable<void> Crawl::Impl::finish() {
  if (context_.run_id == 0) co_return;  // ended before anything was written
  auto drained = co_await slot_->drain();
  if (!drained && !context_.fatal) context_.fatal = drained.error();
  auto run = run_update();
  run.finished_at = context_.deps.clock.now();
  auto batch = context_.make_batch();
  if (!context_.fatal) {
    auto query = [](store::Reader& reader) { return reader.quarantine(); };
    const auto quarantine = co_await context_.read(std::move(query));
    if (quarantine) context_.progress.quarantined = static_cast<std::int64_t>(quarantine->size());
    const bool whole = context_.progress.failures.empty() && context_.progress.quarantined == 0;
    run.outcome = whole ? "done" : "partial";
    batch.drop_walks_of_crawl = context_.run_id;
    batch.meta[meta_key(context_.run_id, "scope")] = "";
    batch.meta[meta_key(context_.run_id, "site_time")] = "";
    if (site_time_at_start_) batch.meta["watermark"] = store::to_iso8601(*site_time_at_start_);
    batch.meta["last_full_sync_at"] = store::to_iso8601(*run.finished_at);
  } else {
    run.outcome = context_.fatal->kind == store::ErrorKind::kCanceled ? "interrupted" : "failed";
    run.error = context_.fatal->message;
  }
  if (!context_.progress.failures.empty() && run.error.empty()) {
    run.error = fmt::format("{} objects failed, first: {}", context_.progress.failures.size(),
                            context_.progress.failures.front());
  }
  batch.runs.push_back(std::move(run));
  auto written = co_await base::commit(context_.deps.writer, std::move(batch));
  if (!written && !context_.fatal) context_.fatal = written.error();
}

Crawl::Crawl(CrawlDeps deps, CrawlOptions options, confluence::Identity who)
    : impl_(std::make_unique<Impl>(deps, std::move(options), std::move(who))) {}
Crawl::~Crawl() = default;
base::Awaitable<store::Result<void>> Crawl::run() { co_return co_await impl_->run(); }
void Crawl::stop() { impl_->stop(); }
const Progress& Crawl::progress() const { return impl_->progress(); }

}  // namespace mirror
