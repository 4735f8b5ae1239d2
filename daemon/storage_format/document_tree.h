#pragma once

// What a Document owns; for those who build one (reader.h, lenient_reader.h), and nobody else.
// Nodes hold views into `wrapped` and `names`: neither changes once the first node is there, but
// that `names` may grow, which moves nothing.

#include <deque>
#include <string>
#include <string_view>

#include "daemon/storage_format/document.h"

namespace storage_format {

struct Document::Tree {
  std::string wrapped;  // what is read: the body, with a prolog and an end tag where one is needed
  std::string_view source;
  std::deque<std::string> names;  // of elements that are not spelled so in the source
  Node root;
};

}  // namespace storage_format
