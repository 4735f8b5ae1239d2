#pragma once

// The way back: jobs that bring pages back to what they were before other jobs. Of done jobs, the
// newest first: an update is updated back from the image that was kept, a created page goes to the
// trash, a created draft is discarded, a deleted page comes out of the trash with its children
// below it again. What cannot be undone is named: what was never applied, drafts that were
// discarded. The jobs run under the same checks as all others: a page that somebody has edited
// since is a conflict. Threads: that of the Reader. Errors: the Reader's.

#include <string>
#include <utility>
#include <vector>

#include "store/jobs.h"
#include "store/reader.h"

namespace edits {

struct UndoPlan {
  std::vector<store::JobSpec> jobs;
  std::vector<std::pair<store::JobId, std::string>> left_out;  // and why
};

store::Result<UndoPlan> plan_undo(store::Reader& reader, const std::vector<store::JobId>& jobs);

}  // namespace edits
