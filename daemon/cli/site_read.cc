#include "daemon/cli/site_read.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <set>
#include <utility>
#include <variant>

#include "daemon/confluence/requests.h"
#include "daemon/mirror/follow.h"
#include "daemon/query/read_actions.h"

namespace cli {

namespace {

using confluence::Priority;
using confluence::RetryBudget;
using querying::Json;
using store::ErrorKind;
using store::Result;

constexpr int kMostAncestors = 500;

template <typename T>
using Task = base::Awaitable<Result<T>>;

store::SpaceRow space_row(store::Space space, store::Time when) {
  store::SpaceRow row;
  static_cast<store::Space&>(row) = std::move(space);
  row.synced_at = when;
  return row;
}

store::PageRow page_row(store::Page page, store::Time when) {
  store::PageRow row;
  static_cast<store::Page&>(row) = std::move(page);
  row.synced_at = when;
  return row;
}

store::TreeRow tree_row(const store::Node& node) {
  store::TreeRow row;
  row.id = node.id;
  row.type = node.type;
  row.status = node.status;
  row.title = node.title;
  row.parent_id = node.parent_id;
  row.position = node.position;
  return row;
}

store::Error bad_row(const std::string& what, const std::string& reason) {
  return store::Error(ErrorKind::kItemBad, "bad_row",
                      fmt::format("cannot read {} from the site: {}", what, reason));
}

// Which rows of a listing an answer shows. One that came again, for the listing was begun again,
// counts once.
class RowWindow {
 public:
  RowWindow(std::int64_t start, std::int64_t limit) : start_(start), end_(start + limit) {}

  bool shows(store::Id id) {
    if (!seen_.insert(id).second) return false;
    const auto at = count_++;
    return at >= start_ && at < end_;
  }
  bool full() const { return count_ > end_; }

  // `whole`: the listing was read to its end.
  querying::Window around(bool whole) const {
    querying::Window window;
    window.start = start_;
    window.limit = end_ - start_;
    window.more = full();
    if (whole) window.total = count_;
    return window;
  }

 private:
  std::int64_t start_;
  std::int64_t end_;
  std::int64_t count_ = 0;
  std::set<store::Id> seen_;
};

// The first bad row as an error: an answer that leaves one out would not be the answer.
template <typename Row>
Result<void> expect_good(const confluence::Listing<Row>& listing, const char* what) {
  if (listing.bad_rows.empty()) return {};
  const auto& bad = listing.bad_rows.front();
  return store::fail(bad_row(fmt::format("{} {}", what, bad.id), bad.reason));
}

class SiteRead {
 public:
  SiteRead(confluence::Client& client, std::string site_url)
      : client_(client), site_url_(std::move(site_url)) {}

  Task<void> ask(const querying::ReadRequest& request) {
    if (const auto* spaces = std::get_if<querying::SpacesRequest>(&request)) {
      co_return co_await ask_spaces(*spaces);
    }
    if (const auto* pages = std::get_if<querying::PagesRequest>(&request)) {
      co_return co_await ask_pages(*pages);
    }
    co_return co_await ask_page(std::get<querying::PageRequest>(request));
  }
  Json take() { return std::move(answer_); }

 private:
  Task<void> ask_spaces(const querying::SpacesRequest& request);
  Task<void> add_space(store::SpaceRow row, const querying::SpaceExpand& expand, Json& results);
  Task<void> ask_pages(const querying::PagesRequest& request);
  Task<void> add_page(const store::PageRow& row, const querying::PageExpand& expand,
                      bool with_version, Json& results);
  Task<void> ask_page(const querying::PageRequest& request);
  Task<void> add_version(querying::PageParts& parts, std::int32_t version);
  Task<void> add_family(querying::PageParts& parts, const querying::PageExpand& expand);
  Task<void> add_ancestors(querying::PageParts& parts);
  Task<void> add_descendants(querying::PageParts& parts);
  Task<std::vector<store::Node>> rows_of_tree(std::string target);
  Task<store::PageRow> page_by_id(store::Id id, bool draft);
  Task<store::SpaceRow> space_by(confluence::SpacesQuery query, const std::string& named);
  Task<store::SpaceRow> space_of_id(store::Id id);

