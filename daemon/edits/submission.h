#pragma once

// What is handed to the queue: who, what, and by which digest the same is known again. Any thread.

#include <string>
#include <string_view>
#include <vector>

#include "store/jobs.h"

namespace edits {

// The user of this process, by name where the system knows one.
std::string submitter();

// `content`: what was handed in, as it was read.
store::JobQueue::Submission make_submission(std::string name, std::string_view content,
                                            std::vector<store::JobSpec> jobs, bool again);

}  // namespace edits
