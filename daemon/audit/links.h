#pragma once

// Where a reference in a body leads, as far as that can be said without looking at the mirror: the
// forms of Confluence's own addresses, and the hosts of others. Pure; any thread.
// The forms are those of storage_format/site_address.h.

#include <optional>
#include <string>
#include <string_view>

#include "daemon/storage_format/reference.h"
#include "store/records.h"

namespace audit {

struct Target {
  enum class Kind {
    kUnknown,   // nothing that can be judged: a file, a person, a blog post, Jira
    kPage,      // page_id, or space_key ("" = the page's own) and title ("" = the page itself)
    kSpace,     // space_key
    kExternal,  // host
  };
  Kind kind = Kind::kUnknown;
  std::optional<store::Id> page_id;
  std::string space_key;
  std::string title;
  std::string anchor;  // decoded; "" = none
  std::string host;    // in lower case, without port and secrets
};

// `site_url`: "https://example.atlassian.net"
Target target_of(const storage_format::Reference& reference, std::string_view site_url);
Target target_of_url(std::string_view url, std::string_view site_url);

}  // namespace audit
