#include "daemon/mirror/inquiry.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "daemon/confluence/requests.h"
#include "daemon/mirror/context.h"
#include "daemon/mirror/follow.h"
#include "daemon/mirror/plan.h"

namespace mirror {

namespace {

// So many requests that failed after all their retries, and none that succeeded between them.
constexpr int kSilence = 12;

// The id of a row that could not be read, if it is one of `open`; it is none of them afterwards.
std::optional<store::Id> take_bad_row(const confluence::BadRow& row,
                                      std::unordered_set<store::Id>& open) {
  auto id = id_of(row);
  if (id && open.erase(*id) == 0) id.reset();
  return id;
}

std::vector<store::Id> sorted(const std::unordered_set<store::Id>& ids) {
  std::vector<store::Id> list(ids.begin(), ids.end());
  std::sort(list.begin(), list.end());
  return list;
}

}  // namespace

std::optional<store::Id> id_of(const confluence::BadRow& row) {
  store::Id id = 0;
  const auto* const end = row.id.data() + row.id.size();
  const auto [stop, error] = std::from_chars(row.id.data(), end, id);
  return error == std::errc() && stop == end ? std::optional(id) : std::nullopt;
}

void Inquiry::fail(store::Error error) {
  if (!fatal) fatal = std::move(error);
  tasks.cancel();
}

base::Awaitable<std::optional<store::Error>> Inquiry::canary() {
  auto identity = co_await deps.client.who_am_i();
  if (!identity) co_return std::move(identity.error());
  if (identity->account_id == account_id) co_return std::nullopt;
  store::Error changed(store::ErrorKind::kCredentialsBad, "identity_changed",
                       "cannot go on: the site takes us for someone else than at the start",
                       "check that nothing rotates the token between accounts, then verify again");
  co_return changed;
}

base::Awaitable<bool> Inquiry::survives(store::Error error) {
  if (fatal) co_return false;
  bool ask = false;
  switch (error.kind) {
    case store::ErrorKind::kCredentialsBad:
      ask = true;
      break;
    case store::ErrorKind::kRetryAfter:
      ask = ++failed_in_a_row_ >= kSilence;
      break;
    case store::ErrorKind::kItemBad:
    case store::ErrorKind::kSpaceBad:
      ask = error.http_status == 404;
      break;
    default:
      fail(std::move(error));
      co_return false;
  }
  if (!ask) co_return true;
  failed_in_a_row_ = 0;
  auto red = co_await canary();
  if (red) fail(std::move(*red));
  co_return !fatal;
}

base::Awaitable<void> Inquiry::give_up(std::string subject, store::Error error) {
  const bool goes_on = co_await survives(error);
  if (goes_on) leave_out(subject, error.message);
}

base::Awaitable<void> Inquiry::ask_pages(std::vector<store::Id> ids, bool bodies, Pages& pages) {
  std::vector<std::vector<store::Id>> pieces;
  pieces.push_back(std::move(ids));
  while (!pieces.empty() && !fatal) {
    std::unordered_set<store::Id> open(pieces.back().begin(), pieces.back().end());
    pieces.pop_back();
    auto asked = co_await ask_until_silent(open, bodies, pages);
    if (asked) continue;
    const auto rest = sorted(open);
    if (bodies && rest.size() > 1) {
      const bool goes_on = co_await survives(asked.error());
      if (!goes_on) co_return;
      for (auto& half : parts_of(rest, (rest.size() + 1) / 2)) pieces.push_back(std::move(half));
      continue;
    }
    for (const auto id : rest) {
      pages.unclear.insert(id);
      leave_out(page_subject(id), asked.error().message);
    }
    co_await give_up("listing:pages by id", asked.error());
  }
}

base::Awaitable<store::Result<void>> Inquiry::ask_until_silent(std::unordered_set<store::Id>& open,
                                                               bool bodies, Pages& pages) {
  std::size_t before = 0;
  do {
    before = open.size();
    auto asked = co_await ask_once(open, bodies, pages);
    if (!asked) co_return asked;
  } while (open.size() < before && !open.empty());
  co_return store::Result<void>();
}

base::Awaitable<store::Result<void>> Inquiry::ask_once(std::unordered_set<store::Id>& open,
                                                       bool bodies, Pages& pages) {
  confluence::PagesQuery query;
  query.page_ids = sorted(open);
  query.statuses = {"current", "archived", "trashed", "deleted"};
  query.bodies = bodies;
  confluence::RetryBudget budget;
  if (bodies) budget.attempts = 2;  // what fails may be one page of them
  auto fetch = [this, budget](std::string target) {
    return deps.client.pages(std::move(target), confluence::Priority::kBodies, budget);
  };
  auto take = [this, &open,
               &pages](confluence::Listing<store::Page> listing) -> base::Awaitable<bool> {
    succeeded();
    for (auto& page : listing.rows) {
      if (page.body) page.body->text = std::string();
      const auto id = page.id;
      if (open.erase(id) > 0) pages.shown.insert_or_assign(id, std::move(page));
    }
    for (const auto& row : listing.bad_rows) {
      const auto id = take_bad_row(row, open);
      if (!id) continue;
      pages.unclear.insert(*id);
      leave_out(page_subject(*id), row.reason);
    }
    co_return !fatal;
  };
  co_return co_await follow(confluence::pages_target(query), std::move(fetch), std::move(take));
}

base::Awaitable<void> Inquiry::ask_spaces(std::vector<store::Id> ids, Spaces& spaces) {
  std::unordered_set<store::Id> open(ids.begin(), ids.end());
  std::size_t before = 0;
  do {
    before = open.size();
    auto asked = co_await ask_once(open, spaces);
    if (!asked) {
      spaces.unclear.insert(open.begin(), open.end());
      co_await give_up("listing:spaces by id", asked.error());
      co_return;
    }
  } while (open.size() < before && !open.empty());
}

base::Awaitable<store::Result<void>> Inquiry::ask_once(std::unordered_set<store::Id>& open,
                                                       Spaces& spaces) {
  confluence::SpacesQuery query;  // of any status
  query.ids = sorted(open);
  query.details = false;
  auto fetch = [this](std::string target) { return deps.client.spaces(std::move(target)); };
  auto take = [this, &open,
               &spaces](confluence::Listing<store::Space> listing) -> base::Awaitable<bool> {
    succeeded();
    for (auto& space : listing.rows) {
      const auto id = space.id;
      if (open.erase(id) > 0) spaces.shown.insert_or_assign(id, std::move(space));
    }
    for (const auto& row : listing.bad_rows) {
      const auto id = take_bad_row(row, open);
      if (!id) continue;
      spaces.unclear.insert(*id);
      leave_out("space:" + row.id, row.reason);
    }
    co_return !fatal;
  };
  co_return co_await follow(confluence::spaces_target(query), std::move(fetch), std::move(take));
}

}  // namespace mirror
