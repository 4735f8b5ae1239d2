// Spaces and the current user in the v1 API, and its routes.

#include <algorithm>
#include <limits>
#include <set>

#include "daemon/serve/confluence_v1.h"
#include "daemon/serve/confluence_v1_render.h"
#include "daemon/serve/offline_listing.h"
#include "store/fold.h"

namespace serve {
namespace {

constexpr std::int64_t kMostSpaces = 250;
constexpr std::int64_t kUsualSpaces = 25;

store::Result<std::optional<store::PageRow>> homepage_of(store::Reader& reader,
                                                         const store::SpaceRow& space,
                                                         const Expand& expand) {
  if (!expand.has("homepage") || !space.homepage_id) return std::optional<store::PageRow>();
  auto row = reader.page(*space.homepage_id, false);
  if (row && *row && (*row)->gone_at) return std::optional<store::PageRow>();
  return row;
}

}  // namespace

store::Result<Response> v1_spaces(const Ask& ask, store::Reader& reader) {
  OfflineQuery query(ask.request);
  const auto keys = query.list("spaceKey");
  const auto type = query.one_of("type", {"global", "personal"});
  const auto status = query.one_of("status", {"current", "archived"});
  const auto start = query.whole("start", 0, std::numeric_limits<std::int32_t>::max(), 0);
  const auto limit = std::min(
      kMostSpaces, query.whole("limit", 0, std::numeric_limits<std::int32_t>::max(), kUsualSpaces));
  if (query.has("favourite")) return v1_error(not_here("the favourites of users"));
  if (query.problem()) return v1_error(*query.problem());
  std::set<std::string> folded;
  for (const auto& key : keys) folded.insert(store::fold_case(key));
  auto spaces = reader.list_spaces();
  if (!spaces) return store::fail(spaces.error());
  std::erase_if(*spaces, [&](const store::SpaceRow& row) {
    if (!folded.empty() && !folded.contains(store::fold_case(row.key))) return true;
    if (!type.empty() && (row.type == "personal") != (type == "personal")) return true;
    return !status.empty() && row.status != status;
  });
  const auto all = static_cast<std::int64_t>(spaces->size());
  const auto begin = std::min(start, all);
  const auto end = std::min(begin + limit, all);
  V1Form form;
  form.expand = Expand(query.list("expand"));
  form.base = ask.base();
  form.alone = false;
  Response response;
  JsonText json(response.body);
  json.open();
  json.open_array("results");
  for (auto at = begin; at < end; ++at) {
    const auto& space = (*spaces)[static_cast<std::size_t>(at)];
    auto homepage = homepage_of(reader, space, form.expand);
    if (!homepage) return store::fail(homepage.error());
    put_v1_space(json, space, form, *homepage);
  }
  json.close_array();
  V1Part part;
  part.start = start;
  part.limit = limit;
  part.size = end - begin;
  part.self = v1_link(ask, start, limit);
  if (end < all && limit > 0) part.next = v1_link(ask, end, limit);
  put_v1_part(json, part, form.base);
  json.close();
  return response;
}

store::Result<Response> v1_space(const Ask& ask, store::Reader& reader) {
  OfflineQuery query(ask.request);
  V1Form form;
  form.expand = Expand(query.list("expand"));
  form.base = ask.base();
  auto space = reader.space_by_key(ask.argument("key"));
  if (!space) return store::fail(space.error());
  if (!*space) return v1_error(404, "No space with key : " + ask.argument("key"));
  auto homepage = homepage_of(reader, **space, form.expand);
  if (!homepage) return store::fail(homepage.error());
  Response response;
  JsonText json(response.body);
  put_v1_space(json, **space, form, *homepage);
  note_synced_at(response, (*space)->synced_at);
  return response;
}

// The account that the mirror was made with; of it no more than the mirror was told.
store::Result<Response> v1_current_user(const Ask& ask, store::Reader& reader) {
  auto account = reader.meta("account_id");
  if (!account) return store::fail(account.error());
  Response response;
  JsonText json(response.body);
  json.open();
  if (!*account) {
    json.text("type", "unknown");
  } else {
    auto users = reader.users({**account});
    if (!users) return store::fail(users.error());
    json.text("type", "known");
    json.text("accountId", **account);
    if (!users->empty() && users->front().display_name) {
      json.text("publicName", *users->front().display_name);
      json.text("displayName", *users->front().display_name);
    }
  }
  json.open("_links");
  if (*account) {
    json.text("self", ask.base() + "/rest/api/user?accountId=" + percent_encoded(**account));
  }
  json.text("base", ask.base());
  json.text("context", "/wiki");
  json.close();
  json.close();
  return response;
}

std::vector<OfflineRoute> v1_routes() {
  return {
      {"GET", "/wiki/rest/api/content", v1_contents},
      {"GET", "/wiki/rest/api/content/{id}", v1_content},
      {"GET", "/wiki/rest/api/content/{id}/child/page", v1_child_pages},
      {"GET", "/wiki/rest/api/content/{id}/version", v1_versions},
      {"GET", "/wiki/rest/api/space", v1_spaces},
      {"GET", "/wiki/rest/api/space/{key}", v1_space},
      {"GET", "/wiki/rest/api/user/current", v1_current_user},
  };
}

std::vector<MissingRoute> v1_missing() {
  return {
      {"/wiki/rest/api/search", "search by CQL (GET /v1/search searches it)"},
      {"/wiki/rest/api/content/search", "search by CQL (GET /v1/search searches it)"},
      {"/wiki/rest/api/content/{id}/child/attachment", "attachments"},
      {"/wiki/rest/api/content/{id}/child/comment", "comments"},
      {"/wiki/rest/api/content/{id}/label", "the labels of pages"},
      {"/wiki/rest/api/content/{id}/restriction", "restrictions"},
      {"/wiki/rest/api/content/{id}/restriction/byOperation", "restrictions"},
      {"/wiki/rest/api/content/{id}/property", "properties of pages"},
      {"/wiki/rest/api/content/{id}/descendant", "descendants in the form of v1"},
      {"/wiki/rest/api/content/{id}/history", "the history in the form of v1"},
      {"/wiki/rest/api/user", "users in the form of v1"},
  };
}

}  // namespace serve
