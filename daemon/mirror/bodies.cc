#include "daemon/mirror/bodies.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "daemon/mirror/plan.h"

namespace mirror {

namespace {

store::Error not_shown(store::Id page_id) {
  return store::Error(
      store::ErrorKind::kItemBad, "page_not_shown",
      fmt::format("cannot fetch page '{}': the site listed it but does not show it", page_id),
      "it was purged or its permissions changed since; the next sync looks again");
}

}  // namespace

void Bodies::add(const std::vector<store::Id>& page_ids) {
  const bool some_failed = !context_.progress.failures.empty();
  for (const auto id : page_ids) {
    if (settled_.contains(id) || (some_failed && context_.failed_now(page_subject(id)))) continue;
    if (taken_.insert(id).second) waiting_.push_back(id);
  }
  dispatch(false);
}

void Bodies::flush() { dispatch(true); }

void Bodies::dispatch(bool partial_too) {
  while (!waiting_.empty() && under_way_ < context_.options.max_concurrency && !context_.fatal) {
    const auto count = std::min(waiting_.size(), kMaxIdsPerRequest);
    if (count < kMaxIdsPerRequest && !partial_too) return;
    const auto end = waiting_.begin() + static_cast<std::ptrdiff_t>(count);
    std::vector<store::Id> part(waiting_.begin(), end);
    waiting_.erase(waiting_.begin(), end);
    ++under_way_;
    context_.listings.spawn(fetch(std::move(part)));
  }
}

base::Awaitable<void> Bodies::room() {
  const auto most =
      kMaxIdsPerRequest * static_cast<std::size_t>(std::max(1, context_.options.max_concurrency));
  while (waiting_.size() >= most && !context_.fatal) co_await changed_.wait();
}

base::Awaitable<void> Bodies::fetch_all_due() {
  store::Id after = 0;
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
    if (due->empty()) break;
    std::vector<store::Id> ids;
    for (const auto& page : *due) {
      after = page.page_id;
      if (context_.admitted_spaces.contains(page.space_id)) ids.push_back(page.page_id);
    }
    add(ids);
    co_await room();
  }
  while ((!waiting_.empty() || under_way_ > 0) && !context_.fatal) {
    flush();
    co_await changed_.wait();
  }
  if (!context_.fatal) co_await retry_quarantined();
}

// Pages that wait in quarantine though the mirror misses no body of theirs: most were never stored,
// because their row could not be read. Nothing else would ever ask for them again.
base::Awaitable<void> Bodies::retry_quarantined() {
  std::vector<store::Id> ids;
  const auto now = context_.due_time();
  for (const auto& [subject, row] : context_.in_quarantine()) {
    if (!subject.starts_with("page:") || row.next_try_at > now) continue;
    store::Id id = 0;
    const auto* const end = subject.data() + subject.size();
    const auto [stop, error] = std::from_chars(subject.data() + 5, end, id);
    if (error != std::errc() || stop != end || id <= 0) continue;
    if (!settled_.contains(id) && !context_.failed_now(subject)) ids.push_back(id);
  }
  if (!ids.empty()) co_await retry(std::move(ids));
}

base::Awaitable<void> Bodies::retry(std::vector<store::Id> page_ids) {
  const auto slot = context_.make_slot();
  for (const auto id : page_ids) {
    if (context_.fatal) co_return;
    confluence::RetryBudget budget;
    auto answer = co_await context_.deps.client.page(id, confluence::Priority::kBodies, budget);
    settled_.insert(id);
    if (answer) {
      co_await store_rows(std::move(*answer), *slot);
      continue;
    }
    const bool goes_on = co_await context_.survives(answer.error());
    if (!goes_on) co_return;
    auto query = [id](store::Reader& reader) { return reader.page(id, false); };
    auto known = co_await context_.read(std::move(query));
    if (!known) {
      context_.fail(known.error());
    } else if (answer.error().name == "http_404" && !*known) {
      // It never got into the mirror, and the site has it no more.
      auto batch = context_.make_batch();
      context_.release(batch, page_subject(id));
      auto written = co_await slot->put(std::move(batch));
      if (!written) context_.fail(written.error());
    } else {
      co_await context_.quarantine(page_subject(id), answer.error());
    }
  }
  auto written = co_await slot->drain();
  if (!written) context_.fail(written.error());
}

