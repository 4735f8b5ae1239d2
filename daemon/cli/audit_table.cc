#include "daemon/cli/audit_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/audit/formats.h"
#include "daemon/cli/progress_line.h"
#include "daemon/cli/report.h"
#include "daemon/cli/table.h"

namespace cli {

namespace {

constexpr std::size_t kFindingsShown = 20;  // of a rule, on a terminal

class Paint {
 public:
  explicit Paint(const Terminal& terminal) : on_(terminal.colours) {}

  std::string severity(audit::Severity severity, std::string_view text) const {
    const char* code = severity == audit::Severity::kError     ? "31"
                       : severity == audit::Severity::kWarning ? "33"
                                                               : "36";
    return with(code, text);
  }
  std::string strong(std::string_view text) const { return with("1", text); }
  std::string faint(std::string_view text) const { return with("2", text); }

 private:
  std::string with(const char* code, std::string_view text) const {
    return on_ ? fmt::format("\033[{}m{}\033[0m", code, text) : std::string(text);
  }
  bool on_;
};

std::string number_of(std::int64_t count, std::string_view one, std::string_view many) {
  return fmt::format("{} {}", with_thousands(count), count == 1 ? one : many);
}

void print_rule(const audit::Report& report, const audit::Rule& rule,
                const std::vector<const audit::Finding*>& findings, const Terminal& terminal,
                std::ostream& out) {
  const Paint paint(terminal);
  const auto severity = findings.front()->severity;
  out << paint.severity(severity, audit::to_string(severity)) << "  " << paint.strong(rule.name)
      << fmt::format("  {}: {}\n", rule.title,
                     with_thousands(static_cast<std::int64_t>(findings.size())));
  const bool states =
      report.comparison || std::any_of(findings.begin(), findings.end(),
                                       [](const auto* each) { return each->accepted; });
  std::vector<Table::Column> columns = {
      {"space"}, {"page", true}, {"title", false, true}, {"finding", false, true}, {"where"}};
  if (states) columns.push_back({"state"});
  Table table(columns);
  const auto most = terminal.is_terminal ? kFindingsShown : std::numeric_limits<std::size_t>::max();
  for (std::size_t i = 0; i < std::min(findings.size(), most); ++i) {
    const auto& finding = *findings[i];
    std::vector<std::string> cells = {finding.space_key,
                                      finding.page_id ? std::to_string(*finding.page_id) : "",
                                      finding.title, finding.detail, audit::place_of(finding)};
    if (states) cells.emplace_back(audit::state_of(report, finding));
    table.add(cells);
  }
  table.print(out, terminal.columns);
  if (findings.size() > most) {
    out << fmt::format("and {} more: --rule {} --format csv\n",
                       with_thousands(static_cast<std::int64_t>(findings.size() - most)),
                       rule.name);
  }
  out << paint.faint(rule.todo) << "\n\n";
}

void print_fixed(const audit::Report& report, const Terminal& terminal, std::ostream& out) {
  if (!report.comparison || report.comparison->fixed.empty()) return;
  const auto& fixed = report.comparison->fixed;
  out << Paint(terminal).strong("fixed") << "\n";
  Table table(
      {{"space"}, {"page", true}, {"title", false, true}, {"finding", false, true}, {"rule"}});
  const auto most = terminal.is_terminal ? kFindingsShown : fixed.size();
  for (std::size_t i = 0; i < std::min(fixed.size(), most); ++i) {
    table.add(
        {fixed[i].space_key, fixed[i].page_id, fixed[i].title, fixed[i].detail, fixed[i].rule});
  }
  table.print(out, terminal.columns);
  out << "\n";
}

void print_sum(const audit::Report& report, const Terminal& terminal, std::ostream& out) {
  const Paint paint(terminal);
  out << fmt::format("{} in {} looked at; the mirror is of {}\n",
                     number_of(report.pages, "page", "pages"),
                     number_of(static_cast<std::int64_t>(report.tallies.size()), "space", "spaces"),
                     report.synced_at ? store::to_iso8601(*report.synced_at) : "an unknown time");
  const auto part = [&](audit::Severity severity, std::string_view one, std::string_view many) {
    const auto count = report.count(severity);
    const auto text = number_of(count, one, many);
    return count > 0 ? paint.severity(severity, text) : text;
  };
  out << part(audit::Severity::kError, "error", "errors") << ", "
      << part(audit::Severity::kWarning, "warning", "warnings") << ", "
      << part(audit::Severity::kInfo, "note", "notes");
  if (report.accepted > 0) out << fmt::format("; {} accepted", with_thousands(report.accepted));
  if (report.expired > 0) {
    out << fmt::format("; {} of the baseline expired",
                       number_of(report.expired, "entry", "entries"));
  }
  out << "\n";
  if (!report.comparison) return;
  const auto& compared = *report.comparison;
  out << fmt::format("since {}: {} new, {} fixed, {} still there\n", printable(compared.with),
                     with_thousands(compared.fresh),
                     with_thousands(static_cast<std::int64_t>(compared.fixed.size())),
                     with_thousands(compared.still));
}

}  // namespace

void print_audit(const audit::Report& report, const Terminal& terminal, bool brief,
                 std::ostream& out) {
  if (!brief) {
    // They stand in the order of severity and rule.
    for (auto from = report.findings.begin(); from != report.findings.end();) {
      std::vector<const audit::Finding*> findings;
      const auto rule = from->rule;
      for (; from != report.findings.end() && from->rule == rule; ++from)
        findings.push_back(&*from);
      print_rule(report, audit::rule_of(rule), findings, terminal, out);
    }
    print_fixed(report, terminal, out);
  }
  print_sum(report, terminal, out);
}

void print_rules(std::ostream& out, std::size_t width) {
  Table table({{"rule"}, {"severity"}, {"finds", false, true}, {"settings"}});
  for (const auto& rule : audit::rules()) {
    table.add({std::string(rule.name), std::string(audit::to_string(rule.severity)),
               std::string(rule.title), std::string(rule.setting)});
  }
  table.print(out, width);
}

}  // namespace cli
