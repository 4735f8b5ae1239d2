#include "daemon/audit/past_report.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <unordered_set>
#include <utility>

#include "daemon/audit/text.h"

namespace audit {

namespace {

using PastJson = nlohmann::json;

store::Failure bad_report(const std::string& name, const std::string& cause) {
  return store::fail(store::ErrorKind::kUsage, "bad_report",
                     "cannot compare with '" + name + "': " + cause,
                     "'confmirror audit --format json --out FILE' writes such a file");
}

std::string clean_text(const PastJson& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_string()) return {};
  return shown(found->get_ref<const std::string&>());
}

std::string digits_of(const PastJson& object, const char* key) {
  constexpr std::size_t kLongest = 19;
  auto text = clean_text(object, key);
  const bool digits = text.size() <= kLongest && text.find_first_not_of("0123456789") == text.npos;
  return digits ? text : std::string();
}

PastFinding finding_of(const PastJson& entry) {
  PastFinding past;
  past.fingerprint = clean_text(entry, "fingerprint");
  past.rule = clean_text(entry, "rule");
  past.severity = clean_text(entry, "severity");
  past.page_id = digits_of(entry, "page_id");
  past.space_key = clean_text(entry, "space_key");
  past.title = clean_text(entry, "title");
  past.detail = clean_text(entry, "detail");
  return past;
}

}  // namespace

store::Result<PastReport> parse_report(std::string_view text, const std::string& name) {
  const auto json = PastJson::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return bad_report(name, "it is no JSON object");
  PastReport past;
  if (clean_text(json, "format") != "confmirror-audit-1") {
    return bad_report(name, "it is no report of an audit");
  }
  past.generated_at = clean_text(json, "generated_at");
  if (!store::parse_iso8601(past.generated_at)) {
    return bad_report(name, "'generated_at' is no time");
  }
  for (const char* key : {"spaces", "rules", "findings"}) {
    if (!json.contains(key) || !json[key].is_array()) {
      return bad_report(name, std::string("'") + key + "' is no list");
    }
  }
  const auto archived = json.find("archived");
  past.archived = archived != json.end() && archived->is_boolean() && archived->get<bool>();
  for (const auto& space : json["spaces"]) {
    if (!space.is_string()) return bad_report(name, "'spaces' has an entry that is no text");
    past.spaces.push_back(shown(space.get_ref<const std::string&>()));
  }
  for (const auto& rule : json["rules"]) {
    if (rule.is_object()) past.rules.insert(clean_text(rule, "name"));
  }
  const auto& findings = json["findings"];
  for (std::size_t i = 0; i < findings.size(); ++i) {
    auto finding = findings[i].is_object() ? finding_of(findings[i]) : PastFinding();
    if (!is_fingerprint(finding.fingerprint)) {
      return bad_report(name, "findings[" + std::to_string(i) + "] has no fingerprint");
    }
    past.findings.push_back(std::move(finding));
  }
  return past;
}

store::Result<void> compare(Report& report, const PastReport& past, const std::string& name) {
  if (past.spaces != report.spaces || past.archived != report.archived) {
    return store::fail(store::ErrorKind::kUsage, "other_scope",
                       "cannot compare with '" + name + "': it is an audit of other spaces",
                       "compare with a report made with the same --space and --archived");
  }
  std::unordered_set<std::string> known;
  for (const auto& finding : past.findings) known.insert(finding.fingerprint);
  std::unordered_set<std::string> now;
  std::set<std::string> rules;
  for (const auto id : report.rules) rules.insert(std::string(rule_of(id).name));
  Comparison comparison;
  comparison.with = past.generated_at;
  for (auto& finding : report.findings) {
    now.insert(finding.fingerprint);
    finding.compared = past.rules.contains(std::string(rule_of(finding.rule).name));
    if (!finding.compared) continue;
    finding.is_new = !known.contains(finding.fingerprint);
    ++(finding.is_new ? comparison.fresh : comparison.still);
  }
  for (const auto& finding : past.findings) {
    if (rules.contains(finding.rule) && !now.contains(finding.fingerprint)) {
      comparison.fixed.push_back(finding);
    }
  }
  report.comparison = std::move(comparison);
  return {};
}

}  // namespace audit
