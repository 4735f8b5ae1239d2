#pragma once

// What shrinks a mirror, for upkeep.cc and forget.cc: on a connection for writing, whose owner
// holds the MirrorLock. Errors: those of the Db; kBusy where a reader keeps the WAL from being
// emptied.

#include "store/attended.h"
#include "store/sqlite.h"

namespace store {

// Each index of texts in one piece: what was taken out of it goes at last.
Result<void> tidy_indexes(Db& db);

// Rewrites the file without what is free in it, and empties the WAL. Tells `done` in between.
Result<void> give_pages_back(Db& db, Attended& attended, double done);

}  // namespace store
