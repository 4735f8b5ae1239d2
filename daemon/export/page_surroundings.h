#pragma once

// The world around a page that is rendered: links become the ways to files of the export where the
// target is part of it, else addresses on the site. Everything that is asked is noted, in a form in
// which a later export can ask it again without rendering: a page whose own inputs and whose
// answers are the same would come out the same.
//
// Made for one page; uses the Reader for bodies of included pages. One thread. An error of the
// Reader is kept, and what was rendered with it is to be thrown away.

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/export/site_catalog.h"
#include "daemon/storage_format/surroundings.h"

namespace exporting {

struct LinkStyle {
  std::string extension;   // of a page's file: ".md"
  std::string space_page;  // the file in a space's folder that shows it: "index.html"; "" = none
  bool markdown = false;   // anchors of headings are those that GitHub makes
};

class PageSurroundings : public storage_format::Surroundings {
 public:
  PageSurroundings(const SiteCatalog& catalog, store::Reader& reader, const CatalogItem& page,
                   const LinkStyle& style, std::optional<store::Time> as_of);

  std::optional<Target> find(const storage_format::Reference& reference) const override;
  std::optional<std::string> user_name(std::string_view account_id) const override;
  std::vector<Below> below(const storage_format::Reference& page, int depth) const override;
  std::optional<std::string> body_of(const storage_format::Reference& page) const override;

  // What was asked: tokens, sorted, with blanks between.
  std::string asked() const;
  const std::optional<store::Error>& error() const { return error_; }

 private:
  const CatalogItem* page_of(const storage_format::Reference& reference) const;
  std::optional<Target> find_url(const storage_format::Reference& reference) const;
  Target target_of(const CatalogItem& page, const std::string& anchor) const;
  // The anchor that the page's file has for it.
  std::string anchor_in(const CatalogItem& page, const std::string& anchor) const;
  std::optional<std::string> body_of(const CatalogItem& page) const;
  Target target_of(const CatalogSpace& space) const;
  const CatalogSpace* space_of(std::string_view key) const;
  Target site_target(const storage_format::Reference& reference) const;
  void add_below(const CatalogItem& item, int depth, std::size_t& left,
                 std::vector<Below>& out) const;

  const SiteCatalog& catalog_;
  store::Reader& reader_;
  const CatalogItem& page_;
  const LinkStyle& style_;
  std::string folder_;
  std::optional<store::Time> as_of_;
  mutable std::set<std::string> asked_;
  mutable std::optional<store::Error> error_;
};

// A digest of the answers that these questions get now.
std::string answers_to(std::string_view asked, const SiteCatalog& catalog);

}  // namespace exporting
