#pragma once

// A body as a sequence of blocks: what diff and merge compare and move as one.
//
// In content that flows (the root, a cell, a list item, the body of a macro) a block is a block
// element or a run of inline content beside it; in structure (a list, a table, a row) it is an
// element. White space that only indents belongs to the block behind it, as its lead. Every byte of
// a container's content is in exactly one block, one lead or the tail. Pure; any thread. Views and
// pointers are into the document, which must outlive them.

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "daemon/storage_format/align.h"
#include "daemon/storage_format/document.h"

namespace storage_format {

struct Block {
  std::span<const Node> nodes;  // one element, or a run of inline content
  std::string_view lead;
  std::string_view text;
  int key = 0;
  bool run = false;  // inline content, that would join another run

  // The one element; nullptr for other content.
  const Node* element() const {
    return nodes.size() == 1 && nodes.front().is_element() && !run ? &nodes.front() : nullptr;
  }
  std::size_t begin() const { return nodes.front().begin; }
};

struct Sequence {
  std::vector<Block> blocks;
  std::vector<int> keys;  // of the blocks
  std::string_view tail;  // white space behind the last block
};

Sequence blocks_of(const Document& document, const Node& container, Keys& keys);
// With blocks in it that can be looked at one by one.
bool has_blocks(const Node& element);
// Of hunks between two sequences, edits paired by their words.
std::vector<Hunk> align_blocks(const Sequence& base, const Sequence& side);

}  // namespace storage_format
