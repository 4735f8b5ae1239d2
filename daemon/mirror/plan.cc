#include "daemon/mirror/plan.h"

#include <algorithm>
#include <numeric>

#include "daemon/confluence/requests.h"

namespace mirror {

std::vector<std::vector<store::Id>> group_spaces(std::vector<SpaceLoad> spaces, int max_walks) {
  std::vector<std::vector<store::Id>> groups;
  if (spaces.empty()) return groups;

  const std::size_t fewest = (spaces.size() + kMaxSpacesPerWalk - 1) / kMaxSpacesPerWalk;
  std::size_t count = std::min(spaces.size(), static_cast<std::size_t>(std::max(1, max_walks)));
  const bool all_known = std::all_of(spaces.begin(), spaces.end(),
                                     [](const SpaceLoad& s) { return s.known_pages > 0; });
  if (all_known) {
    const auto pages =
        std::accumulate(spaces.begin(), spaces.end(), std::int64_t{0},
                        [](auto sum, const SpaceLoad& s) { return sum + s.known_pages; });
    count = std::min(count, static_cast<std::size_t>((pages + kMaxPageSize - 1) / kMaxPageSize));
  }
  count = std::max(count, fewest);

  // Largest first, each to the lightest group that has room. Unknown sizes count as one, which
  // deals them out in turn.
  std::sort(spaces.begin(), spaces.end(), [](const SpaceLoad& a, const SpaceLoad& b) {
    return a.known_pages != b.known_pages ? a.known_pages > b.known_pages : a.space_id < b.space_id;
  });
  groups.resize(count);
  std::vector<std::int64_t> loads(count, 0);
  for (const auto& space : spaces) {
    std::size_t best = count;
    for (std::size_t i = 0; i < count; ++i) {
      if (groups[i].size() >= kMaxSpacesPerWalk) continue;
      if (best == count || loads[i] < loads[best]) best = i;
    }
    groups[best].push_back(space.space_id);
    loads[best] += std::max<std::int64_t>(space.known_pages, 1);
  }
  for (auto& group : groups) std::sort(group.begin(), group.end());
  return groups;
}

std::vector<std::vector<store::Id>> sweep_groups(const std::vector<SpaceLoad>& spaces,
                                                 int max_walks, bool whole_site) {
  std::int64_t pages = 0;
  auto loads = spaces;
  for (auto& load : loads) {
    pages += load.known_pages;
    load.known_pages = std::max<std::int64_t>(load.known_pages, 1);
  }
  auto groups = group_spaces(std::move(loads), max_walks);
  const auto answers = static_cast<std::size_t>((pages + kMaxPageSize - 1) / kMaxPageSize);
  if (whole_site && !groups.empty() && answers <= groups.size()) return {{}};
  return groups;
}

bool PageSizer::shrink() {
  good_ = 0;
  if (size_ <= kMinPageSize) return false;
  size_ = std::max(kMinPageSize, size_ / 2);
  return true;
}

void PageSizer::succeeded(std::chrono::milliseconds elapsed) {
  if (elapsed > kSlow) {
    shrink();
    return;
  }
  if (size_ >= kMaxPageSize) return;
  if (++good_ < 3) return;
  good_ = 0;
  size_ = std::min(kMaxPageSize, size_ * 2);
}

bool same_place(std::string_view a_link, std::string_view another) {
  if (a_link.empty() || another.empty()) return false;
  if (a_link == another) return true;
  const auto one = confluence::with_limit(a_link, 1);
  return !one.empty() && one == confluence::with_limit(another, 1);
}

std::chrono::hours quarantine_pause(std::int64_t attempts) {
  const auto doublings = std::clamp<std::int64_t>(attempts - 1, 0, 5);
  return std::min(std::chrono::hours{24}, std::chrono::hours{1LL << doublings});
}

}  // namespace mirror
