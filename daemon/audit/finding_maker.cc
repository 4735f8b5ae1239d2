#include "daemon/audit/finding_maker.h"

#include "daemon/audit/secrets.h"
#include "daemon/audit/text.h"
#include "store/fold.h"

namespace audit {

namespace {

// All but what needs no escape in a path.
std::string percent_encoded(std::string_view text) {
  static constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_' || c == '.' || c == '~';
    const auto byte = static_cast<unsigned char>(c);
    if (plain) {
      encoded += c;
    } else {
      encoded.append("%").append(1, kHex[byte >> 4]).append(1, kHex[byte & 15U]);
    }
  }
  return encoded;
}

}  // namespace

std::string FindingMaker::url_of(std::string_view path) const {
  const auto& site = map_.site_url();
  const bool http = site.starts_with("https://") || site.starts_with("http://");
  if (!http || site.find_first_of(" \t\r\n\"'<>\\") != site.npos) return {};
  return site + "/wiki" + std::string(path);
}

Finding FindingMaker::of_page(RuleId rule, const PageEntry& page) const {
  Finding finding = of_site(rule);
  finding.page_id = page.id;
  finding.space_id = page.space_id;
  finding.title = shown(page.title);
  // The address of the site carries the title as well, which may hold anything: the id is enough.
  const auto id = std::to_string(page.id);
  if (const auto* space = map_.space(page.space_id)) {
    finding.space_key = shown(space->key);
    finding.url = url_of("/spaces/" + percent_encoded(mask_secrets(space->key)) + "/pages/" + id);
  } else {
    finding.url = url_of("/pages/viewpage.action?pageId=" + id);
  }
  return finding;
}

Finding FindingMaker::of_space(RuleId rule, const store::SpaceRow& space) const {
  Finding finding = of_site(rule);
  finding.space_id = space.id;
  finding.space_key = shown(space.key);
  finding.title = shown(space.name);
  finding.url = url_of("/spaces/" + percent_encoded(mask_secrets(space.key)));
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
