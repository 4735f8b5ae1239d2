#pragma once

// The spaces of the site beside those of the mirror, and which pages are within the scope of a
// verification. Network thread only, but for expects() and wants(), which only read what list() has
// filled. Refers to the Inquiry, which outlives it. Without the whole list of spaces nothing can be
// compared: a failure ends the verification.

#include <map>
#include <string>
#include <unordered_set>
#include <vector>

#include "daemon/mirror/compare.h"
#include "daemon/mirror/inquiry.h"
#include "daemon/mirror/plan.h"

namespace mirror {

class SiteSpaces {
 public:
  explicit SiteSpaces(Inquiry& inquiry) : inquiry_(inquiry) {}

  // Reads the mirror's spaces and lists the site's. Those that only the mirror has are asked for by
  // id, for their pages must be listed as well.
  base::Awaitable<void> list();
  // The second look at what differs.
  base::Awaitable<void> compare();
  std::vector<Difference> take_differences() { return std::move(differences_); }
  std::int64_t changing() const { return changing_; }  // changed while they were looked at

  // Shown by the site, and to be in the mirror.
  const std::unordered_set<store::Id>& admitted() const { return admitted_; }
  std::size_t left_out() const { return on_site_.size() - admitted_.size(); }
  std::int64_t in_mirror() const;
  // The admitted ones, with the pages that the mirror knows.
  std::vector<SpaceLoad> loads() const;
  // A page of the mirror that the listings ought to show.
  bool expects(const store::PageRow& row) const;
  // A page of the site that the mirror ought to hold.
  bool wants(const store::Page& page) const;
  std::string key(store::Id space_id) const;  // "" if nobody knows it
  std::vector<std::string> keys(const std::vector<store::Id>& space_ids) const;

 private:
  base::Awaitable<void> list_status(std::string status);
  base::Awaitable<void> look_for_unseen();
  void settle(store::Id space_id, const Inquiry::Spaces& again,
              const std::map<store::Id, store::SpaceRow>& mirror_again);
  // In the scope by what the site, else the mirror says of it.
  bool in_scope(const store::SpaceRow& row) const;
  bool status_wanted(const std::string& status) const;

  Inquiry& inquiry_;
  std::map<store::Id, store::SpaceRow> in_mirror_;
  std::map<store::Id, store::Space> on_site_;
  std::unordered_set<store::Id> admitted_;
  std::unordered_set<store::Id> unclear_;  // the site has them, but their row cannot be read
  std::vector<Difference> differences_;
  std::int64_t changing_ = 0;
};

}  // namespace mirror
