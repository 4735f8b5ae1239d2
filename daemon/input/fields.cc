#include "daemon/input/fields.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <exception>
#include <limits>
#include <set>

#include "daemon/input/did_you_mean.h"

namespace input {

namespace {

using nlohmann::json;

constexpr int kDeepest = 16;

// Ends the reading: each level more costs memory.
struct TooDeep : std::exception {};

std::int64_t lines_in(std::string_view text) { return std::count(text.begin(), text.end(), '\n'); }

// What the library says, without its number and without what it read.
std::string plain(const std::string& what) {
  auto text = what;
  if (const auto at = text.find("] "); at != text.npos) text.erase(0, at + 2);
  if (const auto at = text.find("; last read"); at != text.npos) text.resize(at);
  if (const auto at = text.find("syntax error"); at != text.npos) text.erase(0, at);
  return text;
}

std::optional<std::int64_t> digits(std::string_view text) {
  std::int64_t value = 0;
  const auto* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stop != end || text.empty() || text.front() == '-') {
    return std::nullopt;
  }
  return value;
}

// Of a number, or of a string of digits as Confluence prints its ids; none is negative.
std::optional<std::int64_t> integer_of(const json& value) {
  if (value.is_string()) return digits(value.get_ref<const std::string&>());
  if (!value.is_number_unsigned()) return std::nullopt;
  const auto number = value.get<std::uint64_t>();
  if (number > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
    return std::nullopt;
  }
  return static_cast<std::int64_t>(number);
}

}  // namespace

std::optional<json> parse_value(std::string_view text, std::int64_t line,
                                std::vector<Problem>& problems) {
  std::vector<std::set<std::string>> names;
  std::string fault;
  const auto watch = [&](int depth, json::parse_event_t event, json& parsed) {
    if (depth > kDeepest) throw TooDeep();
    if (event == json::parse_event_t::object_start) names.emplace_back();
    if (event == json::parse_event_t::object_end) names.pop_back();
    if (event == json::parse_event_t::key && fault.empty()) {
      const auto& name = parsed.get_ref<const std::string&>();
      if (!names.back().insert(name).second) fault = "the field '" + name + "' stands twice";
    }
    return true;
  };
  try {
    auto value = json::parse(text, watch);
    if (fault.empty()) return value;
    problems.push_back({line, "", fault});
  } catch (const TooDeep&) {
    problems.push_back({line, "", "is nested too deeply"});
  } catch (const json::parse_error& error) {
    const auto read = text.substr(0, std::min(error.byte, text.size()));
    problems.push_back({line + lines_in(read), "", "is not JSON: " + plain(error.what())});
  } catch (const json::exception& error) {
    problems.push_back({line, "", "is not JSON: " + plain(error.what())});
  }
  return std::nullopt;
}

std::string kind_of(const json& value) {
  if (value.is_number()) return "a number";
  if (value.is_null()) return "null";
  const bool vowel = value.is_object() || value.is_array();
  return fmt::format("{} {}", vowel ? "an" : "a", value.type_name());
}

bool Fields::is_object() {
  if (json_.is_object()) return true;
  wrong("", "expected an object, found " + kind_of(json_));
  return false;
}

void Fields::refuse_others(const std::vector<std::string>& known, std::string_view owner) {
  for (const auto& item : json_.items()) {
    if (std::find(known.begin(), known.end(), item.key()) != known.end()) continue;
    auto like = did_you_mean(item.key(), known);
    if (like.empty()) like = fmt::format("{} knows {}", owner, fmt::join(known, ", "));
    wrong(item.key(), "unknown field: " + like);
  }
}

void Fields::wrong(const std::string& field, std::string text) {
  const bool known = std::any_of(problems_.begin(), problems_.end(),
                                 [&](const Problem& problem) { return problem.field == field; });
  if (!known) problems_.push_back({line_, field, std::move(text)});
}

const json* Fields::find(const char* field) const {
  const auto found = json_.find(field);
  return found == json_.end() ? nullptr : &*found;
}

std::optional<std::string> Fields::text(const char* field, bool required) {
  const auto* value = find(field);
  if (value == nullptr) {
    if (required) wrong(field, "is missing: expected a string");
    return std::nullopt;
  }
  if (!value->is_string()) {
    wrong(field, "expected a string, found " + kind_of(*value));
    return std::nullopt;
  }
  return value->get<std::string>();
}

std::optional<store::Id> Fields::id(const char* field, bool required) {
  const auto* value = find(field);
  if (value == nullptr) {
    if (required) wrong(field, "is missing: expected an id, a string of digits");
    return std::nullopt;
  }
  auto found = integer_of(*value);
  if (found && *found > 0) return found;
  wrong(field, "expected an id, a string of digits");
  return std::nullopt;
}

std::optional<std::int64_t> Fields::number(const char* field, std::int64_t least,
                                           std::int64_t most) {
  const auto* value = find(field);
  if (value == nullptr) return std::nullopt;
  const auto found = integer_of(*value);
  if (found && *found >= least && *found <= most) return found;
  constexpr auto kUnbounded = std::numeric_limits<std::int32_t>::max() - 1;
  wrong(field, most >= kUnbounded ? fmt::format("expected a number, {} or more", least)
                                  : fmt::format("expected a number from {} to {}", least, most));
  return std::nullopt;
}

bool Fields::flag(const char* field) {
  const auto* value = find(field);
  if (value == nullptr) return false;
  if (value->is_boolean()) return value->get<bool>();
  wrong(field, "expected true or false, found " + kind_of(*value));
  return false;
}

}  // namespace input
