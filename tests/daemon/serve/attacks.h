#pragma once

// Requests that no client should send to the local service, of many kinds, each with the statuses
// that it may get. The same for the same seed. Not thread-safe; nothing fails.

#include <cstdint>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace test {

// The bounds of the service that is attacked, in bytes.
inline constexpr std::size_t kMostTarget = 4u << 10;
inline constexpr std::size_t kMostHead = 8u << 10;
inline constexpr std::size_t kMostBody = 64u << 10;

// What is sent, in pieces, and what may come back. 0: the connection closes without an answer.
struct Attack {
  std::string name;
  std::vector<std::string> pieces;
  std::vector<std::set<int>> answers;
  bool half_closed = false;  // nothing more comes after it
  bool tcp = false;          // else the socket
};

class Dice {
 public:
  explicit Dice(std::uint32_t seed) : random_(seed) {}
  std::size_t below(std::size_t bound) {
    return std::uniform_int_distribution<std::size_t>(0, bound - 1)(random_);
  }
  template <typename One>
  const One& one_of(const std::vector<One>& all) {
    return all[below(all.size())];
  }

 private:
  std::mt19937 random_;
};

inline std::string get(const std::string& target, const std::string& fields = {}) {
  return "GET " + target + " HTTP/1.1\r\nHost: localhost\r\n" + fields + "\r\n";
}
inline Attack single(const char* name, std::string bytes, std::set<int> answer) {
  return {name, {std::move(bytes)}, {std::move(answer)}};
}

// Of HTTP itself, and of the offline API.
Attack any_attack(Dice& dice);
// Of the service's own API: parameters, numbers in paths, methods, JSON, batches, tokens.
Attack attack_on_v1(Dice& dice);

}  // namespace test
