#pragma once

// Who wrote which paragraph of a page, and when: each line of the readable text is put down to the
// version since which it has stood there. A line that was changed counts as new; one that was moved
// too. Holds two texts at a time.
//
// Versions whose body the mirror does not have are passed over: what appeared meanwhile is put down
// to the next one that it has, and `gaps` says that there were some. Uses the Reader on the calling
// thread.

#include <cstdint>
#include <string>
#include <vector>

#include "store/reader.h"

namespace querying {

struct BlamedLine {
  std::size_t version = 0;  // place in Blame::versions
  std::string text;
};

struct Blame {
  std::vector<store::VersionRow> versions;  // those that wrote a line, without bodies
  std::vector<BlamedLine> lines;            // of the newest version that has a body
  std::int32_t shown_version = 0;           // 0: no body is there
  int gaps = 0;                             // versions without a body
};

store::Result<Blame> blame(store::Reader& reader, store::Id page_id);

}  // namespace querying
