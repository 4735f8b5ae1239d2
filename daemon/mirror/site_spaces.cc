#include "daemon/mirror/site_spaces.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <tuple>

#include "daemon/confluence/requests.h"
#include "daemon/mirror/follow.h"

namespace mirror {

namespace {

using SpacesById = std::map<store::Id, store::SpaceRow>;

store::Result<SpacesById> read_spaces_by_id(store::Reader& reader) {
  auto rows = reader.spaces();
  if (!rows) return store::fail(rows.error());
  SpacesById by_id;
  for (auto& row : *rows) {
    const auto id = row.id;
    by_id.emplace(id, std::move(row));
  }
  return by_id;
}

template <typename Map>
const typename Map::mapped_type* find_in(const Map& map, store::Id id) {
  const auto at = map.find(id);
  return at == map.end() ? nullptr : &at->second;
}

// Both looks showed the same.
bool same_space(const store::Space* one, const store::Space* another) {
  if (!one || !another) return one == another;
  const auto all = [](const store::Space& space) {
    return std::tie(space.key, space.name, space.type, space.status, space.current_alias,
                    space.homepage_id);
  };
  return all(*one) == all(*another);
}

}  // namespace

base::Awaitable<void> SiteSpaces::list() {
  auto known = co_await inquiry_.read(read_spaces_by_id);
  if (!known) co_return;
  in_mirror_ = std::move(*known);
  std::vector<base::Awaitable<void>> tasks;
  for (const auto& status : inquiry_.options.space_statuses) tasks.push_back(list_status(status));
  co_await inquiry_.tasks.all(std::move(tasks));
  co_await look_for_unseen();
  for (const auto& [id, space] : on_site_) {
    if (inquiry_.options.admits(space)) admitted_.insert(id);
  }
  if (inquiry_.options.whole_site || !admitted_.empty() || in_mirror() > 0) co_return;
  inquiry_.fail(store::Error(store::ErrorKind::kUsage, "no_such_space",
                             "cannot verify: neither the site nor the mirror has such a space",
                             "'confmirror spaces' lists those of the mirror"));
}

base::Awaitable<void> SiteSpaces::list_status(std::string status) {
  confluence::SpacesQuery query;
  query.status = std::move(status);
  query.details = false;
  auto fetch = [this](std::string target) {
    return inquiry_.deps.client.spaces(std::move(target));
  };
  auto take = [this](confluence::Listing<store::Space> listing) -> base::Awaitable<bool> {
    inquiry_.succeeded();
    for (auto& space : listing.rows) {
      const auto id = space.id;
      on_site_.insert_or_assign(id, std::move(space));
    }
    for (const auto& row : listing.bad_rows) {
      if (const auto id = id_of(row)) unclear_.insert(*id);
      inquiry_.leave_out("space:" + row.id, row.reason);
    }
    co_return !inquiry_.fatal;
  };
  auto listed =
      co_await follow(confluence::spaces_target(query), std::move(fetch), std::move(take));
  if (!listed) inquiry_.fail(listed.error());
}

base::Awaitable<void> SiteSpaces::look_for_unseen() {
  std::vector<store::Id> unseen;
  for (const auto& [id, row] : in_mirror_) {
    const bool shown = on_site_.contains(id) || unclear_.contains(id);
    if (!shown && inquiry_.options.admits(row)) unseen.push_back(id);
  }
  std::size_t dropped = 0;
  auto parts = parts_of(unseen, kMaxIdsPerRequest);
  for (auto& part : parts) {
    Inquiry::Spaces spaces;
    co_await inquiry_.ask_spaces(std::move(part), spaces);
    dropped += spaces.shown.size();
    unclear_.insert(spaces.unclear.begin(), spaces.unclear.end());
    for (auto& [id, space] : spaces.shown) on_site_.insert_or_assign(id, std::move(space));
  }
  if (dropped == 0) co_return;
  inquiry_.leave_out("listing:spaces",
                     fmt::format("it left out {} spaces that the site shows when asked for by id: "
                                 "whether the mirror lacks some cannot be told",
                                 dropped));
}

bool SiteSpaces::in_scope(const store::SpaceRow& row) const {
  if (unclear_.contains(row.id)) return false;
  return on_site_.contains(row.id) ? admitted_.contains(row.id) : inquiry_.options.admits(row);
}

std::int64_t SiteSpaces::in_mirror() const {
  return std::count_if(in_mirror_.begin(), in_mirror_.end(),
                       [this](const auto& space) { return in_scope(space.second); });
}

std::vector<SpaceLoad> SiteSpaces::loads() const {
  std::vector<SpaceLoad> loads;
  for (const auto id : admitted_) {
    SpaceLoad load;
    load.space_id = id;
    if (const auto* known = find_in(in_mirror_, id)) load.known_pages = known->pages;
    loads.push_back(load);
  }
  return loads;
}

bool SiteSpaces::status_wanted(const std::string& status) const {
  const auto& wanted = inquiry_.options.page_statuses;
  return std::find(wanted.begin(), wanted.end(), status) != wanted.end();
}

bool SiteSpaces::expects(const store::PageRow& row) const {
  if (row.gone_at || !status_wanted(row.status)) return false;
  if (const auto* space = find_in(in_mirror_, row.space_id)) return in_scope(*space);
  if (on_site_.contains(row.space_id)) return admitted_.contains(row.space_id);
  return inquiry_.options.whole_site && !unclear_.contains(row.space_id);
}

bool SiteSpaces::wants(const store::Page& page) const {
  return admitted_.contains(page.space_id) && status_wanted(page.status);
}

std::string SiteSpaces::key(store::Id space_id) const {
  if (const auto* space = find_in(on_site_, space_id)) return space->key;
  const auto* space = find_in(in_mirror_, space_id);
  return space ? space->key : std::string();
}

std::vector<std::string> SiteSpaces::keys(const std::vector<store::Id>& space_ids) const {
  std::vector<std::string> keys;
  for (const auto id : space_ids) keys.push_back(key(id));
  return keys;
}

base::Awaitable<void> SiteSpaces::compare() {
  std::set<store::Id> all(admitted_.begin(), admitted_.end());
  for (const auto& [id, row] : in_mirror_) {
    if (in_scope(row)) all.insert(id);
  }
  std::vector<store::Id> suspects;
  for (const auto id : all) {
    const auto found = compare_space(find_in(in_mirror_, id), find_in(on_site_, id));
    if (!found.empty()) suspects.push_back(id);
  }
  if (suspects.empty()) co_return;
  Inquiry::Spaces again;
  auto parts = parts_of(suspects, kMaxIdsPerRequest);
  for (auto& part : parts) {
    co_await inquiry_.ask_spaces(std::move(part), again);
  }
  auto mirror_again = co_await inquiry_.read(read_spaces_by_id);
  if (!mirror_again) co_return;
  for (const auto id : suspects) settle(id, again, *mirror_again);
}

void SiteSpaces::settle(store::Id space_id, const Inquiry::Spaces& again,
                        const SpacesById& mirror_again) {
  if (again.unclear.contains(space_id)) return;
  const auto* const site = find_in(again.shown, space_id);
  const auto* const before = find_in(in_mirror_, space_id);
  const auto* const now = find_in(mirror_again, space_id);
  auto found = compare_space(now, site);
  if (found.empty()) return;
  const bool written =
      (before != nullptr) != (now != nullptr) || (now && now->synced_at != before->synced_at);
  const bool moving = !same_space(find_in(on_site_, space_id), site);
  if (written || moving || (site && site->created_at >= inquiry_.began_at)) {
    ++changing_;
    return;
  }
  for (auto& difference : found) differences_.push_back(std::move(difference));
}

}  // namespace mirror
