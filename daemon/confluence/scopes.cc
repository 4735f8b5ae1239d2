#include "daemon/confluence/scopes.h"

namespace confluence {

const std::vector<ScopeNeed>& scope_needs() {
  static const std::vector<ScopeNeed> needs = {
      {"read:confluence-user", "who the site takes us for", false, "GET",
       "/wiki/rest/api/user/current"},
      {"read:space:confluence", "spaces", false, "GET", "/wiki/api/v2/spaces/0"},
      {"read:page:confluence", "pages, versions and labels of pages", false, "GET",
       "/wiki/api/v2/pages/0"},
      {"read:hierarchical-content:confluence", "the tree of a space", false, "GET",
       "/wiki/api/v2/pages/0/descendants"},
      {"read:label:confluence", "labels", false, "GET", "/wiki/api/v2/labels?limit=1"},
      {"read:user:confluence", "names of users", false, "POST", "/wiki/api/v2/users-bulk",
       R"({"accountIds":["0"]})"},
      {"read:folder:confluence", "folders", false, "GET", "/wiki/api/v2/folders/0"},
      {"read:whiteboard:confluence", "whiteboards", false, "GET", "/wiki/api/v2/whiteboards/0"},
      {"read:database:confluence", "databases", false, "GET", "/wiki/api/v2/databases/0"},
      {"read:embed:confluence", "embeds", false, "GET", "/wiki/api/v2/embeds/0"},
      {"write:page:confluence", "jobs that create, update and move pages", true, "PUT",
       "/wiki/api/v2/pages/0", "{}"},
      {"delete:page:confluence", "jobs that delete pages", true, "DELETE", "/wiki/api/v2/pages/0"},
  };
  return needs;
}

}  // namespace confluence
