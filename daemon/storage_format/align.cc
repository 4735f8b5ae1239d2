#include "daemon/storage_format/align.h"

#include <algorithm>
#include <cstdint>
#include <unordered_set>

namespace storage_format {

namespace {

constexpr std::size_t kMaxCells = 250'000;     // of one table of common subsequences
constexpr std::size_t kAllCells = 20'000'000;  // of all of one alignment
constexpr int kMaxRounds = 32;                 // of unique keys within unique keys
constexpr std::size_t kMaxLikenesses = 1'024;  // of one hunk
constexpr double kAlike = 0.4;

class Aligner {
 public:
  Aligner(std::span<const int> base, std::span<const int> side)
      : base_(base), side_(side), match_(base.size(), kNone) {}

  std::vector<Hunk> run() {
    match(0, base_.size(), 0, side_.size(), 0);
    std::vector<Hunk> hunks;
    std::size_t a = 0;
    std::size_t c = 0;
    for (std::size_t i = 0; i <= base_.size(); ++i) {
      if (i < base_.size() && match_[i] == kNone) continue;
      const auto to = i < base_.size() ? match_[i] : side_.size();
      if (i > a || to > c) hunks.push_back({a, i, c, to});
      a = i + 1;
      c = to + 1;
    }
    return hunks;
  }

 private:
  static constexpr auto kNone = static_cast<std::size_t>(-1);
  struct Seen {
    int in_base = 0;
    int in_side = 0;
    std::size_t at = 0;  // in the side
  };
  struct Anchor {
    std::size_t base = 0;
    std::size_t side = 0;
  };

  void match(std::size_t a, std::size_t b, std::size_t c, std::size_t d, int round) {
    for (; a < b && c < d && base_[a] == side_[c]; ++a, ++c) match_[a] = c;
    for (; a < b && c < d && base_[b - 1] == side_[d - 1]; --b, --d) match_[b - 1] = d - 1;
    if (a == b || c == d) return;
    const auto anchors = round < kMaxRounds ? anchors_of(a, b, c, d) : std::vector<Anchor>();
    if (!anchors.empty()) {
      auto from = a;
      auto side_from = c;
      for (const auto& anchor : anchors) {
        match_[anchor.base] = anchor.side;
        match(from, anchor.base, side_from, anchor.side, round + 1);
        from = anchor.base + 1;
        side_from = anchor.side + 1;
      }
      match(from, b, side_from, d, round + 1);
    } else {
      match_common(a, b, c, d);
    }
    if (b - a == d - c) prefer_places(a, b, c);
  }

  void prefer_places(std::size_t a, std::size_t b, std::size_t c) {
    std::size_t matched = 0;
    std::size_t in_place = 0;
    for (auto i = a; i < b; ++i) {
      matched += match_[i] != kNone ? 1U : 0U;
      in_place += base_[i] == side_[c + i - a] ? 1U : 0U;
    }
    if (in_place < matched) return;
    for (auto i = a; i < b; ++i) match_[i] = base_[i] == side_[c + i - a] ? c + i - a : kNone;
  }

  // Keys that both sides have once, as many of them as come in one order.
  std::vector<Anchor> anchors_of(std::size_t a, std::size_t b, std::size_t c, std::size_t d) const {
    std::unordered_map<int, Seen> seen;
    for (auto i = a; i < b; ++i) ++seen[base_[i]].in_base;
    for (auto i = c; i < d; ++i) {
      auto& key = seen[side_[i]];
      ++key.in_side;
      key.at = i;
    }
    std::vector<Anchor> unique;
    for (auto i = a; i < b; ++i) {
      const auto& key = seen[base_[i]];
      if (key.in_base == 1 && key.in_side == 1) unique.push_back({i, key.at});
    }
    return longest_rising(unique);
  }

  static std::vector<Anchor> longest_rising(const std::vector<Anchor>& all) {
    std::vector<std::size_t> tails;  // index in `all` of the lowest end of a run of each length
    std::vector<std::size_t> before(all.size(), kNone);
    for (std::size_t i = 0; i < all.size(); ++i) {
      const auto place = std::ranges::lower_bound(tails, all[i].side, {},
                                                  [&](std::size_t t) { return all[t].side; });
      if (place != tails.begin()) before[i] = *std::prev(place);
      if (place == tails.end()) {
        tails.push_back(i);
      } else {
        *place = i;
      }
    }
    std::vector<Anchor> run;
    for (auto i = tails.empty() ? kNone : tails.back(); i != kNone; i = before[i]) {
      run.push_back(all[i]);
    }
    std::ranges::reverse(run);
    return run;
  }

  void match_common(std::size_t a, std::size_t b, std::size_t c, std::size_t d) {
    const auto rows = b - a;
    const auto columns = d - c;
    if (rows > kMaxCells / columns || cells_ + rows * columns > kAllCells) return;
    cells_ += rows * columns;
    const auto width = columns + 1;
    std::vector<std::uint32_t> longest((rows + 1) * width, 0);  // of what is left from there on
    for (auto i = rows; i-- > 0;) {
      for (auto j = columns; j-- > 0;) {
        longest[i * width + j] =
            base_[a + i] == side_[c + j]
                ? longest[(i + 1) * width + j + 1] + 1
                : std::max(longest[(i + 1) * width + j], longest[i * width + j + 1]);
      }
    }
    for (std::size_t i = 0, j = 0; i < rows && j < columns;) {
      if (base_[a + i] == side_[c + j]) {
        match_[a + i++] = c + j++;
      } else if (longest[(i + 1) * width + j] >= longest[i * width + j + 1]) {
        ++i;
      } else {
        ++j;
      }
    }
  }

