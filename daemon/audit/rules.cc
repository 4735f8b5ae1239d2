#include "daemon/audit/rules.h"

#include <algorithm>

namespace audit {

namespace {

using enum Severity;

constexpr std::array<Rule, kRuleCount> kRules{{
    {RuleId::kSecretInBody, "secret-in-body", kError, "Secrets in pages",
     "A page holds what looks like a key, a token, a private key or a password. Everyone who may "
     "read the page has it, and so has every older version, backup and export.",
     "Revoke it first, then take it out of the page, then purge the versions that hold it.", ""},
    {RuleId::kBrokenLink, "broken-link", kError, "Links that lead nowhere",
     "A link names a page or a space, by title, id or address, that the mirror does not have: "
     "deleted, renamed by hand, mistyped, or not visible to the account that mirrors.",
     "Point the link to the page that took its place, or take it away.", ""},
    {RuleId::kBrokenAnchor, "broken-anchor", kWarning, "Links to a heading that is not there",
     "A link leads to a place within a page, and the page has no heading or anchor of that name.",
     "Link to a heading that is there, or to the page alone.", ""},
    {RuleId::kLinkToTrashed, "link-to-trashed", kWarning, "Links to pages in the trash",
     "A link leads to a page that lies in the trash; readers get an error.",
     "Restore the page, or point the link elsewhere.", ""},
    {RuleId::kLinkToArchived, "link-to-archived", kInfo, "Links to archived pages",
     "A link leads to a page that was archived, which says that it is out of date.",
     "Point the link to what is in force today, or restore the page from the archive.", ""},
    {RuleId::kMissingBody, "missing-body", kWarning, "Pages without a body in the mirror",
     "The mirror knows the page and has not got its body, so no rule could look at it.",
     "Run 'confmirror sync'; 'confmirror status' names what the site could not deliver.", ""},
    {RuleId::kMalformedBody, "malformed-body", kWarning, "Pages whose body is not well-formed",
     "The body breaks the rules of storage format. Confluence shows it somehow; editors and "
     "programs may lose parts of it.",
     "Open the page in the editor and save it again.", ""},
    {RuleId::kOrphanPage, "orphan-page", kWarning, "Pages that no tree leads to",
     "The page has no parent and is not the homepage of its space, or its parent is gone, in the "
     "trash or archived: nobody comes across it by following the tree.",
     "Move it below the page where readers would look for it.", ""},
    {RuleId::kEmptyPage, "empty-page", kWarning, "Empty pages",
     "The page shows nothing: no text, no picture, no macro.",
     "Write it, or delete it. Where it only groups its children, let it list them.", ""},
    {RuleId::kUnresolvedPlaceholder, "unresolved-placeholder", kWarning,
     "Templates that nobody filled in",
     "The page still shows instructions or variables of the template that it was made from, or "
     "filler text.",
     "Fill the places in, or delete them.", ""},
    {RuleId::kDuplicatePage, "duplicate-page", kWarning, "Pages with the same text",
     "The page has word for word the text of another one.",
     "Keep one of them, and link or include it from the other place.", "audit.duplicate_words"},
    {RuleId::kNearDuplicatePage, "near-duplicate-page", kInfo, "Pages with nearly the same text",
     "Most of the page's text stands on another page too; the two will drift apart.",
     "Merge them, or move what they share to a page that both include.",
     "audit.near_duplicate_percent, audit.near_duplicate_words"},
    {RuleId::kStalePage, "stale-page", kWarning, "Pages that nobody has changed for long",
     "The page's last change is older than its space allows.",
     "Ask its owner: confirm it by an edit, mend it, or archive it.",
     "audit.stale_after, audit.stale_after_by_space"},
    {RuleId::kNeverUpdated, "never-updated", kInfo, "Pages never changed since they were made",
     "The page is still in its first version, long after it was created.",
     "See whether anybody needs it; archive what was written once and forgotten.",
     "audit.never_updated_after"},
    {RuleId::kNoOwner, "no-owner", kWarning, "Pages without an owner",
     "The page names no owner, or its owner's account is closed or inactive: nobody answers for "
     "it.",
     "Give it an owner who works on its subject.", ""},
    {RuleId::kUnpublishedDraft, "unpublished-draft", kWarning, "Drafts that were never published",
     "confmirror created the draft and nobody has published it since. Confluence lists drafts to "
     "their author alone.",
     "Publish it or discard it: 'confmirror action update_page' or 'delete_page'.",
     "audit.draft_after"},
    {RuleId::kHugePage, "huge-page", kWarning, "Huge pages",
     "The body is so large that it opens and saves slowly, and that saving may fail.",
     "Split it into a page and its children.", "audit.huge_page_bytes"},
    {RuleId::kDeepTree, "deep-tree", kInfo, "Trees that are too deep",
     "The page lies deeper below the top of its space than readers find their way.",
     "Raise the branch, or give it a page of its own at the top.", "audit.max_depth"},
    {RuleId::kSpaceWithoutHomepage, "space-without-homepage", kWarning, "Spaces without a homepage",
     "The space names no homepage, or its homepage is gone, in the trash or archived.",
     "Choose a homepage in the space's settings.", ""},
    {RuleId::kSpaceWithoutDescription, "space-without-description", kInfo,
     "Spaces without a description",
     "The space does not say what it is for; personal spaces are left out.",
     "Say in a sentence in the space's settings what it holds and for whom.", ""},
    {RuleId::kExternalLinkHost, "external-link-host", kInfo, "Hosts that pages link to",
     "An inventory of the addresses outside of this site, one finding for each host.",
     "Look for hosts that were given up, and for those that nobody should link to.", ""},
}};

constexpr bool in_order() {
  for (std::size_t i = 0; i < kRuleCount; ++i) {
    if (index_of(kRules[i].id) != i) return false;
  }
  return true;
}
static_assert(in_order());

}  // namespace

std::string_view to_string(Severity severity) {
  switch (severity) {
    case kInfo:
      return "info";
    case kWarning:
      return "warning";
    case kError:
      break;
  }
  return "error";
}

std::optional<Severity> parse_severity(std::string_view text) {
  for (const auto severity : kSeverities) {
    if (to_string(severity) == text) return severity;
  }
  return std::nullopt;
}

const std::array<Rule, kRuleCount>& rules() { return kRules; }

const Rule& rule_of(RuleId id) { return kRules[index_of(id)]; }

const Rule* find_rule(std::string_view name) {
  const auto* const found = std::find_if(kRules.begin(), kRules.end(),
                                         [name](const Rule& rule) { return rule.name == name; });
  return found == kRules.end() ? nullptr : found;
}

}  // namespace audit
