#include "daemon/export/layout.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "daemon/export/file_names.h"

namespace exporting {

namespace {

constexpr std::size_t kNone = static_cast<std::size_t>(-1);

class Layouter {
 public:
  Layouter(std::vector<LayoutItem>& items, const LayoutRules& rules)
      : items_(items), rules_(rules), parent_(items.size(), kNone), below_(items.size()) {
    for (const auto& extension : rules.extensions) {
      longest_extension_ = std::max(longest_extension_, extension.size());
    }
  }

  void run() {
    find_parents();
    break_circles();
    for (const auto& name : rules_.reserved) claimed_.insert(name_key(name));
    for (auto& level : levels()) place(level);
  }

 private:
  using Kind = LayoutItem::Kind;

  void find_parents();
  void break_circles();
  std::vector<std::vector<std::size_t>> levels() const;
  void place(std::vector<std::size_t>& level);
  bool keeps_its_path(std::size_t index);
  void give_a_path(std::size_t index);
  void settle(std::size_t index, std::string path);
  std::string folder_for(std::size_t index) const;
  std::vector<std::string> keys_of(const LayoutItem& item, const std::string& path);
  bool is_free(const std::vector<std::string>& keys) const;
  bool is_occupied(const LayoutItem& item, std::size_t index, const std::string& path) const;
  std::size_t most_bytes(const LayoutItem& item) const {
    return item.kind == Kind::kPage ? kMaxNameBytes - longest_extension_ : kMaxNameBytes;
  }

