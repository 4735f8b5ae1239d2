#pragma once

// Fills the index of texts: reads what is due, extracts what people read in it, and hands it to the
// Writer, one batch under way while the next one is made. Off the crawl path: after a run, after
// jobs, before a search. What changes meanwhile stays due for the next time; other rules of
// extraction than those that the mirror was indexed with make everything due.
//
// Blocks the calling thread, which must be neither the network's nor the Writer's; opens a reader
// of its own. Several at once do no harm, and no good. Memory: some batches. Errors: those of the
// store and of `going_on`; what was committed stays.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>

#include "store/error.h"
#include "store/writer.h"

namespace querying {

struct IndexOptions {
  bool history = false;  // older versions as well, in an index of their own
  // Of bodies in one transaction: large ones cost less, small ones let others write in between.
  std::size_t batch_bytes = std::size_t{8} << 20;
  // Asked before each batch, with how much of what was due is done; may be empty.
  std::function<store::Result<void>(double done)> going_on;
};

struct IndexReport {
  std::int64_t pages = 0;     // that were due
  std::int64_t versions = 0;  // older ones
};

store::Result<IndexReport> index_texts(const std::filesystem::path& mirror, store::Writer& writer,
                                       const IndexOptions& options);

}  // namespace querying
