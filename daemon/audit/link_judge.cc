#include "daemon/audit/link_judge.h"

#include <string_view>

#include "daemon/audit/finding_maker.h"
#include "daemon/audit/text.h"

namespace audit {

namespace {

LinkJudge::Verdict broken(std::string key, std::string detail) {
  return {RuleId::kBrokenLink, std::move(key), std::move(detail), nullptr};
}

}  // namespace

LinkJudge::Verdict LinkJudge::judge_page(const PageEntry& page) const {
  Verdict verdict;
  verdict.page = &page;
  verdict.key = "page:" + std::to_string(page.id);
  const auto named = FindingMaker::named(page);
  switch (page.standing) {
    case Standing::kCurrent:
    case Standing::kExcluded:
      break;
    case Standing::kArchived:
      verdict.fault = RuleId::kLinkToArchived;
      verdict.detail = named + " is archived";
      break;
    case Standing::kTrashed:
      verdict.fault = RuleId::kLinkToTrashed;
      verdict.detail = named + " is in the trash";
      break;
    case Standing::kDraft:
      verdict.fault = RuleId::kBrokenLink;
      verdict.detail = named + " is a draft";
      break;
    case Standing::kGone:
      verdict.fault = RuleId::kBrokenLink;
      verdict.detail = named + " is gone from the site";
      if (page.gone_at > store::Time()) verdict.detail += " since " + day_of(page.gone_at);
      break;
  }
  return verdict;
}

LinkJudge::Verdict LinkJudge::judge_id(store::Id id) const {
  if (const auto* page = map_.page(id)) return judge_page(*page);
  const auto number = std::to_string(id);
  if (const auto* node = map_.node(id)) {
    if (node->standing == Standing::kCurrent || node->standing == Standing::kExcluded) return {};
    return broken("node:" + number, "the " + shown(node->type) + " " + number + " is gone");
  }
  return broken("page:" + number, "page " + number + " is not in the mirror");
}

LinkJudge::Verdict LinkJudge::judge_space(const std::string& key) const {
  if (map_.space_by_key(key) != nullptr || !is_mirrored(key)) return {};
  return broken("space:" + FindingMaker::key_part(key),
                "space '" + shown(key) + "' is not in the mirror");
}

LinkJudge::Verdict LinkJudge::judge_title(const Target& target) const {
  store::Id space_id = page_.space_id;
  if (!target.space_key.empty()) {
    const auto* space = map_.space_by_key(target.space_key);
    if (space == nullptr) {
      auto verdict = judge_space(target.space_key);
      if (verdict.fault) {
        verdict.key += "/" + FindingMaker::key_part(target.title);
        verdict.detail = "'" + shown(target.title) + "': space '" + shown(target.space_key) +
                         "' is not in the mirror";
      }
      return verdict;
    }
    space_id = space->id;
  }
  if (const auto* page = map_.page_by_title(space_id, target.title)) return judge_page(*page);
  const auto* space = map_.space(space_id);
  const auto key = space == nullptr ? std::string() : space->key;
  auto detail = "no page '" + shown(target.title) + "'";
  if (!key.empty()) detail += " in space '" + shown(key) + "'";
  return broken("title:" + std::to_string(space_id) + "/" + FindingMaker::key_part(target.title),
                std::move(detail));
}

LinkJudge::Verdict LinkJudge::judge(const Target& target) const {
  switch (target.kind) {
    case Target::Kind::kUnknown:
    case Target::Kind::kExternal:
      return {};
    case Target::Kind::kSpace:
      return judge_space(target.space_key);
    case Target::Kind::kPage:
      break;
  }
  if (target.page_id) return judge_id(*target.page_id);
  if (!target.title.empty()) return judge_title(target);
  if (!target.space_key.empty()) return judge_space(target.space_key);
  Verdict itself;
  itself.page = &page_;
  return itself;
}

}  // namespace audit
