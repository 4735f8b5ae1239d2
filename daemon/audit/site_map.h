#pragma once

// What the mirror knows of every page, space, node and person but for bodies: what links and trees
// are judged by. Read once, in the snapshot of the audit; then never changed: any number of threads
// may ask it. About 200 bytes a page.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "store/reader.h"

namespace audit {

// kExcluded: on the site and not in the mirror, because the configuration says so.
enum class Standing : std::uint8_t { kCurrent, kArchived, kDraft, kTrashed, kGone, kExcluded };

struct PageEntry {
  store::Id id = 0;
  store::Id space_id = 0;
  store::Id parent_id = 0;  // 0 = none
  store::Time created_at{};
  store::Time modified_at{};
  store::Time gone_at{};
  std::int64_t body_bytes = 0;
  std::int32_t version = 0;
  std::uint32_t owner = 0;  // place in `people`
  Standing standing = Standing::kCurrent;
  bool has_body = false;
  std::string title;
};

struct NodeEntry {
  store::Id parent_id = 0;
  Standing standing = Standing::kCurrent;
  std::string type;
};

struct Person {
  std::string account_id;  // "" = nobody
  std::string name;
  std::string status;  // active, inactive, closed, unknown; "" = never asked for
};

class SiteMap {
 public:
  static store::Result<SiteMap> read(store::Reader& reader);

  const std::vector<PageEntry>& pages() const { return pages_; }  // by ascending id
  const std::map<store::Id, store::SpaceRow>& spaces() const { return spaces_; }
  const std::string& site_url() const { return site_url_; }
  const Person& owner_of(const PageEntry& page) const { return people_[page.owner]; }

  const PageEntry* page(store::Id id) const;
  const NodeEntry* node(store::Id id) const;
  std::size_t index_of(const PageEntry& page) const {
    return static_cast<std::size_t>(&page - pages_.data());
  }
  // A live one first, else one that was; without regard to case.
  const PageEntry* page_by_title(store::Id space_id, std::string_view title) const;
  // The space of that key, else of that alias, without regard to case.
  const store::SpaceRow* space_by_key(std::string_view key) const;
  const store::SpaceRow* space(store::Id id) const;

 private:
  store::Result<void> read_spaces(store::Reader& reader);
  store::Result<void> read_people(store::Reader& reader);
  store::Result<void> read_pages(store::Reader& reader);
  store::Result<void> read_nodes(store::Reader& reader);
  std::uint32_t person(const std::string& account_id);

  std::string site_url_;
  std::vector<PageEntry> pages_;
  std::vector<std::pair<std::uint64_t, std::uint32_t>> titles_;  // hash and place, by hash
  std::map<store::Id, store::SpaceRow> spaces_;
  std::unordered_map<std::string, store::Id> keys_;     // folded
  std::unordered_map<std::string, store::Id> aliases_;  // folded
  std::unordered_map<store::Id, NodeEntry> nodes_;
  std::vector<Person> people_{1};                          // the first is nobody
  std::unordered_map<std::string, std::uint32_t> places_;  // of people
};

}  // namespace audit
