#pragma once

// What must hold of every document that a reader of bodies makes.

#include <algorithm>

#include "daemon/storage_format/document.h"
#include "tests/fuzz/fuzz.h"

inline bool same_attribute(const storage_format::Attribute& a, const storage_format::Attribute& b) {
  return a.name == b.name && a.value == b.value;
}

inline void expect_same(const storage_format::Node& a, const storage_format::Node& b) {
  FUZZ_EXPECT(a.kind == b.kind && a.cdata == b.cdata && a.name == b.name && a.text == b.text);
  FUZZ_EXPECT(a.begin == b.begin && a.end == b.end);
  FUZZ_EXPECT(!a.is_element() ||
              (a.content_begin == b.content_begin && a.content_end == b.content_end));
  FUZZ_EXPECT(std::ranges::equal(a.attributes, b.attributes, same_attribute));
  FUZZ_EXPECT(a.children.size() == b.children.size());
  for (std::size_t at = 0; at < a.children.size(); ++at) {
    expect_same(a.children[at], b.children[at]);
  }
}

inline void expect_spans(const storage_format::Node& node) {
  auto at = node.content_begin;
  for (const auto& child : node.children) {
    FUZZ_EXPECT(child.begin == at && child.begin <= child.end);
    at = child.end;
    if (child.is_element()) expect_spans(child);
  }
  FUZZ_EXPECT(at == node.content_end && node.content_end <= node.end);
}

inline void expect_printable(const storage_format::Fault& fault) {
  FUZZ_EXPECT(fault.at.line >= 1 && fault.at.column >= 1 && !fault.text.empty());
  for (const char c : fault.text) FUZZ_EXPECT(c >= 0x20 && c < 0x7F);
}
