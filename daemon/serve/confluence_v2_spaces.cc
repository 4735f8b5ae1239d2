// The spaces of the v2 API, their labels, and users.

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "daemon/serve/confluence_v2.h"
#include "daemon/serve/confluence_v2_render.h"
#include "daemon/serve/offline_listing.h"
#include "store/fold.h"

namespace serve {
namespace {

constexpr std::size_t kMostValues = 250;

struct SpaceFilter {
  std::set<store::Id> ids;
  std::set<std::string> keys;  // folded
  std::vector<std::string> labels;
  std::string type;
  std::string status;

  bool fits(const store::SpaceRow& row) const {
    if (!ids.empty() && !ids.contains(row.id)) return false;
    if (!keys.empty() && !keys.contains(store::fold_case(row.key)) &&
        !(row.current_alias && keys.contains(store::fold_case(*row.current_alias)))) {
      return false;
    }
    if (!type.empty() && row.type != type) return false;
    if (!status.empty() && row.status != status) return false;
    return labels.empty() ||
           std::any_of(labels.begin(), labels.end(), [&](const std::string& label) {
             return std::find(row.labels.begin(), row.labels.end(), label) != row.labels.end();
           });
  }
};

SpaceFilter read_space_filter(OfflineQuery& query) {
  SpaceFilter filter;
  const auto ids = query.ids("ids", kMostValues);
  filter.ids.insert(ids.begin(), ids.end());
  for (const auto& key : query.list("keys")) filter.keys.insert(store::fold_case(key));
  if (filter.keys.size() > kMostValues) {
    query.refuse({400, "The 'keys' parameter takes at most 250 values"});
  }
  filter.labels = query.list("labels");
  filter.type = query.one_of("type", {"global", "collaboration", "knowledge_base", "personal",
                                      "system", "onboarding", "xflow_sample_space"});
  filter.status = query.one_of("status", {"current", "archived"});
  for (const auto* name : {"favorited-by", "not-favorited-by"}) {
    if (query.has(name)) query.refuse(not_here("the favourites of users"));
  }
  return filter;
}

// Descriptions came as plain text.
bool wants_description(OfflineQuery& query) {
  const auto format = query.one_of("description-format", {"plain", "view"});
  if (format == "view") query.refuse(not_here("descriptions of spaces in the format view"));
  return format == "plain";
}

}  // namespace

store::Result<Response> v2_spaces(const Ask& ask, store::Reader& reader) {
  OfflineQuery query(ask.request);
  const SpaceFilter filter = read_space_filter(query);
  SpaceForm form;
  form.description = wants_description(query);
  form.icon = query.flag("include-icon");
  OfflineListing listing(ask, query, {"id", "key", "name"}, "id");
  if (query.problem()) return v2_error(*query.problem());
  auto spaces = reader.list_spaces();
  if (!spaces) return store::fail(spaces.error());
  std::erase_if(*spaces, [&](const store::SpaceRow& row) { return !filter.fits(row); });
  listing.choose(*spaces, [&](const store::SpaceRow& row) {
    store::ListPlace place;
    place.id = row.id;
    if (listing.order() == "key") place.text = store::fold_case(row.key);
    if (listing.order() == "name") place.text = store::fold_case(row.name);
    return place;
  });
  return listing.answer<store::SpaceRow>(
      *spaces, [&](JsonText& json, const store::SpaceRow& row) { put_space(json, row, form); });
}

static store::Result<std::optional<store::SpaceRow>> space_of_path(const Ask& ask,
                                                                   store::Reader& reader) {
  const auto id = parse_whole(ask.argument("id"));
  if (!id) return std::optional<store::SpaceRow>();
  return reader.space(*id);
}

store::Result<Response> v2_space(const Ask& ask, store::Reader& reader) {
  OfflineQuery query(ask.request);
  SpaceForm form;
  form.of_listing = false;
  form.description = wants_description(query);
  form.icon = query.flag("include-icon");
  form.labels = query.flag("include-labels");
  form.base = ask.base();
  for (const auto* name : {"include-operations", "include-properties", "include-permissions",
                           "include-role-assignments"}) {
    query.flag(name);
  }
  if (query.problem()) return v2_error(*query.problem());
  auto space = space_of_path(ask, reader);
  if (!space) return store::fail(space.error());
  if (!*space) return v2_error(cannot_find("space", ask.argument("id")));
  Response response;
  JsonText json(response.body);
  put_space(json, **space, form);
  note_synced_at(response, (*space)->synced_at);
  return response;
}

store::Result<Response> v2_space_labels(const Ask& ask, store::Reader& reader) {
  OfflineQuery query(ask.request);
  const auto prefixes = query.some_of("prefix", {"my", "team"});
  if (std::find(prefixes.begin(), prefixes.end(), "my") != prefixes.end()) {
    query.refuse(not_here("the labels of single users"));
  }
  OfflineListing listing(ask, query, {"name"}, "name");
  if (query.text("sort").ends_with("id") || query.text("sort").ends_with("created-date")) {
    return v2_error(not_here("ids and times of labels, to sort by them"));
  }
  if (query.problem()) return v2_error(*query.problem());
  auto space = space_of_path(ask, reader);
  if (!space) return store::fail(space.error());
  if (!*space) return v2_error(cannot_find("space", ask.argument("id")));
  auto labels = std::move((*space)->labels);
  listing.choose(labels, [](const std::string& label) {
    store::ListPlace place;
    place.text = label;
    return place;
  });
  return listing.answer<std::string>(labels, [](JsonText& json, const std::string& label) {
    json.open();
    json.text("name", label);
    json.close();
  });
}

store::Result<Response> v2_users_bulk(const Ask& ask, store::Reader& reader) {
  const auto json = nlohmann::json::parse(ask.request.body, nullptr, false);
  const auto ids = json.is_object() ? json.find("accountIds") : json.end();
  if (!json.is_object() || ids == json.end() || !ids->is_array() || ids->empty() ||
      ids->size() > kMostValues) {
    return v2_error(400, "'accountIds' must be a list of 1 to 250 account ids");
  }
  std::vector<std::string> accounts;
  for (const auto& id : *ids) {
    if (!id.is_string()) return v2_error(400, "an account id must be a string");
    accounts.push_back(id.get<std::string>());
  }
  auto users = reader.users(accounts);
  if (!users) return store::fail(users.error());
  Response response;
  JsonText out(response.body);
  out.open();
  out.open_array("results");
  for (const auto& user : *users) {
    if (user.display_name || user.account_status) put_user(out, user);
  }
  out.close_array();
  out.open("_links");
  out.text("base", ask.base());
  out.close();
  out.close();
  return response;
}

}  // namespace serve
