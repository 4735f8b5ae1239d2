#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "daemon/audit/charts.h"
#include "daemon/audit/formats.h"
#include "daemon/audit/html_style.h"
#include "daemon/audit/text.h"
#include "daemon/audit/text_sink.h"
#include "daemon/storage_format/characters.h"

namespace audit {

using storage_format::escaped_html;

namespace {

constexpr std::size_t kBarsShown = 12;
constexpr std::size_t kSpacesShown = 50;
constexpr std::size_t kFixedShown = 100;

std::string base64(const store::Sha256& bytes) {
  static constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t left = std::min<std::size_t>(bytes.size() - i, 3);
    std::uint32_t group = 0;
    for (std::size_t j = 0; j < 3; ++j) group = group << 8 | (j < left ? bytes[i + j] : 0U);
    for (std::size_t j = 0; j < 4; ++j) {
      out += j <= left ? kDigits[group >> (18 - 6 * j) & 63U] : '=';
    }
  }
  return out;
}

// "2026-03-01 06:00 UTC"
std::string minute_of(store::Time time) {
  auto text = store::to_iso8601(time).substr(0, 16);
  text[10] = ' ';
  return text + " UTC";
}

std::string minute_of(const std::string& iso8601) {
  const auto time = store::parse_iso8601(iso8601);
  return time ? minute_of(*time) : iso8601;
}

// "error" is also the class.
std::string_view many_of(Severity severity) {
  switch (severity) {
    case Severity::kError:
      return "errors";
    case Severity::kWarning:
      return "warnings";
    case Severity::kInfo:
      break;
  }
  return "notes";
}

class Html {
 public:
  explicit Html(const Report& report) : report_(report) {}
  std::string run();

 private:
  void head();
  void title();
  void tiles();
  void tile(std::string_view style, const std::string& value, std::string_view label);
  void charts();
  void figure(std::string_view caption, const std::string& chart, std::string_view style);
  void spaces();
  void fixed();
  void rule(const Rule& rule);
  void row(const Finding& finding);
  void rules_looked_for();
  std::vector<Bar> bars_by_rule() const;
  std::vector<Bar> bars_by_space() const;
  std::vector<Bar> bars_by_age() const;
  std::string untouched_share() const;

  const Report& report_;
  std::string out_;
};

void Html::head() {
  out_ += fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
      "style-src 'sha256-{}'; base-uri 'none'; form-action 'none'\">\n"
      "<meta name=\"referrer\" content=\"no-referrer\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta name=\"color-scheme\" content=\"light dark\">\n"
      "<title>Documentation audit, {}</title>\n<style>{}</style>\n</head>\n<body>\n",
      base64(store::sha256(kHtmlStyle)), day_of(report_.generated_at), kHtmlStyle);
}

void Html::title() {
  out_ += "<header>\n<h1>Documentation audit</h1>\n<p>";
  if (!report_.site_url.empty()) out_ += escaped_html(report_.site_url) + " \u00B7 ";
  out_ +=
      fmt::format("{} in {}", counted(report_.pages, "page", "pages"),
                  counted(static_cast<std::int64_t>(report_.tallies.size()), "space", "spaces"));
  if (report_.archived) out_ += ", archived ones among them";
  out_ += fmt::format(" \u00B7 {} \u00B7 mirror of {}</p>\n</header>\n<main>\n",
                      minute_of(report_.generated_at),
                      report_.synced_at ? minute_of(*report_.synced_at) : "unknown age");
}

void Html::tile(std::string_view style, const std::string& value, std::string_view label) {
  out_ += fmt::format("<li class=\"{}\"><b>{}</b><span>{}</span></li>\n", style, value, label);
}

std::string Html::untouched_share() const {
  std::set<store::Id> touched;
  for (const auto& finding : report_.findings) {
    if (finding.page_id && !finding.accepted && finding.severity != Severity::kInfo) {
      touched.insert(*finding.page_id);
    }
  }
  if (report_.pages == 0) return "\u2013";
  const auto clean =
      report_.pages - std::min(report_.pages, static_cast<std::int64_t>(touched.size()));
  return fmt::format("{} %", clean * 100 / report_.pages);
}

