#include "tests/site/listing.h"

#include <algorithm>
#include <limits>

#include "tests/site/text.h"

namespace site {
namespace {

constexpr std::size_t kDefaultLimit = 25;
constexpr std::size_t kMaxLimit = 250;

}  // namespace

std::optional<Response> Listing::read(const Request& request, const Draw& draw,
                                      std::span<const SortName> sorts,
                                      std::string_view default_sort, bool with_bodies,
                                      Listing& listing) {
  listing.request_ = &request;
  listing.draw_ = &draw;
  listing.limit_ = kDefaultLimit;
  if (const auto text = request.query.get("limit")) {
    const auto limit = parse_number(*text);
    if (!limit || *limit < 1 || *limit > static_cast<std::int64_t>(kMaxLimit)) {
      return bad_parameter("limit", *text, "an integer from 1 to 250");
    }
    listing.limit_ = static_cast<std::size_t>(*limit);
  }
  listing.order_ = request.query.get("sort").value_or(std::string(default_sort));
  listing.descending_ = listing.order_.starts_with('-');
  const std::string_view name =
      std::string_view(listing.order_).substr(listing.descending_ ? 1 : 0);
  const auto sort = std::find_if(sorts.begin(), sorts.end(),
                                 [&](const SortName& known) { return known.name == name; });
  if (sort == sorts.end()) return bad_parameter("sort", listing.order_, "one of the sort orders");
  listing.by_ = sort->by;
  if (const auto text = request.query.get("cursor")) {
    const auto cursor = decode(*text, listing.order_, listing.text_order());
    const bool changed =
        cursor && draw.settings.refuse_changed_limit && cursor->limit != listing.limit_;
    if (!cursor || changed) return bad_cursor();
    listing.after_ = cursor->after;
  }
  listing.rows_ = listing.limit_;
  for (const std::uint32_t cap :
       {draw.settings.results_cap, with_bodies ? draw.settings.body_results_cap : 0U}) {
    if (cap > 0) listing.rows_ = std::min<std::size_t>(listing.rows_, cap);
  }
  if (draw.short_page) listing.rows_ = 1 + draw.dice % listing.rows_;
  if (draw.empty_page) listing.rows_ = 0;
  return std::nullopt;
}

// A place before everything, for an empty first page.
Position Listing::start() const {
  constexpr std::int64_t kLast = std::numeric_limits<std::int64_t>::max();
  if (!descending_) return {text_order() ? 0 : std::numeric_limits<std::int64_t>::min(), "", 0};
  return {text_order() ? 0 : kLast, text_order() ? "\U0010FFFF" : "", kLast};
}

std::vector<Listing::Row> Listing::collect(const std::function<void(const Offer&)>& each) {
  std::vector<Row> rows;
  more_ = false;
  each([&](Row row) {
    if (rows.size() == rows_) {
      more_ = true;
      return false;
    }
    rows.push_back(std::move(row));
    return true;
  });
  if (rows.empty()) {
    next_ = after_ ? *after_ : start();
  } else {
    const bool repeat = draw_->repeated_row && rows.size() > 1;
    next_ = rows[rows.size() - (repeat ? 2 : 1)].position;
  }
  return rows;
}

std::vector<Listing::Row> Listing::collect(std::vector<Row> items) {
  const auto key_less = [](const Position& a, const Position& b) {
    if (a.number != b.number) return a.number < b.number;
    const int order = a.title.compare(b.title);
    return order != 0 ? order < 0 : a.id < b.id;
  };
  const auto before = [&](const Position& a, const Position& b) {
    return descending_ ? key_less(b, a) : key_less(a, b);
  };
  std::sort(items.begin(), items.end(),
            [&](const Row& a, const Row& b) { return before(a.position, b.position); });
  return collect([&](const Offer& offer) {
    for (const Row& row : items) {
      if (after_ && !before(*after_, row.position)) continue;
      if (!offer(row)) return;
    }
  });
}

Response Listing::envelope(const State& state, const std::vector<Row>& rows,
                           const std::function<void(const Row&, std::string&)>& render) const {
  Response response;
  std::string& out = response.body;
  out = R"({"results":[)";
  for (const Row& row : rows) {
    if (out.back() != '[') out += ',';
    render(row, out);
  }
  out += R"(],"_links":{)";
  std::string links = "<" + state.base_url + ">; rel=\"base\"";
  if (more_ && !draw_->lost_next) {
    Cursor cursor;
    cursor.order = order_;
    cursor.after = next_;
    cursor.by_text = text_order();
    cursor.limit = limit_;
    if (rows.empty()) cursor.salt = draw_->dice | 1U;
    const std::string next =
        request_->path + "?" + request_->query.with_cursor(encode(cursor), limit_);
    out += R"("next":)";
    append_quoted(out, next);
    out += ',';
    links = "<" + next + ">; rel=\"next\", " + links;
  }
  out += R"("base":)";
  append_quoted(out, state.base_url);
  out += "}}";
  response.headers.emplace_back("Link", std::move(links));
  return response;
}

}  // namespace site
