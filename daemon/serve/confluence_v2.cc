#include "daemon/serve/confluence_v2.h"

namespace serve {

void note_synced_at(Response& response, store::Time at) {
  response.headers.emplace_back(kSyncedAtHeader, store::to_iso8601(at));
}

void note_incomplete(Response& response, std::string_view what) {
  for (auto& [name, value] : response.headers) {
    if (name != kIncompleteHeader) continue;
    value += ", " + std::string(what);
    return;
  }
  response.headers.emplace_back(kIncompleteHeader, what);
}

std::vector<OfflineRoute> v2_routes() {
  std::vector<OfflineRoute> routes = {
      {"GET", "/wiki/api/v2/spaces", v2_spaces},
      {"GET", "/wiki/api/v2/spaces/{id}", v2_space},
      {"GET", "/wiki/api/v2/spaces/{id}/pages", v2_space_pages},
      {"GET", "/wiki/api/v2/spaces/{id}/labels", v2_space_labels},
      {"GET", "/wiki/api/v2/pages", v2_pages},
      {"GET", "/wiki/api/v2/pages/{id}", v2_page},
      {"GET", "/wiki/api/v2/pages/{id}/versions", v2_versions},
      {"GET", "/wiki/api/v2/pages/{id}/versions/{number}", v2_version},
      {"GET", "/wiki/api/v2/pages/{id}/children", v2_child_pages},
      {"POST", "/wiki/api/v2/users-bulk", v2_users_bulk},
      {"GET", "/wiki/api/v2/pages/{id}/direct-children", v2_direct_children},
      {"GET", "/wiki/api/v2/pages/{id}/descendants", v2_descendants},
      {"GET", "/wiki/api/v2/pages/{id}/ancestors", v2_ancestors},
      {"GET", "/wiki/api/v2/folders/{id}", v2_node},
      {"GET", "/wiki/api/v2/folders/{id}/direct-children", v2_direct_children},
      {"GET", "/wiki/api/v2/folders/{id}/descendants", v2_descendants},
      {"GET", "/wiki/api/v2/folders/{id}/ancestors", v2_ancestors},
      {"GET", "/wiki/api/v2/whiteboards/{id}", v2_node},
      {"GET", "/wiki/api/v2/whiteboards/{id}/direct-children", v2_direct_children},
      {"GET", "/wiki/api/v2/whiteboards/{id}/descendants", v2_descendants},
      {"GET", "/wiki/api/v2/whiteboards/{id}/ancestors", v2_ancestors},
      {"GET", "/wiki/api/v2/databases/{id}", v2_node},
      {"GET", "/wiki/api/v2/databases/{id}/direct-children", v2_direct_children},
      {"GET", "/wiki/api/v2/databases/{id}/descendants", v2_descendants},
      {"GET", "/wiki/api/v2/databases/{id}/ancestors", v2_ancestors},
      {"GET", "/wiki/api/v2/embeds/{id}", v2_node},
      {"GET", "/wiki/api/v2/embeds/{id}/direct-children", v2_direct_children},
      {"GET", "/wiki/api/v2/embeds/{id}/descendants", v2_descendants},
      {"GET", "/wiki/api/v2/embeds/{id}/ancestors", v2_ancestors},
  };
  return routes;
}

std::vector<MissingRoute> v2_missing() {
  return {
      {"/wiki/api/v2/pages/{id}/labels", "the labels of pages"},
      {"/wiki/api/v2/pages/{id}/attachments", "attachments"},
      {"/wiki/api/v2/pages/{id}/footer-comments", "comments"},
      {"/wiki/api/v2/pages/{id}/inline-comments", "comments"},
      {"/wiki/api/v2/pages/{id}/custom-content", "custom content"},
      {"/wiki/api/v2/pages/{id}/operations", "permissions"},
      {"/wiki/api/v2/pages/{id}/classification-level", "classification levels"},
      {"/wiki/api/v2/pages/{id}/likes/count", "likes"},
      {"/wiki/api/v2/pages/{id}/likes/users", "likes"},
      {"/wiki/api/v2/pages/{id}/properties", "properties of pages"},
      {"/wiki/api/v2/pages/{id}/properties/{property}", "properties of pages"},
      {"/wiki/api/v2/spaces/{id}/blogposts", "blog posts"},
      {"/wiki/api/v2/spaces/{id}/content/labels", "the labels of pages"},
      {"/wiki/api/v2/spaces/{id}/custom-content", "custom content"},
      {"/wiki/api/v2/spaces/{id}/operations", "permissions"},
      {"/wiki/api/v2/spaces/{id}/permissions", "permissions"},
      {"/wiki/api/v2/spaces/{id}/role-assignments", "permissions"},
      {"/wiki/api/v2/spaces/{id}/properties", "properties of spaces"},
      {"/wiki/api/v2/spaces/{id}/properties/{property}", "properties of spaces"},
      {"/wiki/api/v2/labels", "the labels of pages"},
      {"/wiki/api/v2/labels/{id}/pages", "the labels of pages"},
      {"/wiki/api/v2/labels/{id}/blogposts", "blog posts"},
      {"/wiki/api/v2/labels/{id}/attachments", "attachments"},
      {"/wiki/api/v2/attachments", "attachments"},
      {"/wiki/api/v2/attachments/{id}", "attachments"},
      {"/wiki/api/v2/blogposts", "blog posts"},
      {"/wiki/api/v2/blogposts/{id}", "blog posts"},
      {"/wiki/api/v2/footer-comments", "comments"},
      {"/wiki/api/v2/footer-comments/{id}", "comments"},
      {"/wiki/api/v2/inline-comments", "comments"},
      {"/wiki/api/v2/inline-comments/{id}", "comments"},
      {"/wiki/api/v2/custom-content", "custom content"},
      {"/wiki/api/v2/custom-content/{id}", "custom content"},
      {"/wiki/api/v2/tasks", "tasks"},
      {"/wiki/api/v2/tasks/{id}", "tasks"},
  };
}

}  // namespace serve
