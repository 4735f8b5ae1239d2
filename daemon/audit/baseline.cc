#include "daemon/audit/baseline.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "daemon/audit/audit.h"
#include "daemon/audit/text.h"

namespace audit {

namespace {

using BaselineJson = nlohmann::ordered_json;

constexpr const char* kBaselineFormat = "confmirror-baseline-1";

store::Failure bad_baseline(const std::string& name, const std::string& cause) {
  return store::fail(store::ErrorKind::kUsage, "bad_baseline",
                     "cannot read '" + name + "': " + cause,
                     "'confmirror audit --write-baseline FILE' writes such a file");
}

bool is_day(const std::string& text) {
  constexpr std::size_t kLength = 10;
  return text.size() == kLength && store::parse_iso8601(text + "T00:00:00Z").has_value();
}

// nullopt: it is there and no text.
std::optional<std::string> text_of(const nlohmann::json& entry, const char* key) {
  const auto found = entry.find(key);
  if (found == entry.end() || found->is_null()) return std::string();
  return found->is_string() ? std::optional(found->get<std::string>()) : std::nullopt;
}

}  // namespace

store::Result<Baseline> parse_baseline(std::string_view text, const std::string& name) {
  const auto json = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return bad_baseline(name, "it is no JSON object");
  const auto format = text_of(json, "format");
  if (!format || *format != kBaselineFormat) {
    return bad_baseline(name, std::string("its format is not '") + kBaselineFormat + "'");
  }
  const auto entries = json.find("accepted");
  if (entries == json.end() || !entries->is_array()) {
    return bad_baseline(name, "'accepted' is no list");
  }
  Baseline baseline;
  for (std::size_t i = 0; i < entries->size(); ++i) {
    const auto& entry = (*entries)[i];
    const auto where = "accepted[" + std::to_string(i) + "]";
    if (!entry.is_object()) return bad_baseline(name, where + " is no object");
    const auto fingerprint = text_of(entry, "fingerprint");
    if (!fingerprint || !is_fingerprint(*fingerprint)) {
      return bad_baseline(name, where + ".fingerprint is not 32 hexadecimal digits");
    }
    const auto note = text_of(entry, "note");
    if (!note) return bad_baseline(name, where + ".note is no text");
    const auto expires = text_of(entry, "expires");
    if (!expires || (!expires->empty() && !is_day(*expires))) {
      return bad_baseline(name, where + ".expires is no day such as \"2027-01-31\"");
    }
    baseline[*fingerprint] = {shown(*note), *expires};
  }
  return baseline;
}

std::string to_baseline(const Report& report, const Baseline& known) {
  std::string out = "{\"format\":\"";
  out.append(kBaselineFormat).append("\",\n\"accepted\":[");
  bool first = true;
  for (const auto& finding : report.findings) {
    const auto found = known.find(finding.fingerprint);
    const auto accepted = found == known.end() ? Accepted() : found->second;
    BaselineJson json;
    json["fingerprint"] = finding.fingerprint;
    json["rule"] = rule_of(finding.rule).name;
    if (finding.page_id) json["page_id"] = std::to_string(*finding.page_id);
    if (!finding.space_key.empty()) json["space_key"] = finding.space_key;
    json["title"] = finding.title;
    json["detail"] = finding.detail;
    json["note"] = accepted.note;
    if (!accepted.expires.empty()) json["expires"] = accepted.expires;
    out.append(first ? "\n" : ",\n")
        .append(json.dump(-1, ' ', /*ensure_ascii=*/false, BaselineJson::error_handler_t::replace));
    first = false;
  }
  return out.append(first ? "]}\n" : "\n]}\n");
}

void accept(Report& report, const Baseline& baseline, bool keep) {
  const auto today = day_of(report.generated_at);
  const auto expired = [&today](const Accepted& entry) {
    return !entry.expires.empty() && entry.expires < today;
  };
  report.expired = std::count_if(baseline.begin(), baseline.end(),
                                 [&](const auto& entry) { return expired(entry.second); });
  for (auto& finding : report.findings) {
    const auto found = baseline.find(finding.fingerprint);
    finding.accepted = found != baseline.end() && !expired(found->second);
    if (!finding.accepted) continue;
    ++report.accepted;
    if (report.comparison && finding.compared) {
      --(finding.is_new ? report.comparison->fresh : report.comparison->still);
    }
  }
  if (!keep) {
    auto& all = report.findings;
    all.erase(std::remove_if(all.begin(), all.end(),
                             [](const Finding& finding) { return finding.accepted; }),
              all.end());
  }
  tally(report);
}

}  // namespace audit