void Html::tiles() {
  out_ += "<ul class=\"tiles\">\n";
  for (const auto severity : kSeverities) {
    const auto count = report_.count(severity);
    tile(count == 0 ? "zero" : to_string(severity), with_commas(count), many_of(severity));
  }
  tile("", untouched_share(), "of pages without errors or warnings");
  if (report_.comparison) {
    const auto& compared = *report_.comparison;
    tile("", with_commas(compared.fresh), "new");
    tile("", with_commas(static_cast<std::int64_t>(compared.fixed.size())), "fixed");
    tile("", with_commas(compared.still), "still there");
  }
  if (report_.accepted > 0) tile("", with_commas(report_.accepted), "accepted");
  out_ += "</ul>\n";
  if (report_.comparison) {
    out_ +=
        fmt::format("<p class=\"quiet\">New, fixed and still there: since the audit of {}.</p>\n",
                    escaped_html(minute_of(report_.comparison->with)));
  }
  if (report_.expired > 0) {
    out_ += fmt::format("<p class=\"quiet\">{} of the baseline expired and hold no more.</p>\n",
                        counted(report_.expired, "entry", "entries"));
  }
}

std::vector<Bar> Html::bars_by_rule() const {
  std::vector<Bar> bars;
  for (const auto id : report_.rules) {
    Bar bar;
    bar.label = rule_of(id).name;
    for (const auto severity : kSeverities) {
      const auto count = std::count_if(
          report_.findings.begin(), report_.findings.end(), [&](const Finding& finding) {
            return finding.rule == id && finding.severity == severity && !finding.accepted;
          });
      bar.parts.push_back({to_string(severity), many_of(severity), count});
    }
    if (bar.total() > 0) bars.push_back(std::move(bar));
  }
  return bars;
}

std::vector<Bar> Html::bars_by_space() const {
  std::vector<Bar> bars;
  for (const auto& tally : report_.tallies) {
    Bar bar;
    // The key of a personal space is an account's id.
    bar.label = tally.key.starts_with('~') && !tally.name.empty() ? tally.name : tally.key;
    for (const auto severity : kSeverities) {
      bar.parts.push_back({to_string(severity), many_of(severity),
                           tally.findings[static_cast<std::size_t>(severity)]});
    }
    if (bar.total() > 0) bars.push_back(std::move(bar));
  }
  return bars;
}

std::vector<Bar> Html::bars_by_age() const {
  std::vector<Bar> bars;
  for (std::size_t i = 0; i < kAgeClasses.size(); ++i) {
    Bar bar;
    bar.label = kAgeClasses[i].label;
    bar.parts.push_back({"bar", report_.ages[i] == 1 ? "page" : "pages", report_.ages[i]});
    bars.push_back(std::move(bar));
  }
  return bars;
}

// The longest first; the rest as one.
std::vector<Bar> longest_of(std::vector<Bar> bars) {
  std::stable_sort(bars.begin(), bars.end(),
                   [](const Bar& a, const Bar& b) { return a.total() > b.total(); });
  if (bars.size() <= kBarsShown) return bars;
  Bar rest = bars[kBarsShown - 1];
  for (auto i = kBarsShown; i < bars.size(); ++i) {
    for (std::size_t j = 0; j < rest.parts.size(); ++j)
      rest.parts[j].value += bars[i].parts[j].value;
  }
  rest.label = fmt::format("{} others", bars.size() - kBarsShown + 1);
  bars.resize(kBarsShown - 1);
  bars.push_back(std::move(rest));
  return bars;
}

void Html::figure(std::string_view caption, const std::string& chart, std::string_view style) {
  out_ += fmt::format("<figure class=\"{}\"><figcaption>{}</figcaption>\n{}</figure>\n", style,
                      caption, chart);
}

