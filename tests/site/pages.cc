#include <algorithm>
#include <array>
#include <shared_mutex>

#include "tests/site/api.h"
#include "tests/site/listing.h"
#include "tests/site/page_filter.h"
#include "tests/site/render.h"
#include "tests/site/text.h"

namespace site {
namespace {

constexpr std::array<SortName, 4> kPageSorts = {{{"id", SortBy::kId},
                                                 {"created-date", SortBy::kCreated},
                                                 {"modified-date", SortBy::kModified},
                                                 {"title", SortBy::kTitle}}};
constexpr std::array<SortName, 1> kVersionSorts = {{{"modified-date", SortBy::kModified}}};
constexpr std::size_t kIncluded = 50;  // entries that an include parameter shows at most

std::optional<BodyFormat> parse_format(std::string_view name, bool single) {
  if (name == "storage") return BodyFormat::kStorage;
  if (name == "atlas_doc_format") return BodyFormat::kAtlasDoc;
  if (!single) return std::nullopt;
  for (const std::string_view view :
       {"view", "export_view", "anonymous_export_view", "styled_view", "editor"}) {
    if (name == view) return BodyFormat::kView;
  }
  return std::nullopt;
}

Response poisoned() { return v2_error(500, "INTERNAL_SERVER_ERROR", "Internal Server Error"); }

bool asks_for(const Query& query, std::string_view name) { return query.get(name) == "true"; }

// The statuses asked for, as a set of bits; nullopt: one of them cannot be asked for here.
std::optional<unsigned> parse_statuses(const std::vector<std::string>& names, bool single) {
  unsigned wanted = 0;
  for (const std::string& name : names) {
    const auto status = parse_status(name);
    const bool draft = single && name == "draft";
    // No page of this site is historical.
    if (!status && !draft && !(single && name == "historical")) return std::nullopt;
    wanted |= draft ? bit(Status::kDraft) : status ? bit(*status) : 0U;
  }
  return wanted;
}

// Ids that the query names; an error where one is no id or there are too many.
std::optional<Response> parse_ids(const Query& query, std::string_view name, std::size_t most,
                                  std::vector<Id>& ids) {
  for (const std::string& text : query.list(name)) {
    const auto id = parse_number(text);
    if (!id) return bad_parameter(name, text, "List<Long>");
    ids.push_back(*id);
  }
  if (ids.size() <= most) return std::nullopt;
  return v2_error(400, "INVALID_REQUEST_PARAMETER",
                  "The '" + std::string(name) + "' parameter takes at most " +
                      std::to_string(most) + " values");
}

}  // namespace

bool PageFilter::matches(const Content& content, Index index) const {
  const Page& page = content.pages()[index];
  if ((statuses & bit(page.status)) == 0 || !readable(content, index)) return false;
  if (root_only && page.parent_type != ContentType::kNull &&
      content.spaces()[page.space].homepage != index) {
    return false;
  }
  if (subtype && *subtype != (page.live_doc ? "live" : "page")) return false;
  if (label) {
    const std::vector<Index> labels = content.labels_of(index);
    if (std::find(labels.begin(), labels.end(), *label) == labels.end()) return false;
  }
  return !title || (!title->empty() && fold_case(page.title) == *title);
}

Index Api::page_argument(bool drafts_too) const {
  const auto id = parse_number(route_.arguments[0]);
  const Content& content = state_.content;
  const Index page = id ? content.find_page(*id) : kNone;
  if (page == kNone || !readable(content, page) || !visible(content.pages()[page].space) ||
      (content.pages()[page].status == Status::kDraft && !drafts_too)) {
    return kNone;
  }
  return page;
}

std::optional<Response> Api::read_filter(PageFilter& filter) {
  const Query& query = request_.query;
  if (query.has("status")) {
    const auto statuses = parse_statuses(query.list("status"), false);
    if (!statuses) {
      return bad_parameter("status", query.get("status").value_or(""),
                           "one of current, archived, deleted, trashed");
    }
    if (*statuses != 0) filter.statuses = *statuses;
  }
  if (const auto title = query.get("title")) filter.title = fold_case(*title);
  if (const auto subtype = query.get("subtype"); subtype && filter.takes_ids) {
    if (*subtype != "live" && *subtype != "page")
      return bad_parameter("subtype", *subtype, "live or page");
    filter.subtype = subtype;
  }
  if (!filter.takes_ids) return std::nullopt;
  std::vector<Id> ids;
  if (auto error = parse_ids(query, "id", 250, ids)) return error;
  if (!ids.empty()) {
    filter.pages.emplace();
    for (const Id id : ids) {
      const Index page = state_.content.find_page(id);
      if (page != kNone) filter.pages->push_back(page);
    }
  }
  return std::nullopt;
}

std::optional<Response> Api::read_spaces(PageFilter& filter) {
  std::vector<Id> ids;
  if (auto error = parse_ids(request_.query, "space-id", 100, ids)) return error;
  if (!ids.empty() || anonymous_) filter.some_spaces = true;
  for (const Id id : ids) {
    const Index space = state_.content.find_space(id);
    if (space != kNone && visible(space)) filter.spaces.push_back(space);
  }
  for (Index space = 0; ids.empty() && anonymous_ && space < state_.content.spaces().size();
       ++space) {
    if (visible(space)) filter.spaces.push_back(space);
  }
  std::sort(filter.spaces.begin(), filter.spaces.end());
  filter.spaces.erase(std::unique(filter.spaces.begin(), filter.spaces.end()), filter.spaces.end());
  return std::nullopt;
}

Response Api::list_pages(PageFilter& filter) {
  PageParts parts;
  const auto format = request_.query.get("body-format");
  if (format) {
    const auto parsed = parse_format(*format, false);
    if (!parsed) return bad_parameter("body-format", *format, "storage or atlas_doc_format");
    parts.body = *parsed;
    parts.body_name = *format;
  }
  Listing listing;
  if (auto error = Listing::read(request_, draw_, kPageSorts, "id", format.has_value(), listing)) {
    return *error;
  }
  const Content& content = state_.content;
  const SortBy by = listing.by();
  const auto rows = listing.collect([&](const Listing::Offer& offer) {
    const auto visit = [&](Index page) {
      if (!filter.matches(content, page)) return true;
      return offer({page, PageOrder::position(content.pages()[page], by)});
    };
    if (filter.pages) {
      visit_chosen(filter, listing, visit);
    } else if (!filter.some_spaces || !filter.spaces.empty()) {
      content.order().walk(by, listing.descending(), filter.spaces, listing.after(), visit);
    }
  });
  if (parts.body != BodyFormat::kAbsent && !state_.poison.empty()) {
    for (const auto& row : rows) {
      if (state_.poison.contains(content.pages()[row.index].id)) return poisoned();
    }
  }
  return listing.envelope(state_, rows, [&](const Listing::Row& row, std::string& out) {
    Renderer renderer(state_, out);
    renderer.open_page(row.index, parts);
    renderer.page_links(row.index, false);
    renderer.close();
  });
}

// Pages that the query named one by one, in the listing's order.
void Api::visit_chosen(const PageFilter& filter, const Listing& listing,
                       const std::function<bool(Index)>& visit) const {
  const Content& content = state_.content;
  std::vector<Index> chosen = *filter.pages;
  std::sort(chosen.begin(), chosen.end(), [&](Index a, Index b) {
    return listing.descending() ? content.order().before(listing.by(), b, a)
                                : content.order().before(listing.by(), a, b);
  });
  chosen.erase(std::unique(chosen.begin(), chosen.end()), chosen.end());
  for (const Index page : chosen) {
    const Index space = content.pages()[page].space;
    if (!visible(space)) continue;
    if (filter.some_spaces &&
        !std::binary_search(filter.spaces.begin(), filter.spaces.end(), space)) {
      continue;
    }
    if (listing.after()) {
      const int order = PageOrder::compare(content.pages()[page], *listing.after(), listing.by());
      if (listing.descending() ? order >= 0 : order <= 0) continue;
    }
    if (!visit(page)) return;
  }
}

Response Api::pages() {
  PageFilter filter;
  filter.takes_ids = true;
  if (auto error = read_filter(filter)) return *error;
  if (auto error = read_spaces(filter)) return *error;
  return list_pages(filter);
}

Response Api::pages_of_space() {
  const Index space = space_argument();
  if (space == kNone) return cannot_find("space", route_.arguments[0]);
  PageFilter filter;
  if (auto error = read_filter(filter)) return *error;
  const std::string depth = request_.query.get("depth").value_or("all");
  if (depth != "all" && depth != "root") return bad_parameter("depth", depth, "all or root");
  filter.root_only = depth == "root";
  filter.some_spaces = true;
  filter.spaces = {space};
  return list_pages(filter);
}

Response Api::label_pages() {
  const auto id = parse_number(route_.arguments[0]);
  const auto& labels = state_.content.labels();
  const auto found = std::find_if(labels.begin(), labels.end(),
                                  [&](const Label& label) { return id && label.id == *id; });
  if (found == labels.end()) return cannot_find("label", route_.arguments[0]);
  PageFilter filter;
  filter.label = static_cast<Index>(found - labels.begin());
  if (auto error = read_spaces(filter)) return *error;
  return list_pages(filter);
}

Response Api::page() {
  const Query& query = request_.query;
  unsigned statuses = ~0U;
  if (query.has("status")) {
    const auto parsed = parse_statuses(query.list("status"), true);
    if (!parsed) return bad_parameter("status", query.get("status").value_or(""), "a page status");
    statuses = *parsed;
  }
  // A page that was never published shows itself to those who ask for drafts alone. `get-draft`
  // shows a page that has no draft as it is.
  const bool get_draft = asks_for(query, "get-draft");
  const bool drafts = get_draft || (query.has("status") && (statuses & bit(Status::kDraft)) != 0);
  const Index index = page_argument(drafts);
  if (index == kNone) return cannot_find("page", route_.arguments[0]);
  const Content& content = state_.content;
  const Page& page = content.pages()[index];
  PageParts parts;
  parts.subtype = false;
  if (get_draft || (drafts && (statuses & bit(page.status)) == 0)) {
    parts.draft = content.draft_of(index);
  }
  const Status status = parts.draft != nullptr ? Status::kDraft : page.status;
  if ((statuses & bit(status)) == 0 && !(get_draft && status == Status::kDraft)) {
    return cannot_find("page", route_.arguments[0]);
  }
  parts.version = query.get("include-version") != "false";
  const std::string format = query.get("body-format").value_or("");
  if (query.has("body-format")) {
    const auto parsed = parse_format(format, true);
    if (!parsed) return bad_parameter("body-format", format, "a body format");
    parts.body = *parsed;
    parts.body_name = format;
  }
  if (const auto text = query.get("version")) {
    const auto number = parse_number(*text);
    if (!number || *number < 1) return bad_parameter("version", *text, "int");
    const auto wanted = static_cast<std::int32_t>(std::min<std::int64_t>(*number, 0x7FFFFFFF));
    if (!content.version(index, wanted)) {
      return v2_error(404, "NOT_FOUND",
                      "Cannot find version [" + *text + "] of page [" + route_.arguments[0] + "]");
    }
    parts.body_version = wanted;
  }
  if (state_.poison.contains(page.id)) return poisoned();
  Response response;
  Renderer renderer(state_, response.body);
  renderer.open_page(index, parts);
  add_includes(renderer, index, response.body);
  renderer.page_links(index, true);
  renderer.close();
  return response;
}

void Api::add_includes(Renderer& renderer, Index index, std::string& out) const {
  const Content& content = state_.content;
  const std::string root = "/wiki/api/v2/pages/" + std::to_string(content.pages()[index].id) + "/";
  const auto include = [&](std::string_view name, bool more, const auto& rows) {
    if (!asks_for(request_.query, "include-" + std::string(name))) return;
    renderer.member(name);
    out += R"({"results":[)";
    rows();
    out += R"(],"meta":{"hasMore":)";
    out += more ? "true" : "false";
    out += R"(},"_links":{"self":)";
    append_quoted(out, root + std::string(name));
    out += "}}";
  };
  const auto separate = [&] {
    if (out.back() != '[') out += ',';
  };
  include("labels", false, [&] {
    for (const Index label : content.labels_of(index)) {
      separate();
      renderer.label(content.labels()[label]);
    }
  });
  std::vector<Version> versions = content.versions(index);
  std::reverse(versions.begin(), versions.end());
  include("versions", versions.size() > kIncluded, [&] {
    for (std::size_t i = 0; i < std::min(versions.size(), kIncluded); ++i) {
      separate();
      renderer.version(versions[i]);
    }
  });
  include("operations", false, [&] { out += R"({"operation":"read","targetType":"page"})"; });
  include("properties", false, [] {});
  include("likes", false, [] {});
}

Response Api::versions() {
  const Index index = page_argument();
  if (index == kNone) return cannot_find("page", route_.arguments[0]);
  BodyFormat format = BodyFormat::kAbsent;
  if (const auto name = request_.query.get("body-format")) {
    const auto parsed = parse_format(*name, false);
    if (!parsed) return bad_parameter("body-format", *name, "storage or atlas_doc_format");
    format = *parsed;
  }
  Listing listing;
  // The specification says ascending; the real thing was seen to begin with the newest.
  if (auto error = Listing::read(request_, draw_, kVersionSorts, "-modified-date",
                                 format != BodyFormat::kAbsent, listing)) {
    return *error;
  }
  if (format != BodyFormat::kAbsent && state_.poison.contains(state_.content.pages()[index].id)) {
    return poisoned();
  }
  const std::vector<Version> versions = state_.content.versions(index);
  std::vector<Listing::Row> items;
  for (Index i = 0; i < versions.size(); ++i) {
    items.push_back({i, {versions[i].created_at, "", versions[i].number}});
  }
  const auto rows = listing.collect(std::move(items));
  return listing.envelope(state_, rows, [&](const Listing::Row& row, std::string& out) {
    Renderer(state_, out).version_row(index, versions[row.index], format);
  });
}

Response Api::version() {
  const Index index = page_argument();
  if (index == kNone) return cannot_find("page", route_.arguments[0]);
  const auto number = parse_number(route_.arguments[1]);
  if (!number) return bad_parameter("version-number", route_.arguments[1], "int");
  const std::vector<Version> versions = state_.content.versions(index);
  const auto found = std::find_if(versions.begin(), versions.end(),
                                  [&](const Version& v) { return v.number == *number; });
  if (found == versions.end()) {
    return v2_error(
        404, "NOT_FOUND",
        "Cannot find version [" + route_.arguments[1] + "] of page [" + route_.arguments[0] + "]");
  }
  Response response;
  Renderer renderer(state_, response.body);
  renderer.open_detailed_version(*found);
  if (found != versions.begin()) {
    renderer.member("prevVersion");
    append_number(response.body, std::prev(found)->number);
  }
  if (std::next(found) != versions.end()) {
    renderer.member("nextVersion");
    append_number(response.body, std::next(found)->number);
  }
  renderer.close();
  return response;
}

Response Api::page_labels() {
  const Index index = page_argument();
  if (index == kNone) return cannot_find("page", route_.arguments[0]);
  return list_labels(state_.content.labels_of(index));
}

}  // namespace site
