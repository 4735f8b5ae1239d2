#pragma once

// Pure: what the v2 listings have in common: limit, order, cursor, the envelope with its next link
// and the `Link` header (https://developer.atlassian.com/cloud/confluence/rest/v2/intro/#using). A
// next link is relative to the site, with `/wiki`, and has the parameters of the question again.
// Refers to the Ask, which outlives it. Any thread.

#include <algorithm>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/serve/offline_ask.h"
#include "daemon/serve/offline_json.h"
#include "store/listing.h"

namespace serve {

class OfflineListing {
 public:
  // `sorts`: names without '-'. What is wrong is left in `query`.
  OfflineListing(const Ask& ask, OfflineQuery& query, const std::vector<std::string_view>& sorts,
                 std::string_view default_sort);

  std::string_view order() const;  // without '-'
  bool descending() const { return sort_.starts_with('-'); }
  std::size_t limit() const { return limit_; }
  const std::optional<store::ListPlace>& after() const { return after_; }

  // Rows that are all there: puts them in order and keeps those of this answer.
  template <typename Row, typename PlaceOf>
  void choose(std::vector<Row>& rows, const PlaceOf& place_of) {
    std::vector<std::pair<store::ListPlace, Row>> placed;
    for (Row& row : rows) {
      store::ListPlace place = place_of(row);
      if (!after_ || before(*after_, place)) placed.emplace_back(std::move(place), std::move(row));
    }
    std::sort(placed.begin(), placed.end(),
              [this](const auto& a, const auto& b) { return before(a.first, b.first); });
    rows.clear();
    for (auto& [place, row] : placed) {
      if (rows.size() == limit_) {
        more_ = true;
        break;
      }
      last_ = std::move(place);
      rows.push_back(std::move(row));
    }
  }

  // Rows of which one more than limit() was asked for, in order.
  template <typename Row, typename PlaceOf>
  void cut(std::vector<Row>& rows, const PlaceOf& place_of) {
    more_ = rows.size() > limit_;
    if (more_) rows.resize(limit_);
    if (!rows.empty()) last_ = place_of(rows.back());
  }

  // Of what cut() or choose() left, the first `count`, 1 or more.
  template <typename Row, typename PlaceOf>
  void keep(std::vector<Row>& rows, std::size_t count, const PlaceOf& place_of) {
    if (count >= rows.size()) return;
    rows.resize(count);
    more_ = true;
    last_ = place_of(rows.back());
  }

  template <typename Row>
  Response answer(const std::vector<Row>& rows,
                  const std::function<void(JsonText&, const Row&)>& put) const {
    Response response;
    JsonText json(response.body);
    json.open();
    json.open_array("results");
    for (const Row& row : rows) put(json, row);
    json.close_array();
    end(json, response);
    return response;
  }

 private:
  bool before(const store::ListPlace& a, const store::ListPlace& b) const;
  void end(JsonText& json, Response& response) const;
  std::string next_link() const;

  const Ask& ask_;
  std::string sort_;
  std::string question_;
  std::size_t limit_ = 25;
  std::optional<store::ListPlace> after_;
  std::optional<store::ListPlace> last_;
  bool more_ = false;
};

// How many of these rows an answer with their bodies holds: bodies of up to 16 MiB, but one row at
// least. A short answer is nothing unusual to a client, as long as it has a next link.
template <typename Row>
std::size_t rows_with_bodies(const std::vector<Row>& rows) {
  constexpr std::int64_t kMostBytes = std::int64_t{16} << 20;
  std::int64_t bytes = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    bytes += rows[i].body_bytes;
    if (bytes > kMostBytes) return std::max<std::size_t>(i, 1);
  }
  return rows.size();
}

// Fills in the bodies of these rows.
store::Result<void> add_bodies(store::Reader& reader, std::vector<store::PageRow>& rows);

// The path of a question, each segment encoded.
std::string path_of(const Request& request);

}  // namespace serve
