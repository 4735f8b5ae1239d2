#pragma once

// The shape of a table, for the merge: may three versions of it be merged row by row? Pure; any
// thread.

#include "daemon/storage_format/document.h"

namespace storage_format {

struct Grid {
  bool regular = true;  // every row has as many columns, no cell spans rows
  std::size_t columns = 0;
  std::size_t rows = 0;
  bool operator==(const Grid&) const = default;
};

Grid grid_of(const Node& table);
// Whether one table of rows and cells can come of the three, by their shapes alone.
bool can_merge_tables(const Node& base, const Node& ours, const Node& theirs);
// A cell of the row has become what another cell of it was: columns moved, came or went.
bool has_shifted(const Document& before, const Node& base_row, const Document& after,
                 const Node& row);
// A column was written anew from top to bottom, in at least two rows: it may have another meaning.
// Rows are compared in order; false where their number differs.
bool has_new_column(const Document& before, const Node& base, const Document& after,
                    const Node& table);
std::vector<const Node*> rows_of(const Node& table);

}  // namespace storage_format
