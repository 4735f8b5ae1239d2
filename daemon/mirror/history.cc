#include "daemon/mirror/history.h"

#include <algorithm>

#include "daemon/mirror/follow.h"
#include "daemon/mirror/plan.h"

namespace mirror {

namespace {
constexpr std::size_t kRefill = 500;
constexpr int kMaxPasses = 10;  // over pages that are due again as soon as they are done
}  // namespace

void HistoryBackfill::finish() {
  finishing_ = true;
  context_.history_wanted.notify_all();
}

base::Awaitable<void> HistoryBackfill::catch_up() {
  while (!idle() && !context_.fatal) co_await caught_up_.wait();
}

base::Awaitable<void> HistoryBackfill::run() {
  int passes = 0;
  while (!context_.fatal) {
    more_ = true;
    const auto arrivals = context_.history_arrivals;
    const bool took_some = co_await take_pass();
    // Another look after what was taken has ended: a page may have been edited meanwhile.
    passes = took_some && arrivals == context_.history_arrivals ? passes + 1 : 0;
    more_ = (took_some && passes < kMaxPasses) || arrivals != context_.history_arrivals;
    while (more_ && under_way_ > 0 && arrivals == context_.history_arrivals) {
      co_await context_.history_wanted.wait();
    }
    if (more_) continue;
    caught_up_.notify_all();
    if (finishing_) co_return;
    co_await context_.history_wanted.wait();
  }
}

// True if anything was due.
base::Awaitable<bool> HistoryBackfill::take_pass() {
  bool took_some = false;
  store::Id after = 0;
  while (!context_.fatal) {
    const auto now = context_.due_time();
    auto query = [after, now](store::Reader& reader) {
      return reader.history_due(after, kRefill, now);
    };
    auto due = co_await context_.read(std::move(query));
    if (!due) {
      context_.fail(due.error());
      break;
    }
    for (const auto& page : *due) {
      after = page.page_id;
      if (!context_.admitted_spaces.contains(page.space_id)) continue;
      // Twice as many as there are connections: while one half is being written, the other is on
      // the wire.
      while (under_way_ >= 2 * context_.options.max_concurrency) {
        co_await context_.history_wanted.wait();
      }
      if (!taken_.insert(page.page_id).second) continue;
      took_some = true;
      ++under_way_;
      context_.histories.spawn(fetch(page));
    }
    if (due->size() < kRefill) break;
  }
  co_return took_some;
}

base::Awaitable<void> HistoryBackfill::fetch(store::DuePage due) {
  struct Ended {
    HistoryBackfill& self;
    ~Ended() {
      --self.under_way_;
      self.context_.history_wanted.notify_all();
      self.caught_up_.notify_all();
    }
  };
  const Ended ended{*this};
  const auto slot = context_.make_slot();
  Reading reading(due);
  const bool done = co_await read_all(reading, *slot);
  auto written = co_await slot->drain();
  if (!written) context_.fail(written.error());
  if (done) {
    taken_.erase(due.page_id);
    ++context_.progress.histories_done;
  }
}

base::Awaitable<bool> HistoryBackfill::read_all(Reading& reading, CommitSlot& slot) {
  const bool bodies = context_.options.history == History::kBodies;
  PageSizer sizer;
  confluence::RetryBudget budget;
  while (!context_.fatal) {
    budget.attempts = sizer.size() > kMinPageSize ? 3 : 6;
    // Links are followed as they are: a listing that fails starts again, for its size to change.
    const std::string target = reading.next.empty() ? confluence::versions_target(
                                                          reading.due.page_id, bodies, sizer.size())
                                                    : reading.next;
    auto listing = co_await context_.deps.client.versions(target, budget);
    if (listing && same_place(listing->next, target)) {
      listing = store::fail(store::ErrorKind::kItemBad, "cursor_repeated",
                            "cannot follow a version listing: the site sent the same cursor twice");
    }
    if (!listing) {
      const bool goes_on = co_await context_.survives(listing.error());
      if (!goes_on) co_return false;
      const bool too_large = listing.error().kind == store::ErrorKind::kRetryAfter ||
                             listing.error().name == "response_too_large";
      const bool shrunk = too_large && sizer.shrink();
      if (retry(reading, listing.error(), shrunk)) continue;
      co_await context_.quarantine(versions_subject(reading.due.page_id), listing.error());
      co_return false;
    }
    context_.succeeded();
    reading.next = listing->next;
    for (const auto& row : listing->rows) {
      if (!enough(reading)) reading.kept.insert(row.version.number);
    }
    const bool last = reading.next.empty() || enough(reading);
    co_await store_listing(reading, std::move(*listing), last, slot);
    if (last) co_return reading.whole && !context_.fatal;
  }
  co_return false;
}

bool HistoryBackfill::retry(Reading& reading, const store::Error& error, bool shrunk) {
  const bool lost_place = error.name == "cursor_refused" || error.name == "cursor_repeated";
  if (!shrunk && !(lost_place && ++reading.restarts <= kMaxListingRestarts)) return false;
  // From the start: rows seen twice are free.
  reading.next.clear();
  reading.kept.clear();
  reading.up_to = reading.due.version;
  reading.whole = true;
  return true;
}

bool HistoryBackfill::enough(const Reading& reading) const {
  const int depth = context_.options.history_depth;
  return depth > 0 && reading.kept.size() >= static_cast<std::size_t>(depth);
}

base::Awaitable<void> HistoryBackfill::store_listing(
    Reading& reading, confluence::Listing<store::PageVersion> listing, bool last,
    CommitSlot& slot) {
  const auto page_id = reading.due.page_id;
  if (!listing.bad_rows.empty()) reading.whole = false;
  for (const auto& row : listing.rows) reading.up_to = std::max(reading.up_to, row.version.number);
  std::erase_if(listing.rows, [&reading](const store::PageVersion& row) {
    return !reading.kept.contains(row.version.number);
  });
  store::PageHistory history;
  history.page_id = page_id;
  history.up_to = last && reading.whole ? reading.up_to : 0;
  history.versions = std::move(listing.rows);
  store::Batch batch(listing.observation, listing.received_at);
  if (history.up_to > 0) context_.release(batch, versions_subject(page_id));
  batch.histories.push_back(std::move(history));
  auto written = co_await slot.put(std::move(batch));
  if (!written) context_.fail(written.error());
  for (const auto& row : listing.bad_rows) {
    store::Error error(store::ErrorKind::kItemBad, "bad_row", row.reason);
    co_await context_.quarantine(versions_subject(page_id), std::move(error));
  }
}

}  // namespace mirror
