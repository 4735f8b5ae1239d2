#include "daemon/mirror/checklist.h"

#include <algorithm>
#include <iterator>
#include <random>

#include "daemon/mirror/compare.h"

namespace mirror {

void Checklist::expect(const store::PageRow& row, bool listed) {
  Entry entry;
  entry.page_id = row.id;
  entry.space_id = row.space_id;
  entry.facts = facts_of(row);
  entry.gone = row.gone_at.has_value();
  entry.listed = listed && !entry.gone;
  entry.has_body = !row.body_due && row.body_hash.has_value();
  entries_.push_back(entry);
  if (!entry.listed) return;
  ++listed_;
  ++listed_by_space_[row.space_id];
  if (!entry.has_body) ++lacking_;
}

Checklist::Entry* Checklist::find(store::Id page_id) {
  const auto at =
      std::lower_bound(entries_.begin(), entries_.end(), page_id,
                       [](const Entry& entry, store::Id id) { return entry.page_id < id; });
  return at != entries_.end() && at->page_id == page_id ? &*at : nullptr;
}

void Checklist::count(store::Id space_id) {
  ++seen_;
  ++seen_by_space_[space_id];
}

void Checklist::see(const store::Page& page, bool admitted) {
  Entry* const entry = find(page.id);
  // Where it is now is none of our business, unless the mirror has it where it is.
  if (!admitted && (!entry || !entry->listed)) return;
  if (!entry) {
    if (strangers_.insert_or_assign(page.id, facts_of(page)).second) count(page.space_id);
    return;
  }
  if (!entry->seen && admitted) count(page.space_id);
  entry->seen = true;
  entry->seen_facts = facts_of(page);
}

bool Checklist::open(const Entry& entry) const {
  return entry.listed && !entry.seen && !unreadable_.contains(entry.page_id);
}

std::vector<Checklist::Suspect> Checklist::suspects() const {
  std::vector<Suspect> found;
  for (const auto& entry : entries_) {
    Suspect suspect;
    suspect.page_id = entry.page_id;
    if (entry.seen) {
      suspect.seen = entry.seen_facts;
      const bool same = entry.facts == entry.seen_facts && !entry.gone && entry.has_body;
      if (!same) found.push_back(suspect);
    } else if (open(entry) && !excused_.contains(entry.space_id)) {
      found.push_back(suspect);
    }
  }
  for (const auto& [page_id, facts] : strangers_) {
    Suspect suspect;
    suspect.page_id = page_id;
    suspect.seen = facts;
    found.push_back(suspect);
  }
  std::sort(found.begin(), found.end(),
            [](const Suspect& a, const Suspect& b) { return a.page_id < b.page_id; });
  return found;
}

std::vector<Checklist::Suspect> Checklist::sample(std::size_t count, std::uint64_t seed) const {
  std::vector<Suspect> all;
  for (const auto& entry : entries_) {
    if (!entry.seen || entry.gone || !entry.has_body || unreadable_.contains(entry.page_id)) {
      continue;
    }
    Suspect suspect;
    suspect.page_id = entry.page_id;
    suspect.seen = entry.seen_facts;
    all.push_back(suspect);
  }
  std::vector<Suspect> chosen;
  std::mt19937_64 random(seed);
  std::sample(all.begin(), all.end(), std::back_inserter(chosen), std::min(count, all.size()),
              random);
  return chosen;
}

std::int64_t Checklist::not_looked_at() const {
  return std::count_if(entries_.begin(), entries_.end(), [this](const Entry& entry) {
    return open(entry) && excused_.contains(entry.space_id);
  });
}

}  // namespace mirror
