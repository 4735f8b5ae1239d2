#pragma once

// The merge of three documents, with all places where they differ: what merge() and
// readable_diff3() are made of. Pure; any thread; the views are into the three documents.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/storage_format/document.h"

namespace storage_format {

struct Place {
  std::string_view base;
  std::string_view ours;
  std::string_view theirs;
  std::size_t at = 0;  // in the base
  bool conflict = false;
};

struct ThreeWay {
  std::string body;
  std::vector<Place> places;  // in the order of the base
  bool clean = true;
};

ThreeWay bring_together(const Document& base, const Document& ours, const Document& theirs);

}  // namespace storage_format
