#include "daemon/audit/audit.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <map>
#include <tuple>
#include <utility>

#include "daemon/audit/body_pass.h"
#include "daemon/audit/cross_rules.h"
#include "daemon/audit/map_rules.h"
#include "daemon/audit/site_map.h"
#include "daemon/audit/text.h"

namespace audit {

namespace {

class Auditor {
 public:
  Auditor(store::Reader& reader, const Options& options) : reader_(reader), options_(options) {}

  store::Result<Report> run();

 private:
  store::Result<void> in_snapshot();
  store::Result<void> note_sync();
  void note_scope(const SiteMap& map, const Scope& scope);

  store::Reader& reader_;
  const Options& options_;
  Report report_;
};

store::Result<void> Auditor::note_sync() {
  constexpr std::size_t kRuns = 50;
  const auto runs = reader_.runs(kRuns);
  if (!runs) return store::fail(runs.error());
  for (const auto& run : *runs) {
    const bool ended = run.outcome == "done" || run.outcome == "partial";
    if (ended && run.finished_at && !report_.synced_at) report_.synced_at = run.finished_at;
  }
  return {};
}

void Auditor::note_scope(const SiteMap& map, const Scope& scope) {
  report_.site_url = shown(map.site_url());
  report_.generated_at = options_.now;
  report_.archived = options_.archived;
  for (const auto& rule : rules()) {
    if (options_.runs(rule.id)) report_.rules.push_back(rule.id);
  }
  for (const auto& [id, space] : map.spaces()) {
    if (!scope.holds(space)) continue;
    SpaceTally tally;
    tally.id = id;
    tally.key = shown(space.key);
    tally.name = shown(space.name);
    report_.tallies.push_back(std::move(tally));
  }
  std::sort(report_.tallies.begin(), report_.tallies.end(),
            [](const SpaceTally& a, const SpaceTally& b) {
              return std::tie(a.key, a.id) < std::tie(b.key, b.id);
            });
  if (!options_.space_ids.empty()) {
    for (const auto& tally : report_.tallies) report_.spaces.push_back(tally.key);
  }
  std::map<store::Id, std::int64_t> pages;
  for (const auto& page : map.pages()) {
    if (!scope.holds(page)) continue;
    ++report_.pages;
    ++pages[page.space_id];
    const auto days = std::chrono::floor<std::chrono::days>(options_.now - page.modified_at);
    std::size_t age = 0;
    while (kAgeClasses[age].up_to_days != 0 && days.count() >= kAgeClasses[age].up_to_days) ++age;
    ++report_.ages[age];
  }
  for (auto& tally : report_.tallies) tally.pages = pages[tally.id];
}

store::Result<void> Auditor::in_snapshot() {
  auto map = SiteMap::read(reader_);
  if (!map) return store::fail(map.error());
  if (auto noted = note_sync(); !noted) return noted;
  const Scope scope(*map, options_);
  note_scope(*map, scope);
  auto& findings = report_.findings;
  judge_map(*map, options_, scope, findings);
  if (auto drafts = judge_drafts(reader_, *map, options_, findings); !drafts) return drafts;
  auto pass = read_bodies(reader_, *map, options_, scope);
  if (!pass) return store::fail(pass.error());
  report_.bodies = pass->bodies;
  report_.body_bytes = pass->body_bytes;
  auto count = findings.size();
  for (const auto& facts : pass->facts) count += facts.findings.size();
  findings.reserve(count);
  for (auto& facts : pass->facts) {
    std::move(facts.findings.begin(), facts.findings.end(), std::back_inserter(findings));
    facts.findings = {};
  }
  judge_together(*map, options_, pass->facts, findings);
  return {};
}

store::Result<Report> Auditor::run() {
  const auto done = reader_.in_snapshot([this] { return in_snapshot(); });
  if (!done) return store::fail(done.error());
  for (auto& finding : report_.findings) finding.fingerprint = fingerprint_of(finding);
  sort_findings(report_.findings);
  tally(report_);
  return std::move(report_);
}

}  // namespace

store::Result<Report> run(store::Reader& reader, const Options& options) {
  return Auditor(reader, options).run();
}

void tally(Report& report) {
  std::map<store::Id, SpaceTally*> by_id;
  for (auto& tally : report.tallies) {
    tally.findings = {};
    by_id[tally.id] = &tally;
  }
  for (const auto& finding : report.findings) {
    const auto found = by_id.find(finding.space_id.value_or(0));
    if (found == by_id.end() || finding.accepted) continue;
    ++found->second->findings[static_cast<std::size_t>(finding.severity)];
  }
}

}  // namespace audit
