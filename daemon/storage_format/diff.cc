#include "daemon/storage_format/diff.h"

#include <algorithm>
#include <utility>

#include "daemon/storage_format/blocks.h"
#include "daemon/storage_format/elements.h"
#include "daemon/storage_format/normal_form.h"

namespace storage_format {

namespace {

using Kind = Change::Kind;

constexpr int kDeepest = 64;  // elements that are entered

std::string shown(const Document& document, const Block& block) {
  auto text = readable_text(document, block.nodes);
  return text.empty() ? std::string(block.text) : text;
}

std::string_view start_tag(const Document& document, const Node& element) {
  return document.source().substr(element.begin, element.content_begin - element.begin);
}

class Differ {
 public:
  Differ(const Document& before, const Document& after)
      : before_(before), after_(after), in_before_(before.source()), in_after_(after.source()) {}

  std::vector<Change> run() {
    compare(before_.root(), after_.root(), 0);
    return std::move(changes_);
  }

 private:
  void compare(const Node& before, const Node& after, int depth) {
    const auto old_blocks = blocks_of(before_, before, keys_);
    const auto blocks = blocks_of(after_, after, keys_);
    const auto count = [](const Node& node) { return node.is("tr"); };
    const bool by_place = count(before) && old_blocks.blocks.size() == blocks.blocks.size();
    const auto hunks =
        by_place ? align_places(old_blocks.keys, blocks.keys) : align_blocks(old_blocks, blocks);
    std::size_t place = 0;
    const auto same_until = [&](std::size_t end) {
      for (; place < end; ++place) {
        const auto& block = blocks.blocks[place];
        auto text = shown(after_, block);
        changes_.push_back({Kind::kSame, text, text, in_after_.at(block.begin())});
      }
    };
    for (const auto& hunk : hunks) {
      same_until(hunk.c);
      place = hunk.d;
      if (hunk.pair) {
        edited(old_blocks.blocks[hunk.a], blocks.blocks[hunk.c], depth);
        continue;
      }
      for (auto i = hunk.a; i < hunk.b; ++i) {
        const auto& block = old_blocks.blocks[i];
        changes_.push_back(
            {Kind::kRemoved, shown(before_, block), {}, in_before_.at(block.begin())});
      }
      for (auto i = hunk.c; i < hunk.d; ++i) {
        const auto& block = blocks.blocks[i];
        changes_.push_back({Kind::kAdded, {}, shown(after_, block), in_after_.at(block.begin())});
      }
    }
    same_until(blocks.blocks.size());
  }

  void edited(const Block& before, const Block& after, int depth) {
    const auto* old_element = before.element();
    const auto* element = after.element();
    if (old_element != nullptr && element != nullptr && old_element->name == element->name &&
        depth < kDeepest && has_blocks(*old_element) && has_blocks(*element)) {
      if (normal_tag(*old_element) != normal_tag(*element)) {
        changes_.push_back({Kind::kChanged, std::string(start_tag(before_, *old_element)),
                            std::string(start_tag(after_, *element)), in_after_.at(after.begin())});
      }
      compare(*old_element, *element, depth + 1);
      return;
    }
    auto old_text = readable_text(before_, before.nodes);
    auto text = readable_text(after_, after.nodes);
    if (old_text == text || old_text.empty() || text.empty()) {
      old_text = before.text;
      text = after.text;
    }
    changes_.push_back(
        {Kind::kChanged, std::move(old_text), std::move(text), in_after_.at(after.begin())});
  }

  const Document& before_;
  const Document& after_;
  PositionCursor in_before_;
  PositionCursor in_after_;
  Keys keys_;
  std::vector<Change> changes_;
};

}  // namespace

tl::expected<std::vector<Change>, Fault> diff(std::string_view before, std::string_view after) {
  const auto old_document = read(before);
  if (!old_document) return tl::unexpected<Fault>(old_document.error());
  const auto document = read(after);
  if (!document) return tl::unexpected<Fault>(document.error());
  return Differ(*old_document, *document).run();
}

}  // namespace storage_format
