#pragma once

// Pure: what to ask the site for, as targets (path and query) of its REST API. No I/O, any thread.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/records.h"

namespace confluence {

// GET /wiki/api/v2/spaces. `status` is a single value: current or archived; empty = not filtered.
struct SpacesQuery {
  std::string status;
  std::optional<std::string> label;  // only spaces that carry it
  std::vector<store::Id> ids;        // at most 250; empty = no filter
  bool details = true;               // description (plain) and icon
};
std::string spaces_target(const SpacesQuery& query);

// GET /wiki/api/v2/pages.
struct PagesQuery {
  std::vector<store::Id> space_ids;   // at most 100; empty = the whole site
  std::vector<store::Id> page_ids;    // at most 250; empty = no filter
  std::vector<std::string> statuses;  // current, archived, trashed, deleted
  std::string sort = "id";
  bool bodies = true;
  int limit = 250;
};
std::string pages_target(const PagesQuery& query);

// GET /wiki/api/v2/pages/{id}?body-format=storage, any status.
std::string page_target(store::Id page_id);

// GET /wiki/api/v2/pages/{id}/versions, newest first.
std::string versions_target(store::Id page_id, bool bodies, int limit = 250);

// GET /wiki/api/v2/{folders,whiteboards,databases,embeds}/{id}; "" for a type that has no such
// route.
std::string node_target(std::string_view type, store::Id node_id);

// GET /wiki/api/v2/labels?prefix=team: the labels that spaces carry; and those of one space.
std::string team_labels_target();
std::string space_labels_target(store::Id space_id);

// The same link with another `limit`; nothing else is touched. "" if the link has no limit to
// replace.
std::string with_limit(std::string_view link, int limit);
// The `limit` of a link, 0 if there is none.
int limit_of(std::string_view link);

}  // namespace confluence
