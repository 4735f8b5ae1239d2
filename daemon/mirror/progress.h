#pragma once

// What a crawl has done so far, for a live line, for sync_runs and for the final report. Written by
// the crawl and read by whoever shows it, both on the network thread.

#include <cstdint>
#include <string>
#include <vector>

namespace mirror {

struct Progress {
  std::string phase;        // "spaces", "pages", "history", "users", "closing"
  std::int64_t spaces = 0;  // admitted
  std::int64_t pages_known =
      0;  // rows that listings have shown, or the mirror knew, whichever is more
  std::int64_t pages_listed = 0;   // rows that listings of this run have shown
  std::int64_t pages_seen = 0;     // of those, the ones whose body was shown too
  std::int64_t pages_changed = 0;  // of those, new or different
  std::int64_t pages_gone = 0;     // tombstones of this run
  std::int64_t bodies_written = 0;
  std::int64_t histories_done = 0;   // version listings committed
  std::int64_t histories_known = 0;  // those done and those known to be due
  std::int64_t versions_new = 0;
  bool whole = false;  // at the end: a full run has seen everything
  std::int64_t quarantined =
      0;  // at the end: everything that waits in quarantine, from earlier runs too
  int waiting_for_turn = 0;  // listings that the budget holds back
  int walks = 0;             // listings planned
  int walks_done = 0;
  std::vector<std::string> failures;  // what failed for good in this run, in words
};

}  // namespace mirror
