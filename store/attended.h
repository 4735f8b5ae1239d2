#pragma once

// Work on a Db that its caller can end: `progress` is asked when the work says how far it is, and
// every few thousand steps of SQLite inside one long statement (VACUUM; SQLite's integrity check of
// a b-tree is one step). An error that it returns becomes the Db's sticky error: everything after
// it does nothing. One at a time for a Db; it goes before its Db.

#include "store/sqlite.h"
#include "store/upkeep.h"

namespace store {

class Attended {
 public:
  Attended(Db& db, const UpkeepProgress& progress);
  ~Attended();
  Attended(const Attended&) = delete;
  Attended& operator=(const Attended&) = delete;

  // 0 to 1. False: the Db has failed, by this or before.
  bool tell(double done);

 private:
  bool ask();

  Db& db_;
  const UpkeepProgress& progress_;
  double done_ = 0;
};

}  // namespace store
