#include "daemon/audit/finding_maker.h"

#include "daemon/audit/secrets.h"
#include "daemon/audit/text.h"
#include "store/fold.h"

namespace audit {

Finding FindingMaker::of_page(RuleId rule, const PageEntry& page) const {
  Finding finding = of_site(rule);
  finding.page_id = page.id;
  finding.space_id = page.space_id;
  finding.title = shown(page.title);
  if (const auto* space = map_.space(page.space_id)) finding.space_key = shown(space->key);
  return finding;
}

Finding FindingMaker::of_space(RuleId rule, const store::SpaceRow& space) const {
  Finding finding = of_site(rule);
  finding.space_id = space.id;
  finding.space_key = shown(space.key);
  finding.title = shown(space.name);
  return finding;
}

Finding FindingMaker::of_site(RuleId rule) const {
  Finding finding;
  finding.rule = rule;
  finding.severity = options_.severity(rule);
  return finding;
}

std::string FindingMaker::named(const PageEntry& page) {
  return "'" + shown(page.title) + "' (" + std::to_string(page.id) + ")";
}

std::string FindingMaker::key_part(std::string_view text) {
  // Masked first: a secret in lower case is no secret any more to the eye that looks for it.
  return store::fold_case(mask_secrets(one_line(text)));
}

}  // namespace audit
