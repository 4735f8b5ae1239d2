#pragma once

// What every listing has in common: its limit, its order, its cursor, and the envelope with the
// next link. The caps and the oddities that were drawn for the request are applied here.

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tests/site/api.h"
#include "tests/site/cursor.h"

namespace site {

struct SortName {
  std::string_view name;  // without '-'
  SortBy by;
};

class Listing {
 public:
  // `sorts`: what may be asked for; the first is the default unless `default_sort` says otherwise.
  // An error is to be sent as it is.
  static std::optional<Response> read(const Request& request, const Draw& draw,
                                      std::span<const SortName> sorts,
                                      std::string_view default_sort, bool with_bodies,
                                      Listing& listing);

  SortBy by() const { return by_; }
  bool descending() const { return descending_; }
  const std::optional<Position>& after() const { return after_; }
  std::size_t rows() const { return rows_; }  // that this answer may hold

  // Walks what `each` offers (it calls its argument until that returns false) and keeps the rows of
  // this page.
  struct Row {
    std::uint32_t index;
    Position position;
  };
  using Offer = std::function<bool(Row row)>;
  std::vector<Row> collect(const std::function<void(const Offer&)>& each);
  // Sorts `items` by the listing's order and offers those after the cursor.
  std::vector<Row> collect(std::vector<Row> items);

  // `{"results":[...],"_links":{...}}` around rows that render(row, out) writes.
  Response envelope(const State& state, const std::vector<Row>& rows,
                    const std::function<void(const Row&, std::string&)>& render) const;

 private:
  Position start() const;
  bool text_order() const { return by_ == SortBy::kTitle; }

  const Request* request_ = nullptr;
  const Draw* draw_ = nullptr;
  std::string order_;
  SortBy by_ = SortBy::kId;
  bool descending_ = false;
  std::size_t limit_ = 25;
  std::size_t rows_ = 25;
  std::optional<Position> after_;
  bool more_ = false;
  Position next_;
};

}  // namespace site
