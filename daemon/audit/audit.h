#pragma once

// An audit: what is amiss in the documentation, out of the mirror alone. One pass over what is
// known of pages, one over their bodies; bodies are looked at by a small pool of threads and never
// kept: what stays of a page is about a kilobyte. All of it is of one snapshot. The Reader is used
// on the calling thread alone. Errors: those of the Reader and of Options::progress.

#include "daemon/audit/options.h"
#include "daemon/audit/report.h"
#include "store/reader.h"

namespace audit {

store::Result<Report> run(store::Reader& reader, const Options& options);

// Counts findings by space, as the report shows them; after a baseline has taken some away.
void tally(Report& report);

}  // namespace audit
