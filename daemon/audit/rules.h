#pragma once

// Every rule of an audit, in one table: its name, how grave it is, what it means and what to do.
// The choice of rules on the command line, help, reports and README.md are made from it; a test
// holds README.md to it. The order of the table is that of reports among rules of one severity.
// Read only; any thread.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace audit {

enum class Severity : std::uint8_t { kInfo, kWarning, kError };
inline constexpr std::array kSeverities = {Severity::kError, Severity::kWarning, Severity::kInfo};
std::string_view to_string(Severity severity);  // error, warning, info
std::optional<Severity> parse_severity(std::string_view text);

enum class RuleId : std::uint8_t {
  kSecretInBody,
  kBrokenLink,
  kBrokenAnchor,
  kLinkToTrashed,
  kLinkToArchived,
  kMissingBody,
  kMalformedBody,
  kOrphanPage,
  kEmptyPage,
  kUnresolvedPlaceholder,
  kDuplicatePage,
  kNearDuplicatePage,
  kStalePage,
  kNeverUpdated,
  kNoOwner,
  kUnpublishedDraft,
  kHugePage,
  kDeepTree,
  kSpaceWithoutHomepage,
  kSpaceWithoutDescription,
  kExternalLinkHost,
};
inline constexpr std::size_t kRuleCount = 21;
constexpr std::size_t index_of(RuleId rule) { return static_cast<std::size_t>(rule); }

struct Rule {
  RuleId id;
  std::string_view name;  // stable, for scripts: "stale-page"
  Severity severity;      // unless the configuration says otherwise
  std::string_view title;
  std::string_view what;     // a sentence: what is found
  std::string_view todo;     // a sentence: what to do about it
  std::string_view setting;  // keys of the configuration that it takes, "" = none
};

const std::array<Rule, kRuleCount>& rules();
const Rule& rule_of(RuleId id);
const Rule* find_rule(std::string_view name);  // nullptr: there is none

}  // namespace audit
