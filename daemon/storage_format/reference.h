#pragma once

// What a body names outside itself: another page, a file, a person, an address. As the body says
// it, nothing is looked up: pages are named by title, and a title without a space is one of the
// page's own space. Plain values; any thread.
// Source: https://confluence.atlassian.com/doc/confluence-storage-format-790796544.html ("Resource
// identifiers").

#include <optional>
#include <string>

#include "store/records.h"

namespace storage_format {

struct Reference {
  enum class Kind {
    kPage,        // space_key, title; both empty: the page itself
    kBlogPost,    // space_key, title, posting_day
    kAttachment,  // file_name; of the page that space_key and title name, else of the page itself
    kUrl,         // url, exactly as written: absolute, or relative to the site
    kUser,        // account_id
    kSpace,       // space_key
    kShortcut,    // shortcut_key, shortcut_parameter
    kContent,     // content_id
  };
  bool operator==(const Reference&) const = default;

  Kind kind = Kind::kPage;
  std::string space_key;
  std::string title;
  std::string anchor;  // within the target, decoded; "" = none
  std::string file_name;
  std::string url;
  std::string account_id;
  std::string posting_day;
  std::string shortcut_key;
  std::string shortcut_parameter;
  std::optional<store::Id> content_id;
};

}  // namespace storage_format
