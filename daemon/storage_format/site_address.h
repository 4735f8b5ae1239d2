#pragma once

// What an address in a body means, without a look at anything: Confluence's own forms, and the
// hosts of others. Hostile input; nothing is fetched. Pure; any thread.
//
// Forms: /wiki/spaces/KEY/pages/ID[/Title] (edit-v2/ID too), /wiki/spaces/KEY[/overview],
// /wiki/display/KEY[/Title], /wiki/pages/viewpage.action?pageId=ID (or spaceKey= and title=),
// /wiki/x/CODE (the id in base64), /wiki/download/attachments/ID/file; with the site's address
// before it or relative to the site.
// Source: https://confluence.atlassian.com/doc/the-confluence-permalink-161188.html, real bodies.

#include <optional>
#include <string>
#include <string_view>

#include "store/records.h"

namespace storage_format {

struct SiteAddress {
  enum class Kind {
    kOther,      // of the site but none of these, or nothing that can be told
    kElsewhere,  // host
    kHere,       // nothing but an anchor: the page itself
    kPage,       // content_id, or space_key and title
    kSpace,      // space_key
    kFile,       // of the page content_id
  };
  Kind kind = Kind::kOther;
  std::optional<store::Id> content_id;
  std::string space_key;
  std::string title;
  std::string anchor;  // decoded; "" = none
  std::string host;    // as written, without user and port
};

// `site_url`: "https://your-domain.atlassian.net"
SiteAddress read_site_address(std::string_view url, std::string_view site_url);

// The page id in the code of a short link: little-endian bytes in base64, with '-' for '/', '_' for
// '+', and without the 'A's at its end.
std::optional<store::Id> id_of_short_link(std::string_view code);

}  // namespace storage_format
