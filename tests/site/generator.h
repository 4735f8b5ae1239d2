#pragma once

// Makes a Content from its options, once. Used by Content alone.

#include <cstdint>
#include <string>
#include <unordered_set>
#include <vector>

#include "tests/site/content.h"
#include "tests/site/random.h"

namespace site {

class Generator {
 public:
  explicit Generator(Content& content);
  void run();

  // Time between a version and the one before it.
  static Millis version_gap(const Page& page, std::int32_t number);

 private:
  Id fresh_id();
  void make_users();
  void make_labels();
  void make_spaces();
  std::vector<std::uint32_t> pages_per_space();
  void make_pages_of(Index space, std::uint32_t count);
  Page make_page(Index space, std::uint32_t nth);
  std::string make_title(Index page);
  void place(Page& page, Index first, Index index);
  void make_container(Index space, Index parent_page);
  void nest(Container& container) const;
  void mark_case_pairs();
  void mark_huge_body();
  void share_import_times();

  Content& site_;
  Random random_;
  std::unordered_set<Id> ids_;
};

}  // namespace site
