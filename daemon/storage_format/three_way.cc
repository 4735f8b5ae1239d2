#include "daemon/storage_format/three_way.h"

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "daemon/storage_format/blocks.h"
#include "daemon/storage_format/elements.h"
#include "daemon/storage_format/normal_form.h"
#include "daemon/storage_format/table.h"

namespace storage_format {

namespace {

constexpr int kDeepestEntered = 64;
enum Side : std::size_t { kOurs = 0, kTheirs = 1 };

struct Three {
  Sequence base;
  std::array<Sequence, 2> sides;
};
struct Trio {  // one element in all three
  const Node* base = nullptr;
  const Node* ours = nullptr;
  const Node* theirs = nullptr;
};
struct SidedHunk : Hunk {
  SidedHunk(const Hunk& hunk, Side hunk_side) : Hunk(hunk), side(hunk_side) {}
  Side side;
};

// The source of blocks [first, last), from the first one's text on.
std::string_view text_of(const Sequence& sequence, std::size_t first, std::size_t last) {
  if (first >= last) return {};
  const auto* begin = sequence.blocks[first].text.data();
  const auto& end = sequence.blocks[last - 1].text;
  return {begin, static_cast<std::size_t>(end.data() + end.size() - begin)};
}

std::string_view with_lead(const Sequence& sequence, std::size_t first, std::size_t last) {
  const auto text = text_of(sequence, first, last);
  if (text.data() == nullptr) return text;
  const auto lead = sequence.blocks[first].lead.size();
  return {text.data() - lead, text.size() + lead};
}

// Where a place between or behind blocks is in the source.
std::size_t offset_of(const Sequence& sequence, std::size_t place) {
  if (place < sequence.blocks.size()) return sequence.blocks[place].begin();
  return sequence.blocks.empty() ? 0 : sequence.blocks.back().nodes.back().end;
}

// White space that one of the two changed.
std::string_view spacing(std::string_view base, std::string_view ours, std::string_view theirs) {
  return theirs == base ? ours : theirs;
}

bool meet(const SidedHunk& a, const SidedHunk& b) {
  const auto from = std::max(a.a, b.a);
  const auto to = std::min(a.b, b.b);
  if (from < to) return true;
  if (from > to) return false;
  if (a.inserts() && b.inserts()) return true;
  const auto inside = [](const Hunk& point, const Hunk& range) {
    return point.a == point.b && range.a < point.a && point.a < range.b;
  };
  return inside(a, b) || inside(b, a);
}

struct Output {
  // Runs of inline content never touch in a source: two that do in a result would become one.
  void meet(const Block& first, const Block& last) {
    joined = joined || (after_run && first.run);
    after_run = last.run;
  }
  std::string text;
  bool after_run = false;
  bool joined = false;
};

class Merger {
 public:
  Merger(const Document& base, const Document& ours, const Document& theirs)
      : base_(base), ours_(ours), theirs_(theirs) {}

  ThreeWay run() {
    result_.body = merge_content({&base_.root(), &ours_.root(), &theirs_.root()}, false, 0);
    check_moves();
    if (result_.clean) check_result();
    std::ranges::stable_sort(result_.places, {}, &Place::at);
    return std::move(result_);
  }

 private:
  struct Moves {  // of one key: how often each side took a block away and put one in
    std::array<int, 2> removed{};
    std::array<int, 2> added{};
    std::string_view text;
    std::size_t at = 0;
  };

  void note(std::string_view base, std::string_view ours, std::string_view theirs, std::size_t at,
            bool conflict) {
    result_.places.push_back({base, ours, theirs, at, conflict});
    if (conflict) result_.clean = false;
  }

  void conflict_of(const Trio& trio) {
    note(base_.source_of(*trio.base), ours_.source_of(*trio.ours), theirs_.source_of(*trio.theirs),
         trio.base->begin, true);
  }

  std::string merge_content(const Trio& trio, bool by_place, int depth);
  static std::vector<SidedHunk> hunks_of(const Three& three, bool by_place);
  void take(const Three& three, const SidedHunk& hunk, const std::array<std::size_t, 2>& at,
            Output& out);
  void merge_group(const Three& three, const std::array<SidedHunk, 2>& group, int depth,
                   Output& out);
  std::string merge_element(const Trio& trio, int depth);
  std::string merge_table(const Trio& trio, int depth);
  std::string merge_with_header(const Trio& trio, std::string_view body, int depth);
  std::string in_tags(const Node& theirs, const std::string& content) const;
  void count_moves(const Three& three, const SidedHunk& hunk, bool alone);
  void check_moves();
  void check_result();

