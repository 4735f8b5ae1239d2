#include "daemon/audit/report.h"

#include <algorithm>

namespace audit {

namespace {

// All but what needs no escape in a path.
std::string percent_encoded(std::string_view text) {
  static constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_' || c == '.' || c == '~';
    const auto byte = static_cast<unsigned char>(c);
    if (plain) {
      encoded += c;
    } else {
      encoded.append("%").append(1, kHex[byte >> 4]).append(1, kHex[byte & 15U]);
    }
  }
  return encoded;
}

}  // namespace

std::string Report::url_of(const Finding& finding) const {
  const bool http = site_url.starts_with("https://") || site_url.starts_with("http://");
  if (!http || site_url.find_first_of(" \t\r\n\"'<>\\") != site_url.npos) return {};
  std::string url = site_url + "/wiki";
  if (!finding.space_key.empty()) {
    url.append("/spaces/").append(percent_encoded(finding.space_key));
    if (finding.page_id) url.append("/pages/").append(std::to_string(*finding.page_id));
    return url;
  }
  if (!finding.page_id) return {};
  return url.append("/pages/viewpage.action?pageId=").append(std::to_string(*finding.page_id));
}

std::int64_t Report::count(Severity severity) const {
  return std::count_if(findings.begin(), findings.end(), [severity](const Finding& finding) {
    return finding.severity == severity && !finding.accepted;
  });
}

std::int64_t Report::count(RuleId rule) const {
  return std::count_if(findings.begin(), findings.end(),
                       [rule](const Finding& finding) { return finding.rule == rule; });
}

}  // namespace audit
