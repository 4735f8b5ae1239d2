// Pages of the v2 API, alone and listed.

#include <algorithm>
#include <limits>

#include "daemon/serve/confluence_v2.h"
#include "daemon/serve/confluence_v2_render.h"
#include "daemon/serve/offline_drafts.h"
#include "daemon/serve/offline_listing.h"

namespace serve {
namespace {

constexpr std::size_t kMostPageIds = 250;
constexpr std::size_t kMostSpaceIds = 100;

store::ListOrder order_of(std::string_view name) {
  if (name == "created-date") return store::ListOrder::kCreated;
  if (name == "modified-date") return store::ListOrder::kModified;
  if (name == "title") return store::ListOrder::kTitle;
  return store::ListOrder::kId;
}

void read_page_filter(OfflineQuery& query, store::PageListing& wanted) {
  wanted.statuses = query.some_of("status", {"current", "archived", "deleted", "trashed"});
  if (wanted.statuses.empty()) wanted.statuses = {"current", "archived"};
  if (query.has("title")) wanted.title = query.text("title");
}

store::Result<Response> list(const Ask& ask, store::Reader& reader, OfflineQuery& query,
                             store::PageListing& wanted) {
  const bool with_bodies = wants_storage(query, false);
  OfflineListing listing(ask, query, {"id", "created-date", "modified-date", "title"}, "id");
  if (query.problem()) return v2_error(*query.problem());
  wanted.order = order_of(listing.order());
  wanted.descending = listing.descending();
  wanted.after = listing.after();
  wanted.limit = listing.limit() + 1;
  auto rows = reader.list_pages(wanted);
  if (!rows) return store::fail(rows.error());
  const auto place = [&](const store::PageRow& row) { return place_of(row, wanted.order); };
  listing.cut(*rows, place);
  if (with_bodies) {
    listing.keep(*rows, rows_with_bodies(*rows), place);
    if (auto added = add_bodies(reader, *rows); !added) return store::fail(added.error());
  }
  PageForm form;
  form.body = with_bodies;
  Response response = listing.answer<store::PageRow>(
      *rows, [&](JsonText& json, const store::PageRow& row) { put_page(json, row, form); });
  const bool lacks = form.body && std::any_of(rows->begin(), rows->end(),
                                              [](const auto& row) { return !row.body; });
  if (lacks) note_incomplete(response, "bodies");
  return response;
}

// What a question about one page asks for beside it.
struct OnePage {
  explicit OnePage(OfflineQuery& query)
      : statuses(query.some_of(
            "status", {"current", "archived", "trashed", "deleted", "historical", "draft"})),
        get_draft(query.flag("get-draft")),
        body(wants_storage(query, true)),
        versions(query.flag("include-versions")),
        version_object(query.flag("include-version", true)) {
    if (query.has("version")) {
      version = static_cast<std::int32_t>(
          query.whole("version", 1, std::numeric_limits<std::int32_t>::max(), 0));
    }
    for (const auto* name :
         {"include-labels", "include-properties", "include-operations", "include-likes",
          "include-favorited-by-current-user-status", "include-webresources",
          "include-collaborators", "include-direct-children"}) {
      query.flag(name);
    }
  }

  bool wants(std::string_view status) const {
    return std::find(statuses.begin(), statuses.end(), status) != statuses.end();
  }

