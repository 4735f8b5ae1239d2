#pragma once

// What a batch asks for, held against the mirror before anything is queued: pages, parents and
// spaces that are not there, titles that are taken, dependencies that form a circle, requests that
// the site would refuse for their size. The batch's own effects count, in its order: a title that
// an entry frees is free for those after it, which then come after it (JobSpec::after); deletes of
// parents come after those of their children. Nothing is changed; every problem is found.
//
// The mirror may be behind the site: a version newer than the mirror's is let pass, and so is an
// older one, which will be a conflict. Threads: that of the Reader. Errors: the Reader's.
// Sources: https://developer.atlassian.com/cloud/confluence/rest/v2/api-group-page/ (titles are
// unique in a space without regard to case, archived pages included; 5,242,880 bytes a request).

#include <string>
#include <utility>
#include <vector>

#include "daemon/edits/batch_file.h"
#include "store/reader.h"

namespace edits {

inline constexpr std::size_t kLargestRequest = 5'242'880;  // bytes, as sent

struct CheckOptions {
  std::int64_t max_deletes = 50;                             // per batch
  store::OnConflict on_conflict = store::OnConflict::kFail;  // where an entry does not say
  bool can_impersonate = false;  // the connection can write on behalf of users
};

struct Checked {
  // Complete, and each after those that it waits for; empty where there are problems.
  std::vector<store::JobSpec> jobs;
  std::vector<Problem> problems;  // by line
  std::vector<Problem> notes;     // what was changed, what will not happen as one may expect
};

store::Result<Checked> check_batch(Parsed parsed, store::Reader& reader,
                                   const CheckOptions& options);

}  // namespace edits
