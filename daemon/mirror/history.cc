#include "daemon/mirror/history.h"

#include <fmt/format.h>

#include <algorithm>

#include "daemon/mirror/plan.h"

namespace mirror {

namespace {
constexpr std::size_t kRefill = 500;
}  // namespace

void HistoryBackfill::finish() {
  finishing_ = true;
  context_.history_wanted.notify_all();
}

base::Awaitable<void> HistoryBackfill::run() {
  store::Id after = 0;
  std::int64_t arrivals = -1;
  while (true) {
    if (after == 0) arrivals = context_.history_arrivals;
    const auto now = context_.due_time();
    auto query = [after, now](store::Reader& reader) {
      return reader.history_due(after, kRefill, now);
    };
    auto due = co_await context_.read(std::move(query));
    if (!due) {
      context_.fail(due.error());
      co_return;
    }
    for (const auto& page : *due) {
      after = page.page_id;
      if (taken_.contains(page.page_id)) continue;
      // Twice as many as there are connections: while one half is being written, the other is on
      // the wire.
      while (under_way_ >= 2 * context_.options.max_concurrency) co_await ended_.wait();
      taken_.insert(page.page_id);
      ++under_way_;
      context_.histories.spawn(fetch(page));
    }
    if (due->size() == kRefill) continue;
    after = 0;
    more_ = arrivals != context_.history_arrivals;
    if (more_) continue;
    if (finishing_) co_return;
    co_await context_.history_wanted.wait();
    more_ = true;
  }
}

base::Awaitable<void> HistoryBackfill::fetch(store::DuePage due) {
  struct Ended {
    HistoryBackfill& self;
    ~Ended() {
      --self.under_way_;
      self.ended_.notify_all();
    }
  };
  const Ended ended{*this};
  const auto slot = context_.make_slot();
  PageSizer sizer;
  std::string next;
  std::int64_t kept = 0;
  bool failed = false;  // for good, in this run: stays taken
  const bool bodies = context_.options.history == History::kBodies;
  confluence::RetryBudget budget;
  while (!context_.fatal) {
    budget.attempts = sizer.size() > kMinPageSize ? 3 : 6;
    const std::string target = next.empty()
                                   ? confluence::versions_target(due.page_id, bodies, sizer.size())
                                   : confluence::with_limit(next, sizer.size());
    auto listing = co_await context_.deps.client.versions(target, budget);
    if (!listing) {
      if (listing.error().kind == store::ErrorKind::kCredentialsBad) {
        auto red = co_await context_.canary();
        if (red) context_.fail(std::move(*red));
      } else if (Context::is_fatal(listing.error())) {
        context_.fail(listing.error());
      }
      if (context_.fatal) break;
      const bool shrunk = sizer.shrink();
      next.clear();  // from the start: rows seen twice are free, a changed limit is not sure to be
                     // taken
      kept = 0;
      if (shrunk) continue;
      failed = true;
      co_await context_.quarantine(fmt::format("versions:{}", due.page_id), listing.error());
      break;
    }
    sizer.succeeded(listing->elapsed);
    next = listing->next;
    const auto rows = static_cast<std::int64_t>(listing->rows.size());
    const int depth = context_.options.history_depth;
    const bool last = next.empty() || (depth > 0 && kept + rows >= depth);
    const bool stored =
        co_await store_listing(due.page_id, due.version, kept, std::move(*listing), last, *slot);
    kept += rows;
    if (!stored || last) break;
  }
  auto written = co_await slot->drain();
  if (!written) context_.fail(written.error());
  if (!failed) taken_.erase(due.page_id);
  ++context_.progress.histories_done;
}

base::Awaitable<bool> HistoryBackfill::store_listing(
    store::Id page_id, std::int32_t up_to, std::int64_t kept,
    confluence::Listing<store::PageVersion> listing, bool last, CommitSlot& slot) {
  const bool complete = listing.bad_rows.empty();
  for (const auto& row : listing.bad_rows) {
    store::Error error(store::ErrorKind::kItemBad, "bad_row", row.reason);
    co_await context_.quarantine(fmt::format("versions:{}", page_id), error);
  }
  store::PageHistory history;
  history.page_id = page_id;
  for (const auto& row : listing.rows) up_to = std::max(up_to, row.version.number);
  history.up_to = last && complete ? up_to : 0;
  history.versions = std::move(listing.rows);
  const int depth = context_.options.history_depth;
  if (depth > 0 && kept + static_cast<std::int64_t>(history.versions.size()) > depth) {
    history.versions.resize(static_cast<std::size_t>(depth - kept));
  }
  store::Batch batch(listing.observation, listing.received_at);
  if (history.up_to > 0) batch.released.push_back(fmt::format("versions:{}", page_id));
  batch.histories.push_back(std::move(history));
  auto written = co_await slot.put(std::move(batch));
  if (!written) context_.fail(written.error());
  co_return written.has_value();
}

}  // namespace mirror
