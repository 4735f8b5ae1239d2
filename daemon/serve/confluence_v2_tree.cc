// The tree of pages, folders, whiteboards, databases and embeds in the v2 API.

#include <algorithm>
#include <array>
#include <limits>
#include <set>

#include "daemon/serve/confluence_v2.h"
#include "daemon/serve/confluence_v2_render.h"
#include "daemon/serve/offline_listing.h"

namespace serve {
namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kKinds = {
    {{"pages", "page"},
     {"folders", "folder"},
     {"whiteboards", "whiteboard"},
     {"databases", "database"},
     {"embeds", "embed"}}};
constexpr std::int64_t kUsualDepth = 2;
constexpr std::int64_t kMostDepth = 10;
constexpr std::int64_t kMostAncestors = 250;
constexpr std::int64_t kUsualAncestors = 25;

// What the path speaks of: /wiki/api/v2/<kind>/{id}/...
std::string_view kind_of_path(const Ask& ask) {
  const auto& segment = ask.request.segments.at(3);
  const auto* found = std::find_if(kKinds.begin(), kKinds.end(),
                                   [&](const auto& kind) { return kind.first == segment; });
  return found == kKinds.end() ? std::string_view() : found->second;
}

struct Place {
  store::Id id = 0;
  std::optional<store::Id> parent_id;
  std::optional<std::string> parent_type;
};

// nullopt: not there, or something else.
store::Result<std::optional<Place>> place_in_tree(store::Reader& reader, store::Id id,
                                                  std::string_view kind) {
  Place place;
  place.id = id;
  if (kind == "page") {
    auto row = reader.page(id, false);
    if (!row) return store::fail(row.error());
    if (!*row || (*row)->gone_at) return std::optional<Place>();
    place.parent_id = (*row)->parent_id;
    place.parent_type = (*row)->parent_type;
    return std::optional(std::move(place));
  }
  auto row = reader.node(id);
  if (!row) return store::fail(row.error());
  if (!*row || (*row)->gone_at || (*row)->type != kind) return std::optional<Place>();
  place.parent_id = (*row)->parent_id;
  place.parent_type = (*row)->parent_type;
  return std::optional(std::move(place));
}

store::Result<std::optional<Place>> place_of_path(const Ask& ask, store::Reader& reader) {
  return place_in_tree(reader, parse_whole(ask.argument("id")).value_or(0), kind_of_path(ask));
}

store::ListPlace place_by(const store::ChildRow& row, std::string_view order) {
  store::ListPlace place;
  place.id = row.id;
  if (order == "title") place.text = row.title;
  if (order == "created-date") place.number = row.created_at.time_since_epoch().count();
  if (order == "modified-date") place.number = row.modified_at.time_since_epoch().count();
  if (order == "child-position") {
    place.number = row.position.value_or(std::numeric_limits<std::int64_t>::max());
  }
  return place;
}

store::Result<Response> children(const Ask& ask, store::Reader& reader, bool pages_only) {
  OfflineQuery query(ask.request);
  std::vector<std::string_view> sorts = {"child-position", "id", "created-date", "modified-date"};
  if (!pages_only) sorts.emplace_back("title");
  OfflineListing listing(ask, query, sorts, "child-position");
  if (query.problem()) return v2_error(*query.problem());
  auto place = place_of_path(ask, reader);
  if (!place) return store::fail(place.error());
  if (!*place) return v2_error(cannot_find(kind_of_path(ask), ask.argument("id")));
  auto rows = reader.list_children((*place)->id);
  if (!rows) return store::fail(rows.error());
  if (pages_only) {
    std::erase_if(*rows, [](const store::ChildRow& row) { return row.type != "page"; });
  }
  listing.choose(*rows, [&](const store::ChildRow& row) { return place_by(row, listing.order()); });
  return listing.answer<store::ChildRow>(*rows, pages_only ? put_child_page : put_direct_child);
}

}  // namespace

store::Result<Response> v2_child_pages(const Ask& ask, store::Reader& reader) {
  return children(ask, reader, true);
}

store::Result<Response> v2_direct_children(const Ask& ask, store::Reader& reader) {
  return children(ask, reader, false);
}

store::Result<Response> v2_descendants(const Ask& ask, store::Reader& reader) {
  OfflineQuery query(ask.request);
  const auto depth = query.whole("depth", 1, kMostDepth, kUsualDepth);
  OfflineListing listing(ask, query, {"id"}, "id");
  if (query.problem()) return v2_error(*query.problem());
  auto place = place_of_path(ask, reader);
  if (!place) return store::fail(place.error());
  if (!*place) return v2_error(cannot_find(kind_of_path(ask), ask.argument("id")));
  const store::Id after = listing.after() ? listing.after()->id : 0;
  auto rows =
      reader.list_descendants((*place)->id, static_cast<int>(depth), after, listing.limit() + 1);
  if (!rows) return store::fail(rows.error());
  listing.cut(*rows, [](const store::ChildRow& row) { return place_by(row, "id"); });
  return listing.answer<store::ChildRow>(*rows, put_descendant);
}

store::Result<Response> v2_ancestors(const Ask& ask, store::Reader& reader) {
  OfflineQuery query(ask.request);
  const auto limit = query.whole("limit", 1, kMostAncestors, kUsualAncestors);
  if (query.problem()) return v2_error(*query.problem());
  auto place = place_of_path(ask, reader);
  if (!place) return store::fail(place.error());
  if (!*place) return v2_error(cannot_find(kind_of_path(ask), ask.argument("id")));
  std::vector<std::pair<store::Id, std::string>> above;  // nearest first
  std::set<store::Id> seen{(*place)->id};
  std::optional<Place> at = std::move(*place);
  while (at && at->parent_id && static_cast<std::int64_t>(above.size()) < limit) {
    if (!seen.insert(*at->parent_id).second) break;
    const auto type = at->parent_type.value_or("page");
    above.emplace_back(*at->parent_id, type);
    auto next = place_in_tree(reader, *at->parent_id, type);
    if (!next) return store::fail(next.error());
    at = std::move(*next);
  }
  Response response;
  JsonText json(response.body);
  json.open();
  json.open_array("results");
  for (auto row = above.rbegin(); row != above.rend(); ++row) {
    json.open();
    json.id("id", row->first);
    json.text("type", row->second);
    json.close();
  }
  json.close_array();
  if (kind_of_path(ask) == "page") {  // the document has links of pages' ancestors alone
    json.open("_links");
    json.text("base", ask.base());
    json.close();
  }
  json.close();
  return response;
}

store::Result<Response> v2_node(const Ask& ask, store::Reader& reader) {
  const auto kind = kind_of_path(ask);
  auto row = reader.node(parse_whole(ask.argument("id")).value_or(0));
  if (!row) return store::fail(row.error());
  if (!*row || (*row)->gone_at || (*row)->type != kind) {
    return v2_error(cannot_find(kind, ask.argument("id")));
  }
  Response response;
  JsonText json(response.body);
  put_node(json, **row, ask.base());
  note_synced_at(response, (*row)->synced_at);
  return response;
}

}  // namespace serve
