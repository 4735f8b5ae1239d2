#include "daemon/mirror/changes.h"

#include <fmt/format.h>

#include <algorithm>

#include "daemon/base/log.h"
#include "daemon/mirror/follow.h"
#include "daemon/mirror/plan.h"

namespace mirror {

namespace {
constexpr int kMaxLooks = 10;
constexpr const char* kById = "id";
constexpr const char* kNewestFirst = "-modified-date";
}  // namespace

base::Awaitable<bool> Changes::poll(std::vector<store::Id> spaces,
                                    std::unordered_set<store::Id> others, store::Time since) {
  const bool whole_site = others.size() <= spaces.size();
  spaces_ = whole_site ? std::vector<store::Id>() : std::move(spaces);
  others_ = std::move(others);
  all_known_ = true;
  co_await look(kNewestFirst, since - context_.options.overlap);
  // Also what an earlier run left.
  if (!context_.fatal) co_await bodies_.fetch_all_due();
  co_return all_known_ || !whole_site;
}

base::Awaitable<void> Changes::follow_up(std::vector<store::Id> spaces,
                                         std::optional<store::Time> since, bool sweep) {
  spaces_ = std::move(spaces);
  if (spaces_.empty()) co_return;
  if (sweep) {
    const auto changed = co_await look(kById, store::Time::min());
    if (changed > 0) co_await bodies_.fetch_all_due();
  }
  if (!since) {
    base::crawl_log().warn(
        "the site sends no Date header: changes made during this crawl are found by the next one");
    co_return;
  }
  const auto cutoff = *since - context_.options.overlap;
  for (int looks = 0; looks < kMaxLooks && !context_.fatal; ++looks) {
    const auto changed = co_await look(kNewestFirst, cutoff);
    if (changed == 0) break;
    co_await bodies_.fetch_all_due();
  }
}

base::Awaitable<std::int64_t> Changes::look(const std::string& sort, store::Time cutoff) {
  const auto before = context_.progress.pages_changed;
  std::vector<base::Awaitable<void>> tasks;
  if (spaces_.empty()) tasks.push_back(look_at({}, sort, cutoff));
  for (std::size_t begin = 0; begin < spaces_.size(); begin += kMaxSpacesPerWalk) {
    const auto end = std::min(spaces_.size(), begin + kMaxSpacesPerWalk);
    std::vector<store::Id> group(spaces_.begin() + static_cast<std::ptrdiff_t>(begin),
                                 spaces_.begin() + static_cast<std::ptrdiff_t>(end));
    tasks.push_back(look_at(std::move(group), sort, cutoff));
  }
  co_await context_.all(std::move(tasks));
  co_return context_.progress.pages_changed - before;
}

base::Awaitable<void> Changes::look_at(std::vector<store::Id> spaces, std::string sort,
                                       store::Time cutoff) {
  const auto subject = fmt::format("listing:changes by {}", sort);
  const bool sweep = sort == kById;
  confluence::PagesQuery query;
  query.space_ids = std::move(spaces);
  query.statuses = context_.options.page_statuses;
  query.sort = std::move(sort);
  query.bodies = false;
  const auto slot = context_.make_slot();
  using Answer = store::Result<confluence::Listing<store::Page>>;
  auto fetch = [this, sweep](std::string target) -> base::Awaitable<Answer> {
    if (sweep) co_await context_.turn();
    co_return co_await context_.deps.client.pages(
        std::move(target), confluence::Priority::kHeadPoll, confluence::RetryBudget());
  };
  auto take = [this, cutoff, &slot](confluence::Listing<store::Page> listing) {
    return keep(std::move(listing), cutoff, *slot);
  };
  auto looked = co_await follow(confluence::pages_target(query), std::move(fetch), std::move(take));
  if (!looked) {
    const bool goes_on = co_await context_.survives(looked.error());
    if (goes_on) co_await context_.quarantine(subject, looked.error());
  }
  auto written = co_await slot->drain();
  if (!written) context_.fail(written.error());
}

base::Awaitable<bool> Changes::keep(confluence::Listing<store::Page> listing, store::Time cutoff,
                                    CommitSlot& slot) {
  context_.succeeded();
  store::Batch batch(listing.observation, listing.received_at);
  bool reaches_back = !listing.rows.empty();
  for (auto& page : listing.rows) {
    if (page.version.created_at < cutoff) continue;
    reaches_back = false;
    if (context_.admitted_spaces.contains(page.space_id)) {
      batch.pages.push_back(std::move(page));
    } else if (!others_.contains(page.space_id)) {
      all_known_ = false;
    }
  }
  auto written = co_await slot.put(std::move(batch));
  if (!written) context_.fail(written.error());
  for (const auto& row : listing.bad_rows) {
    store::Error error(store::ErrorKind::kItemBad, "bad_row", row.reason);
    co_await context_.quarantine(page_subject(row.id), std::move(error));
  }
  co_return !reaches_back && !context_.fatal;
}

}  // namespace mirror
