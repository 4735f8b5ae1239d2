#pragma once

// Begins findings: who and where they are of, in words that are safe to show. Refers to the map and
// the options, which must outlive it. Any number of threads.

#include <optional>
#include <string>
#include <string_view>

#include "daemon/audit/finding.h"
#include "daemon/audit/options.h"
#include "daemon/audit/site_map.h"

namespace audit {

class FindingMaker {
 public:
  FindingMaker(const SiteMap& map, const Options& options) : map_(map), options_(options) {}

  Finding of_page(RuleId rule, const PageEntry& page) const;
  Finding of_space(RuleId rule, const store::SpaceRow& space) const;
  Finding of_site(RuleId rule) const;

  // "'Title' (123)"
  static std::string named(const PageEntry& page);
  // What a key is made of: one line, without case, without secrets.
  static std::string key_part(std::string_view text);

 private:
  const SiteMap& map_;
  const Options& options_;
};

}  // namespace audit
