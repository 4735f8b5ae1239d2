#pragma once

// What an exported site has besides its pages: the lists of spaces and of their pages, style sheet
// and script, the trees of the sidebar, the index for the search. Made anew only where something of
// it has changed. The index reads every body once more; see search_index.h for what it holds.
// One thread.

#include <optional>
#include <string>
#include <vector>

#include "daemon/export/page_form.h"

namespace exporting {

// What the bar of every page says: the host of the site.
std::string site_name(const SiteCatalog& catalog);

std::vector<Part> html_parts(const SiteCatalog& catalog, store::Reader& reader,
                             std::optional<store::Time> as_of);

}  // namespace exporting
