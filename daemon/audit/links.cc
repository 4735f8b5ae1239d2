#include "daemon/audit/links.h"

#include <utility>

#include "daemon/audit/secrets.h"
#include "daemon/storage_format/site_address.h"

namespace audit {

namespace {

using storage_format::Reference;
using storage_format::SiteAddress;

std::string lower_case(std::string_view text) {
  std::string folded(text);
  for (char& c : folded) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return folded;
}

}  // namespace

Target target_of_url(std::string_view text, std::string_view site_url) {
  auto address = storage_format::read_site_address(text, site_url);
  Target target;
  switch (address.kind) {
    case SiteAddress::Kind::kOther:
      return target;
    case SiteAddress::Kind::kElsewhere:
      target.kind = Target::Kind::kExternal;
      // Masked before its case is lost, by which a secret is known.
      target.host = lower_case(mask_secrets(address.host));
      return target;
    case SiteAddress::Kind::kHere:
    case SiteAddress::Kind::kPage:
    case SiteAddress::Kind::kFile:
      target.kind = Target::Kind::kPage;
      break;
    case SiteAddress::Kind::kSpace:
      target.kind = Target::Kind::kSpace;
  }
  target.page_id = address.content_id;
  target.space_key = std::move(address.space_key);
  target.title = std::move(address.title);
  target.anchor = std::move(address.anchor);
  return target;
}

Target target_of(const Reference& reference, std::string_view site_url) {
  Target target;
  switch (reference.kind) {
    case Reference::Kind::kUrl:
      return target_of_url(reference.url, site_url);
    case Reference::Kind::kPage:
      target.kind = Target::Kind::kPage;
      break;
    case Reference::Kind::kAttachment:
      // The page that the file hangs on; which files there are, the mirror does not know.
      if (reference.title.empty()) return target;
      target.kind = Target::Kind::kPage;
      break;
    case Reference::Kind::kContent:
      if (!reference.content_id) return target;
      target.kind = Target::Kind::kPage;
      target.page_id = reference.content_id;
      break;
    case Reference::Kind::kSpace:
      if (reference.space_key.empty()) return target;
      target.kind = Target::Kind::kSpace;
      break;
    case Reference::Kind::kBlogPost:
    case Reference::Kind::kUser:
    case Reference::Kind::kShortcut:
      return target;
  }
  target.space_key = reference.space_key;
  target.title = reference.title;
  target.anchor = reference.anchor;
  return target;
}

}  // namespace audit