base::Awaitable<void> Bodies::fetch(std::vector<store::Id> page_ids) {
  // dispatch() has counted it.
  struct Ended {
    Bodies& self;
    ~Ended() {
      --self.under_way_;
      self.dispatch(false);
      self.changed_.notify_all();
    }
  };
  const Ended ended{*this};
  const auto slot = context_.make_slot();
  const std::vector<store::Id> all = page_ids;
  std::vector<std::vector<store::Id>> pieces;
  pieces.push_back(std::move(page_ids));
  while (!pieces.empty() && !context_.fatal) {
    const auto piece = std::move(pieces.back());
    pieces.pop_back();
    if (piece.size() == 1) {
      co_await fetch_one(piece.front(), *slot);
      continue;
    }
    const bool whole = co_await fetch_batch(piece, *slot);
    if (whole) continue;
    const auto middle = piece.begin() + static_cast<std::ptrdiff_t>(piece.size() / 2);
    pieces.emplace_back(middle, piece.end());
    pieces.emplace_back(piece.begin(), middle);
  }
  auto written = co_await slot->drain();
  if (!written) context_.fail(written.error());
  for (const auto id : all) taken_.erase(id);
}

base::Awaitable<bool> Bodies::fetch_batch(const std::vector<store::Id>& page_ids,
                                          CommitSlot& slot) {
  confluence::PagesQuery query;
  query.page_ids = page_ids;
  query.statuses = context_.options.page_statuses;
  std::string target = confluence::pages_target(query);
  std::unordered_set<store::Id> missing(page_ids.begin(), page_ids.end());
  confluence::RetryBudget budget;
  budget.attempts = 2;
  while (!target.empty()) {
    const auto room = co_await context_.backlog->room();
    auto listing =
        co_await context_.deps.client.pages(target, confluence::Priority::kBodies, budget);
    if (!listing) {
      const bool goes_on = co_await context_.survives(listing.error());
      co_return !goes_on;  // nothing is left to do if the crawl has ended
    }
    context_.succeeded();
    for (const auto& page : listing->rows) missing.erase(page.id);
    for (const auto& row : listing->bad_rows) {
      std::erase_if(missing, [&row](store::Id id) { return std::to_string(id) == row.id; });
    }
    const bool stuck = same_place(listing->next, target);
    target = listing->next;
    co_await store_rows(std::move(*listing), slot);
    if (stuck) co_return false;
  }
  // What a filtered listing leaves out is asked for alone: only that answer tells why.
  for (const auto id : missing) {
    if (context_.fatal) break;
    co_await fetch_one(id, slot);
  }
  co_return true;
}

base::Awaitable<void> Bodies::fetch_one(store::Id page_id, CommitSlot& slot) {
  confluence::RetryBudget budget;
  auto answer = co_await context_.deps.client.page(page_id, confluence::Priority::kBodies, budget);
  if (answer) {
    context_.succeeded();
    const bool shown = !answer->rows.empty() || !answer->bad_rows.empty();
    co_await store_rows(std::move(*answer), slot);
    if (!shown) {
      settled_.insert(page_id);
      auto error = not_shown(page_id);
      co_await context_.quarantine(page_subject(page_id), std::move(error));
    }
    co_return;
  }
  const bool goes_on = co_await context_.survives(answer.error());
  if (!goes_on) co_return;
  settled_.insert(page_id);
  co_await context_.quarantine(page_subject(page_id), answer.error());
}

base::Awaitable<void> Bodies::store_rows(confluence::Listing<store::Page> listing,
                                         CommitSlot& slot) {
  store::Batch batch(listing.observation, listing.received_at);
  for (auto& page : listing.rows) {
    if (!context_.admitted_spaces.contains(page.space_id)) {
      settled_.insert(page.id);  // it was moved to where we do not look
      continue;
    }
    context_.release(batch, page_subject(page.id));
    batch.pages.push_back(std::move(page));
  }
  context_.progress.pages_seen += static_cast<std::int64_t>(batch.pages.size());
  auto written = co_await slot.put(std::move(batch));
  if (!written) context_.fail(written.error());
  for (const auto& row : listing.bad_rows) {
    store::Error error(store::ErrorKind::kItemBad, "bad_row", row.reason);
    co_await context_.quarantine(page_subject(row.id), std::move(error));
  }
}

}  // namespace mirror
