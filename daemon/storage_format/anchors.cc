#include "daemon/storage_format/anchors.h"

#include <utility>

#include "daemon/storage_format/characters.h"
#include "daemon/storage_format/extract.h"

namespace storage_format {

namespace {

constexpr std::string_view kNoBreak = "\u00A0";

std::string key_of(std::string_view anchor) {
  std::string key;
  for (const char c : anchor) {
    if (!is_xml_space(c) && !is_ascii_punctuation(c)) key += c;
  }
  return lower_ascii(key);
}

// What GitHub keeps of a heading: letters, digits, - and _, in lower case; - for each space.
std::string slug_of(std::string_view text) {
  std::string slug;
  for (const char c : lower_ascii(trimmed(text))) {
    if (is_xml_space(c)) {
      slug += '-';
    } else if (!is_ascii_punctuation(c) || c == '-' || c == '_') {
      slug += c;
    }
  }
  return slug;
}

}  // namespace

std::string anchor_id(std::string_view anchor) {
  std::string id;
  for (anchor = trimmed(anchor); !anchor.empty();) {
    if (is_xml_space(anchor.front())) {
      id += '-';
      anchor.remove_prefix(1);
    } else if (anchor.starts_with(kNoBreak)) {
      id += '-';
      anchor.remove_prefix(kNoBreak.size());
    } else {
      id += anchor.front();
      anchor.remove_prefix(1);
    }
  }
  return id;
}

std::vector<std::string> github_slugs(const Content& content) {
  std::vector<std::string> slugs;
  std::set<std::string> taken;
  std::unordered_map<std::string, int> repeated;
  for (const auto& heading : content.headings) {
    const auto base = slug_of(heading.text);
    auto slug = base;
    for (auto& count = repeated[base]; !taken.insert(slug).second;) {
      slug = base + "-" + std::to_string(++count);
    }
    slugs.push_back(slug);
  }
  return slugs;
}

Anchors::Anchors(const Content& content) {
  for (const auto& heading : content.headings) remember(heading.anchor);
  for (const auto& anchor : content.anchors) add(anchor);
}

void Anchors::remember(const std::string& anchor) {
  if (anchor.empty()) return;
  taken_.insert(anchor);
  by_key_.try_emplace(key_of(anchor), anchor);
}

std::string Anchors::add_heading(std::string_view text) {
  const auto base = anchor_id(text);
  if (base.empty()) return {};
  auto anchor = base;
  for (auto& count = repeated_[base]; taken_.contains(anchor);) {
    anchor = base + "." + std::to_string(++count);
  }
  remember(anchor);
  return anchor;
}

void Anchors::add(std::string_view anchor) { remember(anchor_id(anchor)); }

std::optional<std::string> Anchors::find(std::string_view anchor) const {
  if (const auto same = taken_.find(anchor); same != taken_.end()) return *same;
  if (const auto made = anchor_id(anchor); taken_.contains(made)) return made;
  for (auto rest = anchor;;) {
    const auto key = key_of(rest);
    if (const auto found = by_key_.find(key); !key.empty() && found != by_key_.end()) {
      return found->second;
    }
    const auto dash = rest.find('-');
    // Titles have 255 characters; a longer anchor of dashes is none of Confluence's.
    constexpr std::size_t kLongest = 400;
    if (dash == rest.npos || anchor.size() > kLongest) return std::nullopt;
    rest.remove_prefix(dash + 1);
  }
}

}  // namespace storage_format
