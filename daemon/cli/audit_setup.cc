#include "daemon/cli/audit_setup.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/units.h"
#include "daemon/audit/rules.h"
#include "daemon/base/clock.h"
#include "daemon/cli/lookup.h"
#include "daemon/input/did_you_mean.h"
#include "store/fold.h"

namespace cli {

namespace {

store::Failure bad_setting(const std::string& key, const std::string& value,
                           const std::string& cause, std::string hint) {
  return store::fail(store::ErrorKind::kUsage, "bad_setting",
                     fmt::format("cannot use {} '{}': {}", key, value, cause), std::move(hint));
}

std::string hint_for_rule(const std::string& name) {
  std::vector<std::string> known;
  for (const auto& rule : audit::rules()) known.emplace_back(rule.name);
  auto hint = input::did_you_mean(name, known);
  return hint.empty() ? "'confmirror audit --list' names all" : hint;
}

store::Result<const audit::Rule*> rule_named(const std::string& key, const std::string& name) {
  const auto* rule = audit::find_rule(name);
  if (rule != nullptr) return rule;
  return bad_setting(key, name, "there is no such rule", hint_for_rule(name));
}

store::Result<void> set_rules(const config::AuditConfig& config, const AuditArgs& args,
                              audit::Options& options) {
  for (const auto& name : config.disabled_rules) {
    const auto rule = rule_named("audit.disabled_rules", name);
    if (!rule) return store::fail(rule.error());
    options.enabled[audit::index_of((*rule)->id)] = false;
  }
  for (const auto& setting : config.severities) {
    const auto equals = std::min(setting.find('='), setting.size());
    const auto rule = rule_named("audit.severities", setting.substr(0, equals));
    if (!rule) return store::fail(rule.error());
    const auto severity = audit::parse_severity(
        std::string_view(setting).substr(std::min(equals + 1, setting.size())));
    if (!severity) {
      return bad_setting("audit.severities", setting, "after '=' stands no severity",
                         "error, warning or info");
    }
    options.severities[audit::index_of((*rule)->id)] = *severity;
  }
  // Whoever names a rule wants it, whatever the configuration leaves out.
  if (!args.rules.empty()) options.enabled.fill(false);
  for (const auto& name : args.rules) {
    const auto rule = rule_named("--rule", name);
    if (!rule) return store::fail(rule.error());
    options.enabled[audit::index_of((*rule)->id)] = true;
  }
  return {};
}

void set_bounds(const config::AuditConfig& config, audit::Options& options) {
  options.stale_after = config.stale_after;
  for (const auto& setting : config.stale_after_by_space) {
    if (auto parsed = config::parse_key_duration(setting)) {
      options.stale_after_by_space[store::fold_case(parsed->first)] = parsed->second;
    }
  }
  options.never_updated_after = config.never_updated_after;
  options.draft_after = config.draft_after;
  options.max_depth = config.max_depth;
  options.huge_page_bytes = config.huge_page_bytes;
  options.duplicate_words = config.duplicate_words;
  options.near_duplicate_words = config.near_duplicate_words;
  options.near_duplicate_percent = config.near_duplicate_percent;
}

// Which spaces the mirror would have: of what type one is that it has not, nobody knows.
std::function<bool(std::string_view)> mirrored_by(const config::MirrorConfig& mirror) {
  if (mirror.include_spaces == std::vector<std::string>{"*"} && mirror.exclude_spaces.empty() &&
      mirror.space_types.empty()) {
    return {};
  }
  return [mirror](std::string_view key) {
    const auto matches = [key](const std::string& pattern) {
      return config::matches(pattern, key);
    };
    const auto& in = mirror.include_spaces;
    const auto& out = mirror.exclude_spaces;
    return mirror.space_types.empty() && std::any_of(in.begin(), in.end(), matches) &&
           std::none_of(out.begin(), out.end(), matches);
  };
}

}  // namespace

store::Result<config::Config> audit_config(const GlobalOptions& globals) {
  if (globals.config.empty() && !globals.db.empty()) return config::Config();
  auto config = load_config(globals);
  if (config) return config;
  auto error = std::move(config.error());
  if (error.name == "config_missing") error.hint = "--db FILE names a mirror; " + error.hint;
  return store::fail(std::move(error));
}

store::Result<audit::Options> audit_options(const config::Config& config, const AuditArgs& args,
                                            store::Reader& reader) {
  audit::Options options;
  options.now = base::SystemClock().now();
  if (!args.now.empty()) {
    const auto now = store::parse_iso8601(args.now);
    if (!now) return store::fail(now.error());
    options.now = *now;
  }
  if (auto set = set_rules(config.audit, args, options); !set) return store::fail(set.error());
  set_bounds(config.audit, options);
  options.mirrored = mirrored_by(config.mirror);
  options.archived = args.archived;
  for (const auto& key : args.spaces) {
    const auto space = find_space(reader, key);
    if (!space) return store::fail(space.error());
    options.space_ids.push_back(space->id);
  }
  return options;
}

}  // namespace cli
