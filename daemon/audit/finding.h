#pragma once

// One fault that a rule found. Its texts are safe to print (text.h) and hold no secret. The
// fingerprint is made of the rule, the page (or space, or nothing) and `key`, which names what on
// the page is meant and no more: it stays when the page is renamed, moved or edited elsewhere, and
// it is what a baseline and a comparison go by. Plain values.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "daemon/audit/rules.h"
#include "store/records.h"

namespace audit {

struct Place {
  // kText: the n-th line of what readers see; kStorage: of the body as it is stored.
  enum class In : std::uint8_t { kNowhere, kText, kStorage };
  In in = In::kNowhere;
  int line = 0;
  int column = 0;  // 0 = not known
};

struct Finding {
  RuleId rule = RuleId::kStalePage;
  Severity severity = Severity::kInfo;
  std::optional<store::Id> page_id;   // none: it is of a space, or of the site
  std::optional<store::Id> space_id;  // none: it is of the site
  std::string space_key;
  std::string title;   // of the page, else of the space, else the host
  std::string detail;  // one line
  std::string key;
  Place at;
  std::int64_t count = 1;               // how many things on the page (or site) it stands for
  std::optional<store::Id> other_page;  // that it is about as well: the target, the copy
  std::string fingerprint;
  bool compared = false;  // the report that this one is compared with looked for it too
  bool is_new = false;    // and did not find it
  bool accepted = false;  // by the baseline
};

// 32 hexadecimal digits.
std::string fingerprint_of(const Finding& finding);
bool is_fingerprint(const std::string& text);

// The order of reports: the gravest first, then the table's of rules, spaces by key, pages by id.
void sort_findings(std::vector<Finding>& findings);

}  // namespace audit
