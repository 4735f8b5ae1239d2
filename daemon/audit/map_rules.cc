#include "daemon/audit/map_rules.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

#include "daemon/audit/finding_maker.h"
#include "daemon/audit/text.h"
#include "store/fold.h"

namespace audit {

namespace {

std::int64_t days_of(std::chrono::milliseconds age) {
  return std::chrono::floor<std::chrono::days>(age).count();
}

// Appends what it finds, page by page and then space by space.
class MapJudge {
 public:
  MapJudge(const SiteMap& map, const Options& options, const Scope& scope,
           std::vector<Finding>& findings)
      : map_(map), options_(options), scope_(scope), make_(map, options), findings_(findings) {}

  void run();

 private:
  void judge(const PageEntry& page);
  void judge(const store::SpaceRow& space);
  void judge_age(const PageEntry& page);
  void judge_owner(const PageEntry& page);
  void judge_place(const PageEntry& page);
  void judge_trees();
  std::chrono::milliseconds stale_after(const PageEntry& page) const;
  std::int64_t depth_of(store::Id id);
  store::Id parent_of(store::Id id) const;
  Finding& add(Finding finding, std::string detail) {
    finding.detail = std::move(detail);
    return findings_.emplace_back(std::move(finding));
  }

  const SiteMap& map_;
  const Options& options_;
  const Scope& scope_;
  FindingMaker make_;
  std::vector<Finding>& findings_;
  std::unordered_map<store::Id, std::int64_t> depths_;
};

std::chrono::milliseconds MapJudge::stale_after(const PageEntry& page) const {
  const auto* space = map_.space(page.space_id);
  if (space != nullptr && !options_.stale_after_by_space.empty()) {
    for (const auto& key : {space->key, space->current_alias.value_or(space->key)}) {
      const auto found = options_.stale_after_by_space.find(store::fold_case(key));
      if (found != options_.stale_after_by_space.end()) return found->second;
    }
  }
  return options_.stale_after;
}

void MapJudge::judge_age(const PageEntry& page) {
  const auto age = options_.now - page.modified_at;
  if (const auto bound = stale_after(page);
      options_.runs(RuleId::kStalePage) && bound.count() > 0 && age > bound) {
    auto& finding = add(make_.of_page(RuleId::kStalePage, page),
                        "not changed since " + day_of(page.modified_at) + ", " +
                            counted(days_of(age), "day", "days"));
    finding.count = days_of(age);
  }
  const auto unchanged = options_.now - page.created_at;
  if (options_.runs(RuleId::kNeverUpdated) && page.version <= 1 &&
      options_.never_updated_after.count() > 0 && unchanged > options_.never_updated_after) {
    auto& finding = add(make_.of_page(RuleId::kNeverUpdated, page),
                        "first version of " + day_of(page.created_at) + ", " +
                            counted(days_of(unchanged), "day", "days"));
    finding.count = days_of(unchanged);
  }
}

void MapJudge::judge_owner(const PageEntry& page) {
  if (!options_.runs(RuleId::kNoOwner)) return;
  const auto& owner = map_.owner_of(page);
  if (owner.account_id.empty()) {
    add(make_.of_page(RuleId::kNoOwner, page), "no owner");
  } else if (owner.status == "closed" || owner.status == "inactive") {
    const auto who = shown(owner.name.empty() ? owner.account_id : owner.name);
    add(make_.of_page(RuleId::kNoOwner, page), "the account of " + who + " is " + owner.status);
  }
}

// Where the tree ends before the page; nullopt: it does not.
std::optional<std::string> break_above(const SiteMap& map, const PageEntry& page) {
  if (page.parent_id == 0) {
    const auto* space = map.space(page.space_id);
    if (space != nullptr && space->homepage_id == page.id) return std::nullopt;
    return "no parent";
  }
  if (const auto* node = map.node(page.parent_id)) {
    if (node->standing == Standing::kCurrent) return std::nullopt;
    return "its parent, a " + shown(node->type) + ", is " +
           (node->standing == Standing::kArchived  ? "archived"
            : node->standing == Standing::kTrashed ? "in the trash"
                                                   : "gone");
  }
  const auto* parent = map.page(page.parent_id);
  if (parent == nullptr) {
    return "its parent " + std::to_string(page.parent_id) + " is not in the mirror";
  }
  switch (parent->standing) {
    case Standing::kCurrent:
    case Standing::kExcluded:
      return std::nullopt;
    case Standing::kArchived:
      // Archived with it: they are a tree of their own.
      if (page.standing == Standing::kArchived) return std::nullopt;
      return "its parent " + FindingMaker::named(*parent) + " is archived";
    case Standing::kDraft:
      return "its parent " + FindingMaker::named(*parent) + " is a draft";
    case Standing::kTrashed:
      return "its parent " + FindingMaker::named(*parent) + " is in the trash";
    case Standing::kGone:
      break;
  }
  return "its parent " + FindingMaker::named(*parent) + " is gone";
}

void MapJudge::judge_place(const PageEntry& page) {
  if (!options_.runs(RuleId::kOrphanPage)) return;
  if (auto where = break_above(map_, page)) {
    add(make_.of_page(RuleId::kOrphanPage, page), std::move(*where));
  }
}

void MapJudge::judge(const PageEntry& page) {
  judge_age(page);
  judge_owner(page);
  judge_place(page);
  if (options_.runs(RuleId::kHugePage) && options_.huge_page_bytes > 0 &&
      page.body_bytes > options_.huge_page_bytes) {
    auto& finding =
        add(make_.of_page(RuleId::kHugePage, page), counted(page.body_bytes, "byte", "bytes"));
    finding.count = page.body_bytes;
  }
  if (options_.runs(RuleId::kMissingBody) && !page.has_body) {
    add(make_.of_page(RuleId::kMissingBody, page),
        "version " + std::to_string(page.version) + " was listed without its body");
  }
}

store::Id MapJudge::parent_of(store::Id id) const {
  if (const auto* page = map_.page(id)) return page->parent_id;
  if (const auto* node = map_.node(id)) return node->parent_id;
  return 0;
}

// 1 at the top. A tree that bites its tail ends where it does.
std::int64_t MapJudge::depth_of(store::Id id) {
  std::vector<store::Id> path;
  std::unordered_set<store::Id> on_path;
  std::int64_t depth = 0;
  for (auto at = id; at != 0; at = parent_of(at)) {
    if (const auto known = depths_.find(at); known != depths_.end()) {
      depth = known->second;
      break;
    }
    if (!on_path.insert(at).second) break;
    path.push_back(at);
  }
  for (auto each = path.rbegin(); each != path.rend(); ++each) depths_[*each] = ++depth;
  return depth;
}

// Of a branch that is too deep its first page is named, and how far down the rest goes.
void MapJudge::judge_trees() {
  if (!options_.runs(RuleId::kDeepTree) || options_.max_depth <= 0) return;
  struct Branch {
    std::int64_t pages = 0;
    std::int64_t deepest = 0;
  };
  std::map<store::Id, Branch> branches;
  for (const auto& page : map_.pages()) {
    if (!scope_.holds(page)) continue;
    const auto depth = depth_of(page.id);
    if (depth <= options_.max_depth) continue;
    // Up to the uppermost page of the branch that lies too deep.
    auto top = page.id;
    for (auto at = page.id; at != 0 && depth_of(at) > options_.max_depth; at = parent_of(at)) {
      const auto* above = map_.page(at);
      if (above != nullptr && scope_.holds(*above)) top = at;
      if (depth_of(parent_of(at)) >= depth_of(at)) break;
    }
    auto& branch = branches[top];
    ++branch.pages;
    branch.deepest = std::max(branch.deepest, depth);
  }
  for (const auto& [id, branch] : branches) {
    auto& finding = add(make_.of_page(RuleId::kDeepTree, *map_.page(id)),
                        "level " + std::to_string(depth_of(id)) + "; " +
                            counted(branch.pages, "page", "pages") + " down to level " +
                            std::to_string(branch.deepest));
    finding.count = branch.pages;
  }
}

void MapJudge::judge(const store::SpaceRow& space) {
  if (options_.runs(RuleId::kSpaceWithoutHomepage)) {
    const auto* home = space.homepage_id ? map_.page(*space.homepage_id) : nullptr;
    std::string fault;
    if (!space.homepage_id) {
      fault = "no homepage";
    } else if (home == nullptr) {
      fault = "its homepage " + std::to_string(*space.homepage_id) + " is not in the mirror";
    } else if (home->standing == Standing::kTrashed) {
      fault = "its homepage " + FindingMaker::named(*home) + " is in the trash";
    } else if (home->standing == Standing::kGone) {
      fault = "its homepage " + FindingMaker::named(*home) + " is gone";
    } else if (home->standing == Standing::kArchived && space.status == "current") {
      fault = "its homepage " + FindingMaker::named(*home) + " is archived";
    }
    if (!fault.empty()) add(make_.of_space(RuleId::kSpaceWithoutHomepage, space), fault);
  }
  const bool described = space.description && !one_line(*space.description).empty();
  if (options_.runs(RuleId::kSpaceWithoutDescription) && !described && space.type != "personal") {
    add(make_.of_space(RuleId::kSpaceWithoutDescription, space), "no description");
  }
}

void MapJudge::run() {
  for (const auto& page : map_.pages()) {
    if (scope_.holds(page)) judge(page);
  }
  judge_trees();
  for (const auto& [id, space] : map_.spaces()) {
    if (scope_.holds(space)) judge(space);
  }
}

}  // namespace

Scope::Scope(const SiteMap& map, const Options& options)
    : map_(map),
      archived_(options.archived),
      space_ids_(options.space_ids.begin(), options.space_ids.end()) {}

bool Scope::holds(const store::SpaceRow& space) const {
  if (!space_ids_.empty() && !space_ids_.contains(space.id)) return false;
  return archived_ || space.status != "archived";
}

bool Scope::holds(const PageEntry& page) const {
  const bool standing =
      page.standing == Standing::kCurrent || (archived_ && page.standing == Standing::kArchived);
  if (!standing) return false;
  const auto* space = map_.space(page.space_id);
  return space == nullptr ? space_ids_.empty() : holds(*space);
}

void judge_map(const SiteMap& map, const Options& options, const Scope& scope,
               std::vector<Finding>& findings) {
  MapJudge(map, options, scope, findings).run();
}

store::Result<void> judge_drafts(store::Reader& reader, const SiteMap& map, const Options& options,
                                 std::vector<Finding>& findings) {
  if (!options.runs(RuleId::kUnpublishedDraft)) return {};
  store::JobFilter filter;
  filter.states = {store::JobState::kDone};
  auto jobs = reader.jobs(filter);
  if (!jobs) return store::fail(jobs.error());
  const FindingMaker make(map, options);
  const std::unordered_set<store::Id> spaces(options.space_ids.begin(), options.space_ids.end());
  for (const auto& job : *jobs) {
    const bool made_draft =
        job.action == store::JobAction::kCreatePage && job.status == "draft" && job.page_id;
    if (!made_draft || options.now - job.updated_at <= options.draft_after) continue;
    if (!spaces.empty() && !spaces.contains(job.space_id.value_or(0))) continue;
    const auto ours = reader.is_our_draft(*job.page_id);
    if (!ours) return store::fail(ours.error());
    if (!*ours) continue;
    PageEntry draft;
    draft.id = *job.page_id;
    draft.space_id = job.space_id.value_or(0);
    draft.title = job.title;
    auto finding = make.of_page(RuleId::kUnpublishedDraft, draft);
    finding.detail = "made by job " + std::to_string(job.id) + " on " + day_of(job.updated_at);
    findings.push_back(std::move(finding));
  }
  return {};
}

}  // namespace audit
