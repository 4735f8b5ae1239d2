#include "tests/site/settings.h"

#include <nlohmann/json.hpp>

namespace site {
namespace {

using Json = nlohmann::json;

constexpr std::array<std::string_view, kFaultCount> kFaultNames = {
    "429",           "429-no-retry-after", "429-http-date",
    "500",           "502-html",           "503-retry-after",
    "reset-before",  "reset-after",        "truncated-json",
    "cut-body",      "malformed-json",     "empty-200",
    "html-200",      "slow-drip",          "refused-cursor",
    "short-page",    "empty-page",         "repeated-row",
    "lost-next",     "beta-headers",       "no-answer",
    "race-409",      "race-500",           "fresh-409",
    "applied-reset", "applied-500",        "applied-502-html",
    "applied-503",   "applied-no-answer",  "applied-later-503"};

constexpr std::array<std::string_view, 3> kRateHeaderNames = {"none", "retry-after", "full"};

// Takes `value` into `field`, or says why not.
template <typename T>
std::optional<std::string> take(const std::string& name, const Json& value, T& field) {
  const bool fits = std::is_same_v<T, bool> ? value.is_boolean()
                    : std::is_integral_v<T> ? value.is_number_unsigned()
                                            : value.is_number();
  if (!fits || (value.is_number() && value.template get<double>() < 0)) {
    return "wrong value for '" + name + "'";
  }
  field = value.template get<T>();
  return std::nullopt;
}

std::optional<std::string> take_faults(const Json& faults, Settings& settings) {
  if (!faults.is_object()) return "'faults' must be an object";
  for (const auto& [name, value] : faults.items()) {
    const auto fault = parse_fault(name);
    if (!fault) return "no fault is called '" + name + "'";
    if (!value.is_number() || value.get<double>() < 0 || value.get<double>() > 1) {
      return "the probability of '" + name + "' is not within 0 and 1";
    }
    settings[*fault] = value.get<double>();
  }
  return std::nullopt;
}

// Calls visit(name, field) for every plain field, so that reading and writing share one list.
template <typename S, typename Visit>
void for_each_field(S& s, Visit&& visit) {
  visit("latency_ms", s.latency_ms);
  visit("rate", s.rate);
  visit("burst", s.burst);
  visit("retry_after_s", s.retry_after_s);
  visit("grace_ms", s.grace_ms);
  visit("results_cap", s.results_cap);
  visit("body_results_cap", s.body_results_cap);
  visit("refuse_changed_limit", s.refuse_changed_limit);
  visit("gzip", s.gzip);
  visit("anonymous_access", s.anonymous_access);
  visit("drip_ms", s.drip_ms);
  visit("date_ahead_s", s.date_ahead_s);
  visit("rewrite_bodies", s.rewrite_bodies);
  visit("echo_body", s.echo_body);
  visit("trashed_titles_block", s.trashed_titles_block);
  visit("forbidden_is_403", s.forbidden_is_403);
  visit("restore_adds_version", s.restore_adds_version);
  visit("archived_update_status", s.archived_update_status);
  visit("publish_version", s.publish_version);
  visit("fresh_page_delay_ms", s.fresh_page_delay_ms);
  visit("fresh_conflict_ms", s.fresh_conflict_ms);
  visit("applied_later_ms", s.applied_later_ms);
  visit("edits_per_second", s.edits_per_second);
  visit("moves_per_second", s.moves_per_second);
}

}  // namespace

std::string_view to_string(Fault fault) { return kFaultNames[static_cast<std::size_t>(fault)]; }

std::optional<Fault> parse_fault(std::string_view name) {
  for (std::size_t i = 0; i < kFaultCount; ++i) {
    if (kFaultNames[i] == name) return static_cast<Fault>(i);
  }
  return std::nullopt;
}

std::string_view to_string(RateHeaders headers) {
  return kRateHeaderNames[static_cast<std::size_t>(headers)];
}

std::optional<RateHeaders> parse_rate_headers(std::string_view name) {
  for (std::size_t i = 0; i < kRateHeaderNames.size(); ++i) {
    if (kRateHeaderNames[i] == name) return static_cast<RateHeaders>(i);
  }
  return std::nullopt;
}

Json to_json(const Settings& settings) {
  Json json = Json::object();
  for_each_field(settings, [&](const char* name, const auto& field) { json[name] = field; });
  json["rate_headers"] = to_string(settings.rate_headers);
  Json& faults = json["faults"] = Json::object();
  for (std::size_t i = 0; i < kFaultCount; ++i)
    faults[std::string(kFaultNames[i])] = settings.faults[i];
  return json;
}

std::optional<std::string> apply(const Json& changes, Settings& settings) {
  if (!changes.is_object()) return "the settings must be a JSON object";
  Settings changed = settings;
  std::optional<std::string> error;
  for (const auto& item : changes.items()) {
    // Not as a structured binding: clang 14 lets no lambda capture one.
    const std::string& name = item.key();
    const nlohmann::json& value = item.value();
    bool known = false;
    if (name == "faults") {
      known = true;
      error = take_faults(value, changed);
    } else if (name == "rate_headers") {
      known = true;
      const auto headers =
          parse_rate_headers(value.is_string() ? value.get_ref<const std::string&>() : "");
      if (!headers) return "'rate_headers' is none, retry-after or full";
      changed.rate_headers = *headers;
    } else {
      for_each_field(changed, [&](const char* field_name, auto& field) {
        if (name != field_name) return;
        known = true;
        error = take(name, value, field);
      });
    }
    if (!known) return "no setting is called '" + name + "'";
    if (error) return error;
  }
  settings = changed;
  return std::nullopt;
}

}  // namespace site