  std::vector<LayoutItem>& items_;
  const LayoutRules& rules_;
  std::vector<std::size_t> parent_;  // kNone: on top
  std::vector<std::string> below_;   // the folder of what lies below
  std::vector<bool> has_children_;
  std::size_t longest_extension_ = 0;
  std::unordered_set<std::string> claimed_;                       // keys of whole paths
  std::unordered_map<std::string, std::string> keys_of_folders_;  // path -> key
};

void Layouter::find_parents() {
  std::unordered_map<store::Id, std::size_t> spaces;
  std::unordered_map<store::Id, std::size_t> contents;
  for (std::size_t i = 0; i < items_.size(); ++i) {
    (items_[i].kind == Kind::kSpace ? spaces : contents).emplace(items_[i].id, i);
  }
  for (std::size_t i = 0; i < items_.size(); ++i) {
    const auto& item = items_[i];
    if (item.kind == Kind::kSpace) continue;
    const auto space = spaces.find(item.space_id);
    parent_[i] = space == spaces.end() ? kNone : space->second;
    if (rules_.flat || !item.parent_id) continue;
    const auto parent = contents.find(*item.parent_id);
    if (parent != contents.end() && items_[parent->second].space_id == item.space_id) {
      parent_[i] = parent->second;
    }
  }
}

// Of each circle, the member with the lowest id comes to lie on top of its space.
void Layouter::break_circles() {
  std::unordered_map<store::Id, std::size_t> spaces;
  for (std::size_t i = 0; i < items_.size(); ++i) {
    if (items_[i].kind == Kind::kSpace) spaces.emplace(items_[i].id, i);
  }
  std::vector<std::size_t> seen_by(items_.size(), kNone);
  for (std::size_t start = 0; start < items_.size(); ++start) {
    std::size_t at = start;
    while (at != kNone && seen_by[at] == kNone) {
      seen_by[at] = start;
      at = parent_[at];
    }
    if (at == kNone || seen_by[at] != start) continue;
    std::size_t lowest = at;
    for (auto member = parent_[at]; member != at; member = parent_[member]) {
      if (items_[member].id < items_[lowest].id) lowest = member;
    }
    const auto space = spaces.find(items_[lowest].space_id);
    parent_[lowest] = space == spaces.end() ? kNone : space->second;
  }
}

std::vector<std::vector<std::size_t>> Layouter::levels() const {
  std::vector<std::size_t> depth(items_.size(), kNone);
  std::vector<std::vector<std::size_t>> levels;
  std::vector<std::size_t> way;
  for (std::size_t i = 0; i < items_.size(); ++i) {
    if (rules_.flat && items_[i].kind == Kind::kNode) continue;
    way.clear();
    auto at = i;
    for (; at != kNone && depth[at] == kNone; at = parent_[at]) way.push_back(at);
    auto next = at == kNone ? 0 : depth[at] + 1;
    for (auto it = way.rbegin(); it != way.rend(); ++it, ++next) {
      depth[*it] = next;
      if (levels.size() <= next) levels.resize(next + 1);
      levels[next].push_back(*it);
    }
  }
  return levels;
}

void Layouter::place(std::vector<std::size_t>& level) {
  if (has_children_.empty()) {
    has_children_.resize(items_.size());
    for (const auto parent : parent_) {
      if (parent != kNone) has_children_[parent] = true;
    }
  }
  std::sort(level.begin(), level.end(),
            [this](auto a, auto b) { return items_[a].id < items_[b].id; });
  std::vector<std::size_t> others;
  for (const auto index : level) {
    if (!keeps_its_path(index)) others.push_back(index);
  }
  for (const auto index : others) give_a_path(index);
}

std::string Layouter::folder_for(std::size_t index) const {
  return parent_[index] == kNone ? std::string() : below_[parent_[index]];
}

std::vector<std::string> Layouter::keys_of(const LayoutItem& item, const std::string& path) {
  const std::string folder(folder_of(path));
  auto known = keys_of_folders_.find(folder);
  if (known == keys_of_folders_.end()) {
    known = keys_of_folders_.emplace(folder, name_key(folder)).first;
  }
  const auto key = joined(known->second, name_key(name_of(path)));
  std::vector<std::string> keys{key};
  if (item.kind == Kind::kPage) {
    for (const auto& extension : rules_.extensions) keys.push_back(key + extension);
  }
  return keys;
}

bool Layouter::is_free(const std::vector<std::string>& keys) const {
  return std::none_of(keys.begin(), keys.end(),
                      [this](const auto& key) { return claimed_.contains(key); });
}

bool Layouter::is_occupied(const LayoutItem& item, std::size_t index,
                           const std::string& path) const {
  if (!rules_.occupied) return false;
  if (item.kind == Kind::kPage) {
    for (const auto& extension : rules_.extensions) {
      if (rules_.occupied(path + extension, /*as_folder=*/false)) return true;
    }
  }
  return has_children_[index] && rules_.occupied(path, /*as_folder=*/true);
}

bool Layouter::keeps_its_path(std::size_t index) {
  const auto& item = items_[index];
  if (!item.earlier || folder_of(*item.earlier) != folder_for(index)) return false;
  const auto name = name_of(*item.earlier);
  constexpr int kTries = 3;
  bool fits = false;
  for (int attempt = 0; attempt < kTries && !fits; ++attempt) {
    fits = name == name_to_try(item.title, item.id, attempt, most_bytes(item));
  }
  if (!fits || !is_free(keys_of(item, *item.earlier))) return false;
  // A folder may be needed for the first time.
  if (has_children_[index] && rules_.occupied && rules_.occupied(*item.earlier, true)) return false;
  settle(index, *item.earlier);
  return true;
}

void Layouter::give_a_path(std::size_t index) {
  const auto& item = items_[index];
  const auto folder = folder_for(index);
  for (int attempt = 0;; ++attempt) {
    auto path = joined(folder, name_to_try(item.title, item.id, attempt, most_bytes(item)));
    if (!is_free(keys_of(item, path)) || is_occupied(item, index, path)) continue;
    settle(index, std::move(path));
    return;
  }
}

void Layouter::settle(std::size_t index, std::string path) {
  auto& item = items_[index];
  for (auto& key : keys_of(item, path)) claimed_.insert(std::move(key));
  if (item.kind == Kind::kSpace) {
    const auto key = name_key(path);
    for (const auto& name : rules_.reserved_in_space) {
      claimed_.insert(joined(key, name_key(name)));
    }
  }
  below_[index] = path.size() <= kMaxFolderBytes ? path : folder_for(index);
  item.path = std::move(path);
}

}  // namespace

void lay_out(std::vector<LayoutItem>& items, const LayoutRules& rules) {
  Layouter(items, rules).run();
}

}  // namespace exporting
