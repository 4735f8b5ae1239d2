#include "daemon/audit/similarity.h"

#include <algorithm>
#include <utility>

#include "daemon/audit/text.h"

namespace audit {

namespace {

constexpr std::size_t kRun = 4;   // words
constexpr std::size_t kRows = 5;  // bins of a band
constexpr std::size_t kBands = kBins / kRows;
constexpr std::uint32_t kEmpty = 0xFFFFFFFF;
// With how many of those that share a band a text is compared: the first ones and the last ones
// before it.
constexpr std::size_t kFirst = 8;
constexpr std::size_t kLast = 4;

// The finisher of MurmurHash3 (public domain): every bit of the input reaches every bit.
std::uint64_t mix(std::uint64_t x) {
  x ^= x >> 33;
  x *= 0xFF51AFD7ED558CCDULL;
  x ^= x >> 33;
  x *= 0xC4CEB9FE1A85EC53ULL;
  return x ^ (x >> 33);
}

bool is_space(unsigned char c) { return c <= ' '; }

// CJK and kana, which no blank parts: three bytes of UTF-8 from U+3000 on, but not Hangul.
bool stands_alone(std::string_view character) {
  if (character.size() != 3)
    return character.size() == 4 && character[0] == '\xF0' &&
           static_cast<unsigned char>(character[1]) >= 0xA0;
  const auto first = static_cast<unsigned char>(character[0]);
  return first >= 0xE3 && first <= 0xE9;
}

template <typename Take>
void each_word(std::string_view text, const Take& take) {
  constexpr std::uint64_t kStart = 0xCBF29CE484222325ULL;
  constexpr std::uint64_t kPrime = 0x100000001B3ULL;
  std::uint64_t hash = kStart;
  bool open = false;
  const auto close = [&] {
    if (open) take(mix(hash));
    hash = kStart;
    open = false;
  };
  std::size_t at = 0;
  while (at < text.size()) {
    const auto c = static_cast<unsigned char>(text[at]);
    if (c < 0x80) {
      ++at;
      if (is_space(c)) {
        close();
        continue;
      }
      const unsigned folded = c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
      hash = (hash ^ folded) * kPrime;
      open = true;
      continue;
    }
    const auto length = std::max<std::size_t>(utf8_length(text.substr(at)), 1);
    const auto character = text.substr(at, length);
    if (stands_alone(character)) close();
    for (const char byte : character) hash = (hash ^ static_cast<unsigned char>(byte)) * kPrime;
    open = true;
    if (stands_alone(character)) close();
    at += length;
  }
  close();
}

void fill_empty_bins(Sketch& sketch) {
  const Sketch before = sketch;
  for (std::size_t bin = 0; bin < kBins; ++bin) {
    for (std::uint64_t attempt = 1; sketch[bin] == kEmpty; ++attempt) {
      // The same bin for the same gap in every sketch, so that equal texts stay equal.
      sketch[bin] = before[mix(bin << 32 | attempt) % kBins];
    }
  }
}

std::uint64_t band_hash(const Sketch& sketch, std::size_t band) {
  std::uint64_t hash = band;
  for (std::size_t row = 0; row < kRows; ++row) hash = mix(hash ^ sketch[band * kRows + row]) + row;
  return hash;
}

class Matcher {
 public:
  Matcher(const std::vector<const Sketch*>& sketches, double threshold)
      : sketches_(sketches), threshold_(threshold), best_(sketches.size()) {}

  std::vector<std::optional<Likeness>> run() {
    std::vector<std::pair<std::uint64_t, std::size_t>> keys(sketches_.size());
    for (std::size_t band = 0; band < kBands; ++band) {
      for (std::size_t i = 0; i < keys.size(); ++i) keys[i] = {band_hash(*sketches_[i], band), i};
      std::sort(keys.begin(), keys.end());
      for (auto from = keys.begin(); from != keys.end();) {
        const auto to = std::find_if(from, keys.end(), [key = from->first](const auto& entry) {
          return entry.first != key;
        });
        bucket(from, to);
        from = to;
      }
    }
    return std::move(best_);
  }

 private:
  template <typename Iterator>
  void bucket(Iterator from, Iterator to) {
    for (auto each = from; each != to; ++each) {
      const auto before = static_cast<std::size_t>(each - from);
      for (std::size_t i = 0; i < before; ++i) {
        if (i >= kFirst && i + kLast < before) i = before - kLast;
        compare(each->second, (from + static_cast<std::ptrdiff_t>(i))->second);
      }
    }
  }
  void compare(std::size_t later, std::size_t earlier) {
    auto& best = best_[later];
    if (best && best->earlier <= earlier) return;
    const auto share = similarity(*sketches_[later], *sketches_[earlier]);
    if (share >= threshold_) best = Likeness{earlier, share};
  }

  const std::vector<const Sketch*>& sketches_;
  double threshold_;
  std::vector<std::optional<Likeness>> best_;
};

}  // namespace

TextShape shape_of(std::string_view text) {
  TextShape shape;
  each_word(text, [&shape](std::uint64_t word) {
    ++shape.words;
    shape.hash = mix(shape.hash ^ word) + 1;
    shape.more_hash = mix(shape.more_hash + word * 0x9E3779B97F4A7C15ULL);
  });
  return shape;
}

Sketch sketch_of(std::string_view text) {
  Sketch sketch;
  sketch.fill(kEmpty);
  std::array<std::uint64_t, kRun> last{};
  std::size_t count = 0;
  const auto put = [&sketch](std::uint64_t hash) {
    auto& bin = sketch[(hash >> 32) % kBins];
    bin = std::min(bin, static_cast<std::uint32_t>(hash) & (kEmpty - 1));
  };
  each_word(text, [&](std::uint64_t word) {
    last[count % kRun] = word;
    ++count;
    if (count < kRun) return;
    std::uint64_t hash = 0;
    for (std::size_t i = 0; i < kRun; ++i) hash = mix(hash ^ last[(count + i) % kRun]) + i;
    put(mix(hash));
  });
  if (count < kRun) {
    std::uint64_t hash = count;
    for (std::size_t i = 0; i < count; ++i) hash = mix(hash ^ last[i]) + i;
    put(mix(hash));
  }
  fill_empty_bins(sketch);
  return sketch;
}

double similarity(const Sketch& a, const Sketch& b) {
  std::size_t same = 0;
  for (std::size_t i = 0; i < kBins; ++i) same += a[i] == b[i] ? 1 : 0;
  return static_cast<double>(same) / kBins;
}

std::vector<std::optional<Likeness>> likenesses(const std::vector<const Sketch*>& sketches,
                                                double threshold) {
  return Matcher(sketches, threshold).run();
}

}  // namespace audit
