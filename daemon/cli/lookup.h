#pragma once

// Finding in the mirror what the user named, with an error that helps where it is not there
// (kUsage, exit 2). Any thread that owns the Reader.

#include <memory>
#include <string>

#include "daemon/cli/globals.h"
#include "store/reader.h"

namespace cli {

store::Result<std::unique_ptr<store::Reader>> open_mirror(const GlobalOptions& globals);

// "" where the mirror was never synced.
store::Result<std::string> site_url_of(store::Reader& reader);

store::Result<store::SpaceRow> find_space(store::Reader& reader, const std::string& key);

// `id` in digits, as Confluence prints it.
store::Result<store::PageRow> find_page(store::Reader& reader, const std::string& id,
                                        bool with_body);

}  // namespace cli
