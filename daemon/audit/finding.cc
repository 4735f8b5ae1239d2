#include "daemon/audit/finding.h"

#include <algorithm>
#include <functional>
#include <tuple>

namespace audit {

namespace {

constexpr std::size_t kDigits = 32;

std::string subject_of(const Finding& finding) {
  if (finding.page_id) return "page:" + std::to_string(*finding.page_id);
  if (finding.space_id) return "space:" + std::to_string(*finding.space_id);
  return "site";
}

auto order_of(const Finding& finding) {
  return std::make_tuple(-static_cast<int>(finding.severity), index_of(finding.rule),
                         std::cref(finding.space_key), finding.space_id.value_or(0),
                         finding.page_id.value_or(0), finding.at.in, finding.at.line,
                         finding.at.column, std::cref(finding.key), std::cref(finding.detail));
}

}  // namespace

std::string fingerprint_of(const Finding& finding) {
  std::string text(rule_of(finding.rule).name);
  text.append("\n").append(subject_of(finding)).append("\n").append(finding.key);
  return store::to_hex(store::sha256(text)).substr(0, kDigits);
}

bool is_fingerprint(const std::string& text) {
  return text.size() == kDigits && text.find_first_not_of("0123456789abcdef") == text.npos;
}

void sort_findings(std::vector<Finding>& findings) {
  // In place: of large sites there are hundreds of thousands.
  std::sort(findings.begin(), findings.end(),
            [](const Finding& a, const Finding& b) { return order_of(a) < order_of(b); });
}

}  // namespace audit
