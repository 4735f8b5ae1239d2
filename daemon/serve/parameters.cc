#include "daemon/serve/parameters.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

namespace serve {

namespace {

std::optional<std::int64_t> whole_number(std::string_view text) {
  std::int64_t value = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || rest != text.data() + text.size()) return {};
  return value;
}

}  // namespace

void Query::wrong(std::string_view name, std::string text) {
  input::Problem problem;
  problem.field = name;
  problem.text = std::move(text);
  problems_.push_back(std::move(problem));
}

std::string Query::text(std::string_view name) {
  asked_.emplace_back(name);
  const auto count = std::count_if(request_.query.begin(), request_.query.end(),
                                   [name](const auto& pair) { return pair.first == name; });
  if (count > 1) wrong(name, "stands there more than once");
  return std::string(request_.parameter(name).value_or(std::string_view()));
}

std::vector<std::string> Query::list(std::string_view name) {
  asked_.emplace_back(name);
  std::vector<std::string> all;
  for (const auto& [key, value] : request_.query) {
    if (key != name) continue;
    std::string_view rest = value;
    while (!rest.empty()) {
      const auto comma = std::min(rest.find(','), rest.size());
      if (comma > 0) all.emplace_back(rest.substr(0, comma));
      rest.remove_prefix(std::min(comma + 1, rest.size()));
    }
  }
  return all;
}

std::optional<std::int64_t> Query::number(std::string_view name, std::int64_t least,
                                          std::int64_t most) {
  const auto value = text(name);
  if (value.empty()) return {};
  const auto number = whole_number(value);
  if (!number || *number < least || *number > most) {
    wrong(name, fmt::format("expected a whole number from {} to {}", least, most));
    return {};
  }
  return number;
}

bool Query::flag(std::string_view name) {
  const auto value = text(name);
  if (value == "1" || value == "true") return true;
  if (value == "0" || value == "false") return false;
  if (!value.empty()) wrong(name, "expected true or false");
  return request_.parameter(name).has_value();
}

std::optional<store::OnConflict> Query::policy(std::string_view name) {
  const auto value = text(name);
  if (value.empty()) return {};
  const auto policy = store::parse_on_conflict(value);
  if (!policy) wrong(name, "expected fail, rebase or overwrite");
  return policy;
}

std::optional<store::Time> Query::time(std::string_view name) {
  const auto value = text(name);
  if (value.empty()) return {};
  const auto time = store::parse_iso8601(value);
  if (time) return *time;
  wrong(name, "expected a time such as 2026-03-01T02:00:00Z");
  return {};
}

std::optional<Reply> Query::refusal() {
  for (const auto& [name, value] : request_.query) {
    if (std::find(asked_.begin(), asked_.end(), name) == asked_.end()) {
      wrong(name, fmt::format("is not known here: {}",
                              asked_.empty() ? "there are no parameters"
                                             : fmt::format("{}", fmt::join(asked_, ", "))));
      asked_.push_back(name);
    }
  }
  if (problems_.empty()) return {};
  return problems_reply("the parameters", problems_);
}

std::optional<std::int64_t> number_in_path(const std::string& text) {
  const auto number = whole_number(text);
  return number && *number > 0 ? number : std::nullopt;
}

}  // namespace serve
