#pragma once

// The mirror beside the live site: which pages and spaces there are, their versions, statuses and
// places, and the bodies of a sample. Writes nothing, and takes no lock: a sync may run meanwhile.
//
// 1. The identity canary comes first and last: what a stranger is shown is never a difference. Nor
//    is what another account is shown than the one that the mirror was made with.
// 2. One look over the listings, without bodies, makes suspects (checklist.h); so does the sample,
//    whose bodies come in batches by id.
// 3. A suspect is asked for by id, whatever its status, with the mirror's row read anew before and
//    after: it is a difference if two looks in a row show the same and the mirror, where nothing
//    was written about it meanwhile, another thing. What never comes to rest, or was modified on
//    the site since the run began, is counted and no difference.
// 4. What a listing that broke off or a row that cannot be read keeps from us is named, not
// guessed.
//
// Threads: the network thread. Ownership: refers to everything in VerifyDeps; must outlive its
// coroutines (run() to its end). run() returns an error for what ended it as a whole. Cancelling
// the coroutine that awaits run() does nothing: stop() is the way to end it.

#include <map>
#include <memory>

#include "daemon/mirror/compare.h"
#include "daemon/mirror/inquiry.h"

namespace mirror {

// Of the spaces that the configuration admits: pages of the statuses that it admits.
struct SpaceTally {
  store::Id space_id = 0;
  std::string key;
  std::int64_t in_mirror = 0;
  std::int64_t on_site = 0;  // that the listings have shown
  std::int64_t differences = 0;
};

struct VerifyReport {
  std::vector<Difference> differences;          // by kind, space key and page
  std::vector<SpaceTally> spaces;               // by key
  std::map<std::string, std::string> left_out;  // what could not be compared, and why
  std::string account_id;
  std::int64_t spaces_in_mirror = 0;
  std::int64_t spaces_on_site = 0;
  std::int64_t pages_in_mirror = 0;
  std::int64_t pages_on_site = 0;
  std::int64_t bodies_missing = 0;  // pages of the mirror whose body is still to be fetched
  std::int64_t bodies_compared = 0;
  std::int64_t changing =
      0;  // pages that changed while they were looked at: not compared to the end
  std::int64_t quarantined = 0;             // whatever waits in the mirror's quarantine
  std::optional<store::Time> last_sync_at;  // when the last run ended that saw all it looked for
  std::optional<store::Time> last_full_sync_at;  // that looked at every page
};

class Verify {
 public:
  Verify(VerifyDeps deps, VerifyOptions options);
  ~Verify();
  Verify(const Verify&) = delete;
  Verify& operator=(const Verify&) = delete;

  base::Awaitable<store::Result<VerifyReport>> run();
  // Ends run() soon with kCanceled.
  void stop();
  const VerifyProgress& progress() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace mirror
