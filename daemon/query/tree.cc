#include "daemon/query/tree.h"

#include <algorithm>
#include <limits>
#include <tuple>
#include <unordered_set>
#include <utility>

namespace querying {

Tree::Tree(const std::vector<store::TreeRow>& rows) : rows_(rows) {
  std::unordered_set<store::Id> known;
  for (const auto& row : rows) known.insert(row.id);
  std::vector<std::size_t> order(rows.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  const auto key = [&rows](std::size_t at) {
    constexpr auto kLast = std::numeric_limits<std::int64_t>::max();
    return std::tuple(rows[at].position.value_or(kLast), std::string_view(rows[at].title),
                      rows[at].id);
  };
  std::sort(order.begin(), order.end(),
            [&key](std::size_t a, std::size_t b) { return key(a) < key(b); });
  for (const auto at : order) {
    const auto& parent = rows[at].parent_id;
    if (parent && known.contains(*parent)) {
      children_[*parent].push_back(at);
    } else {
      roots_.push_back(at);
    }
  }
}

void Tree::visit_from(const std::vector<std::size_t>& from, int depth, std::vector<bool>& seen,
                      const Visit& visit) const {
  std::vector<std::pair<std::size_t, int>> open;  // the next one last
  const auto push = [&open](const std::vector<std::size_t>& list, int level) {
    for (auto at = list.rbegin(); at != list.rend(); ++at) open.emplace_back(*at, level);
  };
  push(from, depth);
  while (!open.empty()) {
    const auto [at, level] = open.back();
    open.pop_back();
    if (seen[at]) continue;
    seen[at] = true;
    visit(rows_[at], level);
    if (const auto found = children_.find(rows_[at].id); found != children_.end()) {
      push(found->second, level + 1);
    }
  }
}

void Tree::visit_all(const Visit& visit) const {
  std::vector<bool> seen(rows_.size());
  visit_from(roots_, 0, seen, visit);
  for (std::size_t at = 0; at < rows_.size(); ++at) {
    if (!seen[at]) visit_from({at}, 0, seen, visit);
  }
}

void Tree::visit_below(store::Id id, const Visit& visit) const {
  const auto found = children_.find(id);
  if (found == children_.end()) return;
  std::vector<bool> seen(rows_.size());
  for (std::size_t at = 0; at < rows_.size(); ++at) seen[at] = rows_[at].id == id;
  visit_from(found->second, 1, seen, visit);
}

}  // namespace querying
