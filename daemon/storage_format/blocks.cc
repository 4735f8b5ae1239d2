#include "daemon/storage_format/blocks.h"

#include <algorithm>
#include <cctype>
#include <string>
#include <unordered_map>
#include <utility>

#include "daemon/storage_format/elements.h"
#include "daemon/storage_format/normal_form.h"

namespace storage_format {

namespace {

class Splitter {
 public:
  Splitter(const Document& document, const Node& container, Keys& keys)
      : document_(document), container_(container), keys_(keys), at_(container.content_begin) {}

  Sequence run() {
    const bool structure = is_structure(container_);
    const auto& children = container_.children;
    std::size_t first = 0;  // of the run of inline content
    for (std::size_t i = 0; i < children.size(); ++i) {
      const bool indents = is_insignificant(container_, i);
      if (!indents && !structure && !is_block(children[i])) continue;
      add_run(first, i);
      if (!indents) add(i, i + 1, false);
      first = i + 1;
    }
    add_run(first, children.size());
    sequence_.tail = source(at_, container_.content_end);
    return std::move(sequence_);
  }

 private:
  std::string_view source(std::size_t begin, std::size_t end) const {
    return document_.source().substr(begin, end - begin);
  }

  // Macros in a row, with nothing but white space between them, are blocks of their own.
  void add_run(std::size_t first, std::size_t last) {
    if (first == last) return;
    const std::span nodes(container_.children.data() + first, last - first);
    const bool macros =
        std::ranges::any_of(nodes, is_macro) && std::ranges::all_of(nodes, [](const Node& node) {
          return is_macro(node) || node.is("ac:image") || is_blank(node);
        });
    if (!macros) {
      add(first, last, true);
      return;
    }
    for (auto i = first; i < last; ++i) add(i, i + 1, false);
  }

  void add(std::size_t first, std::size_t last, bool run) {
    Block block;
    block.nodes = std::span(container_.children.data() + first, last - first);
    block.run = run;
    block.lead = source(at_, block.nodes.front().begin);
    block.text = source(block.nodes.front().begin, block.nodes.back().end);
    at_ = block.nodes.back().end;
    std::string form;
    for (const auto& node : block.nodes) form += normal_form(document_, node);
    block.key = keys_.of(std::move(form));
    sequence_.keys.push_back(block.key);
    sequence_.blocks.push_back(block);
  }

  const Document& document_;
  const Node& container_;
  Keys& keys_;
  std::size_t at_;
  Sequence sequence_;
};

// Hashes of the words of a block's source, sorted; of its beginning where it is long.
std::vector<std::size_t> words_of(std::string_view text) {
  constexpr std::size_t kMaxWords = 400;
  std::vector<std::size_t> words;
  const auto is_part = [](char c) {
    return static_cast<unsigned char>(c) >= 0x80 ||
           std::isalnum(static_cast<unsigned char>(c)) != 0;
  };
  for (std::size_t i = 0; i < text.size() && words.size() < kMaxWords;) {
    if (text[i] == '<') {  // names of tags say little
      i = std::min(text.find('>', i), text.size());
      continue;
    }
    auto end = i;
    while (end < text.size() && is_part(text[end])) ++end;
    if (end > i) words.push_back(std::hash<std::string_view>()(text.substr(i, end - i)));
    i = std::max(end, i + 1);
  }
  std::ranges::sort(words);
  return words;
}

double likeness(const std::vector<std::size_t>& a, const std::vector<std::size_t>& b) {
  if (a.empty() && b.empty()) return 0.5;
  std::size_t common = 0;
  for (auto i = a.begin(), j = b.begin(); i != a.end() && j != b.end();) {
    if (*i == *j) {
      ++common;
      ++i;
      ++j;
    } else {
      *i < *j ? ++i : ++j;
    }
  }
  return 2.0 * static_cast<double>(common) / static_cast<double>(a.size() + b.size());
}

std::string_view kind_of(const Block& block) {
  return block.element() != nullptr ? block.element()->name : std::string_view();
}

}  // namespace

Sequence blocks_of(const Document& document, const Node& container, Keys& keys) {
  return Splitter(document, container, keys).run();
}

bool has_blocks(const Node& element) {
  if (keeps_white_space(element) || element.children.empty()) return false;
  if (element.is("ac:link") || element.is("ac:image") || element.name.starts_with("ri:")) {
    return false;
  }
  return is_flow(element) || is_structure(element);
}

std::vector<Hunk> align_blocks(const Sequence& base, const Sequence& side) {
  std::unordered_map<const Block*, std::vector<std::size_t>> known;
  const auto words = [&](const Block& block) -> const std::vector<std::size_t>& {
    const auto [found, fresh] = known.try_emplace(&block);
    if (fresh) found->second = words_of(block.text);
    return found->second;
  };
  return with_pairs(align(base.keys, side.keys), [&](std::size_t i, std::size_t j) {
    const auto& before = base.blocks[i];
    const auto& after = side.blocks[j];
    return kind_of(before) == kind_of(after) ? likeness(words(before), words(after)) : 0.0;
  });
}

}  // namespace storage_format
