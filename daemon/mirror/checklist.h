#pragma once

// Pure: the pages of a mirror, checked off by one look over the listings of the site. What is not
// the same on both sides is a suspect, no more: the site changes while it is listed, and a listing
// may drop a row. No I/O; one thread at a time. 40 bytes a page, whatever it holds.
//
// expect() first, by ascending id; then see(), as often as the listings show a row.

#include <cstdint>
#include <map>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "store/reader.h"

namespace mirror {

class Checklist {
 public:
  struct Suspect {
    store::Id page_id = 0;
    std::optional<std::uint64_t> seen;  // what the listing said of it (facts_of()), if it did
  };

  // A row of the mirror. `listed`: the listings ought to show it.
  void expect(const store::PageRow& row, bool listed);
  // A row of the site. `admitted`: it is in a space that the mirror is to hold.
  void see(const store::Page& page, bool admitted);
  // The site has it, but not in a form that can be read.
  void see_unreadable(store::Id page_id) { unreadable_.insert(page_id); }
  // The listing of this space broke off: what it did not show says nothing.
  void excuse(store::Id space_id) { excused_.insert(space_id); }

  // By ascending id; those in spaces that were excused only where they were seen.
  std::vector<Suspect> suspects() const;
  // At most `count` of the pages whose bodies can be compared, by lot; by ascending id.
  std::vector<Suspect> sample(std::size_t count, std::uint64_t seed) const;
  // Pages that nothing can be said about, because their listing broke off.
  std::int64_t not_looked_at() const;

  std::int64_t pages_listed() const { return listed_; }     // of the mirror
  std::int64_t pages_seen() const { return seen_; }         // on the site
  std::int64_t bodies_missing() const { return lacking_; }  // of those of the mirror
  const std::map<store::Id, std::int64_t>& listed_by_space() const { return listed_by_space_; }
  const std::map<store::Id, std::int64_t>& seen_by_space() const { return seen_by_space_; }

 private:
  struct Entry {
    store::Id page_id = 0;
    store::Id space_id = 0;
    std::uint64_t facts = 0;
    std::uint64_t seen_facts = 0;
    bool listed = false;
    bool gone = false;
    bool has_body = false;
    bool seen = false;
  };
  Entry* find(store::Id page_id);
  bool open(const Entry& entry) const;
  void count(store::Id space_id);

  std::vector<Entry> entries_;
  std::unordered_map<store::Id, std::uint64_t> strangers_;  // seen, and not in the mirror
  std::unordered_set<store::Id> unreadable_;
  std::unordered_set<store::Id> excused_;
  std::int64_t listed_ = 0;
  std::int64_t seen_ = 0;
  std::int64_t lacking_ = 0;
  std::map<store::Id, std::int64_t> listed_by_space_;
  std::map<store::Id, std::int64_t> seen_by_space_;
};

}  // namespace mirror