void Html::charts() {
  out_ += "<section class=\"charts\">\n";
  std::vector<Part> parts;
  std::string legend = "<ul class=\"legend\">";
  for (const auto severity : kSeverities) {
    parts.push_back({to_string(severity), many_of(severity), report_.count(severity)});
    legend += fmt::format(
        "<li><svg viewBox=\"0 0 10 10\" aria-hidden=\"true\"><rect class=\"{}\" "
        "width=\"10\" height=\"10\" rx=\"2\"/></svg>{} {}</li>",
        to_string(severity), with_commas(parts.back().value), many_of(severity));
  }
  figure("By severity", ring_chart("Findings by severity", parts) + legend + "</ul>\n", "ring-box");
  const auto ages = bars_by_age();
  figure("Pages by age of their last change", column_chart("Pages by age", ages), "");
  const auto rules = longest_of(bars_by_rule());
  if (!rules.empty()) figure("By rule", bar_chart("Findings by rule", rules), "");
  const auto spaces = longest_of(bars_by_space());
  if (!spaces.empty()) figure("By space", bar_chart("Findings by space", spaces), "");
  out_ += "</section>\n";
}

void Html::spaces() {
  auto tallies = report_.tallies;
  const auto grave = [](const SpaceTally& tally) {
    return std::tuple(tally.findings[static_cast<std::size_t>(Severity::kError)],
                      tally.findings[static_cast<std::size_t>(Severity::kWarning)]);
  };
  std::stable_sort(tallies.begin(), tallies.end(),
                   [&](const SpaceTally& a, const SpaceTally& b) { return grave(a) > grave(b); });
  if (tallies.empty()) return;
  out_ +=
      "<section><h2>Spaces</h2>\n<table><thead><tr><th>Space</th><th>Name</th>"
      "<th class=\"n\">Pages</th><th class=\"n\">Errors</th><th class=\"n\">Warnings</th>"
      "<th class=\"n\">Notes</th></tr></thead><tbody>\n";
  for (std::size_t i = 0; i < std::min(tallies.size(), kSpacesShown); ++i) {
    const auto& tally = tallies[i];
    out_ +=
        fmt::format("<tr><td>{}</td><td>{}</td><td class=\"n\">{}</td>", escaped_html(tally.key),
                    escaped_html(tally.name), with_commas(tally.pages));
    for (const auto severity : kSeverities) {
      out_ += fmt::format("<td class=\"n\">{}</td>",
                          with_commas(tally.findings[static_cast<std::size_t>(severity)]));
    }
    out_ += "</tr>\n";
  }
  out_ += "</tbody></table>\n";
  if (tallies.size() > kSpacesShown) {
    out_ += fmt::format("<p class=\"quiet\">and {} more, in the other formats</p>\n",
                        tallies.size() - kSpacesShown);
  }
  out_ += "</section>\n";
}

void Html::row(const Finding& finding) {
  out_ += fmt::format("<tr><td>{}</td><td>", escaped_html(finding.space_key));
  const auto title = escaped_html(finding.title.empty() ? "(no title)" : finding.title);
  const auto url = report_.url_of(finding);
  out_ += url.empty() ? title
                      : fmt::format("<a href=\"{}\" rel=\"noreferrer noopener\">{}</a>",
                                    escaped_html(url), title);
  const auto state = state_of(report_, finding);
  if (state == "new" || state == "accepted") {
    out_ += fmt::format(" <span class=\"badge\">{}</span>", state);
  }
  out_ += fmt::format("</td><td>{}", escaped_html(finding.detail));
  const bool repeated =
      finding.rule == RuleId::kBrokenLink || finding.rule == RuleId::kBrokenAnchor ||
      finding.rule == RuleId::kLinkToTrashed || finding.rule == RuleId::kLinkToArchived ||
      finding.rule == RuleId::kUnresolvedPlaceholder;
  if (repeated && finding.count > 1) out_ += fmt::format(" ({} times)", with_commas(finding.count));
  const auto place = place_of(finding);
  if (!place.empty()) out_ += fmt::format("<br><small>{}</small>", place);
  out_ += "</td></tr>\n";
}

