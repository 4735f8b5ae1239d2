#include "daemon/query/search.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "daemon/query/freshness.h"
#include "daemon/query/lookup.h"
#include "daemon/query/query_parser.h"
#include "store/caret.h"

namespace querying {

namespace {

using Field = store::TextCondition::Field;
using OrderedJson = nlohmann::ordered_json;

store::TextTerm term_of(const Term& term) { return {term.text, term.prefix, term.title_only}; }

Field field_of(Condition::Field field) {
  switch (field) {
    case Condition::Field::kStatus:
      return Field::kStatus;
    case Condition::Field::kAuthor:
      return Field::kAuthor;
    case Condition::Field::kUpdated:
      return Field::kUpdated;
    case Condition::Field::kCreated:
      return Field::kCreated;
    case Condition::Field::kSpace:
      break;
  }
  return Field::kSpace;
}

// Puts what was typed into what the store is asked.
class Translation {
 public:
  Translation(store::Reader& reader, const SearchRequest& request)
      : reader_(reader), request_(request) {}

  store::Result<store::TextQuery> run();

 private:
  store::Result<void> add(const Condition& condition);
  store::Result<void> add_space(const Condition::Value& value, store::TextCondition& made);
  store::Result<void> add_options();

  store::Reader& reader_;
  const SearchRequest& request_;
  store::TextQuery made_;
  bool status_said_ = false;
};

store::Result<void> Translation::add_space(const Condition::Value& value,
                                           store::TextCondition& made) {
  const auto space = find_space(reader_, value.text);
  if (space) {
    made.space_ids.push_back(space->id);
    return {};
  }
  auto error = space.error();
  if (error.name == "unknown_space") error.message += store::caret_under(request_.words, value.at);
  return store::fail(std::move(error));
}

store::Result<void> Translation::add(const Condition& condition) {
  store::TextCondition made;
  made.field = field_of(condition.field);
  made.negated = condition.negated;
  made.from = condition.from;
  made.to = condition.to;
  for (const auto& value : condition.any) {
    if (condition.field == Condition::Field::kStatus) {
      status_said_ = true;
      if (value.text == "any" && !condition.negated) return {};
    }
    if (condition.field == Condition::Field::kSpace) {
      if (auto added = add_space(value, made); !added) return added;
    } else {
      made.values.push_back(value.text);
    }
  }
  made_.conditions.push_back(std::move(made));
  return {};
}

store::Result<void> Translation::add_options() {
  if (!request_.space.empty()) {
    const auto space = find_space(reader_, request_.space);
    if (!space) return store::fail(space.error());
    store::TextCondition made;
    made.space_ids.push_back(space->id);
    made_.conditions.push_back(std::move(made));
  }
  auto statuses = request_.statuses;
  if (statuses.empty() && !status_said_) statuses = {"current"};
  if (statuses.empty() || std::find(statuses.begin(), statuses.end(), "any") != statuses.end()) {
    return {};
  }
  store::TextCondition made;
  made.field = Field::kStatus;
  made.values = std::move(statuses);
  made_.conditions.push_back(std::move(made));
  return {};
}

store::Result<store::TextQuery> Translation::run() {
  const auto parsed = parse_query(request_.words);
  if (parsed.fault) return store::fail(query_error(request_.words, *parsed.fault));
  for (const auto& group : parsed.query.all) {
    auto& any = made_.all.emplace_back();
    for (const auto& term : group) any.push_back(term_of(term));
  }
  for (const auto& term : parsed.query.none) made_.none.push_back(term_of(term));
  for (const auto& condition : parsed.query.conditions) {
    if (auto added = add(condition); !added) return store::fail(added.error());
  }
  if (auto added = add_options(); !added) return store::fail(added.error());
  made_.history = request_.history;
  made_.sort = request_.sort;
  made_.limit = request_.limit;
  made_.as_of = request_.as_of;
  return std::move(made_);
}

std::size_t characters_of(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }));
}

