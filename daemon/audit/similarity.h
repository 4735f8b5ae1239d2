#pragma once

// Which texts are nearly the same, without comparing every pair. A text becomes a sketch: a hash of
// every four words in a row, of which the smallest in each of 128 bins stays (minhash by one
// permutation, bins that got none filled from others). The share of equal bins estimates the share
// of four-word runs that two texts have in common (Jaccard). Only texts that agree in one of 25
// bands of five bins are compared, in each band with a bounded number of others: time is
// n log n, whatever the texts. Pure, same result for same input; any thread.
// Sources: Broder 1997, "On the resemblance and containment of documents"; Shrivastava 2017,
// "Optimal Densification for Fast and Accurate Minwise Hashing".

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace audit {

inline constexpr std::size_t kBins = 128;
using Sketch = std::array<std::uint32_t, kBins>;

struct TextShape {
  std::int64_t words = 0;
  std::uint64_t hash = 0;  // of the words alone: white space and (ASCII) case do not count
  std::uint64_t more_hash = 0;
};
// Words are what blanks part; each CJK character is one.
TextShape shape_of(std::string_view text);
Sketch sketch_of(std::string_view text);
// 0 to 1
double similarity(const Sketch& a, const Sketch& b);

struct Likeness {
  std::size_t earlier = 0;  // the first of the others that is like it
  double share = 0;
};
// For each sketch the first before it, in the given order, that has at least `threshold` of it in
// common.
std::vector<std::optional<Likeness>> likenesses(const std::vector<const Sketch*>& sketches,
                                                double threshold);

}  // namespace audit
