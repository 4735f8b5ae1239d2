#pragma once

// Pure: what to ask the site for, as targets (path and query) of its REST API. No I/O, any thread.

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "store/records.h"

namespace confluence {

// GET /wiki/api/v2/spaces. `status` is a single value: current or archived; empty = not filtered.
struct SpacesQuery {
  std::string status;
  std::optional<std::string> label;  // only spaces that carry it
  std::vector<store::Id> ids;        // at most 250; empty = no filter
  std::vector<std::string> keys;     // at most 250, without regard to case; empty = no filter
  std::string type;                  // a single value: personal, ...; empty = no filter
  bool details = true;               // description (plain) and icon
};
std::string spaces_target(const SpacesQuery& query);

// GET /wiki/api/v2/pages.
struct PagesQuery {
  std::vector<store::Id> space_ids;   // at most 100; empty = the whole site
  std::vector<store::Id> page_ids;    // at most 250; empty = no filter
  std::vector<std::string> statuses;  // current, archived, trashed, deleted
  std::optional<std::string> title;   // without regard to case
  std::string sort = "id";
  bool bodies = true;
  int limit = 250;
};
std::string pages_target(const PagesQuery& query);

// GET /wiki/api/v2/pages/{id}?body-format=storage, any status.
std::string page_target(store::Id page_id);

// The same with ?version=: the page as it was in that version.
std::string page_version_target(store::Id page_id, std::int32_t version);
// GET /wiki/api/v2/pages/{id}/direct-children by id: the default order loses rows
// (CONFCLOUD-84015). GET /wiki/api/v2/pages/{id}/descendants, ten levels deep, no more are given.
std::string children_target(store::Id page_id);
inline constexpr int kDeepestDescendants = 10;
std::string descendants_target(store::Id page_id);

// GET /wiki/api/v2/pages/{id}/versions, newest first.
std::string versions_target(store::Id page_id, bool bodies, int limit = 250);

// GET /wiki/api/v2/{folders,whiteboards,databases,embeds}/{id}; "" for a type that has no such
// route.
std::string node_target(std::string_view type, store::Id node_id);

// GET /wiki/api/v2/labels?prefix=team: the labels that spaces carry; and those of one space.
std::string team_labels_target();
std::string space_labels_target(store::Id space_id);

// The pages of a space that have this title (without regard to case on the site), with bodies:
// current, archived and trashed ones. The API lists no drafts.
std::string page_titled_target(store::Id space_id, std::string_view title);
// The draft of a page; the page itself where it has none.
std::string draft_target(store::Id page_id);

// A write, exactly as it leaves.
struct Write {
  Write(std::string write_method, std::string write_target, std::string write_body = {})
      : method(std::move(write_method)),
        target(std::move(write_target)),
        body(std::move(write_body)) {}
  std::string method;
  std::string target;
  std::string body;  // JSON
};

struct PageContent {
  std::string title;
  std::string status = "current";          // current or draft
  std::string representation = "storage";  // storage or wiki
  std::string body;
};

// POST /wiki/api/v2/pages. No parent: below the space's homepage.
Write create_page_write(store::Id space_id, std::optional<store::Id> parent_id,
                        const PageContent& content);
// PUT /wiki/api/v2/pages/{id}; `version` is the number that it becomes (of a draft: 1).
Write update_page_write(store::Id page_id, const PageContent& content, std::int32_t version,
                        const std::string& message, bool minor_edit);
// DELETE /wiki/api/v2/pages/{id}: into the trash; a draft for good.
Write delete_page_write(store::Id page_id, bool draft);
// PUT /wiki/rest/api/content/{id}/move/append/{parent} (v1: v2 cannot move without a new version).
Write move_page_write(store::Id page_id, store::Id parent_id);
// PUT /wiki/rest/api/content/{id}/move/after/{sibling}: to the top of the space, beside its
// homepage.
Write move_page_after_write(store::Id page_id, store::Id sibling_id);

// The same link with another `limit`; nothing else is touched. "" if the link has no limit to
// replace.
std::string with_limit(std::string_view link, int limit);
// The `limit` of a link, 0 if there is none.
int limit_of(std::string_view link);

}  // namespace confluence
