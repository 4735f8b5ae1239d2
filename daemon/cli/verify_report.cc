#include "daemon/cli/verify_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "daemon/cli/progress_line.h"
#include "daemon/cli/report.h"
#include "daemon/cli/row_json.h"
#include "daemon/cli/table.h"

namespace cli {

namespace {

constexpr std::size_t kDifferencesShown = 50;
constexpr std::size_t kLeftOutShown = 20;
constexpr std::size_t kTalliesShown = 15;

using Counts = std::map<mirror::DifferenceKind, std::int64_t>;

Counts counts_of(const mirror::VerifyReport& report) {
  Counts counts;
  for (const auto& difference : report.differences) ++counts[difference.kind];
  return counts;
}

std::int64_t size_of(std::size_t size) { return static_cast<std::int64_t>(size); }

std::string plural(std::int64_t count, std::string_view one) {
  return fmt::format("{} {}{}", with_thousands(count), one, count == 1 ? "" : "s");
}

std::string ago(const std::optional<store::Time>& then, store::Time now) {
  if (!then) return "never";
  return now > *then ? in_words(now - *then) + " ago" : "just now";
}

Json time_or_null(const std::optional<store::Time>& time) {
  return time ? Json(store::to_iso8601(*time)) : Json();
}

void print_head(const VerifyOutcome& outcome, std::ostream& out) {
  const auto& report = outcome.report;
  out << fmt::format("mirror    {}\n          last sync {}, every page looked at {}\n",
                     outcome.mirror_path, ago(report.last_sync_at, outcome.now),
                     ago(report.last_full_sync_at, outcome.now));
  out << fmt::format("site      {}\n", printable(outcome.site_url));
  out << fmt::format("          mirror    site\n");
  out << fmt::format("spaces   {:>7} {:>7}\n", with_thousands(report.spaces_in_mirror),
                     with_thousands(report.spaces_on_site));
  out << fmt::format("pages    {:>7} {:>7}\n", with_thousands(report.pages_in_mirror),
                     with_thousands(report.pages_on_site));
  out << fmt::format("bodies    {} compared by SHA-256\n", with_thousands(report.bodies_compared));
}

// Which ones to name: some of every kind, and then the first.
std::vector<bool> named_ones(const std::vector<mirror::Difference>& all, std::size_t kinds) {
  std::vector<bool> named(all.size(), all.size() <= kDifferencesShown);
  if (all.size() <= kDifferencesShown) return named;
  const std::size_t share = kDifferencesShown / std::max<std::size_t>(kinds, 1);
  std::map<mirror::DifferenceKind, std::size_t> taken;
  std::size_t left = kDifferencesShown;
  for (std::size_t i = 0; i < all.size(); ++i) {
    named[i] = ++taken[all[i].kind] <= share;
    if (named[i]) --left;
  }
  for (std::size_t i = 0; i < all.size() && left > 0; ++i) {
    if (!named[i]) --left;
    named[i] = true;
  }
  return named;
}

void print_differences(const mirror::VerifyReport& report, std::size_t width, std::ostream& out) {
  if (report.differences.empty()) return;
  const auto counts = counts_of(report);
  out << fmt::format("\n{}\n", plural(size_of(report.differences.size()), "difference"));
  for (const auto& [kind, count] : counts) {
    out << fmt::format("  {:<16} {:>7}  {}\n", mirror::to_string(kind), with_thousands(count),
                       mirror::describe(kind));
  }
  out << "\n";
  Table table({{"kind"},
               {"page", true},
               {"space"},
               {"title", false, true},
               {"mirror", false, true},
               {"site", false, true},
               {"note", false, true}});
  const auto named = named_ones(report.differences, counts.size());
  const auto shown = std::min(report.differences.size(), kDifferencesShown);
  for (std::size_t i = 0; i < report.differences.size(); ++i) {
    if (!named[i]) continue;
    const auto& difference = report.differences[i];
    const auto& key = difference.space_key;
    table.add({std::string(mirror::to_string(difference.kind)),
               difference.page_id > 0 ? std::to_string(difference.page_id) : std::string(),
               key.empty() ? std::to_string(difference.space_id) : key, difference.title,
               difference.in_mirror, difference.on_site, difference.note});
  }
  table.print(out, width);
  if (report.differences.size() > shown) {
    out << fmt::format("and {} more: --json\n",
                       with_thousands(size_of(report.differences.size() - shown)));
  }
}

void print_left_out(const mirror::VerifyReport& report, std::ostream& out) {
  if (report.left_out.empty()) return;
  out << "\nnot compared\n";
  std::size_t shown = 0;
  for (const auto& [subject, reason] : report.left_out) {
    if (++shown > kLeftOutShown) break;
    out << fmt::format("  {}: {}\n", printable(subject), printable(reason));
  }
  if (report.left_out.size() > kLeftOutShown) {
    out << fmt::format("  and {} more: --json\n",
                       with_thousands(size_of(report.left_out.size() - kLeftOutShown)));
  }
}

// Only where the two sides differ: on a good day there is nothing to tell.
void print_tallies(const mirror::VerifyReport& report, std::size_t width, std::ostream& out) {
  Table table({{"space"}, {"mirror", true}, {"site", true}, {"differences", true}});
  std::size_t left = 0;
  std::size_t shown = 0;
  for (const auto& tally : report.spaces) {
    if (tally.differences == 0 && tally.in_mirror == tally.on_site) continue;
    if (++shown > kTalliesShown) {
      ++left;
      continue;
    }
    table.add({tally.key.empty() ? std::to_string(tally.space_id) : tally.key,
               with_thousands(tally.in_mirror), with_thousands(tally.on_site),
               with_thousands(tally.differences)});
  }
  if (table.empty()) return;
  out << "\npages by space, where the two differ\n";
  table.print(out, width);
  if (left > 0) out << fmt::format("and {} more: --json\n", with_thousands(size_of(left)));
}

void print_foot(const VerifyOutcome& outcome, std::ostream& out) {
  const auto& report = outcome.report;
  out << "\n";
  if (report.changing > 0) {
    out << fmt::format("{} changed on the site meanwhile: no differences\n",
                       plural(report.changing, "object"));
  }
  if (report.bodies_missing > 0) {
    out << fmt::format("{} of the mirror still to be fetched: 'confmirror sync'\n",
                       report.bodies_missing == 1
                           ? std::string("1 body")
                           : with_thousands(report.bodies_missing) + " bodies");
  }
  if (report.quarantined > 0) {
    out << fmt::format("{} in quarantine: 'confmirror status'\n",
                       plural(report.quarantined, "object"));
  }
  out << fmt::format("{}; {}, {}, {}\n",
                     !report.differences.empty()
                         ? plural(size_of(report.differences.size()), "difference")
                     : report.left_out.empty() ? "equal"
                                               : "no difference in what was compared",
                     plural(outcome.usage.requests, "request"),
                     bytes_in_words(outcome.usage.wire_bytes), in_words(outcome.elapsed));
}

Json difference_json(const mirror::Difference& difference) {
  Json json;
  json["kind"] = std::string(mirror::to_string(difference.kind));
  json["page_id"] = difference.page_id > 0 ? Json(std::to_string(difference.page_id)) : Json();
  json["space_id"] = std::to_string(difference.space_id);
  json["space_key"] = difference.space_key.empty() ? Json() : Json(difference.space_key);
  json["title"] = difference.title;
  json["mirror"] = difference.in_mirror;
  json["site"] = difference.on_site;
  if (!difference.note.empty()) json["note"] = difference.note;
  return json;
}

}  // namespace

bool is_equal(const mirror::VerifyReport& report) {
  return report.differences.empty() && report.left_out.empty();
}

void print_verify_report(const VerifyOutcome& outcome, bool brief, std::size_t width,
                         std::ostream& out) {
  if (!brief) print_head(outcome, out);
  print_differences(outcome.report, width, out);
  print_left_out(outcome.report, out);
  if (brief) return;
  print_tallies(outcome.report, width, out);
  print_foot(outcome, out);
}

std::string verify_report_json(const VerifyOutcome& outcome) {
  const auto& report = outcome.report;
  Json json;
  json["equal"] = is_equal(report);
  json["mirror"] = outcome.mirror_path;
  json["site_url"] = outcome.site_url;
  json["account_id"] = report.account_id;
  json["last_sync_at"] = time_or_null(report.last_sync_at);
  json["last_full_sync_at"] = time_or_null(report.last_full_sync_at);
  json["spaces_in_mirror"] = report.spaces_in_mirror;
  json["spaces_on_site"] = report.spaces_on_site;
  json["pages_in_mirror"] = report.pages_in_mirror;
  json["pages_on_site"] = report.pages_on_site;
  json["bodies_compared"] = report.bodies_compared;
  json["bodies_due"] = report.bodies_missing;
  json["changed_meanwhile"] = report.changing;
  json["quarantined"] = report.quarantined;
  json["counts"] = Json::object();
  for (const auto& [kind, count] : counts_of(report)) {
    json["counts"][std::string(mirror::to_string(kind))] = count;
  }
  json["differences"] = Json::array();
  for (const auto& difference : report.differences) {
    json["differences"].push_back(difference_json(difference));
  }
  json["not_compared"] = Json::array();
  for (const auto& [subject, reason] : report.left_out) {
    Json left_out;
    left_out["subject"] = subject;
    left_out["reason"] = reason;
    json["not_compared"].push_back(std::move(left_out));
  }
  json["per_space"] = Json::array();
  for (const auto& tally : report.spaces) {
    Json space;
    space["space_id"] = std::to_string(tally.space_id);
    space["space_key"] = tally.key;
    space["pages_in_mirror"] = tally.in_mirror;
    space["pages_on_site"] = tally.on_site;
    space["differences"] = tally.differences;
    json["per_space"].push_back(std::move(space));
  }
  json["requests"] = outcome.usage.requests;
  json["refused"] = outcome.usage.refused;
  json["bytes"] = outcome.usage.wire_bytes;
  json["seconds"] = static_cast<double>(outcome.elapsed.count()) / 1000.0;
  return to_line(json);
}

std::string verify_line(const mirror::VerifyProgress& progress, const confluence::Usage& usage,
                        const confluence::GovernorStatus& governor, store::Time now) {
  std::vector<std::string> parts;
  if (progress.pages_listed == 0) {
    parts.emplace_back("asking the site");
  } else {
    parts.push_back(fmt::format("comparing {} of {} pages", with_thousands(progress.pages_listed),
                                with_thousands(progress.pages_known)));
  }
  if (progress.bodies > 0) {
    parts.push_back(fmt::format("{} bodies", with_thousands(progress.bodies)));
  }
  if (progress.suspects > 0) {
    parts.push_back(fmt::format("{} to be looked at again", with_thousands(progress.suspects)));
  }
  parts.push_back(plural(usage.requests, "request"));
  if (auto held = held_by(governor, now); !held.empty()) parts.push_back(std::move(held));
  return fmt::format("{}", fmt::join(parts, " · "));
}

}  // namespace cli
