#pragma once

// The mirror that a command is about, opened for reading; what is in it is found by query/lookup.h,
// whose names are used here as they are. Any thread.

#include <memory>

#include "daemon/cli/globals.h"
#include "daemon/query/lookup.h"
#include "store/reader.h"

namespace cli {

using querying::find_page;
using querying::find_space;
using querying::site_url_of;

store::Result<std::unique_ptr<store::Reader>> open_mirror(const GlobalOptions& globals);

}  // namespace cli
