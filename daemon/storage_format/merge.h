#pragma once

// Two edits of one body, brought together by blocks.
//
//  1. Blocks are compared by normal form: what the server rewrites is no edit, and the copy that is
//     kept is then theirs (the server's). Text that is kept is copied byte for byte.
//  2. An element that both edited is entered, where its tag is the same in all three and its parts
//     can stand by themselves: layouts, lists, tables, cells, quotes, bodies of macros. What is
//     compared in the end is a paragraph, heading, list item, cell, code macro, run of text.
//  3. These conflict: edits of one block that differ; insertions at one place that differ; an edit
//     of what the other deleted or moved; an insertion inside what the other deleted; whatever
//     stands where copies of a block leave open which of them was deleted or added.
//  4. A table is entered only if no column came, went or moved, and a row never joins cells of two
//     shapes: otherwise edits of one table by both conflict.
//  5. An answer is well-formed and its tables are as regular as the three they came from; if not,
//     that is a conflict.
//
// Time is bounded (align.h): where too much changed at once, blocks are compared in larger pieces.
// Pure; any thread. A Fault names which of the three bodies is malformed, and where.

#include <string>
#include <string_view>
#include <vector>

#include "daemon/storage_format/document.h"

namespace storage_format {

struct MergeConflict {
  std::string base;  // source text of the blocks; empty = absent
  std::string ours;
  std::string theirs;
  Position in_base;
};

struct Merge {
  std::string body;  // valid only when clean
  std::vector<MergeConflict> conflicts;
  bool clean() const { return conflicts.empty(); }
};

tl::expected<Merge, Fault> merge(std::string_view base, std::string_view ours,
                                 std::string_view theirs);

}  // namespace storage_format
