#pragma once

// "The site as it was then", as commands take and explain it. Pure but for the Reader; any thread.

#include <cstdint>
#include <optional>
#include <ostream>
#include <string>

#include "daemon/cli/globals.h"
#include "store/reader.h"

namespace cli {

// An ISO-8601 time, or a day, which is the beginning of that day in UTC; nullopt for "". kUsage for
// anything else.
store::Result<std::optional<store::Time>> parse_as_of(const std::string& text);

// What the mirror knows less of: that it began later than that, and of how many rows that were
// shown something is assumed. Nothing with --quiet, or where all was observed.
store::Result<void> note_as_of(store::Reader& reader, store::Time as_of, std::int64_t assumed,
                               const GlobalOptions& globals, std::ostream& err);

}  // namespace cli
