#include "daemon/audit/cross_rules.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <unordered_map>
#include <utility>

#include "daemon/audit/text.h"

namespace audit {

namespace {

class TogetherJudge {
 public:
  TogetherJudge(const SiteMap& map, const Options& options, const std::vector<PageFacts>& facts,
                std::vector<Finding>& findings)
      : map_(map), options_(options), facts_(facts), make_(map, options), findings_(findings) {}

  void run() {
    if (options_.runs(RuleId::kBrokenAnchor)) anchors();
    duplicates();
    if (options_.runs(RuleId::kNearDuplicatePage)) near_duplicates();
    if (options_.runs(RuleId::kExternalLinkHost)) hosts();
  }

 private:
  void anchors();
  void duplicates();
  void near_duplicates();
  void hosts();
  const PageEntry& page(std::size_t place) const { return map_.pages()[place]; }

  const SiteMap& map_;
  const Options& options_;
  const std::vector<PageFacts>& facts_;
  FindingMaker make_;
  std::vector<Finding>& findings_;
  std::vector<bool> is_copy_;  // by place
};

void TogetherJudge::anchors() {
  for (std::size_t place = 0; place < facts_.size(); ++place) {
    for (const auto& use : facts_[place].anchor_uses) {
      const auto& target = facts_[use.target];
      if (!target.looked_at || target.other_anchors) continue;
      if (std::binary_search(target.anchors.begin(), target.anchors.end(), use.anchor)) continue;
      auto finding = make_.of_page(RuleId::kBrokenAnchor, page(place));
      finding.key = use.key;
      finding.at = use.at;
      finding.count = use.count;
      finding.detail = "no '#" + use.name + "' on ";
      if (use.target == place) {
        finding.detail += "this page";
      } else {
        finding.detail += FindingMaker::named(page(use.target));
        finding.other_page = page(use.target).id;
      }
      findings_.push_back(std::move(finding));
    }
  }
}

// Of several pages with one text the oldest is the original.
void TogetherJudge::duplicates() {
  is_copy_.assign(facts_.size(), false);
  std::map<std::pair<std::uint64_t, std::uint64_t>, std::size_t> originals;
  for (std::size_t place = 0; place < facts_.size(); ++place) {
    const auto& shape = facts_[place].shape;
    if (!facts_[place].looked_at ||
        shape.words < std::max<std::int64_t>(options_.duplicate_words, 1)) {
      continue;
    }
    const auto [known, is_new] = originals.emplace(std::pair(shape.hash, shape.more_hash), place);
    if (is_new) continue;
    is_copy_[place] = true;
    if (!options_.runs(RuleId::kDuplicatePage)) continue;
    auto finding = make_.of_page(RuleId::kDuplicatePage, page(place));
    finding.other_page = page(known->second).id;
    finding.key = "page:" + std::to_string(*finding.other_page);
    finding.detail = "the same text as " + FindingMaker::named(page(known->second));
    findings_.push_back(std::move(finding));
  }
}

void TogetherJudge::near_duplicates() {
  constexpr double kPercent = 100;
  std::vector<const Sketch*> sketches;
  std::vector<std::size_t> places;
  for (std::size_t place = 0; place < facts_.size(); ++place) {
    if (facts_[place].sketch == nullptr || is_copy_[place]) continue;
    sketches.push_back(facts_[place].sketch.get());
    places.push_back(place);
  }
  const auto found =
      likenesses(sketches, static_cast<double>(options_.near_duplicate_percent) / kPercent);
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (!found[i]) continue;
    const auto& other = page(places[found[i]->earlier]);
    auto finding = make_.of_page(RuleId::kNearDuplicatePage, page(places[i]));
    finding.other_page = other.id;
    finding.key = "page:" + std::to_string(other.id);
    finding.count = std::min<std::int64_t>(std::lround(found[i]->share * kPercent), 99);
    finding.detail =
        "about " + std::to_string(finding.count) + " % as " + FindingMaker::named(other);
    findings_.push_back(std::move(finding));
  }
}

void TogetherJudge::hosts() {
  struct Uses {
    std::int64_t links = 0;
    std::int64_t pages = 0;
    std::size_t first = 0;
  };
  std::map<std::string, Uses> by_host;
  for (std::size_t place = 0; place < facts_.size(); ++place) {
    for (const auto& [host, links] : facts_[place].hosts) {
      auto& uses = by_host[host];
      if (uses.pages == 0) uses.first = place;
      uses.links += links;
      ++uses.pages;
    }
  }
  for (const auto& [host, uses] : by_host) {
    auto finding = make_.of_site(RuleId::kExternalLinkHost);
    finding.title = shown(host);
    finding.key = "host:" + FindingMaker::key_part(host);
    finding.count = uses.links;
    finding.other_page = page(uses.first).id;
    finding.detail = counted(uses.links, "link", "links") + " on " +
                     counted(uses.pages, "page", "pages") + ", first " +
                     FindingMaker::named(page(uses.first));
    findings_.push_back(std::move(finding));
  }
}

}  // namespace

void judge_together(const SiteMap& map, const Options& options, const std::vector<PageFacts>& facts,
                    std::vector<Finding>& findings) {
  TogetherJudge(map, options, facts, findings).run();
}

}  // namespace audit