void Html::rule(const Rule& rule) {
  const auto count = static_cast<std::size_t>(report_.count(rule.id));
  if (count == 0) return;
  const auto first = std::find_if(report_.findings.begin(), report_.findings.end(),
                                  [&rule](const Finding& each) { return each.rule == rule.id; });
  const auto style = to_string(first->severity);
  out_ += fmt::format(
      "<section><h2><span class=\"badge {}\">{}</span> {} <small>{}</small></h2>\n"
      "<p>{} <b>What to do:</b> {}</p>\n"
      "<table "
      "class=\"findings\"><thead><tr><th>Space</th><th>{}</th><th>Finding</th></tr></"
      "thead><tbody>\n",
      style, style == "info" ? "note" : style, rule.title,
      with_commas(static_cast<std::int64_t>(count)), rule.what, rule.todo,
      first->page_id    ? "Page"
      : first->space_id ? "Name"
                        : "Host");
  std::size_t shown_rows = 0;
  for (auto each = first; each != report_.findings.end() && shown_rows < kRowsShown; ++each) {
    if (each->rule != rule.id) continue;
    row(*each);
    ++shown_rows;
  }
  out_ += "</tbody></table>\n";
  if (count > shown_rows) {
    out_ += fmt::format("<p class=\"quiet\">and {} more, in the other formats</p>\n",
                        with_commas(static_cast<std::int64_t>(count - shown_rows)));
  }
  out_ += "</section>\n";
}

void Html::fixed() {
  if (!report_.comparison || report_.comparison->fixed.empty()) return;
  const auto& all = report_.comparison->fixed;
  out_ += fmt::format(
      "<section><h2>Fixed <small>{}</small></h2>\n<p>What the audit of {} found "
      "and this one does not.</p>\n<table class=\"findings\"><thead><tr><th>Space</th><th>Page</th>"
      "<th>Finding</th></tr></thead><tbody>\n",
      with_commas(static_cast<std::int64_t>(all.size())),
      escaped_html(minute_of(report_.comparison->with)));
  for (std::size_t i = 0; i < std::min(all.size(), kFixedShown); ++i) {
    out_ += fmt::format("<tr><td>{}</td><td>{}</td><td>{}<br><small>{}</small></td></tr>\n",
                        escaped_html(all[i].space_key), escaped_html(all[i].title),
                        escaped_html(all[i].detail), escaped_html(all[i].rule));
  }
  out_ += "</tbody></table>\n";
  if (all.size() > kFixedShown) {
    out_ += fmt::format("<p class=\"quiet\">and {} more, in the other formats</p>\n",
                        with_commas(static_cast<std::int64_t>(all.size() - kFixedShown)));
  }
  out_ += "</section>\n";
}

void Html::rules_looked_for() {
  out_ +=
      "<section><h2>What was looked for</h2>\n<table><thead><tr><th>Rule</th><th>What it finds"
      "</th><th class=\"n\">Findings</th></tr></thead><tbody>\n";
  for (const auto id : report_.rules) {
    const auto& looked_for = rule_of(id);
    out_ += fmt::format("<tr><td><code>{}</code></td><td>{}</td><td class=\"n\">{}</td></tr>\n",
                        looked_for.name, looked_for.what, with_commas(report_.count(id)));
  }
  out_ += "</tbody></table></section>\n";
}

std::string Html::run() {
  head();
  title();
  tiles();
  charts();
  spaces();
  fixed();
  for (const auto severity : kSeverities) {
    for (const auto& each : rules()) {
      const auto graded =
          std::find_if(report_.findings.begin(), report_.findings.end(),
                       [&each](const Finding& finding) { return finding.rule == each.id; });
      if (graded != report_.findings.end() && graded->severity == severity) rule(each);
    }
  }
  rules_looked_for();
  out_ += "</main>\n<footer>confmirror " CONFMIRROR_VERSION "</footer>\n</body>\n</html>\n";
  return std::move(out_);
}

}  // namespace

void write_html(const Report& report, TextSink& sink) { sink.text() = Html(report).run(); }

}  // namespace audit
