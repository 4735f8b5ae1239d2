#include "daemon/query/read_actions.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>
#include <variant>

#include "daemon/query/draft_row.h"
#include "daemon/query/freshness.h"
#include "daemon/query/lookup.h"
#include "daemon/query/tree.h"
#include "store/fold.h"

namespace querying {

namespace {

using store::ErrorKind;
using store::Result;

Result<Json> with_freshness(store::Reader& reader, Json json) {
  const auto synced_at = synced_at_of(reader);
  if (!synced_at) return store::fail(synced_at.error());
  json["synced_at"] = Json();
  if (*synced_at) json["synced_at"] = **synced_at;
  return json;
}

bool wanted(const store::SpaceRow& space, const SpacesRequest& request) {
  if (!request.status.empty() && space.status != request.status) return false;
  if (request.type == "personal") return space.type == "personal";
  return request.type != "global" || space.type != "personal";
}

Result<Json> answer_spaces(store::Reader& reader, const SpacesRequest& request) {
  auto spaces = reader.spaces();
  if (!spaces) return store::fail(spaces.error());
  const auto site_url = site_url_of(reader);
  if (!site_url) return store::fail(site_url.error());
  Window window{request.start, request.limit, 0, false};
  auto results = Json::array();
  for (const auto& space : *spaces) {
    if (!wanted(space, request)) continue;
    const auto at = (*window.total)++;
    if (at < request.start || at >= request.start + request.limit) continue;
    SpaceParts parts{space, std::nullopt};
    if (request.expand.homepage && space.homepage_id) {
      auto homepage = reader.page(*space.homepage_id, false);
      if (!homepage) return store::fail(homepage.error());
      parts.homepage = std::move(*homepage);
    }
    results.push_back(space_json(parts, request.expand, *site_url));
  }
  window.more = *window.total > request.start + request.limit;
  return with_freshness(reader, list_json(std::move(results), window));
}

// Reads what stands around pages; the tree of a space is read once for all of its pages.
class Family {
 public:
  explicit Family(store::Reader& reader) : reader_(reader) {}

  Result<void> add(PageParts& parts, const PageExpand& expand) {
    if (expand.ancestors) {
      if (auto done = add_ancestors(parts); !done) return done;
    }
    if (expand.children) {
      const auto below = reader_.below(parts.page.id);
      if (!below) return store::fail(below.error());
      for (const auto& row : *below) parts.children.push_back({row, 1});
    }
    if (expand.descendants) return add_descendants(parts);
    return {};
  }

 private:
  Result<std::optional<store::TreeRow>> row_of(store::Id id, const std::string& type) {
    store::TreeRow row;
    row.id = id;
    row.type = type;
    if (type == "page") {
      const auto page = reader_.page(id, false);
      if (!page) return store::fail(page.error());
      if (!*page) return std::nullopt;
      row.status = (*page)->status;
      row.title = (*page)->title;
      row.parent_id = (*page)->parent_id;
      row.position = (*page)->position;
      parent_type_ = (*page)->parent_type.value_or("page");
      return row;
    }
    const auto node = reader_.node(id);
    if (!node) return store::fail(node.error());
    if (!*node) return std::nullopt;
    row.status = (*node)->status;
    row.title = (*node)->title;
    row.parent_id = (*node)->parent_id;
    row.position = (*node)->position;
    parent_type_ = (*node)->parent_type.value_or("page");
    return row;
  }

  Result<void> add_ancestors(PageParts& parts) {
    std::set<store::Id> seen = {parts.page.id};
    auto next = parts.page.parent_id;
    parent_type_ = parts.page.parent_type.value_or("page");
    while (next && seen.insert(*next).second) {
      auto row = row_of(*next, parent_type_);
      if (!row) return store::fail(row.error());
      if (!*row) break;
      next = (*row)->parent_id;
      parts.ancestors.push_back({std::move(**row), 0});
    }
    std::reverse(parts.ancestors.begin(), parts.ancestors.end());
    return {};
  }

  Result<void> add_descendants(PageParts& parts) {
    const auto space_id = parts.page.space_id;
    if (space_id != space_id_ || !tree_) {
      auto rows = reader_.tree(space_id);
      if (!rows) return store::fail(rows.error());
      rows_ = std::move(*rows);
      tree_.emplace(rows_);
      space_id_ = space_id;
    }
    tree_->visit_below(parts.page.id, [&parts](const store::TreeRow& row, int depth) {
      parts.descendants.push_back({row, depth});
    });
    return {};
  }

