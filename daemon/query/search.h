#pragma once

// `search`: what was typed, put to the index, with the rows of what was found. Uses the Reader on
// the calling thread. Errors: kUsage where the query is wrong, with a caret under the fault, and
// for spaces that the mirror does not have; those of the Reader.

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "store/reader.h"

namespace querying {

struct SearchRequest {
  std::string words;                  // query_parser.h
  std::string space;                  // key; empty = all
  std::vector<std::string> statuses;  // empty = what the query says, else current
  std::string sort = "rank";          // rank, modified, title
  std::int64_t limit = 20;            // -1 = all
  bool history = false;               // older versions in the place of current ones
  std::optional<store::Time> as_of;   // titles of then, see store::TextQuery
};

struct SearchHit {
  store::PageRow page;  // without its body; with as_of: as it was then
  store::TextHit found;
};

struct SearchAnswer {
  std::vector<SearchHit> hits;
  std::int64_t total = 0;
  std::int64_t assumed = 0;  // hits of which something was not observed then
  std::optional<store::Time> as_of;
  std::optional<std::string> synced_at;
  std::string site_url;
};

store::Result<SearchAnswer> search(store::Reader& reader, const SearchRequest& request);

// One object: total, hits, synced_at, with as_of that as well. Ids are strings; places of
// highlights are characters (Unicode code points) of the text beside them, from the first to the
// one behind the last.
nlohmann::ordered_json search_json(const SearchAnswer& answer);

// Where people see the page.
std::string url_of(const store::PageRow& page, const std::string& site_url);

}  // namespace querying
