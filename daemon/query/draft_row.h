#pragma once

// Pure: a draft that confmirror created, as a row. It is in no listing of the site, and so in no
// row of a page: what the last write to it answered is what is known of it, and the body is the one
// that was sent. Any thread.

#include "store/jobs.h"
#include "store/reader.h"

namespace querying {

// `job`: the last that was done to the draft. Without the key of the space.
store::PageRow row_of_draft(store::Job job);

}  // namespace querying
