#include "daemon/mirror/bodies.h"

#include <fmt/format.h>

#include <algorithm>

#include "daemon/mirror/plan.h"

namespace mirror {

namespace {

// Ends when the coroutine that counts does, however it ends.
class Count {
 public:
  Count(int& count, base::Signal& signal) : count_(count), signal_(signal) { ++count_; }
  ~Count() {
    --count_;
    signal_.notify_all();
  }
  Count(const Count&) = delete;
  Count& operator=(const Count&) = delete;

 private:
  int& count_;
  base::Signal& signal_;
};

store::Error not_shown(store::Id page_id) {
  return store::Error(
      store::ErrorKind::kItemBad, "page_not_shown",
      fmt::format("cannot fetch page '{}': the site listed it but does not show it", page_id),
      "it was purged or its permissions changed since; the next sync looks again");
}

}  // namespace

base::Awaitable<void> Bodies::add(std::vector<store::Id> page_ids) {
  std::erase_if(page_ids,
                [this](store::Id id) { return taken_.contains(id) || failed_.contains(id); });
  for (std::size_t begin = 0; begin < page_ids.size(); begin += kMaxIdsPerRequest) {
    while (under_way_ >= context_.options.max_concurrency) co_await ended_.wait();
    const std::size_t end = std::min(page_ids.size(), begin + kMaxIdsPerRequest);
    std::vector<store::Id> part(page_ids.begin() + static_cast<std::ptrdiff_t>(begin),
                                page_ids.begin() + static_cast<std::ptrdiff_t>(end));
    taken_.insert(part.begin(), part.end());
    context_.listings.spawn(fetch(std::move(part)));
  }
}

base::Awaitable<void> Bodies::fetch_all_due() {
  store::Id after = 0;
  while (true) {
    const auto now = context_.due_time();
    auto query = [after, now](store::Reader& reader) {
      return reader.bodies_due(after, kMaxIdsPerRequest, now);
    };
    auto due = co_await context_.read(std::move(query));
    if (!due) {
      context_.fail(due.error());
      co_return;
    }
    if (due->empty()) co_return;
    std::vector<store::Id> ids;
    for (const auto& page : *due) ids.push_back(page.page_id);
    after = ids.back();
    co_await add(std::move(ids));
  }
}

base::Awaitable<void> Bodies::wait_idle() {
  while (under_way_ > 0) co_await ended_.wait();
}

base::Awaitable<void> Bodies::fetch(std::vector<store::Id> page_ids) {
  const Count count(under_way_, ended_);
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
    auto listing =
        co_await context_.deps.client.pages(target, confluence::Priority::kBodies, budget);
    if (!listing) {
      if (Context::is_fatal(listing.error())) context_.fail(listing.error());
      if (listing.error().kind == store::ErrorKind::kCredentialsBad) {
        auto red = co_await context_.canary();
        if (red) context_.fail(std::move(*red));
      }
      co_return context_.fatal.has_value();
    }
    for (const auto& page : listing->rows) missing.erase(page.id);
    for (const auto& row : listing->bad_rows) {
      for (const auto id : page_ids) {
        if (std::to_string(id) == row.id) missing.erase(id);
      }
    }
    target = listing->next;
    co_await store_rows(std::move(*listing), slot);
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
    const bool shown = !answer->rows.empty() || !answer->bad_rows.empty();
    co_await store_rows(std::move(*answer), slot);
    if (!shown) {
      failed_.insert(page_id);
      co_await context_.quarantine(fmt::format("page:{}", page_id), not_shown(page_id));
    }
    co_return;
  }
  if (answer.error().kind == store::ErrorKind::kCredentialsBad) {
    auto red = co_await context_.canary();
    if (red) {
      context_.fail(std::move(*red));
      co_return;
    }
  } else if (Context::is_fatal(answer.error())) {
    context_.fail(answer.error());
    co_return;
  }
  failed_.insert(page_id);
  co_await context_.quarantine(fmt::format("page:{}", page_id), answer.error());
}

base::Awaitable<void> Bodies::store_rows(confluence::Listing<store::Page> listing,
                                         CommitSlot& slot) {
  store::Batch batch(listing.observation, listing.received_at);
  for (auto& page : listing.rows) {
    if (!context_.admitted_spaces.contains(page.space_id)) continue;
    batch.released.push_back(fmt::format("page:{}", page.id));
    batch.pages.push_back(std::move(page));
  }
  context_.progress.pages_seen += static_cast<std::int64_t>(batch.pages.size());
  auto written = co_await slot.put(std::move(batch));
  if (!written) context_.fail(written.error());
  for (const auto& row : listing.bad_rows) {
    store::Error error(store::ErrorKind::kItemBad, "bad_row", row.reason);
    co_await context_.quarantine("page:" + row.id, error);
  }
}

}  // namespace mirror
