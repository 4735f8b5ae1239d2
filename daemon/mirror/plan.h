#pragma once

// Pure: the rules of a crawl. No I/O, no time of its own; any thread.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/records.h"

namespace mirror {

// The API's bounds (OpenAPI document, GET /pages): ids in one `space-id` and one `id` filter, rows
// a listing may have.
inline constexpr std::size_t kMaxSpacesPerWalk = 100;
inline constexpr std::size_t kMaxIdsPerRequest = 250;
inline constexpr int kMaxPageSize = 250;
// Below this a listing that still fails is not too large: some page in it is bad.
inline constexpr int kMinPageSize = 31;

struct SpaceLoad {
  store::Id space_id = 0;
  std::int64_t known_pages = 0;  // 0 = unknown
};

// Shares spaces out to walks that run side by side: at most kMaxSpacesPerWalk in one, as even as
// the known page counts allow, no more walks than `max_walks` unless the first bound demands it,
// and no more than there is work for.
std::vector<std::vector<store::Id>> group_spaces(std::vector<SpaceLoad> spaces, int max_walks);

// Consecutive parts of at most `size`.
template <typename T>
std::vector<std::vector<T>> parts_of(const std::vector<T>& all, std::size_t size) {
  std::vector<std::vector<T>> parts;
  for (std::size_t begin = 0; begin < all.size(); begin += size) {
    const auto end = std::min(all.size(), begin + size);
    parts.emplace_back(all.begin() + static_cast<std::ptrdiff_t>(begin),
                       all.begin() + static_cast<std::ptrdiff_t>(end));
  }
  return parts;
}

// The listings of one look at everything without bodies: spaces shared out as group_spaces() does;
// or, named by a group without spaces, the whole site in one listing, where that costs less (many
// spaces with few pages) and `whole_site` says that what it shows of other spaces does no harm.
std::vector<std::vector<store::Id>> sweep_groups(const std::vector<SpaceLoad>& spaces,
                                                 int max_walks, bool whole_site);

// How many rows to ask for: halved after a failure or a slow answer, doubled after three good ones.
class PageSizer {
 public:
  explicit PageSizer(int start = kMaxPageSize) : size_(start > 0 ? start : kMaxPageSize) {}
  int size() const { return size_; }
  // False: it is already as small as makes sense.
  bool shrink();
  void succeeded(std::chrono::milliseconds elapsed);

  static constexpr std::chrono::milliseconds kSlow{20'000};

 private:
  int size_;
  int good_ = 0;
};

// True if both links lead to the same place of a listing, whatever their limits.
bool same_place(std::string_view a_link, std::string_view another);

// Two walks over the same pages from both ends of the id order; they are done when they meet.
class Span {
 public:
  void up_reached(store::Id id) { low_ = low_ ? std::max(*low_, id) : id; }
  void down_reached(store::Id id) { high_ = high_ ? std::min(*high_, id) : id; }
  // A listing was not in the order it was asked in: the two ends prove nothing any more.
  void spoil() { spoiled_ = true; }
  bool spoiled() const { return spoiled_; }
  bool met() const { return !spoiled_ && low_ && high_ && *low_ >= *high_; }
  std::optional<store::Id> low() const { return low_; }
  std::optional<store::Id> high() const { return high_; }

 private:
  std::optional<store::Id> low_;
  std::optional<store::Id> high_;
  bool spoiled_ = false;
};

// When something that failed for good for the n-th time is tried again: an hour, doubling, at most
// a day.
std::chrono::hours quarantine_pause(std::int64_t attempts);

}  // namespace mirror
