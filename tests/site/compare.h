#pragma once

// Compares the site's digest with confmirror's JSON Lines export, space by space, node by node,
// page by page, version by version. The export's bodies are hashed anew: its own body_sha256 must
// agree with them. What counts as a difference:
//   - a space or page that one side lacks (pages with `gone_at` are tombstones: the digest must
//   lack them or call them deleted);
//   - a node that the tree needs (`named`) and the export lacks, or that the site does not have;
//   another type, place, title or status of one;
//   - another key, status, space, version number or body hash;
//   - a version that one side lacks, or another hash of it. The export may show the current version
//   as its page alone.
// Reads both line by line; memory goes with the number of versions, not with their bodies. Any
// thread.

#include <cstdint>
#include <istream>
#include <set>
#include <string>
#include <vector>

#include "tests/site/content.h"

namespace site {

struct CompareOptions {
  std::set<Id> except_pages;  // neither side is asked about these
  bool current_only = false;  // older versions are not compared
  std::size_t max_shown = 20;
};

struct Comparison {
  std::uint64_t spaces = 0;  // of the digest
  std::uint64_t nodes = 0;   // those that the tree needs
  std::uint64_t pages = 0;
  std::uint64_t versions = 0;
  std::uint64_t tombstones = 0;  // of the export
  std::uint64_t excepted = 0;
  std::uint64_t differences = 0;
  std::vector<std::string> shown;  // the first ones, for people
};

Comparison compare(std::istream& digest, std::istream& exported, const CompareOptions& options);
Comparison compare(const std::string& digest, const std::string& exported,
                   const CompareOptions& options);

}  // namespace site