  std::vector<std::string> statuses;
  bool get_draft;
  bool body;
  bool versions;
  bool version_object;
  std::int32_t version = 0;
};

// Sets the version and body of then; the rest is as it is now. nullopt: no such version.
store::Result<std::optional<Response>> go_back(store::Reader& reader, const OnePage& asked,
                                               store::PageRow& row, bool& incomplete) {
  auto versions = reader.versions(row.id);
  if (!versions) return store::fail(versions.error());
  const auto found = std::find_if(versions->begin(), versions->end(), [&](const auto& version) {
    return version.version.number == asked.version;
  });
  if (found == versions->end()) {
    return std::optional(v2_error(404, "Cannot find version [" + std::to_string(asked.version) +
                                           "] of page [" + std::to_string(row.id) + "]"));
  }
  row.version = found->version;
  row.body.reset();
  if (!asked.body) return std::optional<Response>();
  auto body = reader.version_body(row.id, asked.version);
  if (!body) return store::fail(body.error());
  if (*body) row.body = store::Body(std::move(**body));
  incomplete = !row.body;
  return std::optional<Response>();
}

store::Result<Response> one(const Ask& ask, store::Reader& reader, const OnePage& asked,
                            store::PageRow row) {
  bool lacks_body = asked.body && !row.body;
  if (asked.version != 0) {
    auto missing = go_back(reader, asked, row, lacks_body);
    if (!missing) return store::fail(missing.error());
    if (*missing) return **missing;
  }
  PageForm form;
  form.of_listing = false;
  form.body = asked.body;
  form.version = asked.version_object;
  form.base = ask.base();
  std::vector<store::VersionRow> versions;
  if (asked.versions) {
    auto all = reader.versions(row.id);
    if (!all) return store::fail(all.error());
    versions = std::move(*all);
    std::reverse(versions.begin(), versions.end());
    form.versions = &versions;
  }
  Response response;
  JsonText json(response.body);
  put_page(json, row, form);
  note_synced_at(response, row.synced_at);
  if (lacks_body) note_incomplete(response, "body");
  return response;
}

}  // namespace

bool wants_storage(OfflineQuery& query, bool single) {
  std::vector<std::string_view> formats = {"storage", "atlas_doc_format"};
  if (single) {
    for (const auto* view :
         {"view", "export_view", "anonymous_export_view", "styled_view", "editor"}) {
      formats.emplace_back(view);
    }
  }
  const auto format = query.one_of("body-format", formats);
  if (!format.empty() && format != "storage") {
    query.refuse(not_here("bodies in the format " + format));
  }
  return format == "storage";
}

store::Result<std::optional<store::PageRow>> page_of_path(const Ask& ask, store::Reader& reader,
                                                          bool with_body) {
  const auto id = parse_whole(ask.argument("id"));
  if (!id) return std::optional<store::PageRow>();
  auto row = reader.page(*id, with_body);
  if (!row) return row;
  if (*row && (*row)->gone_at) return std::optional<store::PageRow>();
  return row;
}

store::Result<Response> v2_pages(const Ask& ask, store::Reader& reader) {
  OfflineQuery query(ask.request);
  store::PageListing wanted;
  wanted.page_ids = query.ids("id", kMostPageIds);
  wanted.space_ids = query.ids("space-id", kMostSpaceIds);
  const auto subtype = query.one_of("subtype", {"live", "page"});
  if (!subtype.empty()) wanted.subtype = subtype;
  read_page_filter(query, wanted);
  return list(ask, reader, query, wanted);
}

store::Result<Response> v2_space_pages(const Ask& ask, store::Reader& reader) {
  OfflineQuery query(ask.request);
  store::PageListing wanted;
  read_page_filter(query, wanted);
  wanted.root_only = query.one_of("depth", {"all", "root"}, "all") == "root";
  const auto id = parse_whole(ask.argument("id"));
  auto space = reader.space(id.value_or(0));
  if (!space) return store::fail(space.error());
  if (!*space) return v2_error(cannot_find("space", ask.argument("id")));
  wanted.space_ids = {(*space)->id};
  return list(ask, reader, query, wanted);
}

store::Result<Response> v2_page(const Ask& ask, store::Reader& reader) {
  OfflineQuery query(ask.request);
  const OnePage asked(query);
  if (query.problem()) return v2_error(*query.problem());
  auto row = page_of_path(ask, reader, asked.body);
  if (!row) return store::fail(row.error());
  const bool drafts = asked.get_draft || asked.wants("draft");
  if (!*row && drafts) {
    auto draft = draft_row(reader, parse_whole(ask.argument("id")).value_or(0));
    if (!draft) return store::fail(draft.error());
    if (*draft) return one(ask, reader, asked, std::move(**draft));
  }
  if (!*row) return v2_error(cannot_find("page", ask.argument("id")));
  if (asked.get_draft || (drafts && !asked.wants((*row)->status))) {
    return v2_error(not_here("drafts of published pages"));
  }
  if (!asked.statuses.empty() && !asked.wants((*row)->status)) {
    return v2_error(cannot_find("page", ask.argument("id")));
  }
  return one(ask, reader, asked, std::move(**row));
}

}  // namespace serve
