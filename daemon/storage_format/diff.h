#pragma once

// What changed between two bodies, for people.
//
// Blocks are compared by normal form, so that what the server rewrites is no change, and every
// change of the normal form is shown: where the readable texts of a block (readable.h) are equal,
// or empty, its source is shown instead. An element whose tag stayed is entered, so that a change
// of one cell is one Change. Positions are in `after`; of what was removed, in `before`. The texts
// may hold any character that a body may: whoever prints them makes them printable. Time is bounded
// as in align.h. Pure; any thread.

#include <string>
#include <string_view>
#include <vector>

#include "daemon/storage_format/document.h"
#include "daemon/storage_format/readable.h"

namespace storage_format {

struct Change {
  enum class Kind { kSame, kAdded, kRemoved, kChanged };
  Kind kind = Kind::kSame;
  std::string before;  // readable text, or source; empty where the block is absent
  std::string after;
  Position at;
};

tl::expected<std::vector<Change>, Fault> diff(std::string_view before, std::string_view after);

// Lines that start with "  ", "- " or "+ ", under "@@ line 3, column 5 @@"; `context` unchanged
// blocks around each change. "" where nothing that counts changed. A diff of the source's lines
// where one of the two is malformed.
std::string readable_diff(std::string_view before, std::string_view after, int context = 2);
// Each place where ours or theirs differs from base, labelled with who changed it or `conflict`,
// and the texts of all three. Where one of the three is malformed: two diffs against base,
// labelled.
std::string readable_diff3(std::string_view base, std::string_view ours, std::string_view theirs);

}  // namespace storage_format
