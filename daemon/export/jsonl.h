#pragma once

// The JSON Lines form of a mirror (README.md): spaces by id, then nodes (folders, whiteboards,
// databases, embeds) by id, then pages by id, each followed by its versions. Every version that is
// known is listed, in ascending order and with its body, the current one included. Keys come in a
// fixed order, so that equal mirrors give equal bytes. Nothing is written that depends on when or
// how often the site was asked: no synced_at, no names of people (asked for once), no title of a
// version (listings do not always tell it). All keys are in every line, null where there is no
// value; only gone_at and gone_reason are absent unless a page or node is gone.
//
// Uses the Reader on the calling thread, in one snapshot; holds one row at a time. Errors: those of
// the Reader and of `write`.

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "store/reader.h"

namespace exporting {

struct JsonlOptions {
  std::vector<store::Id> space_ids;  // empty = all
  bool history = false;              // the versions too
  bool live_only = false;            // without what is gone from the site
  std::optional<store::Time> as_of;  // pages and versions of then; nodes as they are now
};
struct JsonlCounts {
  std::int64_t spaces = 0;
  std::int64_t nodes = 0;
  std::int64_t pages = 0;
  std::int64_t versions = 0;
};

// Gets one line with its newline; an error ends the export.
using WriteLine = std::function<store::Result<void>(std::string_view line)>;
store::Result<JsonlCounts> export_jsonl(store::Reader& reader, const JsonlOptions& options,
                                        const WriteLine& write);

}  // namespace exporting
