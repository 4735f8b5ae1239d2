#pragma once

// FTS5's own check of the indexes of texts against the texts. It is an INSERT that changes nothing:
// it needs the right to write, and holds the lock of writers while it runs. So it is done only
// where the file may be written and nobody crawls on it. Errors: those of store/.

#include <filesystem>
#include <functional>
#include <string>

#include "store/error.h"
#include "store/upkeep.h"

namespace store {

// False: it was left out.
Result<bool> check_index(const std::filesystem::path& mirror, const UpkeepProgress& progress,
                         const std::function<void(std::string)>& found);

}  // namespace store
