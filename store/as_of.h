#pragma once

// The table `page` as it was at a time, for reader*.cc only: a sub-select with the columns that the
// Reader names. Title, place and status are those observed then (page_state); before the first
// observation of a page they are the first ones known, the title that of its version. The version
// is the newest of those known that was there. Pages that were made later, or were gone then, are
// not in it; nor are versions that the mirror never saw.

#include <string>

#include "store/records.h"

namespace store {

// In parentheses. Its column `assumed` is 1 where something was not observed for that time.
std::string pages_as_of(Time time);

}  // namespace store
