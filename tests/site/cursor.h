#pragma once

// Cursors as Confluence makes them: base64 of a JSON object that holds a keyset position, always
// ending in '='. A cursor is good for the order that it was made in only. Pure, any thread.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "tests/site/page_order.h"

namespace site {

struct Cursor {
  std::string order;  // the sort that the listing has: `id`, `-modified-date`
  Position after;
  bool by_text = false;  // contentOrderValue is after.title, not after.number
  std::size_t limit = 0;
  std::uint64_t salt = 0;  // != 0: makes cursors to the same place differ
};

std::string encode(const Cursor& cursor);
// nullopt: not a cursor, or one of another order.
std::optional<Cursor> decode(std::string_view text, std::string_view order, bool by_text);

}  // namespace site
