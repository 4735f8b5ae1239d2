#include "daemon/input/did_you_mean.h"

#include <algorithm>

#include "config/nearest.h"

namespace input {

namespace {

// Known words are compared without regard to case, and '-' as '_', as nearest() does with the other
// side.
std::string plain_word(std::string word) {
  for (char& c : word) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (c == '-') c = '_';
  }
  return word;
}

}  // namespace

std::string did_you_mean(std::string_view word, const std::vector<std::string>& known) {
  std::vector<std::string> compared;
  compared.reserve(known.size());
  for (const auto& candidate : known) compared.push_back(plain_word(candidate));
  const auto found = config::nearest(word, compared);
  if (!found) return {};
  const auto at = std::find(compared.begin(), compared.end(), *found) - compared.begin();
  return "did you mean '" + known[static_cast<std::size_t>(at)] + "'?";
}

}  // namespace input
