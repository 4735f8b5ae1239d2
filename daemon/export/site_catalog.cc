#include "daemon/export/site_catalog.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "daemon/export/digest.h"
#include "store/fold.h"

namespace exporting {

namespace {

int rank_of(const CatalogItem& page) {
  if (page.exported && page.status == "current") return 0;
  if (page.exported) return 1;
  if (page.gone) return 5;
  if (page.status == "current") return 2;
  return page.status == "archived" ? 3 : 4;
}

std::string own_digest(const store::PageRow& row) {
  Digest digest;
  digest.add(row.id).add(row.status).add(row.title).add(row.space_id).add(row.parent_id);
  digest.add(row.parent_type).add(row.position).add(row.author_id).add(row.owner_id);
  digest.add(row.last_owner_id).add(row.subtype).add(row.created_at).add(row.web_path);
  digest.add(std::int64_t{row.version.number}).add(row.version.created_at);
  digest.add(row.version.message).add(std::int64_t{row.version.minor_edit});
  digest.add(row.version.author_id).add(row.space_key).add(row.author_name);
  digest.add(row.modified_by_name).add(row.body_hash).add(row.gone_at).add(row.gone_reason);
  return digest.add(std::int64_t{row.assumed}).hex();
}

}  // namespace

store::Result<std::unique_ptr<SiteCatalog>> SiteCatalog::load(store::Reader& reader,
                                                              const Selection& selection) {
  auto catalog = std::make_unique<SiteCatalog>();
  if (auto loaded = catalog->load_spaces(reader, selection); !loaded) {
    return store::fail(loaded.error());
  }
  if (auto loaded = catalog->load_items(reader, selection); !loaded) {
    return store::fail(loaded.error());
  }
  catalog->index_titles();
  return catalog;
}

store::Result<void> SiteCatalog::load_spaces(store::Reader& reader, const Selection& selection) {
  auto url = reader.meta("site_url");
  if (!url) return store::fail(url.error());
  site_url_ = url->value_or("");
  while (site_url_.ends_with('/')) site_url_.pop_back();
  auto rows = reader.spaces(selection.as_of);
  if (!rows) return store::fail(rows.error());
  for (auto& row : *rows) spaces_.push_back({std::move(row), {}, {}});
  std::sort(spaces_.begin(), spaces_.end(),
            [](const auto& a, const auto& b) { return a.row.id < b.row.id; });
  // A live space of that key comes before an archived one, its key before an alias.
  for (const bool alias : {false, true}) {
    for (const bool live : {true, false}) {
      for (std::uint32_t i = 0; i < spaces_.size(); ++i) {
        const auto& row = spaces_[i].row;
        if ((row.status == "current") != live || (alias && !row.current_alias)) continue;
        spaces_by_key_.emplace(store::fold_case(alias ? *row.current_alias : row.key), i);
      }
    }
  }
  for (std::uint32_t i = 0; i < spaces_.size(); ++i) spaces_by_id_[spaces_[i].row.id] = i;
  return {};
}

store::Result<void> SiteCatalog::load_items(store::Reader& reader, const Selection& selection) {
  auto take_user = [this](const store::User& user) {
    if (user.display_name) users_.emplace(user.account_id, *user.display_name);
    return true;
  };
  if (auto read = reader.for_each_user(take_user); !read) return read;
  auto take_node = [this, &selection](const store::NodeRow& row) {
    add_node(row, selection);
    return true;
  };
  if (auto read = reader.for_each_node(take_node, {}); !read) return read;
  auto take_page = [this, &selection](const store::PageRow& row) {
    add_page(row, selection);
    return true;
  };
  return reader.for_each_page(take_page, /*with_bodies=*/false, {}, selection.as_of);
}

bool SiteCatalog::is_wanted_space(const Selection& selection, store::Id id) const {
  const auto& wanted = selection.space_ids;
  return spaces_by_id_.contains(id) &&
         (wanted.empty() || std::find(wanted.begin(), wanted.end(), id) != wanted.end());
}

// Pages outlive their space in the mirror.
void SiteCatalog::expect_space(const store::PageRow& row) {
  if (spaces_by_id_.contains(row.space_id)) return;
  CatalogSpace space;
  space.row.id = row.space_id;
  space.row.key = row.space_key.empty() ? std::to_string(row.space_id) : row.space_key;
  space.row.name = space.row.key;
  space.row.status = "gone";
  const auto index = static_cast<std::uint32_t>(spaces_.size());
  spaces_by_id_.emplace(row.space_id, index);
  spaces_by_key_.emplace(store::fold_case(space.row.key), index);
  spaces_.push_back(std::move(space));
}

void SiteCatalog::add_page(const store::PageRow& row, const Selection& selection) {
  expect_space(row);
  CatalogItem item;
  item.id = row.id;
  item.space_id = row.space_id;
  item.parent_id = row.parent_id;
  item.position = row.position.value_or(std::numeric_limits<std::int64_t>::max());
  item.title = row.title;
  item.status = row.status;
  item.web_path = row.web_path;
  item.version = row.version.number;
  item.gone = row.gone_at.has_value();
  item.exported = is_wanted_space(selection, row.space_id) &&
                  selection.statuses.contains(item.gone ? "gone" : row.status);
  if (item.exported) item.own = own_digest(row);
  if (item.exported && row.assumed) ++assumed_;
  item.body = row.body_hash;
  by_id_[item.id] = static_cast<std::uint32_t>(items_.size());
  items_.push_back(std::move(item));
}

void SiteCatalog::add_node(const store::NodeRow& row, const Selection& selection) {
  CatalogItem item;
  item.id = row.id;
  item.is_page = false;
  item.space_id = row.space_id.value_or(0);
  item.parent_id = row.parent_id;
  item.position = row.position.value_or(std::numeric_limits<std::int64_t>::max());
  item.title = row.title;
  item.status = row.status;
  item.type = row.type;
  item.gone = row.gone_at.has_value();
  // A folder that is gone may still be where pages lie that are not.
  item.exported = is_wanted_space(selection, item.space_id) &&
                  (item.gone || row.status != "trashed" || selection.statuses.contains("trashed"));
  by_id_[item.id] = static_cast<std::uint32_t>(items_.size());
  items_.push_back(std::move(item));
}

std::string SiteCatalog::title_key(store::Id space_id, std::string_view title) {
  return std::to_string(space_id) + "\n" + store::fold_case(title);
}

void SiteCatalog::index_titles() {
  titles_.reserve(items_.size());
  for (std::uint32_t i = 0; i < items_.size(); ++i) {
    if (!items_[i].is_page) continue;
    const auto [at, is_new] = titles_.emplace(title_key(items_[i].space_id, items_[i].title), i);
    if (!is_new && rank_of(items_[i]) < rank_of(items_[at->second])) at->second = i;
  }
}

const CatalogItem* SiteCatalog::item(store::Id id) const {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : &items_[found->second];
}

const CatalogSpace* SiteCatalog::space(store::Id id) const {
  const auto found = spaces_by_id_.find(id);
  return found == spaces_by_id_.end() ? nullptr : &spaces_[found->second];
}

const CatalogSpace* SiteCatalog::space_of_key(std::string_view key) const {
  const auto found = spaces_by_key_.find(store::fold_case(key));
  return found == spaces_by_key_.end() ? nullptr : &spaces_[found->second];
}

const CatalogItem* SiteCatalog::page_titled(store::Id space_id, std::string_view title) const {
  const auto found = titles_.find(title_key(space_id, title));
  return found == titles_.end() ? nullptr : &items_[found->second];
}

std::optional<std::string> SiteCatalog::user_name(std::string_view account_id) const {
  const auto found = users_.find(std::string(account_id));
  if (found == users_.end()) return std::nullopt;
  return found->second;
}

const CatalogItem* SiteCatalog::parent_of(const CatalogItem& child) const {
  return child.parent == CatalogItem::kNone ? nullptr : &items_[child.parent];
}

void SiteCatalog::find_parents() {
  for (auto& child : items_) {
    if (!child.exported || !child.parent_id) continue;
    const auto found = by_id_.find(*child.parent_id);
    if (found == by_id_.end()) continue;
    const auto& parent = items_[found->second];
    if (parent.exported && parent.space_id == child.space_id) child.parent = found->second;
  }
}

// As the layout does it: of each circle, the member with the lowest id is on top.
void SiteCatalog::break_circles() {
  std::vector<std::uint32_t> seen_by(items_.size(), CatalogItem::kNone);
  for (std::uint32_t start = 0; start < items_.size(); ++start) {
    auto at = start;
    while (at != CatalogItem::kNone && seen_by[at] == CatalogItem::kNone) {
      seen_by[at] = start;
      at = items_[at].parent;
    }
    if (at == CatalogItem::kNone || seen_by[at] != start) continue;
    auto lowest = at;
    for (auto member = items_[at].parent; member != at; member = items_[member].parent) {
      if (items_[member].id < items_[lowest].id) lowest = member;
    }
    items_[lowest].parent = CatalogItem::kNone;
  }
}

void SiteCatalog::set_path(const CatalogItem& which, std::string path) {
  items_[by_id_.at(which.id)].path = std::move(path);
}

void SiteCatalog::set_space_path(store::Id id, std::string path) {
  spaces_[spaces_by_id_.at(id)].path = std::move(path);
}

void SiteCatalog::order_items() {
  find_parents();
  break_circles();
  for (std::uint32_t i = 0; i < items_.size(); ++i) {
    const auto& child = items_[i];
    if (!child.exported) continue;
    auto& below = child.parent != CatalogItem::kNone
                      ? items_[child.parent].below
                      : spaces_[spaces_by_id_.at(child.space_id)].top;
    below.push_back(i);
  }
  auto in_order = [this](std::uint32_t a, std::uint32_t b) {
    const auto& one = items_[a];
    const auto& other = items_[b];
    return one.position != other.position ? one.position < other.position : one.id < other.id;
  };
  for (auto& each : items_) std::sort(each.below.begin(), each.below.end(), in_order);
  for (auto& each : spaces_) std::sort(each.top.begin(), each.top.end(), in_order);
}

const std::string& SiteCatalog::outside_of(const CatalogItem& page) const {
  if (outside_.empty()) outside_.resize(items_.size());
  auto& known = outside_[by_id_.at(page.id)];
  if (known.empty()) {
    const auto* owner = space(page.space_id);
    Digest digest;
    digest.add(page.title).add(page.path).add(page.web_path).add(page.status);
    digest.add(std::int64_t{page.exported}).add(std::int64_t{page.gone});
    digest.add(owner == nullptr ? std::string() : owner->row.key);
    digest.add(std::int64_t{page_titled(page.space_id, page.title) == &page});
    known = digest.hex();
  }
  return known;
}

// Bottom up without recursion: a site may be deeper than a stack.
const std::string& SiteCatalog::below_of(const CatalogItem& page) const {
  if (below_.empty()) below_.resize(items_.size());
  std::vector<std::pair<std::uint32_t, bool>> open{{by_id_.at(page.id), false}};
  while (!open.empty()) {
    const auto [index, children_done] = open.back();
    open.pop_back();
    if (!below_[index].empty()) continue;
    if (!children_done) {
      open.emplace_back(index, true);
      for (const auto child : items_[index].below) open.emplace_back(child, false);
      continue;
    }
    Digest digest;
    for (const auto child : items_[index].below) {
      digest.add(items_[child].id).add(outside_of(items_[child])).add(below_[child]);
    }
    below_[index] = digest.hex();
  }
  return below_[by_id_.at(page.id)];
}

std::string SiteCatalog::outside_of(const CatalogSpace& space) const {
  Digest digest;
  digest.add(space.row.key).add(space.row.name).add(space.row.current_alias).add(space.path);
  return digest.add(space.row.web_path).add(space.row.homepage_id).hex();
}

bool SiteCatalog::has_title(const std::string& hash) const {
  if (title_hashes_.empty()) {
    for (const auto& [key, index] : titles_) title_hashes_.insert(short_hash(key));
  }
  return title_hashes_.contains(hash);
}

std::string SiteCatalog::user_with(const std::string& hash) const {
  if (user_hashes_.empty()) {
    for (const auto& [account, name] : users_) user_hashes_.emplace(short_hash(account), name);
  }
  const auto found = user_hashes_.find(hash);
  return found == user_hashes_.end() ? std::string() : found->second;
}

bool SiteCatalog::has_space_key(const std::string& hash) const {
  return std::any_of(spaces_by_key_.begin(), spaces_by_key_.end(),
                     [&hash](const auto& entry) { return short_hash(entry.first) == hash; });
}

}  // namespace exporting
