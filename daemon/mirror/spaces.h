#pragma once

// The spaces of the site: which there are, which of them are kept, and their labels. Network thread
// only; refers to the Context, which outlives it. Without the whole list of spaces there is no
// plan, so a failure ends the crawl; labels are only named among its failures.

#include <string>
#include <unordered_set>
#include <vector>

#include "daemon/mirror/context.h"

namespace mirror {

class Spaces {
 public:
  explicit Spaces(Context& context) : context_(context) {}

  // Fills `admitted()` and context.admitted_spaces.
  base::Awaitable<void> list();
  // To be awaited after list(), beside other work.
  base::Awaitable<void> read_labels();

  const std::vector<store::Space>& admitted() const { return admitted_; }
  // Of the last answer of list().
  store::Observation observation() const { return observation_; }
  // Those that the site shows and nobody keeps, by id.
  std::vector<store::Id> left_out() const;
  // Shown by the site in this crawl, admitted or not.
  bool seen(store::Id space_id) const { return seen_.contains(space_id); }

 private:
  base::Awaitable<void> list_status(std::string status);
  base::Awaitable<bool> keep(confluence::Listing<store::Space> listing, CommitSlot& slot);
  base::Awaitable<store::Result<void>> all_labels(std::string first,
                                                  std::vector<std::string>& names,
                                                  store::Observation& observation);
  base::Awaitable<void> labels_by_name(std::vector<std::string> names,
                                       store::Observation observation);
  base::Awaitable<void> labels_by_space();
  base::Awaitable<void> spaces_of_label(std::string name, std::vector<store::SpaceLabels>& rows);
  base::Awaitable<void> labels_of_space(store::Id space_id);
  base::Awaitable<void> give_labels_up(store::Error error);

  Context& context_;
  std::vector<store::Space> admitted_;
  std::unordered_set<store::Id> seen_;
  store::Observation observation_ = 0;
  bool labels_failed_ = false;
};

}  // namespace mirror
