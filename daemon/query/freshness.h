#pragma once

// How fresh an answer of the mirror is. On the thread that owns the Reader.

#include <optional>
#include <string>

#include "store/reader.h"

namespace querying {

// When the last run ended that came to a good end, as printed; nullopt: none has.
store::Result<std::optional<std::string>> synced_at_of(store::Reader& reader);

}  // namespace querying
