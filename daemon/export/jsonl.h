#pragma once

// The JSON Lines form of a mirror (README.md): spaces by id, then pages by id, each with its versions after it. Keys come in a
// fixed order, so that equal mirrors give equal bytes. Uses the Reader on the calling thread; holds one row at a time.

#include <cstdint>
#include <functional>
#include <ostream>
#include <string_view>
#include <vector>

#include "store/reader.h"

namespace exporting {

struct JsonlOptions {
  std::vector<store::Id> space_ids;  // empty = all
  bool history = false;              // older versions with their bodies
};
struct JsonlCounts {
  std::int64_t spaces = 0;
  std::int64_t pages = 0;
  std::int64_t versions = 0;
};

// `write` gets whole lines, each with its newline; it returns false when it cannot go on (the export ends with kSystem then).
using WriteLine = std::function<bool(std::string_view line)>;
store::Result<JsonlCounts> export_jsonl(store::Reader& reader, const JsonlOptions& options, const WriteLine& write);

}  // namespace exporting
