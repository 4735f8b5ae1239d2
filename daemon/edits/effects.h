#pragma once

// What jobs would do to the site if they were sent now, and to what is there: for a dry run.
// Nothing is changed. Uses the Reader on the calling thread. Errors: the Reader's.

#include <nlohmann/json.hpp>
#include <vector>

#include "store/jobs.h"
#include "store/reader.h"

namespace edits {

// A list: line, action, pageId, title, summary (in words), method, path, bytes, versionBecomes,
// changesNothing, remarks, diff.
store::Result<nlohmann::ordered_json> effects_json(const std::vector<store::JobSpec>& jobs,
                                                   store::Reader& reader);

}  // namespace edits
