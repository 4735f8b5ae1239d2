#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "daemon/audit/formats.h"
#include "daemon/audit/text.h"
#include "daemon/audit/text_sink.h"

namespace audit {

namespace {

constexpr std::array kColumns = {"severity", "rule",          "state",       "space_key",
                                 "page_id",  "title",         "detail",      "place",
                                 "count",    "other_page_id", "fingerprint", "url"};

// What a spreadsheet would take for a formula gets an apostrophe before it.
bool looks_like_formula(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n\"'");
  if (first == text.npos) return false;
  text.remove_prefix(first);
  for (const std::string_view mark :
       {"=", "+", "-", "@", "\uFF1D", "\uFF0B", "\uFF0D", "\uFF20", "|", "%"}) {
    if (text.starts_with(mark)) return true;
  }
  return false;
}

void append_cell(std::string& out, std::string_view text, bool last) {
  out += '"';
  if (looks_like_formula(text)) out += '\'';
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  out.append(last ? "\"\r\n" : "\",");
}

std::string id_text(const std::optional<store::Id>& id) { return id ? std::to_string(*id) : ""; }

// Of text in a Markdown table: nothing in it is markup.
std::string markdown(std::string_view text) {
  static constexpr std::string_view kMarks = "\\`*_{}[]<>()#+-!|~&$@:^=\"'";
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    // "www." at the beginning of a word is a link in GitHub's Markdown.
    const bool of_link = c == '.' && i > 0 && (text[i - 1] == 'w' || text[i - 1] == 'W');
    if (of_link || kMarks.find(c) != kMarks.npos) out += '\\';
    out += c;
  }
  return out;
}

// An address in (<...>): made by us, but the site's own part came from outside.
std::string markdown_link(const std::string& text, const std::string& url) {
  if (url.empty() || url.find_first_of("<>() \n\r\\\"") != url.npos) return markdown(text);
  return fmt::format("[{}](<{}>)", markdown(text), url);
}

std::string subject(const Report& report, const Finding& finding) {
  auto text =
      markdown_link(finding.title.empty() ? "(no title)" : finding.title, report.url_of(finding));
  if (finding.page_id) text += fmt::format(" {}", *finding.page_id);
  return text;
}

void append_head(std::string& out, const Report& report) {
  out += "# Documentation audit\n\n";
  if (!report.site_url.empty()) out += fmt::format("Site: {}\n\n", markdown(report.site_url));
  out += fmt::format("{} in {}, looked at {}; mirror of {}.\n\n",
                     counted(report.pages, "page", "pages"),
                     counted(static_cast<std::int64_t>(report.tallies.size()), "space", "spaces"),
                     store::to_iso8601(report.generated_at),
                     report.synced_at ? store::to_iso8601(*report.synced_at) : "an unknown time");
  out += fmt::format("| errors | warnings | notes | accepted |\n| ---: | ---: | ---: | ---: |\n");
  out += fmt::format("| {} | {} | {} | {} |\n\n", with_commas(report.count(Severity::kError)),
                     with_commas(report.count(Severity::kWarning)),
                     with_commas(report.count(Severity::kInfo)), with_commas(report.accepted));
  if (!report.comparison) return;
  const auto& compared = *report.comparison;
  out += fmt::format("Since {}: {} new, {} fixed, {} still there.\n\n", markdown(compared.with),
                     with_commas(compared.fresh),
                     with_commas(static_cast<std::int64_t>(compared.fixed.size())),
                     with_commas(compared.still));
}

void append_rule(TextSink& sink, const Report& report, const Rule& rule) {
  auto& out = sink.text();
  const auto count = report.count(rule.id);
  if (count == 0) return;
  out += fmt::format("## {} ({})\n\n`{}`: {}\n\n*What to do:* {}\n\n", rule.title,
                     with_commas(count), rule.name, rule.what, rule.todo);
  const bool compared = report.comparison.has_value();
  out += compared ? "| severity | space | subject | finding | where | state |\n"
                    "| --- | --- | --- | --- | --- | --- |\n"
                  : "| severity | space | subject | finding | where |\n"
                    "| --- | --- | --- | --- | --- |\n";
  for (const auto& finding : report.findings) {
    if (finding.rule != rule.id) continue;
    auto detail = markdown(finding.detail);
    out += fmt::format("| {} | {} | {} | {} | {} |", to_string(finding.severity),
                       markdown(finding.space_key), subject(report, finding), detail,
                       place_of(finding));
    if (compared) out += fmt::format(" {} |", state_of(report, finding));
    out += '\n';
    sink.step();
  }
  out += '\n';
}

void append_fixed(std::string& out, const Report& report) {
  if (!report.comparison || report.comparison->fixed.empty()) return;
  out += "## Fixed\n\n| rule | space | subject | finding |\n| --- | --- | --- | --- |\n";
  for (const auto& past : report.comparison->fixed) {
    out += fmt::format("| {} | {} | {} {} | {} |\n", markdown(past.rule), markdown(past.space_key),
                       markdown(past.title), past.page_id, markdown(past.detail));
  }
  out += '\n';
}

}  // namespace

std::string_view state_of(const Report& report, const Finding& finding) {
  if (finding.accepted) return "accepted";
  if (!report.comparison || !finding.compared) return {};
  return finding.is_new ? "new" : "still there";
}

std::string place_of(const Finding& finding) {
  switch (finding.at.in) {
    case Place::In::kText:
      return fmt::format("line {} of the text", finding.at.line);
    case Place::In::kStorage:
      if (finding.at.column == 0) return fmt::format("line {} in storage format", finding.at.line);
      return fmt::format("line {}, column {} in storage format", finding.at.line,
                         finding.at.column);
    case Place::In::kNowhere:
      break;
  }
  return {};
}

void write_csv(const Report& report, TextSink& sink) {
  auto& out = sink.text();
  for (const auto* column : kColumns) append_cell(out, column, column == kColumns.back());
  for (const auto& finding : report.findings) {
    append_cell(out, to_string(finding.severity), false);
    append_cell(out, rule_of(finding.rule).name, false);
    append_cell(out, state_of(report, finding), false);
    append_cell(out, finding.space_key, false);
    append_cell(out, id_text(finding.page_id), false);
    append_cell(out, finding.title, false);
    append_cell(out, finding.detail, false);
    append_cell(out, place_of(finding), false);
    append_cell(out, std::to_string(finding.count), false);
    append_cell(out, id_text(finding.other_page), false);
    append_cell(out, finding.fingerprint, false);
    append_cell(out, report.url_of(finding), true);
    sink.step();
  }
}

void write_markdown(const Report& report, TextSink& sink) {
  append_head(sink.text(), report);
  for (const auto severity : kSeverities) {
    for (const auto& rule : rules()) {
      const auto graded = [&](const Finding& finding) {
        return finding.rule == rule.id && finding.severity == severity;
      };
      if (std::any_of(report.findings.begin(), report.findings.end(), graded)) {
        append_rule(sink, report, rule);
      }
    }
  }
  append_fixed(sink.text(), report);
  auto& out = sink.text();
  while (out.ends_with("\n\n")) out.pop_back();
}

}  // namespace audit