  store::Reader& reader_;
  std::string parent_type_;  // of the row that was read last
  store::Id space_id_ = 0;
  std::vector<store::TreeRow> rows_;
  std::optional<Tree> tree_;
};

Result<std::vector<store::PageRow>> our_drafts(store::Reader& reader) {
  auto jobs = reader.our_drafts();
  if (!jobs) return store::fail(jobs.error());
  auto spaces = reader.spaces();
  if (!spaces) return store::fail(spaces.error());
  std::map<store::Id, std::string> keys;
  for (const auto& space : *spaces) keys.emplace(space.id, space.key);
  std::vector<store::PageRow> rows;
  for (auto& job : *jobs) {
    rows.push_back(row_of_draft(std::move(job)));
    if (const auto key = keys.find(rows.back().space_id); key != keys.end()) {
      rows.back().space_key = key->second;
    }
  }
  return rows;
}

struct Found {
  std::vector<store::PageRow> rows;
  std::int64_t total = 0;
};

Result<Found> find_drafts(store::Reader& reader, const PagesRequest& request, store::Id space_id) {
  auto drafts = our_drafts(reader);
  if (!drafts) return store::fail(drafts.error());
  Found found;
  const auto title = request.title ? store::fold_case(*request.title) : std::string();
  for (auto& draft : *drafts) {
    if (draft.space_id != space_id) continue;
    if (request.title && store::fold_case(draft.title) != title) continue;
    const auto at = found.total++;
    if (at < request.start || at >= request.start + request.limit) continue;
    found.rows.push_back(std::move(draft));
  }
  return found;
}

Result<Found> find_pages(store::Reader& reader, const PagesRequest& request, store::Id space_id) {
  if (request.status == "draft") return find_drafts(reader, request, space_id);
  store::PageFilter filter;
  filter.space_id = space_id;
  filter.statuses = {request.status};
  filter.title = request.title;
  filter.sort = "id";
  filter.limit = request.limit;
  filter.offset = request.start;
  filter.with_bodies = request.expand.body;
  auto pages = reader.pages(filter);
  if (!pages) return store::fail(pages.error());
  const auto total = reader.count_pages(filter);
  if (!total) return store::fail(total.error());
  return Found{std::move(*pages), *total};
}

Result<Json> answer_pages(store::Reader& reader, const PagesRequest& request) {
  auto space = find_space(reader, request.space_key);
  if (!space) return store::fail(space.error());
  const auto site_url = site_url_of(reader);
  if (!site_url) return store::fail(site_url.error());
  const auto found = find_pages(reader, request, space->id);
  if (!found) return store::fail(found.error());
  Family family(reader);
  auto results = Json::array();
  for (const auto& page : found->rows) {
    PageParts parts{page, std::nullopt, *space, {}, {}, {}};
    if (auto done = family.add(parts, request.expand); !done) return store::fail(done.error());
    results.push_back(page_json(parts, request.expand, request.expand.version, *site_url));
  }
  const Window window{request.start, request.limit, found->total,
                      found->total > request.start + request.limit};
  auto json = list_json(std::move(results), window);
  if (request.status == "draft") json["note"] = kDraftsNote;
  return with_freshness(reader, std::move(json));
}

store::Error other_status(const store::PageRow& page, const std::string& status) {
  return store::Error(
      ErrorKind::kUsage, "other_status",
      fmt::format("cannot read page '{}' as {}: it is {}", page.id, status,
                  page.gone_at ? "gone from the site" : page.status),
      status == "draft" ? "the mirror has only drafts that confmirror created; with \"live\": true "
                          "the site is asked for the draft of this page"
                        : "leave out 'status' to read it as it is");
}

// The page, or the draft that confmirror created under this id.
Result<store::PageRow> find_any_page(store::Reader& reader, const PageRequest& request) {
  const auto ours = reader.is_our_draft(request.page_id);
  if (!ours) return store::fail(ours.error());
  if (*ours) {
    auto drafts = our_drafts(reader);
    if (!drafts) return store::fail(drafts.error());
    for (auto& draft : *drafts) {
      if (draft.id == request.page_id) return std::move(draft);
    }
  }
  const bool body_of_page = request.expand.body && !request.version;
  return find_page(reader, std::to_string(request.page_id), body_of_page);
}

Result<Json> answer_page(store::Reader& reader, const PageRequest& request) {
  auto page = find_any_page(reader, request);
  if (!page) return store::fail(page.error());
  if (!request.status.empty() && (page->gone_at || page->status != request.status)) {
    return store::fail(other_status(*page, request.status));
  }
  const auto site_url = site_url_of(reader);
  if (!site_url) return store::fail(site_url.error());
  PageParts parts{*page, std::nullopt, std::nullopt, {}, {}, {}};
  if (request.version) {
    auto version = find_version(reader, page->id, *request.version);
    if (!version) return store::fail(version.error());
    parts.version = std::move(*version);
  }
  if (request.expand.space) {
    auto space = reader.space_by_key(page->space_key);
    if (!space) return store::fail(space.error());
    if (*space && (*space)->id == page->space_id) parts.space = std::move(*space);
  }
  Family family(reader);
  if (auto done = family.add(parts, request.expand); !done) return store::fail(done.error());
  auto json = page_json(parts, request.expand, true, *site_url);
  if (page->status == "draft") json["note"] = kDraftNote;
  return json;
}

}  // namespace

Result<Json> answer(store::Reader& reader, const ReadRequest& request) {
  if (const auto* spaces = std::get_if<SpacesRequest>(&request)) {
    return answer_spaces(reader, *spaces);
  }
  if (const auto* pages = std::get_if<PagesRequest>(&request)) return answer_pages(reader, *pages);
  return answer_page(reader, std::get<PageRequest>(request));
}

}  // namespace querying
