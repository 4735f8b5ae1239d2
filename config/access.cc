#include "config/access.h"

#include <algorithm>

namespace config {

namespace {

constexpr std::string_view kAs = "as:";
constexpr std::size_t kLongestName = 256;

bool is_made_of(std::string_view text, std::string_view marks) {
  return std::all_of(text.begin(), text.end(), [marks](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           marks.find(c) != marks.npos;
  });
}

}  // namespace

std::optional<std::string_view> refusal_of_who(std::string_view who) {
  if (who == "*") return {};
  const auto name = who.starts_with('@') ? who.substr(1) : who;
  if (!name.empty() && name.size() <= kLongestName && is_made_of(name, "._-$+@")) return {};
  return "expected a user's name, \"@\" and a group's name, \"*\" or \"token\"";
}

std::optional<std::string_view> refusal_of_right(std::string_view what) {
  if (what == "read" || what == "submit" || what == "as:*") return {};
  const bool account = what.starts_with(kAs) && what.size() > kAs.size() &&
                       what.size() <= kLongestName && is_made_of(what.substr(kAs.size()), ":._-");
  if (account) return {};
  return "expected \"read\", \"submit\", \"as:ACCOUNT_ID\" or \"as:*\"";
}

}  // namespace config