// Adds `key` with the whole text and `marks_key` with where in it what was found is.
void add_marked(OrderedJson& json, const char* key, const char* marks_key,
                const store::MarkedText& text) {
  std::string whole;
  auto marks = OrderedJson::array();
  std::size_t at = 0;
  for (const auto& [piece, hit] : text) {
    const auto end = at + characters_of(piece);
    if (hit) marks.push_back({at, end});
    whole += piece;
    at = end;
  }
  json[key] = std::move(whole);
  json[marks_key] = std::move(marks);
}

OrderedJson text_or_null(const std::string& text) {
  return text.empty() ? OrderedJson() : OrderedJson(text);
}

OrderedJson hit_json(const SearchHit& hit, const std::string& site_url) {
  const auto& page = hit.page;
  OrderedJson json;
  json["page_id"] = std::to_string(page.id);
  json["space_key"] = page.space_key;
  add_marked(json, "title", "title_highlights", hit.found.title);
  json["status"] = page.status;
  json["version"] = hit.found.version ? *hit.found.version : page.version.number;
  if (hit.found.version) json["newest_version"] = page.version.number;
  json["modified_at"] = store::to_iso8601(hit.found.modified);
  if (!hit.found.version) {
    json["modified_by"] = text_or_null(page.version.author_id);
    json["modified_by_name"] = text_or_null(page.modified_by_name);
  }
  json["url"] = url_of(page, site_url);
  json["rank"] = hit.found.rank;
  if (page.assumed) json["assumed"] = true;
  add_marked(json, "snippet", "highlights", hit.found.snippet);
  return json;
}

store::Result<std::map<store::Id, store::PageRow>> rows_of(store::Reader& reader,
                                                           const store::TextHits& found,
                                                           std::optional<store::Time> as_of) {
  std::map<store::Id, store::PageRow> pages;
  if (as_of) {
    for (const auto& hit : found.hits) {
      auto row = reader.page(hit.page_id, /*with_body=*/false, as_of);
      if (!row) return store::fail(row.error());
      if (*row) pages.emplace(hit.page_id, std::move(**row));
    }
    return pages;
  }
  std::vector<store::Id> ids;
  for (const auto& hit : found.hits) ids.push_back(hit.page_id);
  auto rows = reader.pages_by_id(ids);
  if (!rows) return store::fail(rows.error());
  for (auto& row : *rows) pages.emplace(row.id, std::move(row));
  return pages;
}

}  // namespace

store::Result<SearchAnswer> search(store::Reader& reader, const SearchRequest& request) {
  const auto asked = Translation(reader, request).run();
  if (!asked) return store::fail(asked.error());
  auto found = reader.search(*asked);
  if (!found) return store::fail(found.error());
  auto pages = rows_of(reader, *found, request.as_of);
  if (!pages) return store::fail(pages.error());
  SearchAnswer answer;
  answer.total = found->total;
  answer.as_of = request.as_of;
  for (auto& hit : found->hits) {
    const auto page = pages->find(hit.page_id);
    if (page == pages->end()) continue;
    if (page->second.assumed) ++answer.assumed;
    answer.hits.push_back({page->second, std::move(hit)});
  }
  auto synced_at = synced_at_of(reader);
  if (!synced_at) return store::fail(synced_at.error());
  answer.synced_at = std::move(*synced_at);
  auto site_url = site_url_of(reader);
  if (!site_url) return store::fail(site_url.error());
  answer.site_url = std::move(*site_url);
  return answer;
}

nlohmann::ordered_json search_json(const SearchAnswer& answer) {
  OrderedJson json;
  json["total"] = answer.total;
  json["hits"] = OrderedJson::array();
  for (const auto& hit : answer.hits) json["hits"].push_back(hit_json(hit, answer.site_url));
  if (answer.as_of) json["as_of"] = store::to_iso8601(*answer.as_of);
  json["synced_at"] = answer.synced_at ? OrderedJson(*answer.synced_at) : OrderedJson();
  return json;
}

std::string url_of(const store::PageRow& page, const std::string& site_url) {
  return site_url + "/wiki" + page.web_path;
}

}  // namespace querying
