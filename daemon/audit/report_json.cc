#include <nlohmann/json.hpp>

#include "daemon/audit/formats.h"
#include "daemon/audit/text_sink.h"

namespace audit {

namespace {

using Json = nlohmann::ordered_json;

std::string line_of(const Json& json) {
  return json.dump(-1, ' ', /*ensure_ascii=*/false, Json::error_handler_t::replace);
}

Json id_or_null(const std::optional<store::Id>& id) {
  return id ? Json(std::to_string(*id)) : Json();
}

Json text_or_null(const std::string& text) { return text.empty() ? Json() : Json(text); }

std::string_view name_of(Place::In in) {
  switch (in) {
    case Place::In::kText:
      return "text";
    case Place::In::kStorage:
      return "storage";
    case Place::In::kNowhere:
      break;
  }
  return {};
}

Json finding_json(const Report& report, const Finding& finding) {
  Json json;
  json["fingerprint"] = finding.fingerprint;
  json["rule"] = rule_of(finding.rule).name;
  json["severity"] = to_string(finding.severity);
  json["state"] = text_or_null(std::string(state_of(report, finding)));
  json["page_id"] = id_or_null(finding.page_id);
  json["space_id"] = id_or_null(finding.space_id);
  json["space_key"] = text_or_null(finding.space_key);
  json["title"] = finding.title;
  json["detail"] = finding.detail;
  json["in"] = text_or_null(std::string(name_of(finding.at.in)));
  json["line"] = finding.at.line > 0 ? Json(finding.at.line) : Json();
  json["column"] = finding.at.column > 0 ? Json(finding.at.column) : Json();
  json["count"] = finding.count;
  json["other_page_id"] = id_or_null(finding.other_page);
  json["url"] = text_or_null(report.url_of(finding));
  return json;
}

Json rules_json(const Report& report) {
  Json list = Json::array();
  for (const auto id : report.rules) {
    const auto& rule = rule_of(id);
    Json json;
    json["name"] = rule.name;
    json["title"] = rule.title;
    json["what"] = rule.what;
    json["todo"] = rule.todo;
    json["findings"] = report.count(id);
    list.push_back(std::move(json));
  }
  return list;
}

Json spaces_json(const Report& report) {
  Json list = Json::array();
  for (const auto& tally : report.tallies) {
    Json json;
    json["space_id"] = std::to_string(tally.id);
    json["space_key"] = tally.key;
    json["name"] = tally.name;
    json["pages"] = tally.pages;
    for (const auto severity : kSeverities) {
      json[std::string(to_string(severity))] = tally.findings[static_cast<std::size_t>(severity)];
    }
    list.push_back(std::move(json));
  }
  return list;
}

Json past_json(const PastFinding& past) {
  Json json;
  json["fingerprint"] = past.fingerprint;
  json["rule"] = past.rule;
  json["severity"] = past.severity;
  json["page_id"] = text_or_null(past.page_id);
  json["space_key"] = text_or_null(past.space_key);
  json["title"] = past.title;
  json["detail"] = past.detail;
  return json;
}

Json comparison_json(const Report& report) {
  if (!report.comparison) return {};
  const auto& compared = *report.comparison;
  Json json;
  json["with"] = compared.with;
  json["new"] = compared.fresh;
  json["still_there"] = compared.still;
  json["fixed"] = static_cast<std::int64_t>(compared.fixed.size());
  return json;
}

Json counts_json(const Report& report) {
  Json json;
  for (const auto severity : kSeverities) {
    json[std::string(to_string(severity))] = report.count(severity);
  }
  json["accepted"] = report.accepted;
  json["expired"] = report.expired;
  return json;
}

Json ages_json(const Report& report) {
  Json list = Json::array();
  for (std::size_t i = 0; i < kAgeClasses.size(); ++i) {
    Json json;
    json["age"] = kAgeClasses[i].label;
    json["pages"] = report.ages[i];
    list.push_back(std::move(json));
  }
  return list;
}

Json head_json(const Report& report) {
  Json json;
  json["format"] = "confmirror-audit-1";
  json["generated_at"] = store::to_iso8601(report.generated_at);
  json["synced_at"] = report.synced_at ? Json(store::to_iso8601(*report.synced_at)) : Json();
  json["site_url"] = text_or_null(report.site_url);
  json["spaces"] = report.spaces;
  json["archived"] = report.archived;
  json["pages"] = report.pages;
  json["bodies"] = report.bodies;
  json["body_bytes"] = report.body_bytes;
  json["counts"] = counts_json(report);
  json["comparison"] = comparison_json(report);
  json["ages"] = ages_json(report);
  json["per_space"] = spaces_json(report);
  json["rules"] = rules_json(report);
  return json;
}

// `"name":[` and an entry a line.
template <typename Entries, typename Make>
void append_list(TextSink& sink, std::string_view name, const Entries& entries, const Make& make) {
  sink.text().append("\"").append(name).append("\":[");
  bool first = true;
  for (const auto& entry : entries) {
    sink.text().append(first ? "\n" : ",\n").append(line_of(make(entry)));
    sink.step();
    first = false;
  }
  sink.text() += first ? "]" : "\n]";
}

}  // namespace

void write_json(const Report& report, TextSink& sink) {
  sink.text() += "{";
  const Json head = head_json(report);
  for (const auto& [key, value] : head.items()) {
    sink.text().append("\"").append(key).append("\":").append(line_of(value)).append(",\n");
  }
  static const std::vector<PastFinding> kNone;
  append_list(sink, "fixed", report.comparison ? report.comparison->fixed : kNone, past_json);
  sink.text() += ",\n";
  append_list(sink, "findings", report.findings,
              [&report](const Finding& finding) { return finding_json(report, finding); });
  sink.text() += "}\n";
}

}  // namespace audit