  confluence::Client& client_;
  std::string site_url_;
  std::map<store::Id, store::SpaceRow> spaces_;
  Json answer_;
};

Task<void> SiteRead::ask_spaces(const querying::SpacesRequest& request) {
  confluence::SpacesQuery query;
  query.status = request.status;
  if (request.type == "personal") query.type = "personal";
  query.details = request.expand.description || request.expand.icon;
  RowWindow window(request.start, request.limit);
  auto results = Json::array();
  store::Time synced_at{};
  Result<void> failed;
  bool whole = false;
  auto fetch = [this](std::string target) { return client_.spaces(std::move(target)); };
  auto take = [&](confluence::Listing<store::Space> listing) -> base::Awaitable<bool> {
    failed = expect_good(listing, "space");
    synced_at = listing.received_at;
    for (auto& space : listing.rows) {
      if (request.type == "global" && space.type == "personal") continue;
      if (!failed || !window.shows(space.id)) continue;
      auto row = space_row(std::move(space), listing.received_at);
      failed = co_await add_space(std::move(row), request.expand, results);
    }
    whole = listing.next.empty();
    co_return failed.has_value() && !window.full();
  };
  auto followed = co_await mirror::follow(confluence::spaces_target(query), fetch, take);
  if (!followed) co_return followed;
  if (!failed) co_return failed;
  answer_ = querying::list_json(std::move(results), window.around(whole));
  answer_["synced_at"] = store::to_iso8601(synced_at);
  co_return Result<void>();
}

Task<void> SiteRead::add_space(store::SpaceRow row, const querying::SpaceExpand& expand,
                               Json& results) {
  querying::SpaceParts parts{row, std::nullopt};
  if (expand.metadata) {
    auto fetch = [this](std::string target) { return client_.labels(std::move(target)); };
    Result<void> failed;
    auto take = [&](confluence::Listing<std::string> labels) -> base::Awaitable<bool> {
      failed = expect_good(labels, "label");
      for (auto& label : labels.rows) row.labels.push_back(std::move(label));
      co_return failed.has_value();
    };
    auto followed = co_await mirror::follow(confluence::space_labels_target(row.id), fetch, take);
    if (!followed) co_return followed;
    if (!failed) co_return failed;
    std::sort(row.labels.begin(), row.labels.end());
    row.labels.erase(std::unique(row.labels.begin(), row.labels.end()), row.labels.end());
  }
  if (expand.homepage && row.homepage_id) {
    auto homepage = co_await page_by_id(*row.homepage_id, false);
    if (homepage) {
      parts.homepage = std::move(*homepage);
    } else if (homepage.error().kind != ErrorKind::kUsage) {
      co_return store::fail(homepage.error());
    }
  }
  results.push_back(querying::space_json(parts, expand, site_url_));
  co_return Result<void>();
}

Task<store::SpaceRow> SiteRead::space_by(confluence::SpacesQuery query, const std::string& named) {
  auto listing = co_await client_.spaces(confluence::spaces_target(query));
  if (!listing) co_return store::fail(listing.error());
  if (listing->rows.empty()) {
    co_return store::fail(
        ErrorKind::kUsage, "unknown_space",
        fmt::format("cannot find space '{}': the site shows no space of that key", named),
        "it is gone, or not visible to this account");
  }
  co_return space_row(std::move(listing->rows.front()), listing->received_at);
}

Task<store::SpaceRow> SiteRead::space_of_id(store::Id id) {
  if (const auto found = spaces_.find(id); found != spaces_.end()) co_return found->second;
  confluence::SpacesQuery query;
  query.ids = {id};
  query.details = false;
  auto space = co_await space_by(std::move(query), std::to_string(id));
  if (space) spaces_.emplace(id, *space);
  co_return space;
}

Task<store::PageRow> SiteRead::page_by_id(store::Id id, bool draft) {
  auto listing = Result<confluence::Listing<store::Page>>();
  if (draft) {
    listing = co_await client_.draft(id);
  } else {
    listing = co_await client_.page(id, Priority::kHeadPoll, RetryBudget());
  }
  if (!listing && listing.error().name == "http_404") {
    co_return store::fail(ErrorKind::kUsage, "unknown_page",
                          fmt::format("cannot find page '{}': the site shows none of that id", id),
                          "it is gone, or not visible to this account");
  }
  if (!listing) co_return store::fail(listing.error());
  if (listing->rows.empty()) {
    const auto reason = listing->bad_rows.empty() ? std::string("no page in the answer")
                                                  : listing->bad_rows.front().reason;
    co_return store::fail(bad_row(fmt::format("page {}", id), reason));
  }
  co_return page_row(std::move(listing->rows.front()), listing->received_at);
}

Task<void> SiteRead::ask_pages(const querying::PagesRequest& request) {
  if (request.status == "draft") {
    co_return store::fail(ErrorKind::kUsage, "drafts_not_listed",
                          "cannot list the drafts of the site: its API lists none",
                          "without \"live\" the drafts that confmirror created are listed; any "
                          "draft is read by its id with get_page");
  }
  confluence::SpacesQuery by_key;
  by_key.keys = {request.space_key};
  by_key.details = false;
  auto space = co_await space_by(std::move(by_key), request.space_key);
  if (!space) co_return store::fail(space.error());
  spaces_.emplace(space->id, *space);
  confluence::PagesQuery query;
  query.space_ids = {space->id};
  query.statuses = {request.status};
  query.title = request.title;
  query.bodies = request.expand.body;
  query.limit = static_cast<int>(
      std::min<std::int64_t>(request.start + request.limit + 1, querying::kMostPerAnswer));
  RowWindow window(request.start, request.limit);
  auto results = Json::array();
  auto synced_at = space->synced_at;
  Result<void> failed;
  bool whole = false;
  auto fetch = [this](std::string target) {
    return client_.pages(std::move(target), Priority::kHeadPoll, RetryBudget());
  };
  auto take = [&](confluence::Listing<store::Page> listing) -> base::Awaitable<bool> {
    failed = expect_good(listing, "page");
    synced_at = listing.received_at;
    for (auto& page : listing.rows) {
      if (!failed || !window.shows(page.id)) continue;
      auto row = page_row(std::move(page), listing.received_at);
      failed = co_await add_page(row, request.expand, request.expand.version, results);
    }
    whole = listing.next.empty();
    co_return failed.has_value() && !window.full();
  };
  auto followed = co_await mirror::follow(confluence::pages_target(query), fetch, take);
  if (!followed) co_return followed;
  if (!failed) co_return failed;
  answer_ = querying::list_json(std::move(results), window.around(whole));
  answer_["synced_at"] = store::to_iso8601(synced_at);
  co_return Result<void>();
}

Task<void> SiteRead::add_page(const store::PageRow& row, const querying::PageExpand& expand,
                              bool with_version, Json& results) {
  auto space = co_await space_of_id(row.space_id);
  if (!space) co_return store::fail(space.error());
  auto shown = row;
  shown.space_key = space->key;
  querying::PageParts parts{shown, std::nullopt, *space, {}, {}, {}};
  auto added = co_await add_family(parts, expand);
  if (!added) co_return added;
  results.push_back(querying::page_json(parts, expand, with_version, site_url_));
  co_return Result<void>();
}

Task<void> SiteRead::ask_page(const querying::PageRequest& request) {
  auto page = co_await page_by_id(request.page_id, request.status == "draft");
  if (!page) co_return store::fail(page.error());
  if (!request.status.empty() && page->status != request.status) {
    co_return store::fail(ErrorKind::kUsage, "other_status",
                          fmt::format("cannot read page '{}' as {}: it is {}", page->id,
                                      request.status, page->status),
                          request.status == "draft" ? "it has no draft that this account can see"
                                                    : "leave out 'status' to read it as it is");
  }
  auto space = co_await space_of_id(page->space_id);
  if (!space) co_return store::fail(space.error());
  page->space_key = space->key;
  querying::PageParts parts{*page, std::nullopt, *space, {}, {}, {}};
  if (request.version) {
    auto added = co_await add_version(parts, *request.version);
    if (!added) co_return added;
  }
  auto added = co_await add_family(parts, request.expand);
  if (!added) co_return added;
  answer_ = querying::page_json(parts, request.expand, true, site_url_);
  co_return Result<void>();
}

Task<void> SiteRead::add_version(querying::PageParts& parts, std::int32_t version) {
  auto listing = co_await client_.page_version(parts.page.id, version);
  if (!listing && listing.error().name == "http_404") {
    co_return store::fail(
        ErrorKind::kUsage, "unknown_version",
        fmt::format("cannot show version {} of page '{}': the site does not have it", version,
                    parts.page.id),
        fmt::format("the newest is {}", parts.page.version.number));
  }
  if (!listing) co_return store::fail(listing.error());
  if (listing->rows.empty()) {
    co_return store::fail(bad_row(fmt::format("version {} of page {}", version, parts.page.id),
                                  "no page in the answer"));
  }
  auto& then = listing->rows.front();
  store::VersionRow row;
  row.version = std::move(then.version);
  row.title = std::move(then.title);
  row.body = std::move(then.body);
  parts.version = std::move(row);
  co_return Result<void>();
}

Task<std::vector<store::Node>> SiteRead::rows_of_tree(std::string target) {
  std::vector<store::Node> rows;
  std::set<store::Id> seen;
  Result<void> failed;
  auto fetch = [this](std::string link) { return client_.tree(std::move(link)); };
  auto take = [&](confluence::Listing<store::Node> listing) -> base::Awaitable<bool> {
    failed = expect_good(listing, "content");
    for (auto& row : listing.rows) {
      if (seen.insert(row.id).second) rows.push_back(std::move(row));
    }
    co_return failed.has_value();
  };
  auto followed = co_await mirror::follow(std::move(target), fetch, take);
  if (!followed) co_return store::fail(followed.error());
  if (!failed) co_return store::fail(failed.error());
  co_return rows;
}

Task<void> SiteRead::add_family(querying::PageParts& parts, const querying::PageExpand& expand) {
  if (expand.ancestors) {
    auto added = co_await add_ancestors(parts);
    if (!added) co_return added;
  }
  if (expand.children) {
    auto rows = co_await rows_of_tree(confluence::children_target(parts.page.id));
    if (!rows) co_return store::fail(rows.error());
    for (const auto& row : *rows) parts.children.push_back({tree_row(row), 1});
    std::stable_sort(parts.children.begin(), parts.children.end(),
                     [](const querying::Relative& a, const querying::Relative& b) {
                       constexpr auto kLast = std::numeric_limits<std::int64_t>::max();
                       return a.row.position.value_or(kLast) < b.row.position.value_or(kLast);
                     });
  }
  if (expand.descendants) co_return co_await add_descendants(parts);
  co_return Result<void>();
}

// One by one: the site's own list of ancestors has no titles.
Task<void> SiteRead::add_ancestors(querying::PageParts& parts) {
  std::set<store::Id> seen = {parts.page.id};
  auto next = parts.page.parent_id;
  auto type = parts.page.parent_type.value_or("page");
  for (int count = 0; next && seen.insert(*next).second && count < kMostAncestors; ++count) {
    store::TreeRow row;
    row.id = *next;
    row.type = type;
    if (type == "page") {
      auto page = co_await page_by_id(*next, false);
      if (!page) co_return store::fail(page.error());
      row.status = page->status;
      row.title = page->title;
      row.position = page->position;
      row.parent_id = page->parent_id;
      type = page->parent_type.value_or("page");
    } else {
      auto nodes = co_await client_.node(type, *next);
      if (!nodes) co_return store::fail(nodes.error());
      if (nodes->rows.empty()) break;
      const auto& node = nodes->rows.front();
      row.status = node.status;
      row.title = node.title;
      row.position = node.position;
      row.parent_id = node.parent_id;
      type = node.parent_type.value_or("page");
    }
    next = row.parent_id;
    parts.ancestors.push_back({std::move(row), 0});
  }
  std::reverse(parts.ancestors.begin(), parts.ancestors.end());
  co_return Result<void>();
}

// The site gives ten levels at a time. What lies deeper is asked for below the pages of the tenth.
Task<void> SiteRead::add_descendants(querying::PageParts& parts) {
  std::map<store::Id, int> depths = {{parts.page.id, 0}};
  std::vector<store::Id> tops = {parts.page.id};
  while (!tops.empty()) {
    const auto top = tops.back();
    tops.pop_back();
    const int above = depths[top];
    auto rows = co_await rows_of_tree(confluence::descendants_target(top));
    if (!rows) co_return store::fail(rows.error());
    std::map<store::Id, const store::Node*> by_id;
    for (const auto& row : *rows) by_id.emplace(row.id, &row);
    for (const auto& row : *rows) {
      int depth = 1;
      const store::Node* at = &row;
      while (at->parent_id && by_id.contains(*at->parent_id) &&
             depth <= confluence::kDeepestDescendants) {
        at = by_id[*at->parent_id];
        ++depth;
      }
      if (!depths.emplace(row.id, above + depth).second) continue;
      parts.descendants.push_back({tree_row(row), above + depth});
      if (depth == confluence::kDeepestDescendants && row.type == "page") tops.push_back(row.id);
    }
  }
  co_return Result<void>();
}

}  // namespace

base::Awaitable<Result<Json>> read_site(confluence::Client& client, std::string site_url,
                                        querying::ReadRequest request) {
  SiteRead read(client, std::move(site_url));
  auto asked = co_await read.ask(request);
  if (!asked) co_return store::fail(std::move(asked.error()));
  co_return read.take();
}

}  // namespace cli
