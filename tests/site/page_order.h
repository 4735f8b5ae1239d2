#pragma once

// The sort orders of page listings as ready-made indexes: per space and over the whole site, one
// sorted list of page indices for each order, built by prepare() and kept true through edits. A
// walk starts anywhere in O(log n) and merges the lists of the spaces it covers. Guarded by whoever
// guards the Content it belongs to.

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace site {

struct Page;

enum class SortBy : std::uint8_t { kId, kCreated, kModified, kTitle };

// A place in an order: the row's sort value, then its id. The keyset that a cursor holds.
struct Position {
  std::int64_t number = 0;  // id or time; 0 for titles
  std::string title;
  std::int64_t id = 0;
};

class PageOrder {
 public:
  PageOrder(const std::vector<Page>& pages, std::size_t spaces);

  // Visits pages after `after` (from the start without it) until `visit` returns false. `spaces`
  // empty = the whole site.
  using Visit = std::function<bool(std::uint32_t page)>;
  // The order must have been prepared; only reads.
  void walk(SortBy by, bool descending, const std::vector<std::uint32_t>& spaces,
            const std::optional<Position>& after, const Visit& visit) const;
  bool ready(SortBy by) const { return lists_[static_cast<std::size_t>(by)].built; }
  void prepare(SortBy by);
  static Position position(const Page& page, SortBy by);
  // <0: the page stands before the position in ascending order, 0: on it, >0: after it.
  static int compare(const Page& page, const Position& position, SortBy by);
  // True if `a` stands before `b` in ascending order.
  bool before(SortBy by, std::uint32_t a, std::uint32_t b) const;

  // Around each change of a page: remove it while it still has its old values, add it with the new
  // ones.
  void remove(std::uint32_t page);
  void add(std::uint32_t page);

 private:
  using List = std::vector<std::uint32_t>;
  struct Lists {
    bool built = false;
    List all;
    std::vector<List> by_space;
  };

  const std::vector<Page>& pages_;
  std::size_t spaces_;
  std::array<Lists, 4> lists_;
};

}  // namespace site
