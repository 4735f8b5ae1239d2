#include "daemon/audit/site_map.h"

#include <algorithm>
#include <functional>

#include "store/fold.h"

namespace audit {

namespace {

Standing standing_of(const std::string& status, const std::optional<store::Time>& gone_at,
                     const std::string& reason) {
  if (gone_at) return reason == "excluded" ? Standing::kExcluded : Standing::kGone;
  if (status == "current") return Standing::kCurrent;
  if (status == "archived") return Standing::kArchived;
  if (status == "draft") return Standing::kDraft;
  return status == "trashed" ? Standing::kTrashed : Standing::kGone;
}

std::uint64_t title_hash(store::Id space_id, const std::string& folded) {
  return std::hash<std::string>()(folded) ^
         (static_cast<std::uint64_t>(space_id) * 0x9E3779B97F4A7C15ULL);
}

}  // namespace

store::Result<SiteMap> SiteMap::read(store::Reader& reader) {
  SiteMap map;
  auto site_url = reader.meta("site_url");
  if (!site_url) return store::fail(site_url.error());
  map.site_url_ = site_url->value_or("");
  for (const auto part :
       {&SiteMap::read_spaces, &SiteMap::read_people, &SiteMap::read_pages, &SiteMap::read_nodes}) {
    if (auto done = (map.*part)(reader); !done) return store::fail(done.error());
  }
  return map;
}

store::Result<void> SiteMap::read_spaces(store::Reader& reader) {
  auto rows = reader.spaces();
  if (!rows) return store::fail(rows.error());
  for (auto& row : *rows) {
    // Of two of one key the live one counts, as everywhere.
    auto& by_key = keys_[store::fold_case(row.key)];
    if (by_key == 0 || row.status == "current") by_key = row.id;
    if (row.current_alias) aliases_.emplace(store::fold_case(*row.current_alias), row.id);
    const auto id = row.id;
    spaces_.emplace(id, std::move(row));
  }
  return {};
}

store::Result<void> SiteMap::read_people(store::Reader& reader) {
  return reader.for_each_user([this](const store::User& user) {
    auto& entry = people_[person(user.account_id)];
    entry.name = user.display_name.value_or("");
    entry.status = user.account_status.value_or("");
    return true;
  });
}

std::uint32_t SiteMap::person(const std::string& account_id) {
  if (account_id.empty()) return 0;
  const auto [place, is_new] =
      places_.emplace(account_id, static_cast<std::uint32_t>(people_.size()));
  if (is_new) people_.push_back({account_id, "", ""});
  return place->second;
}

store::Result<void> SiteMap::read_pages(store::Reader& reader) {
  auto read = reader.for_each_page(
      [this](const store::PageRow& row) {
        PageEntry page;
        page.id = row.id;
        page.space_id = row.space_id;
        page.parent_id = row.parent_id.value_or(0);
        page.created_at = row.created_at;
        page.modified_at = row.version.created_at;
        page.gone_at = row.gone_at.value_or(store::Time());
        page.body_bytes = row.body_bytes;
        page.version = row.version.number;
        page.owner = person(row.owner_id.value_or(""));
        page.standing = standing_of(row.status, row.gone_at, row.gone_reason);
        page.has_body = row.body_hash.has_value();
        page.title = row.title;
        titles_.emplace_back(title_hash(page.space_id, store::fold_case(page.title)),
                             static_cast<std::uint32_t>(pages_.size()));
        pages_.push_back(std::move(page));
        return true;
      },
      /*with_bodies=*/false, {});
  std::sort(titles_.begin(), titles_.end());
  return read;
}

store::Result<void> SiteMap::read_nodes(store::Reader& reader) {
  return reader.for_each_node(
      [this](const store::NodeRow& row) {
        nodes_[row.id] = {
            row.parent_id.value_or(0),
            standing_of(row.status.empty() ? "current" : row.status, row.gone_at, row.gone_reason),
            row.type};
        return true;
      },
      {});
}

const PageEntry* SiteMap::page(store::Id id) const {
  const auto found =
      std::lower_bound(pages_.begin(), pages_.end(), id,
                       [](const PageEntry& page, store::Id wanted) { return page.id < wanted; });
  return found == pages_.end() || found->id != id ? nullptr : &*found;
}

const NodeEntry* SiteMap::node(store::Id id) const {
  const auto found = nodes_.find(id);
  return found == nodes_.end() ? nullptr : &found->second;
}

const PageEntry* SiteMap::page_by_title(store::Id space_id, std::string_view title) const {
  const auto folded = store::fold_case(title);
  const auto hash = title_hash(space_id, folded);
  const PageEntry* best = nullptr;
  for (auto at = std::lower_bound(titles_.begin(), titles_.end(), std::make_pair(hash, 0U));
       at != titles_.end() && at->first == hash; ++at) {
    const PageEntry& page = pages_[at->second];
    if (page.space_id != space_id || store::fold_case(page.title) != folded) continue;
    if (best == nullptr || page.standing < best->standing) best = &page;
  }
  return best;
}

const store::SpaceRow* SiteMap::space_by_key(std::string_view key) const {
  const auto folded = store::fold_case(key);
  for (const auto* names : {&keys_, &aliases_}) {
    if (const auto found = names->find(folded); found != names->end()) return space(found->second);
  }
  return nullptr;
}

const store::SpaceRow* SiteMap::space(store::Id id) const {
  const auto found = spaces_.find(id);
  return found == spaces_.end() ? nullptr : &found->second;
}

}  // namespace audit
