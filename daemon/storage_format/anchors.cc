#include "daemon/storage_format/anchors.h"

#include <utility>

#include "daemon/storage_format/characters.h"
#include "daemon/storage_format/extract.h"

namespace storage_format {

namespace {

constexpr std::string_view kNoBreak = "\u00A0";

std::string anchor_of(std::string_view text) {
  std::string anchor;
  for (text = trimmed(text); !text.empty();) {
    if (is_xml_space(text.front())) {
      anchor += '-';
      text.remove_prefix(1);
    } else if (text.starts_with(kNoBreak)) {
      anchor += '-';
      text.remove_prefix(kNoBreak.size());
    } else {
      anchor += text.front();
      text.remove_prefix(1);
    }
  }
  return anchor;
}

std::string key_of(std::string_view anchor) {
  std::string key;
  for (const char c : anchor) {
    if (!is_xml_space(c) && !is_ascii_punctuation(c)) key += c;
  }
  return lower_ascii(key);
}

}  // namespace

Anchors::Anchors(const Content& content) {
  for (const auto& heading : content.headings) remember(heading.anchor);
  for (const auto& anchor : content.anchors) remember(anchor);
}

void Anchors::remember(const std::string& anchor) {
  if (anchor.empty()) return;
  taken_.insert(anchor);
  by_key_.try_emplace(key_of(anchor), anchor);
}

std::string Anchors::add_heading(std::string_view text) {
  const auto base = anchor_of(text);
  if (base.empty()) return {};
  auto anchor = base;
  for (auto& count = repeated_[base]; taken_.contains(anchor);) {
    anchor = base + "." + std::to_string(++count);
  }
  remember(anchor);
  return anchor;
}

void Anchors::add(std::string_view anchor) { remember(std::string(anchor)); }

std::optional<std::string> Anchors::find(std::string_view anchor) const {
  if (const auto same = taken_.find(anchor); same != taken_.end()) return *same;
  if (const auto made = anchor_of(anchor); taken_.contains(made)) return made;
  for (auto rest = anchor;;) {
    const auto key = key_of(rest);
    if (const auto found = by_key_.find(key); !key.empty() && found != by_key_.end()) {
      return found->second;
    }
    const auto dash = rest.find('-');
    // A long anchor of dashes is none of Confluence's.
    constexpr std::size_t kLongest = 2'000;
    if (dash == rest.npos || anchor.size() > kLongest) return std::nullopt;
    rest.remove_prefix(dash + 1);
  }
}

}  // namespace storage_format
