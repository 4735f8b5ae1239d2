#pragma once

// What an address in a body names on the site itself (storage_format/site_address.h has the forms),
// and how places are written into links. Pure; any thread.

#include <optional>
#include <string>
#include <string_view>

#include "store/records.h"

namespace exporting {

struct SiteLink {
  std::string url;                      // absolute
  bool of_site = false;                 // a page or a space; else nothing more is known
  std::optional<store::Id> content_id;  // of a page, or
  std::string space_key;                // with a title: of a page by title; alone: of a space
  std::string title;
  std::string anchor;  // decoded
};

// `site_url` without a slash at its end: "https://example.atlassian.net".
SiteLink read_link(std::string_view url, std::string_view site_url);

// For a path or a fragment; slashes stay.
std::string percent_encoded(std::string_view text);

// The way from a file in `folder` ("" = top) to the file `path`, percent-encoded.
std::string relative_href(std::string_view folder, std::string_view path);

}  // namespace exporting
