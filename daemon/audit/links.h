#pragma once

// Where a reference in a body leads, as far as that can be said without looking at the mirror: the
// forms of Confluence's own addresses, and the hosts of others. Pure; any thread.
// Forms: /wiki/spaces/KEY/pages/ID/Title, /wiki/spaces/KEY[/overview], /wiki/display/KEY[/Title],
// /wiki/pages/viewpage.action?pageId=ID (or spaceKey= and title=), /wiki/x/CODE (the id in base64),
// /wiki/download/attachments/ID/file; with or without the site's address before it.

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

// %41 and, in a query or an old address, '+'; what is no escape stays.
std::string percent_decoded(std::string_view text, bool plus_is_blank);
// The page id in the code of a short link: little-endian bytes in base64, with '-' for '/', '_' for
// '+', and without the 'A's at its end.
std::optional<store::Id> id_of_short_link(std::string_view code);

}  // namespace audit
