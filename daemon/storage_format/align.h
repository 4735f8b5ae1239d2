#pragma once

// Which blocks of two sequences are the same: a patience diff on interned keys, bounded in time.
//
// Equal ends are matched first, then keys that are unique on both sides, then what is between them,
// by longest common subsequence while that is small; what is left over is one hunk. Where both
// sides have one length and matching place by place is as good, that is taken: then a change is an
// edit, not a deletion and an insertion. Time is O(n log n) with fixed bounds on everything that
// would be quadratic. Pure; any thread.

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

namespace storage_format {

// Equal texts have equal numbers.
class Keys {
 public:
  int of(std::string text) {
    return numbers_.emplace(std::move(text), static_cast<int>(numbers_.size())).first->second;
  }

 private:
  std::unordered_map<std::string, int> numbers_;
};

// Places [a, b) of the base against [c, d) of the side; outside of hunks all is matched in order.
struct Hunk {
  std::size_t a = 0;
  std::size_t b = 0;
  std::size_t c = 0;
  std::size_t d = 0;
  bool pair = false;  // one block that became another: an edit in its place
  bool inserts() const { return d > c && !pair; }
};

std::vector<Hunk> align(std::span<const int> base, std::span<const int> side);
// Place by place; both have one length.
std::vector<Hunk> align_places(std::span<const int> base, std::span<const int> side);

// How much two blocks look like one another, 0 to 1.
using Likeness = std::function<double(std::size_t base_index, std::size_t side_index)>;
// Splits hunks into pairs, where blocks look alike, and the rest.
std::vector<Hunk> with_pairs(const std::vector<Hunk>& hunks, const Likeness& likeness);
// A deletion or insertion beside copies of itself could have happened at any of them: such hunks
// grow over all of these, so that no other change is believed to be beside it.
std::vector<Hunk> with_doubt(const std::vector<Hunk>& hunks, std::span<const int> base,
                             std::span<const int> side);

}  // namespace storage_format
