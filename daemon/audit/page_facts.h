#pragma once

// What one body tells: the findings that follow from it and the map alone, and the little that is
// kept of it for rules that look at several pages (the body itself is not). Pure but for what it
// asks the map; any number of threads.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/audit/finding_maker.h"
#include "daemon/audit/similarity.h"
#include "daemon/storage_format/extract.h"

namespace audit {

// A link to a place within a page that is there.
struct AnchorUse {
  std::size_t target = 0;    // place of the page in the map
  std::uint64_t anchor = 0;  // its hash
  std::string name;          // as shown
  std::string key;
  Place at;
  std::int64_t count = 1;
};

struct PageFacts {
  bool looked_at = false;
  TextShape shape;
  std::unique_ptr<Sketch> sketch;      // nullptr: too short to be compared
  std::vector<std::uint64_t> anchors;  // sorted
  bool other_anchors = false;          // it may have more: it includes pages, or is malformed
  std::vector<AnchorUse> anchor_uses;
  std::vector<std::pair<std::string, std::int64_t>> hosts;  // by name, with the number of links
  std::vector<Finding> findings;                            // without fingerprints
};

class PageReader {
 public:
  PageReader(const SiteMap& map, const Options& options)
      : map_(map), options_(options), make_(map, options) {}

  PageFacts look(const PageEntry& page, std::string_view body) const;
  PageFacts look(const PageEntry& page, std::string_view body,
                 const storage_format::Content& content) const;

 private:
  const SiteMap& map_;
  const Options& options_;
  FindingMaker make_;
};

// An anchor as it is compared: the editors, the API and the address bar write blanks and hyphens
// each in their own way.
std::uint64_t anchor_hash(std::string_view anchor);

}  // namespace audit
