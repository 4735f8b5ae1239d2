#pragma once

// What the mirror says of a link's target. Judges only what it can know: not blog posts, files,
// comments, other sites, nor spaces that the configuration leaves out. Refers to the map, the
// options and the page. Any thread.

#include <optional>
#include <string>

#include "daemon/audit/links.h"
#include "daemon/audit/options.h"
#include "daemon/audit/site_map.h"

namespace audit {

class LinkJudge {
 public:
  LinkJudge(const SiteMap& map, const Options& options, const PageEntry& page)
      : map_(map), options_(options), page_(page) {}

  struct Verdict {
    std::optional<RuleId> fault;  // none: it leads somewhere, or cannot be judged
    std::string key;              // of a fault
    std::string detail;
    const PageEntry* page = nullptr;  // that it leads to, or led to
  };
  Verdict judge(const Target& target) const;

 private:
  Verdict judge_id(store::Id id) const;
  Verdict judge_title(const Target& target) const;
  Verdict judge_space(const std::string& key) const;
  Verdict judge_page(const PageEntry& page) const;
  bool is_mirrored(const std::string& key) const {
    return !options_.mirrored || options_.mirrored(key);
  }

  const SiteMap& map_;
  const Options& options_;
  const PageEntry& page_;
};

}  // namespace audit
