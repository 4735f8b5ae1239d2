#pragma once

// How a mirror stands, the same on the command line and in the local service: freshness
// by space, counts, work under way, the queue, waits, quarantine. Ids are strings, times ISO-8601
// UTC. Uses the Reader on the calling thread. Errors: the Reader's.

#include <filesystem>
#include <nlohmann/json.hpp>

#include "store/reader.h"

namespace querying {

// `path`: where the Reader was opened.
store::Result<nlohmann::json> status_json(store::Reader& reader, const std::filesystem::path& path);

}  // namespace querying
