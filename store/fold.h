#pragma once

// Comparing texts without regard to case, as Confluence does for titles and keys: SQLite's NOCASE
// knows ASCII only.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "store/error.h"
#include "store/sqlite.h"

namespace store {

struct Decoded {
  std::uint32_t code = 0;
  std::size_t size = 0;  // in bytes; 0: not UTF-8
};
// The first character of a text that is not empty.
Decoded decode_utf8(std::string_view text);

// Lower case by Unicode's simple mapping; bytes that are not UTF-8 stay as they are.
std::string fold_case(std::string_view text);
// Gives the connection the SQL function fold(text).
Result<void> add_fold_function(Db& db);

}  // namespace store
