#include "config/nearest.h"

#include <algorithm>
#include <numeric>

namespace config {

namespace {

std::string plain(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (c == '-') c = '_';
  }
  return result;
}

// Edits of one character, and swaps of two neighbours, that turn one into the other.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> row(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) row[i][0] = i;
  std::iota(row[0].begin(), row[0].end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t change = row[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[i][j] = std::min({row[i - 1][j] + 1, row[i][j - 1] + 1, change});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[i][j] = std::min(row[i][j], row[i - 2][j - 2] + 1);
      }
    }
  }
  return row[a.size()][b.size()];
}

}  // namespace

std::optional<std::string> nearest(std::string_view name, const std::vector<std::string>& known) {
  constexpr std::size_t kLongest = 64;
  if (name.empty() || name.size() > kLongest) return std::nullopt;
  const std::string wanted = plain(name);
  const std::string* best = nullptr;
  std::size_t best_distance = std::max<std::size_t>(2, name.size() / 3) + 1;
  for (const auto& candidate : known) {
    // A beginning is as good as a typing error: "email_address", "concurrency".
    const bool part =
        candidate.size() > 3 && wanted.size() > 3 &&
        (wanted.find(candidate) != wanted.npos || candidate.find(wanted) != candidate.npos);
    const auto steps = part ? std::size_t{1} : distance(wanted, candidate);
    if (steps < best_distance) {
      best_distance = steps;
      best = &candidate;
    }
  }
  return best ? std::optional(*best) : std::nullopt;
}

std::string comma_list(const std::vector<std::string>& names) {
  std::string result;
  for (const auto& name : names) result += (result.empty() ? "" : ", ") + name;
  return result;
}

}  // namespace config
