#pragma once

// Listings that are read piece by piece: each piece begins behind the last row of the one before it
// (its key, then its id), so that rows that come, go or change meanwhile do not move the others,
// and a late piece costs what an early one does. Plain values; used by Reader.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "store/reader.h"

namespace store {

enum class ListOrder : std::uint8_t { kId, kCreated, kModified, kTitle };

// Where a row stands in a listing: by `number` (kCreated, kModified: milliseconds), by `text`
// (kTitle: the title without regard to case), and by `id` among equals.
struct ListPlace {
  std::int64_t number = 0;
  std::string text;
  Id id = 0;
};

struct PageListing {
  std::vector<Id> page_ids;           // empty = any
  std::vector<Id> space_ids;          // empty = any
  std::vector<std::string> statuses;  // empty = any
  std::optional<std::string> title;   // exact, without regard to case
  std::optional<std::string> subtype;
  bool root_only = false;  // without those below another one; homepages are roots
  ListOrder order = ListOrder::kId;
  bool descending = false;
  std::optional<ListPlace> after;
  std::size_t limit = 25;
  bool with_bodies = false;
};

// What lies below a page or node, current and archived.
struct ChildRow : TreeRow {
  std::optional<Id> space_id;
  Time created_at{};
  Time modified_at{};  // of a node: when it was created
  int depth = 1;       // below what was asked for
};

ListPlace place_of(const PageRow& row, ListOrder order);

}  // namespace store