  const Document& base_;
  const Document& ours_;
  const Document& theirs_;
  Keys keys_;
  std::map<int, Moves> moves_;
  ThreeWay result_;
};

std::vector<SidedHunk> Merger::hunks_of(const Three& three, bool by_place) {
  std::vector<SidedHunk> hunks;
  for (const auto side : {kOurs, kTheirs}) {
    const auto& sequence = three.sides[side];
    const auto found =
        by_place ? align_places(three.base.keys, sequence.keys)
                 : with_doubt(align_blocks(three.base, sequence), three.base.keys, sequence.keys);
    for (const auto& hunk : found) hunks.emplace_back(hunk, side);
  }
  std::ranges::stable_sort(hunks, [](const SidedHunk& x, const SidedHunk& y) {
    return std::pair(x.a, x.b) < std::pair(y.a, y.b);
  });
  return hunks;
}

std::string Merger::merge_content(const Trio& trio, bool by_place, int depth) {
  const Three three{blocks_of(base_, *trio.base, keys_),
                    {blocks_of(ours_, *trio.ours, keys_), blocks_of(theirs_, *trio.theirs, keys_)}};
  const auto hunks = hunks_of(three, by_place);
  Output out;
  std::array<std::size_t, 2> at{};  // places in the sides
  std::size_t place = 0;            // in the base
  const auto copy_until = [&](std::size_t end) {
    for (; place < end; ++place, ++at[kOurs], ++at[kTheirs]) {
      const auto& theirs = three.sides[kTheirs].blocks[at[kTheirs]];
      out.meet(theirs, theirs);
      out.text += spacing(three.base.blocks[place].lead, three.sides[kOurs].blocks[at[kOurs]].lead,
                          theirs.lead);
      out.text += theirs.text;
    }
  };
  for (std::size_t i = 0; i < hunks.size();) {
    std::vector<SidedHunk> group = {hunks[i++]};
    auto end = group[0].b;
    for (; i < hunks.size(); ++i) {
      const bool met = std::ranges::any_of(group, [&](const SidedHunk& hunk) {
        return hunk.side != hunks[i].side && meet(hunk, hunks[i]);
      });
      if (!met && hunks[i].a >= end) break;
      end = std::max(end, hunks[i].b);
      group.push_back(hunks[i]);
    }
    copy_until(group[0].a);
    // Where the group ends in each side: what its hunks added or took.
    std::array<std::size_t, 2> until = {at[kOurs] + (end - place), at[kTheirs] + (end - place)};
    for (const auto& hunk : group) until[hunk.side] += (hunk.d - hunk.c) - (hunk.b - hunk.a);
    const bool edits = group.size() == 2 && group[0].pair && group[1].pair;
    if (group.size() == 1) {
      count_moves(three, group[0], true);
      take(three, group[0], at, out);
    } else {
      for (const auto& hunk : group) count_moves(three, hunk, false);
      merge_group(three,
                  {SidedHunk({place, end, at[kOurs], until[kOurs], edits}, kOurs),
                   SidedHunk({place, end, at[kTheirs], until[kTheirs], edits}, kTheirs)},
                  depth, out);
    }
    place = end;
    at = until;
  }
  copy_until(three.base.blocks.size());
  out.text += spacing(three.base.tail, three.sides[kOurs].tail, three.sides[kTheirs].tail);
  if (out.joined && result_.clean) conflict_of(trio);
  return std::move(out.text);
}

// What one side changed.
void Merger::take(const Three& three, const SidedHunk& hunk, const std::array<std::size_t, 2>& at,
                  Output& out) {
  const auto& sequence = three.sides[hunk.side];
  const auto base = text_of(three.base, hunk.a, hunk.b);
  const auto changed = text_of(sequence, hunk.c, hunk.d);
  const bool ours = hunk.side == kOurs;
  note(base, ours ? changed : base, ours ? base : changed, offset_of(three.base, hunk.a), false);
  if (hunk.c < hunk.d) out.meet(sequence.blocks[hunk.c], sequence.blocks[hunk.d - 1]);
  if (!hunk.pair) {
    out.text += with_lead(sequence, hunk.c, hunk.d);
    return;
  }
  const auto lead = [&](Side side) { return three.sides[side].blocks[at[side]].lead; };
  out.text += spacing(three.base.blocks[hunk.a].lead, lead(kOurs), lead(kTheirs));
  out.text += changed;
}

// What both changed.
void Merger::merge_group(const Three& three, const std::array<SidedHunk, 2>& group, int depth,
                         Output& out) {
  const auto& ours = three.sides[kOurs];
  const auto& theirs = three.sides[kTheirs];
  const auto& in_ours = group[kOurs];
  const auto& in_theirs = group[kTheirs];
  const auto a = in_ours.a;
  const auto b = in_ours.b;
  const auto at = offset_of(three.base, a);
  const bool same = std::equal(ours.keys.begin() + static_cast<std::ptrdiff_t>(in_ours.c),
                               ours.keys.begin() + static_cast<std::ptrdiff_t>(in_ours.d),
                               theirs.keys.begin() + static_cast<std::ptrdiff_t>(in_theirs.c),
                               theirs.keys.begin() + static_cast<std::ptrdiff_t>(in_theirs.d));
  if (same) {
    note(text_of(three.base, a, b), text_of(ours, in_ours.c, in_ours.d),
         text_of(theirs, in_theirs.c, in_theirs.d), at, false);
    if (in_theirs.c < in_theirs.d) {
      out.meet(theirs.blocks[in_theirs.c], theirs.blocks[in_theirs.d - 1]);
    }
    out.text += with_lead(theirs, in_theirs.c, in_theirs.d);
    return;
  }
  if (in_ours.pair && in_theirs.pair) {
    const Trio trio{three.base.blocks[a].element(), ours.blocks[in_ours.c].element(),
                    theirs.blocks[in_theirs.c].element()};
    if (trio.base != nullptr && trio.ours != nullptr && trio.theirs != nullptr) {
      out.meet(theirs.blocks[in_theirs.c], theirs.blocks[in_theirs.c]);
      out.text += theirs.blocks[in_theirs.c].lead;
      out.text += merge_element(trio, depth);
      return;
    }
  }
  note(text_of(three.base, a, b), text_of(ours, in_ours.c, in_ours.d),
       text_of(theirs, in_theirs.c, in_theirs.d), at, true);
}

std::string Merger::in_tags(const Node& theirs, const std::string& content) const {
  const auto source = theirs_.source();
  return std::string(source.substr(theirs.begin, theirs.content_begin - theirs.begin)) + content +
         std::string(source.substr(theirs.content_end, theirs.end - theirs.content_end));
}

// An element that both changed, each in its way.
std::string Merger::merge_element(const Trio& trio, int depth) {
  const auto tag = normal_tag(*trio.base);
  bool can_enter = depth < kDeepestEntered && tag == normal_tag(*trio.ours) &&
                   tag == normal_tag(*trio.theirs) && !trio.base->is("ac:adf-extension");
  for (const auto* node : {trio.base, trio.ours, trio.theirs}) {
    can_enter = can_enter && has_blocks(*node) && !node->self_closed();
  }
  if (!can_enter) {
    conflict_of(trio);
    return {};
  }
  if (trio.base->is("table")) return merge_table(trio, depth);
  if (is_macro(*trio.base)) return merge_with_header(trio, "ac:rich-text-body", depth);
  if (trio.base->is("ac:task")) return merge_with_header(trio, "ac:task-body", depth);
  const bool row = trio.base->is("tr");
  const bool by_place = row || trio.base->is("ac:layout-section");
  if (by_place) {
    const auto count = [](const Node& node) {
      return std::ranges::count_if(node.children, &Node::is_element);
    };
    const auto others = [](const Node& node) {
      return std::ranges::any_of(
          node.children, [](const Node& child) { return !child.is_element() && !is_blank(child); });
    };
    bool odd = count(*trio.base) != count(*trio.ours) || count(*trio.base) != count(*trio.theirs) ||
               others(*trio.base) || others(*trio.ours) || others(*trio.theirs);
    odd = odd || has_shifted(base_, *trio.base, ours_, *trio.ours) ||
          has_shifted(base_, *trio.base, theirs_, *trio.theirs);
    if (odd) {
      conflict_of(trio);
      return {};
    }
  }
  return in_tags(*trio.theirs, merge_content(trio, by_place, depth + 1));
}

std::string Merger::merge_table(const Trio& trio, int depth) {
  const bool ours_new = has_new_column(base_, *trio.base, ours_, *trio.ours);
  const bool theirs_new = has_new_column(base_, *trio.base, theirs_, *trio.theirs);
  const auto rows = grid_of(*trio.base).rows;
  const bool mixed = (ours_new && grid_of(*trio.theirs).rows != rows) ||
                     (theirs_new && grid_of(*trio.ours).rows != rows) || (ours_new && theirs_new);
  if (mixed || !can_merge_tables(*trio.base, *trio.ours, *trio.theirs)) {
    conflict_of(trio);
    return {};
  }
  const bool was_clean = result_.clean;
  auto text = in_tags(*trio.theirs, merge_content(trio, false, depth + 1));
  if (!was_clean || !result_.clean || !grid_of(*trio.base).regular) return text;
  const auto merged = read(text);
  if (!merged || merged->root().children.size() != 1) {
    conflict_of(trio);
    return {};
  }
  const auto grid = grid_of(merged->root().children.front());
  const bool empty = grid.rows == 0;
  if (!empty && (!grid.regular || grid.columns != grid_of(*trio.base).columns)) conflict_of(trio);
  return text;
}

// A macro or a task: parameters are one thing, its body is another.
std::string Merger::merge_with_header(const Trio& trio, std::string_view body, int depth) {
  struct Parts {
    std::vector<int> header;
    const Node* body = nullptr;
    int key = 0;
    int bodies = 0;
  };
  const std::array sequences = {blocks_of(base_, *trio.base, keys_),
                                blocks_of(ours_, *trio.ours, keys_),
                                blocks_of(theirs_, *trio.theirs, keys_)};
  std::array<Parts, 3> parts;
  bool one_body = true;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    for (const auto& block : sequences[i].blocks) {
      const auto* element = block.element();
      if (element == nullptr || !element->is(body)) {
        parts[i].header.push_back(block.key);
        continue;
      }
      parts[i].body = element;
      parts[i].key = block.key;
      ++parts[i].bodies;
    }
    one_body = one_body && parts[i].bodies == 1;
  }
  const auto& [base, ours, theirs] = parts;
  const bool ours_header = ours.header != base.header;
  const bool theirs_header = theirs.header != base.header;
  const bool clash = ours_header && theirs_header && ours.header != theirs.header;
  // A box that is ticked for one text is not ticked for another.
  const bool crossed = trio.base->is("ac:task") && ((ours_header && theirs.key != base.key) ||
                                                    (theirs_header && ours.key != base.key));
  if (!one_body || clash || crossed) {
    conflict_of(trio);
    return {};
  }
  std::string merged_body;
  if (ours.key == base.key || ours.key == theirs.key) {
    merged_body = theirs_.source_of(*theirs.body);
  } else if (theirs.key == base.key) {
    merged_body = ours_.source_of(*ours.body);
  } else {
    merged_body = merge_element({base.body, ours.body, theirs.body}, depth + 1);
  }
  const auto& chosen = sequences[ours_header && !theirs_header ? 1 : 2];
  std::string content;
  for (const auto& block : chosen.blocks) {
    const bool is_body = block.element() != nullptr && block.element()->is(body);
    content += block.lead;
    content += is_body ? std::string_view(merged_body) : block.text;
  }
  content += chosen.tail;
  return in_tags(*trio.theirs, content);
}

// A block without any text is found everywhere. What both added at one place is compared there:
// only what a side changed alone counts as added.
void Merger::count_moves(const Three& three, const SidedHunk& hunk, bool alone) {
  const auto says_something = [](const Block& block) {
    const auto text = block.text;
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '<') i = std::min(text.find('>', i), text.size() - 1);
      const auto c = text[i];
      if (c != '>' && c != ' ' && c != '\n' && c != '\t' && c != '\r') return true;
    }
    return false;
  };
  std::map<int, int> balance;  // what is on both sides of the hunk did not move
  for (auto i = hunk.a; i < hunk.b; ++i) --balance[three.base.keys[i]];
  const auto& sequence = three.sides[hunk.side];
  for (auto i = hunk.c; i < hunk.d; ++i) ++balance[sequence.keys[i]];
  for (auto i = hunk.a; i < hunk.b; ++i) {
    const auto& block = three.base.blocks[i];
    if (balance[block.key] >= 0 || !says_something(block)) continue;
    auto& moves = moves_[block.key];
    if (!hunk.pair || alone) ++moves.removed[hunk.side];
    moves.text = block.text;
    moves.at = block.begin();
  }
  for (auto i = hunk.c; alone && i < hunk.d; ++i) {
    const auto& block = sequence.blocks[i];
    if (balance[block.key] <= 0 || !says_something(block)) continue;
    auto& moves = moves_[block.key];
    ++moves.added[hunk.side];
    if (moves.text.empty()) moves.text = block.text;
  }
}

// One block, moved by one and moved or deleted by the other, would be there twice or come back.
void Merger::check_moves() {
  for (const auto& entry : moves_) {
    const auto& moves = entry.second;
    const auto moved = [&](Side side) { return moves.removed[side] > 0 && moves.added[side] > 0; };
    const bool twice = moves.added[kOurs] > 0 && moves.added[kTheirs] > 0;
    if (twice || (moved(kOurs) && moves.removed[kTheirs] > 0) ||
        (moved(kTheirs) && moves.removed[kOurs] > 0)) {
      const auto kept = [&](Side side) {
        return moves.added[side] > 0 ? moves.text : std::string_view();
      };
      const bool in_base = moves.removed[kOurs] > 0 || moves.removed[kTheirs] > 0;
      note(in_base ? moves.text : std::string_view(), kept(kOurs), kept(kTheirs), moves.at, true);
    }
  }
}

void Merger::check_result() {
  if (check(result_.body)) {
    note(base_.source(), ours_.source(), theirs_.source(), 0, true);
  }
}

}  // namespace

ThreeWay bring_together(const Document& base, const Document& ours, const Document& theirs) {
  return Merger(base, ours, theirs).run();
}

}  // namespace storage_format