  std::span<const int> base_;
  std::span<const int> side_;
  std::vector<std::size_t> match_;
  std::size_t cells_ = 0;
};

void add_rest(std::vector<Hunk>& out, Hunk rest) {
  if (rest.a == rest.b && rest.c == rest.d) return;
  rest.pair = rest.b - rest.a == 1 && rest.d - rest.c == 1;
  out.push_back(rest);
}

void split(std::vector<Hunk>& out, const Hunk& hunk, const Likeness& likeness) {
  const auto rows = hunk.b - hunk.a;
  const auto columns = hunk.d - hunk.c;
  const auto width = columns + 1;
  std::vector<double> alike(rows * columns);
  std::vector<double> best((rows + 1) * width, 0);
  for (auto i = rows; i-- > 0;) {
    for (auto j = columns; j-- > 0;) {
      const double value = likeness(hunk.a + i, hunk.c + j);
      alike[i * columns + j] = value;
      auto& cell = best[i * width + j];
      cell = std::max(best[(i + 1) * width + j], best[i * width + j + 1]);
      if (value >= kAlike) cell = std::max(cell, best[(i + 1) * width + j + 1] + value);
    }
  }
  Hunk rest{hunk.a, hunk.a, hunk.c, hunk.c};
  for (std::size_t i = 0, j = 0; i < rows && j < columns;) {
    const double value = alike[i * columns + j];
    if (value >= kAlike && best[i * width + j] <= best[(i + 1) * width + j + 1] + value) {
      rest.b = hunk.a + i;
      rest.d = hunk.c + j;
      add_rest(out, rest);
      out.push_back({rest.b, rest.b + 1, rest.d, rest.d + 1, true});
      ++i;
      ++j;
      rest = {hunk.a + i, hunk.a + i, hunk.c + j, hunk.c + j};
    } else if (best[(i + 1) * width + j] >= best[i * width + j + 1]) {
      ++i;
    } else {
      ++j;
    }
  }
  rest.b = hunk.b;
  rest.d = hunk.d;
  add_rest(out, rest);
}

}  // namespace

std::vector<Hunk> align(std::span<const int> base, std::span<const int> side) {
  return Aligner(base, side).run();
}

std::vector<Hunk> align_places(std::span<const int> base, std::span<const int> side) {
  std::vector<Hunk> hunks;
  for (std::size_t i = 0; i < base.size(); ++i) {
    if (base[i] != side[i]) hunks.push_back({i, i + 1, i, i + 1, true});
  }
  return hunks;
}

std::vector<Hunk> with_pairs(const std::vector<Hunk>& hunks, const Likeness& likeness) {
  std::vector<Hunk> out;
  for (const auto& hunk : hunks) {
    const auto rows = hunk.b - hunk.a;
    const auto columns = hunk.d - hunk.c;
    if (rows == 0 || columns == 0 || (rows == 1 && columns == 1) ||
        rows > kMaxLikenesses / columns) {
      add_rest(out, hunk);
    } else {
      split(out, hunk, likeness);
    }
  }
  return out;
}

std::vector<Hunk> with_doubt(const std::vector<Hunk>& hunks, std::span<const int> base,
                             std::span<const int> side) {
  std::vector<Hunk> out;
  std::unordered_set<int> keys;
  const auto add_keys = [&](const Hunk& hunk) {
    for (auto i = hunk.a; i < hunk.b; ++i) keys.insert(base[i]);
    for (auto i = hunk.c; i < hunk.d; ++i) keys.insert(side[i]);
  };
  const auto touches = [&](const Hunk& hunk) {
    for (auto i = hunk.a; i < hunk.b; ++i) {
      if (keys.contains(base[i])) return true;
    }
    for (auto i = hunk.c; i < hunk.d; ++i) {
      if (keys.contains(side[i])) return true;
    }
    return false;
  };
  for (std::size_t next = 0; next < hunks.size();) {
    auto hunk = hunks[next++];
    if (hunk.pair) {
      out.push_back(hunk);
      continue;
    }
    keys.clear();
    add_keys(hunk);
    for (bool grown = true; grown;) {
      grown = false;
      const auto floor = out.empty() ? 0 : out.back().b;
      for (; hunk.a > floor && keys.contains(base[hunk.a - 1]); --hunk.a, --hunk.c) grown = true;
      if (!out.empty() && hunk.a == out.back().b && touches(out.back())) {
        add_keys(out.back());
        hunk.a = out.back().a;
        hunk.c = out.back().c;
        out.pop_back();
        grown = true;
      }
      const auto roof = next < hunks.size() ? hunks[next].a : base.size();
      for (; hunk.b < roof && keys.contains(base[hunk.b]); ++hunk.b, ++hunk.d) grown = true;
      if (next < hunks.size() && hunk.b == hunks[next].a && touches(hunks[next])) {
        add_keys(hunks[next]);
        hunk.b = hunks[next].b;
        hunk.d = hunks[next].d;
        ++next;
        grown = true;
      }
    }
    out.push_back(hunk);
  }
  return out;
}

}  // namespace storage_format
