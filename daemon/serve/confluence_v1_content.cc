// Pages in the v1 API.

#include <algorithm>
#include <limits>
#include <set>

#include "daemon/serve/confluence_v1.h"
#include "daemon/serve/confluence_v1_render.h"
#include "daemon/serve/offline_drafts.h"
#include "daemon/serve/offline_listing.h"

namespace serve {
namespace {

constexpr std::int64_t kMostRows = 250;
constexpr std::int64_t kMostRowsWithBodies = 50;
constexpr std::int64_t kUsualRows = 25;
constexpr std::size_t kMostAncestors = 200;

using Statuses = std::vector<std::string>;

Statuses statuses_of(OfflineQuery& query, const Statuses& otherwise) {
  auto statuses =
      query.some_of("status", {"current", "archived", "trashed", "deleted", "draft", "any"});
  if (std::find(statuses.begin(), statuses.end(), "any") != statuses.end()) {
    return {"current", "archived", "trashed"};
  }
  return statuses.empty() ? otherwise : statuses;
}

Response no_content(const std::string& id) {
  return v1_error(404, "No content found with id: ContentId{id=" + id + "}");
}

store::Result<void> add_ancestors(store::Reader& reader, V1Page& page) {
  std::set<store::Id> seen{page.row.id};
  auto parent = page.row.parent_type == "page" ? page.row.parent_id : std::nullopt;
  while (parent && page.ancestors.size() < kMostAncestors && seen.insert(*parent).second) {
    auto row = reader.page(*parent, false);
    if (!row) return store::fail(row.error());
    if (!*row || (*row)->gone_at) break;
    parent = (*row)->parent_type == "page" ? (*row)->parent_id : std::nullopt;
    page.ancestors.push_back(std::move(**row));
  }
  std::reverse(page.ancestors.begin(), page.ancestors.end());
  return {};
}

// Current pages below it, from `start` on, in the order of the site.
store::Result<std::vector<store::PageRow>> children_from(store::Reader& reader, store::Id id,
                                                         std::size_t start, std::size_t limit,
                                                         bool& more) {
  auto ids = reader.children(id);
  if (!ids) return store::fail(ids.error());
  auto rows = reader.pages_by_id(*ids);
  if (!rows) return rows;
  std::set<store::Id> current;
  for (const auto& row : *rows) {
    if (row.status == "current" && !row.gone_at) current.insert(row.id);
  }
  std::erase_if(*ids, [&](store::Id child) { return !current.contains(child); });
  ids->erase(ids->begin(),
             ids->begin() + static_cast<std::ptrdiff_t>(std::min(start, ids->size())));
  more = ids->size() > limit;
  if (more) ids->resize(limit);
  rows = reader.pages_by_id(*ids);
  if (!rows) return rows;
  std::vector<store::PageRow> ordered;
  for (const store::Id child : *ids) {
    const auto found =
        std::find_if(rows->begin(), rows->end(), [&](const auto& row) { return row.id == child; });
    if (found != rows->end()) ordered.push_back(std::move(*found));
  }
  return ordered;
}

store::Result<V1Page> whole_page(store::Reader& reader, store::PageRow row, const Expand& expand) {
  V1Page page;
  page.row = std::move(row);
  if (expand.has("space")) {
    auto space = reader.space(page.row.space_id);
    if (!space) return store::fail(space.error());
    page.space = std::move(*space);
  }
  if (expand.has("ancestors")) {
    if (auto added = add_ancestors(reader, page); !added) return store::fail(added.error());
  }
  if (expand.has("children.page")) {
    auto children = children_from(reader, page.row.id, 0, kUsualRows, page.more_children);
    if (!children) return store::fail(children.error());
    page.children = std::move(*children);
  }
  return page;
}

struct Part {
  explicit Part(OfflineQuery& query)
      : expand(query.list("expand")),
        start(query.whole("start", 0, std::numeric_limits<std::int32_t>::max(), 0)),
        limit(
            std::min(query.whole("limit", 0, std::numeric_limits<std::int32_t>::max(), kUsualRows),
                     expand.has("body") ? kMostRowsWithBodies : kMostRows)) {}
  Expand expand;
  std::int64_t start;
  std::int64_t limit;
};

store::Result<Response> listed(const Ask& ask, store::Reader& reader, const Part& part,
                               std::vector<store::PageRow> rows, bool more) {
  Response response;
  JsonText json(response.body);
  V1Form form;
  form.expand = part.expand;
  form.base = ask.base();
  form.alone = false;
  json.open();
  json.open_array("results");
  const auto held = part.expand.has("body.storage") ? rows_with_bodies(rows) : rows.size();
  more = more || held < rows.size();
  rows.resize(held);
  const auto size = static_cast<std::int64_t>(rows.size());
  bool lacks = false;
  if (part.expand.has("body.storage")) {
    if (auto added = add_bodies(reader, rows); !added) return store::fail(added.error());
  }
  for (auto& row : rows) {
    lacks = lacks || (part.expand.has("body.storage") && !row.body);
    auto page = whole_page(reader, std::move(row), part.expand);
    if (!page) return store::fail(page.error());
    put_v1_page(json, *page, form);
  }
  json.close_array();
  V1Part shown;
  shown.start = part.start;
  shown.limit = part.limit;
  shown.size = size;
  shown.self = v1_link(ask, part.start, part.limit);
  if (more) shown.next = v1_link(ask, part.start + size, part.limit);
  put_v1_part(json, shown, form.base);
  json.close();
  if (lacks) note_incomplete(response, "bodies");
  return response;
}

}  // namespace

std::string v1_link(const Ask& ask, std::int64_t start, std::int64_t limit) {
  // Relative to the context, which is /wiki.
  std::string link = path_of(ask.request).substr(5) + "?";
  for (const auto& [name, value] : ask.request.query) {
    if (name == "start" || name == "limit") continue;
    link += percent_encoded(name) + "=" + percent_encoded(value) + "&";
  }
  return link + "limit=" + std::to_string(limit) + "&start=" + std::to_string(start);
}

store::Result<Response> v1_contents(const Ask& ask, store::Reader& reader) {
  OfflineQuery query(ask.request);
  const Part part(query);
  store::PageFilter filter;
  filter.statuses = statuses_of(query, {"current"});
  if (query.text("type", "page") != "page") {
    return v1_error(not_here("content of the type " + query.text("type")));
  }
  if (query.has("postingDay")) return v1_error(not_here("blog posts"));
  if (query.has("title")) filter.title = query.text("title");
  if (query.problem()) return v1_error(*query.problem());
  if (query.has("spaceKey")) {
    auto space = reader.space_by_key(query.text("spaceKey"));
    if (!space) return store::fail(space.error());
    if (!*space) return v1_error(404, "No space with key : " + query.text("spaceKey"));
    filter.space_id = (*space)->id;
  }
  filter.sort = "id";
  filter.offset = part.start;
  filter.limit = part.limit + 1;
  auto rows = reader.pages(filter);
  if (!rows) return store::fail(rows.error());
  const bool more = static_cast<std::int64_t>(rows->size()) > part.limit;
  if (more) rows->resize(static_cast<std::size_t>(part.limit));
  return listed(ask, reader, part, std::move(*rows), more && part.limit > 0);
}

store::Result<Response> v1_content(const Ask& ask, store::Reader& reader) {
  OfflineQuery query(ask.request);
  V1Form form;
  form.expand = Expand(query.list("expand"));
  form.base = ask.base();
  const auto statuses = statuses_of(query, {"current", "archived"});
  const auto version = static_cast<std::int32_t>(
      query.whole("version", 0, std::numeric_limits<std::int32_t>::max(), 0));
  if (query.problem()) return v1_error(*query.problem());
  const bool body = form.expand.has("body.storage");
  auto row = page_of_path(ask, reader, body);
  if (!row) return store::fail(row.error());
  const auto wants = [&](std::string_view status) {
    return std::find(statuses.begin(), statuses.end(), status) != statuses.end();
  };
  if (!*row && wants("draft")) {
    row = draft_row(reader, parse_whole(ask.argument("id")).value_or(0));
    if (!row) return store::fail(row.error());
  }
  if (!*row || !wants((*row)->status)) return no_content(ask.argument("id"));
  if (version != 0 && version != (*row)->version.number) {
    auto versions = reader.versions((*row)->id);
    if (!versions) return store::fail(versions.error());
    const auto found = std::find_if(versions->begin(), versions->end(),
                                    [&](const auto& one) { return one.version.number == version; });
    if (found == versions->end()) return no_content(ask.argument("id"));
    auto text = reader.version_body((*row)->id, version);
    if (!text) return store::fail(text.error());
    (*row)->version = found->version;
    (*row)->modified_by_name = found->author_name;
    (*row)->body.reset();
    if (*text) (*row)->body = store::Body(std::move(**text));
  }
  const store::Time seen = (*row)->synced_at;
  const bool lacks = body && !(*row)->body;
  auto page = whole_page(reader, std::move(**row), form.expand);
  if (!page) return store::fail(page.error());
  Response response;
  JsonText json(response.body);
  put_v1_page(json, *page, form);
  note_synced_at(response, seen);
  if (lacks) note_incomplete(response, "body");
  return response;
}

store::Result<Response> v1_child_pages(const Ask& ask, store::Reader& reader) {
  OfflineQuery query(ask.request);
  const Part part(query);
  if (query.problem()) return v1_error(*query.problem());
  auto row = page_of_path(ask, reader, false);
  if (!row) return store::fail(row.error());
  if (!*row) return no_content(ask.argument("id"));
  bool more = false;
  auto rows = children_from(reader, (*row)->id, static_cast<std::size_t>(part.start),
                            static_cast<std::size_t>(part.limit), more);
  if (!rows) return store::fail(rows.error());
  return listed(ask, reader, part, std::move(*rows), more && part.limit > 0);
}

store::Result<Response> v1_versions(const Ask& ask, store::Reader& reader) {
  OfflineQuery query(ask.request);
  const Part part(query);
  if (query.problem()) return v1_error(*query.problem());
  auto row = page_of_path(ask, reader, false);
  if (!row) return store::fail(row.error());
  if (!*row) return no_content(ask.argument("id"));
  auto versions = reader.versions((*row)->id);
  if (!versions) return store::fail(versions.error());
  std::reverse(versions->begin(), versions->end());  // the newest first
  const auto all = static_cast<std::int64_t>(versions->size());
  const auto begin = std::min(part.start, all);
  const auto end = std::min(begin + part.limit, all);
  Response response;
  JsonText json(response.body);
  json.open();
  json.open_array("results");
  for (auto at = begin; at < end; ++at) {
    const auto& version = (*versions)[static_cast<std::size_t>(at)];
    put_v1_version(json, {}, version.version, version.author_name, ask.base());
  }
  json.close_array();
  V1Part shown;
  shown.start = part.start;
  shown.limit = part.limit;
  shown.size = end - begin;
  shown.self = v1_link(ask, part.start, part.limit);
  if (end < all && part.limit > 0) shown.next = v1_link(ask, end, part.limit);
  put_v1_part(json, shown, ask.base());
  json.close();
  return response;
}

}  // namespace serve
