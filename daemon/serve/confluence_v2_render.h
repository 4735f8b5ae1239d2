#pragma once

// Pure: rows of the mirror as objects of Confluence's REST API v2, with the names, types and nulls
// of its OpenAPI document (https://developer.atlassian.com/cloud/confluence/rest/v2/). What the
// mirror does not know is left out, or null where the document lets it be. Any thread.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/serve/offline_json.h"
#include "store/listing.h"
#include "store/reader.h"

namespace serve {

struct SpaceForm {
  SpaceForm() = default;
  bool description = false;  // as plain text
  bool icon = false;
  bool of_listing = true;
  bool labels = false;
  std::string base;  // set: among the links
};
void put_space(JsonText& json, const store::SpaceRow& row, const SpaceForm& form);

struct PageForm {
  PageForm() = default;
  bool body = false;  // in the storage format
  bool version = true;
  bool of_listing = true;
  // Newest first; nullptr: not asked for.
  const std::vector<store::VersionRow>* versions = nullptr;
  std::string base;
};
void put_page(JsonText& json, const store::PageRow& row, const PageForm& form);

void put_version(JsonText& json, const store::Version& version);
// A row of the versions of a page.
void put_page_version(JsonText& json, store::Id page_id, const store::VersionRow& row,
                      const std::optional<std::string>& body);
// One of `all`, which is ascending. Its neighbours are named where their numbers are the next ones:
// what lies between could be a version that the mirror has not seen.
void put_version_detail(JsonText& json, const std::vector<store::VersionRow>& all,
                        std::size_t place);

void put_node(JsonText& json, const store::NodeRow& row, const std::string& base);
void put_child_page(JsonText& json, const store::ChildRow& row);
void put_direct_child(JsonText& json, const store::ChildRow& row);
void put_descendant(JsonText& json, const store::ChildRow& row);
void put_user(JsonText& json, const store::User& user);

}  // namespace serve
