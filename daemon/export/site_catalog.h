#pragma once

// What an export knows of every page of the mirror while it works: titles, places, states, and
// where the page lies among the files; no bodies. A few hundred bytes a page. Filled by load() in
// one snapshot, then by set_path(); afterwards only read. One thread.

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "store/reader.h"

namespace exporting {

// Which pages become files; the others can still be linked to on the site.
struct Selection {
  std::vector<store::Id> space_ids;  // empty = all
  std::set<std::string> statuses;    // of pages that are there; "gone" for those that are not
  std::optional<store::Time> as_of;
};

struct CatalogItem {
  static constexpr std::uint32_t kNone = static_cast<std::uint32_t>(-1);

  store::Id id = 0;
  bool is_page = true;  // else a folder, whiteboard, database or embed
  store::Id space_id = 0;
  std::optional<store::Id> parent_id;
  std::int64_t position = 0;
  std::string title;
  std::string status;
  std::string type;  // of a node
  std::string web_path;
  std::string path;  // of its file, without extension; of a node its folder; "" = none
  std::int32_t version = 0;
  bool gone = false;
  bool exported = false;
  std::string own;  // a digest of all that the mirror says of it
  std::optional<store::Sha256> body;
  std::uint32_t parent = kNone;      // the exported item above it; set by order_items()
  std::vector<std::uint32_t> below;  // exported ones, in the order of the site
};

struct CatalogSpace {
  store::SpaceRow row;
  std::string path;                // its folder; "" = none
  std::vector<std::uint32_t> top;  // what is exported and has no parent there
};

class SiteCatalog {
 public:
  static store::Result<std::unique_ptr<SiteCatalog>> load(store::Reader& reader,
                                                          const Selection& selection);

  const std::string& site_url() const { return site_url_; }
  const std::vector<CatalogSpace>& spaces() const { return spaces_; }  // by id, gone ones last
  const std::vector<CatalogItem>& items() const { return items_; }     // nodes, then pages, by id
  // Exported pages of which something was not observed at the time of the selection.
  std::int64_t assumed() const { return assumed_; }
  const CatalogItem* item(store::Id id) const;
  const CatalogSpace* space(store::Id id) const;
  const CatalogSpace* space_of_key(std::string_view key) const;
  // Of several, the one that is exported, else the one that is there.
  const CatalogItem* page_titled(store::Id space_id, std::string_view title) const;
  std::optional<std::string> user_name(std::string_view account_id) const;
  // The exported item that it lies below; nullptr: on top. Never leads round in a circle.
  const CatalogItem* parent_of(const CatalogItem& item) const;

  void set_path(const CatalogItem& item, std::string path);
  void set_space_path(store::Id id, std::string path);
  void order_items();  // fills `parent`, `below` and `top`

  // Digests of what a link to that page shows and where it leads; of all that lies below it.
  const std::string& outside_of(const CatalogItem& page) const;
  const std::string& below_of(const CatalogItem& page) const;
  std::string outside_of(const CatalogSpace& space) const;
  // Whether a title, account or space key is known whose short_hash() this is.
  bool has_title(const std::string& hash) const;
  std::string user_with(const std::string& hash) const;
  bool has_space_key(const std::string& hash) const;
  static std::string title_key(store::Id space_id, std::string_view title);

 private:
  store::Result<void> load_spaces(store::Reader& reader, const Selection& selection);
  store::Result<void> load_items(store::Reader& reader, const Selection& selection);
  void expect_space(const store::PageRow& row);
  void add_page(const store::PageRow& row, const Selection& selection);
  void add_node(const store::NodeRow& row, const Selection& selection);
  void index_titles();
  void find_parents();
  void break_circles();
  bool is_wanted_space(const Selection& selection, store::Id id) const;

  std::string site_url_;
  std::int64_t assumed_ = 0;
  std::vector<CatalogSpace> spaces_;
  std::vector<CatalogItem> items_;
  std::unordered_map<store::Id, std::uint32_t> by_id_;
  std::unordered_map<store::Id, std::uint32_t> spaces_by_id_;
  std::unordered_map<std::string, std::uint32_t> spaces_by_key_;
  std::unordered_map<std::string, std::uint32_t> titles_;
  std::unordered_map<std::string, std::string> users_;
  mutable std::vector<std::string> outside_;  // made when asked for
  mutable std::vector<std::string> below_;
  mutable std::unordered_set<std::string> title_hashes_;
  mutable std::unordered_map<std::string, std::string> user_hashes_;
};

}  // namespace exporting
