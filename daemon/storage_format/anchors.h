#pragma once

// The anchors of a page: those that Confluence makes of headings, and those of the macro anchor;
// and which of them a link means. Confluence Cloud takes a heading's text with - for each space,
// and .1, .2 behind one that is there already; older bodies link without the spaces, or with the
// page's title before it ("PageTitle-Heading"). Pure; one thread at a time.

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace storage_format {

struct Content;

// An anchor as the id of an element: without white space.
std::string anchor_id(std::string_view anchor);
// The anchors that GitHub makes of the headings of a page's Markdown, in their order.
std::vector<std::string> github_slugs(const Content& content);

class Anchors {
 public:
  Anchors() = default;
  explicit Anchors(const Content& content);  // all anchors of a page, for find()

  // The anchor of the next heading of the page; "" for a heading without text.
  std::string add_heading(std::string_view text);
  void add(std::string_view anchor);  // of the macro anchor
  // The id on the page that a link to `anchor` (decoded) leads to; nullopt if there is none.
  std::optional<std::string> find(std::string_view anchor) const;

 private:
  void remember(const std::string& anchor);

  std::set<std::string, std::less<>> taken_;
  std::unordered_map<std::string, int> repeated_;        // by the anchor without its number
  std::unordered_map<std::string, std::string> by_key_;  // without case, spaces and signs
};

}  // namespace storage_format
