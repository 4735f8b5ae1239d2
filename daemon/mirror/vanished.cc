#include "daemon/mirror/vanished.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "daemon/base/log.h"
#include "daemon/mirror/follow.h"
#include "daemon/mirror/plan.h"

namespace mirror {

namespace {

constexpr std::size_t kPart = 10'000;
// So few are believed whatever their share: in a small mirror each page is many per cent.
constexpr std::int64_t kFew = 20;
constexpr std::size_t kSpacesNamed = 5;
constexpr std::chrono::days kAskedAgainFor{30};
constexpr const char* kSubject = "listing:pages by id";
constexpr const char* kSpacesSubject = "listing:spaces by id";
constexpr const char* kDeleted = "deleted";
constexpr const char* kExcluded = "excluded";
constexpr const char* kVanished = "vanished";

}  // namespace

struct Vanished::Known {
  std::int64_t pages = 0;
  std::vector<store::SpaceRow> spaces;
};

store::Result<Vanished::Known> Vanished::read_known(store::Reader& reader) {
  Known known;
  auto counts = reader.counts();
  if (!counts) return store::fail(counts.error());
  known.pages = counts->pages;
  auto spaces = reader.spaces();
  if (!spaces) return store::fail(spaces.error());
  known.spaces = std::move(*spaces);
  return known;
}

base::Awaitable<std::vector<Vanished::Missing>> Vanished::candidates(store::Observation since) {
  auto query = [since](store::Reader& reader) -> store::Result<std::vector<Missing>> {
    std::vector<Missing> all;
    store::Id after = 0;
    while (true) {
      auto part = reader.unseen_pages(since, after, kPart);
      if (!part) return store::fail(part.error());
      for (const auto& page : *part) all.push_back({after = page.page_id, page.space_id});
      if (part->size() < kPart) return all;
    }
  };
  auto unseen = co_await context_.read(std::move(query));
  if (!unseen) {
    context_.fail(unseen.error());
    co_return std::vector<Missing>();
  }
  std::erase_if(*unseen, [this](const Missing& page) {
    return !context_.options.whole_site && !context_.admitted_spaces.contains(page.space_id);
  });
  co_return std::move(*unseen);
}

void Vanished::bury(store::Batch& batch, store::Id page_id, std::string reason) {
  store::Gone gone;
  gone.id = page_id;
  gone.reason = std::move(reason);
  batch.gone_pages.push_back(std::move(gone));
  context_.release(batch, page_subject(page_id));
  context_.release(batch, versions_subject(page_id));
}

void Vanished::exclude(const std::vector<Missing>& pages) {
  for (const auto& part : parts_of(pages, kPart)) {
    store::Batch batch(spaces_.observation(), context_.deps.clock.now());
    for (const auto& page : part) bury(batch, page.page_id, kExcluded);
    tombstones_.push_back(std::move(batch));
  }
}

base::Awaitable<void> Vanished::look(store::Observation since) {
  if (!context_.listings_whole()) {
    base::crawl_log().info("a listing failed: nothing is taken for gone in this run");
    co_return;
  }
  if (context_.options.whole_site) co_await ask_for_tombstones();
  auto pages = co_await candidates(since);
  const auto excluded =
      std::stable_partition(pages.begin(), pages.end(), [this](const Missing& page) {
        return context_.admitted_spaces.contains(page.space_id) || !spaces_.seen(page.space_id);
      });
  exclude(std::vector<Missing>(excluded, pages.end()));
  pages.erase(excluded, pages.end());
  if (pages.empty()) co_return;
  const auto asked = pages.size();
  missing_ = co_await ask(std::move(pages), false);
  if (missing_.size() < asked) co_await bodies_.fetch_all_due();
}

base::Awaitable<std::vector<Vanished::Missing>> Vanished::ask(std::vector<Missing> pages,
                                                              bool last_time) {
  std::vector<Missing> missing;
  std::vector<base::Awaitable<void>> tasks;
  for (auto& part : parts_of(pages, kMaxIdsPerRequest)) {
    tasks.push_back(ask_batch(std::move(part), last_time, missing));
  }
  co_await context_.all(std::move(tasks));
  co_return missing;
}

base::Awaitable<void> Vanished::ask_batch(std::vector<Missing> pages, bool last_time,
                                          std::vector<Missing>& missing) {
  std::unordered_map<store::Id, store::Id> open;  // page to space
  for (const auto& page : pages) open[page.page_id] = page.space_id;
  store::Batch tombstones(0, store::Time{});
  std::size_t shown = 0;
  bool unreadable = false;
  do {
    const auto before = open.size();
    unreadable = false;
    const bool asked = co_await ask_once(open, tombstones, unreadable);
    if (!asked) co_return;
    shown = before - open.size();
  } while (shown > 0 && !open.empty());
  if (unreadable && !open.empty()) {
    // Whose row it is can only be told by asking for fewer; of one page it is its own.
    pages.clear();
    for (const auto& [page_id, space_id] : open) pages.push_back({page_id, space_id});
    if (pages.size() > 1) co_await ask_halves(std::move(pages), last_time, missing);
    co_return;
  }
  for (const auto& [page_id, space_id] : open) {
    missing.push_back({page_id, space_id});
    if (last_time) bury(tombstones, page_id, kVanished);
  }
  if (last_time && !tombstones.gone_pages.empty()) tombstones_.push_back(std::move(tombstones));
}

base::Awaitable<void> Vanished::ask_halves(std::vector<Missing> pages, bool last_time,
                                           std::vector<Missing>& missing) {
  for (auto& half : parts_of(pages, (pages.size() + 1) / 2)) {
    if (context_.fatal) co_return;
    co_await ask_batch(std::move(half), last_time, missing);
  }
}

// What was hidden when it vanished may have been deleted since; and what is there again comes in.
base::Awaitable<void> Vanished::ask_for_tombstones() {
  const auto since = context_.deps.clock.now() - kAskedAgainFor;
  auto query = [since](store::Reader& reader) { return reader.vanished_since(since); };
  auto vanished = co_await context_.read(std::move(query));
  if (!vanished) {
    context_.fail(vanished.error());
    co_return;
  }
  std::erase_if(*vanished, [this](const store::DuePage& page) {
    return !context_.admitted_spaces.contains(page.space_id);
  });
  for (const auto& part : parts_of(*vanished, kMaxIdsPerRequest)) {
    if (context_.fatal) co_return;
    std::unordered_map<store::Id, store::Id> open;
    for (const auto& page : part) open[page.page_id] = page.space_id;
    store::Batch unused(0, store::Time{});
    bool unreadable = false;
    const auto deleted_before = deleted_;
    co_await ask_once(open, unused, unreadable);
    deleted_ = deleted_before;  // the valve is for what the mirror took for alive
  }
}

base::Awaitable<bool> Vanished::ask_once(std::unordered_map<store::Id, store::Id>& open,
                                         store::Batch& tombstones, bool& unreadable) {
  co_await context_.turn();
  confluence::PagesQuery query;
  for (const auto& [page_id, space_id] : open) query.page_ids.push_back(page_id);
  std::sort(query.page_ids.begin(), query.page_ids.end());
  query.statuses = {"current", "archived", "trashed", kDeleted};
  query.bodies = false;
  const auto slot = context_.make_slot();
  auto fetch = [this](std::string target) {
    return context_.deps.client.pages(std::move(target), confluence::Priority::kBodies,
                                      confluence::RetryBudget());
  };
  auto take = [this, &open, &slot, &tombstones,
               &unreadable](confluence::Listing<store::Page> listing) -> base::Awaitable<bool> {
    tombstones.observation = listing.observation;
    tombstones.observed_at = listing.received_at;
    for (const auto& page : listing.rows) {
      const auto was_in = open.find(page.id);
      if (page.status == kDeleted && was_in != open.end()) deleted_[page.id] = was_in->second;
      open.erase(page.id);
    }
    for (const auto& row : listing.bad_rows) {
      const auto named = std::erase_if(
          open, [&](const auto& page) { return std::to_string(page.first) == row.id; });
      unreadable = unreadable || named == 0;
    }
    co_await keep(std::move(listing), *slot);
    co_return !context_.fatal;
  };
  auto asked = co_await follow(confluence::pages_target(query), std::move(fetch), std::move(take));
  auto written = co_await slot->drain();
  if (!written) context_.fail(written.error());
  if (!asked) {
    const bool goes_on = co_await context_.survives(asked.error());
    if (goes_on) co_await context_.quarantine(kSubject, asked.error());
  }
  co_return asked.has_value() && !context_.fatal;
}

// What is there after all.
base::Awaitable<void> Vanished::keep(confluence::Listing<store::Page> listing, CommitSlot& slot) {
  context_.succeeded();
  store::Batch batch(listing.observation, listing.received_at);
  store::Batch tombstones(listing.observation, listing.received_at);
  for (auto& page : listing.rows) {
    const bool excluded = context_.options.whole_site && spaces_.seen(page.space_id) &&
                          !context_.admitted_spaces.contains(page.space_id);
    if (page.status == kDeleted) {
      bury(tombstones, page.id, kDeleted);
    } else if (excluded) {
      bury(tombstones, page.id, kExcluded);
    } else {
      batch.pages.push_back(std::move(page));
    }
  }
  if (!tombstones.gone_pages.empty()) tombstones_.push_back(std::move(tombstones));
  auto written = co_await slot.put(std::move(batch));
  if (!written) context_.fail(written.error());
  for (const auto& row : listing.bad_rows) {
    store::Error error(store::ErrorKind::kItemBad, "bad_row", row.reason);
    co_await context_.quarantine(page_subject(row.id), std::move(error));
  }
}

base::Awaitable<void> Vanished::confirm() {
  auto query = [](store::Reader& reader) { return read_known(reader); };
  auto known = co_await context_.read(std::move(query));
  if (!known) {
    context_.fail(known.error());
    co_return;
  }
  std::vector<Missing> vanished;
  if (!missing_.empty()) vanished = co_await ask(std::move(missing_), true);
  missing_.clear();
  if (context_.fatal) co_return;
  for (const auto& [page_id, space_id] : deleted_) vanished.push_back({page_id, space_id});
  check_valve(vanished, *known);
  if (context_.fatal || !context_.options.whole_site || !context_.listings_whole()) co_return;
  co_await look_for_spaces(known->spaces);
}

void Vanished::check_valve(const std::vector<Missing>& vanished, const Known& known) {
  const auto& options = context_.options;
  std::unordered_map<store::Id, std::int64_t> by_space;
  std::int64_t count = 0;
  for (const auto& page : vanished) {
    if (options.accepted_vanished.contains(page.page_id)) continue;
    ++count;
    ++by_space[page.space_id];
  }
  const double share =
      known.pages > 0 ? 100.0 * static_cast<double>(count) / static_cast<double>(known.pages) : 0;
  if (count <= options.max_vanished_pages &&
      (count <= kFew || share <= options.max_vanished_percent)) {
    return;
  }
  std::vector<std::pair<std::int64_t, std::string>> named;
  for (const auto& [space_id, pages] : by_space) {
    const auto space = std::find_if(known.spaces.begin(), known.spaces.end(),
                                    [id = space_id](const auto& row) { return row.id == id; });
    named.emplace_back(pages, space == known.spaces.end() ? std::to_string(space_id) : space->key);
  }
  std::sort(named.begin(), named.end(), [](const auto& a, const auto& b) {
    return a.first != b.first ? a.first > b.first : a.second < b.second;
  });
  std::string spaces;
  for (std::size_t i = 0; i < std::min(named.size(), kSpacesNamed); ++i) {
    spaces += fmt::format("{}{} ({})", i == 0 ? "" : ", ", named[i].second, named[i].first);
  }
  if (named.size() > kSpacesNamed)
    spaces += fmt::format(" and {} more", named.size() - kSpacesNamed);
  stopped_.emplace();
  stopped_->run_id = context_.run_id;
  for (const auto& page : vanished) stopped_->page_ids.push_back(page.page_id);
  std::sort(stopped_->page_ids.begin(), stopped_->page_ids.end());
  context_.fail(store::Error(
      store::ErrorKind::kStopped, "too_many_vanished",
      fmt::format("cannot believe that {} of {} pages are gone, in space {}: nothing was marked",
                  count, known.pages, spaces),
      fmt::format("see whether this account lost a permission; if they are gone indeed: confmirror "
                  "sync --accept-vanished {}",
                  context_.run_id)));
}

base::Awaitable<void> Vanished::look_for_spaces(const std::vector<store::SpaceRow>& known) {
  store::Batch excluded(spaces_.observation(), context_.deps.clock.now());
  std::vector<store::Id> unseen;
  for (const auto& space : known) {
    if (!spaces_.seen(space.id)) {
      unseen.push_back(space.id);
    } else if (!context_.admitted_spaces.contains(space.id)) {
      store::Gone gone;
      gone.id = space.id;
      gone.reason = kExcluded;
      excluded.gone_spaces.push_back(std::move(gone));
    }
  }
  if (!excluded.gone_spaces.empty()) tombstones_.push_back(std::move(excluded));
  std::vector<base::Awaitable<void>> tasks;
  for (auto& part : parts_of(unseen, kMaxIdsPerRequest)) {
    tasks.push_back(ask_for_spaces(std::move(part)));
  }
  co_await context_.all(std::move(tasks));
}

base::Awaitable<void> Vanished::ask_for_spaces(std::vector<store::Id> ids) {
  confluence::SpacesQuery query;  // of any status
  query.ids = ids;
  query.details = false;
  store::Batch batch(0, store::Time{});
  auto fetch = [this](std::string target) {
    return context_.deps.client.spaces(std::move(target));
  };
  auto take = [&ids, &batch](confluence::Listing<store::Space> listing) -> base::Awaitable<bool> {
    batch.observation = listing.observation;
    batch.observed_at = listing.received_at;
    std::erase_if(ids, [&listing](store::Id id) {
      return std::any_of(listing.rows.begin(), listing.rows.end(),
                         [id](const auto& row) { return row.id == id; }) ||
             std::any_of(listing.bad_rows.begin(), listing.bad_rows.end(),
                         [id](const auto& row) { return row.id == std::to_string(id); });
    });
    co_return true;
  };
  auto asked = co_await follow(confluence::spaces_target(query), std::move(fetch), std::move(take));
  if (!asked) {
    const bool goes_on = co_await context_.survives(asked.error());
    if (goes_on) co_await context_.quarantine(kSpacesSubject, asked.error());
    co_return;
  }
  for (const auto id : ids) {
    store::Gone gone;
    gone.id = id;
    gone.reason = kVanished;
    batch.gone_spaces.push_back(std::move(gone));
  }
  if (!batch.gone_spaces.empty()) tombstones_.push_back(std::move(batch));
}

}  // namespace mirror
