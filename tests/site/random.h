#pragma once

// Deterministic randomness: everything the site holds is a function of its seed and of numbers
// (page, version, block), so that nothing has to be stored and any part can be made again in any
// order. Not for secrets. No state is shared.

#include <cmath>
#include <cstdint>

namespace site {

// The finaliser of splitmix64: a bijection that spreads every input bit over every output bit.
constexpr std::uint64_t mix(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15ULL;
  x = (x ^ (x >> 30U)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27U)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31U);
}

constexpr std::uint64_t hash_of(std::uint64_t a, std::uint64_t b) { return mix(mix(a) ^ b); }
constexpr std::uint64_t hash_of(std::uint64_t a, std::uint64_t b, std::uint64_t c) {
  return hash_of(hash_of(a, b), c);
}
constexpr std::uint64_t hash_of(std::uint64_t a, std::uint64_t b, std::uint64_t c,
                                std::uint64_t d) {
  return hash_of(hash_of(a, b, c), d);
}

// A value in [0, 1) made of a hash.
constexpr double unit_of(std::uint64_t hash) {
  return static_cast<double>(hash >> 11U) * 0x1.0p-53;
}

class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    state_ += 0x9e3779b97f4a7c15ULL;
    return mix(state_);
  }
  // In [0, bound); bound > 0. The bias of the modulo does not matter here.
  std::uint64_t below(std::uint64_t bound) { return next() % bound; }
  double unit() { return unit_of(next()); }
  bool chance(double probability) { return probability > 0 && unit() < probability; }
  // Mean 1.
  double exponential() { return -std::log(1.0 - unit()); }

 private:
  std::uint64_t state_;
};

}  // namespace site
