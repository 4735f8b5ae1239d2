#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "daemon/storage_format/align.h"
#include "daemon/storage_format/diff.h"
#include "daemon/storage_format/three_way.h"

namespace storage_format {

namespace {

using Kind = Change::Kind;

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const auto end = text.find('\n');
    auto line = text.substr(0, end);
    lines.push_back(line);
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
  }
  return lines;
}

void add_lines(std::string& out, std::string_view mark, std::string_view text) {
  const auto lines = lines_of(text);
  if (lines.empty()) out += fmt::format("{}\n", mark);
  for (const auto line : lines) out += fmt::format("{}{}\n", mark, line);
}

std::string place(Position at) {
  return fmt::format("@@ line {}, column {} @@\n", at.line, at.column);
}

// Two texts by their lines, those that did not change included.
std::vector<Change> line_changes(std::string_view before, std::string_view after) {
  const auto old_lines = lines_of(before);
  const auto lines = lines_of(after);
  Keys keys;
  std::vector<int> old_keys;
  std::vector<int> new_keys;
  for (const auto line : old_lines) old_keys.push_back(keys.of(std::string(line)));
  for (const auto line : lines) new_keys.push_back(keys.of(std::string(line)));
  std::vector<Change> changes;
  std::size_t at = 0;
  const auto position = [](std::size_t line) { return Position{static_cast<int>(line) + 1, 1}; };
  const auto same_until = [&](std::size_t end) {
    for (; at < end; ++at) {
      changes.push_back(
          {Kind::kSame, std::string(lines[at]), std::string(lines[at]), position(at)});
    }
  };
  for (const auto& hunk : align(old_keys, new_keys)) {
    same_until(hunk.c);
    for (auto i = hunk.a; i < hunk.b; ++i) {
      changes.push_back({Kind::kRemoved, std::string(old_lines[i]), {}, position(i)});
    }
    for (auto i = hunk.c; i < hunk.d; ++i) {
      changes.push_back({Kind::kAdded, {}, std::string(lines[i]), position(i)});
    }
    at = hunk.d;
  }
  same_until(lines.size());
  return changes;
}

void add_change(std::string& out, const Change& change) {
  switch (change.kind) {
    case Kind::kSame:
      add_lines(out, "  ", change.after);
      return;
    case Kind::kRemoved:
      add_lines(out, "- ", change.before);
      return;
    case Kind::kAdded:
      add_lines(out, "+ ", change.after);
      return;
    case Kind::kChanged:
      for (const auto& line : line_changes(change.before, change.after)) {
        if (line.kind == Kind::kSame) add_lines(out, "  ", line.after);
        if (line.kind == Kind::kRemoved) add_lines(out, "- ", line.before);
        if (line.kind == Kind::kAdded) add_lines(out, "+ ", line.after);
      }
  }
}

std::string with_context(const std::vector<Change>& changes, int context) {
  const auto around = static_cast<std::size_t>(std::clamp(context, 0, 1'000'000));
  std::string out;
  std::size_t shown = 0;  // changes before this one are shown or left out
  for (std::size_t i = 0; i < changes.size(); ++i) {
    if (changes[i].kind == Kind::kSame) continue;
    const auto from = std::max(shown, i > around ? i - around : 0);
    if (from > shown || shown == 0) out += place(changes[i].at);
    // Up to the end of the context behind the last change that is near.
    auto last = i;
    for (auto next = i + 1; next < changes.size() && next - last <= 2 * around + 1; ++next) {
      if (changes[next].kind != Kind::kSame) last = next;
    }
    shown = std::min(changes.size(), last + around + 1);
    for (auto k = from; k < shown; ++k) add_change(out, changes[k]);
    i = shown - 1;
  }
  return out;
}

// A block's source as readable text, as far as that tells the three apart.
std::vector<std::string> texts_of(const Place& at) {
  std::vector<std::string> texts;
  for (const auto source : {at.base, at.ours, at.theirs}) {
    const auto document = read(source);
    texts.push_back(document ? readable_text(*document, document->root().children)
                             : std::string(source));
  }
  const auto hides = [&](std::size_t i, std::size_t k, std::string_view a, std::string_view b) {
    return texts[i] == texts[k] && a != b;
  };
  const auto blank = [&](std::size_t i, std::string_view a) {
    return texts[i].empty() && !a.empty();
  };
  if (hides(0, 1, at.base, at.ours) || hides(0, 2, at.base, at.theirs) ||
      hides(1, 2, at.ours, at.theirs) || blank(0, at.base) || blank(1, at.ours) ||
      blank(2, at.theirs)) {
    return {std::string(at.base), std::string(at.ours), std::string(at.theirs)};
  }
  return texts;
}

std::string_view label_of(const Place& at) {
  if (at.conflict) return "conflict";
  if (at.ours == at.base) return "changed by theirs";
  return at.theirs == at.base ? "changed by ours" : "changed by both alike";
}

}  // namespace

std::string readable_diff(std::string_view before, std::string_view after, int context) {
  const auto changes = diff(before, after);
  return with_context(changes ? *changes : line_changes(before, after), context);
}

std::string readable_diff3(std::string_view base, std::string_view ours, std::string_view theirs) {
  const auto in_base = read(base);
  const auto in_ours = read(ours);
  const auto in_theirs = read(theirs);
  if (!in_base || !in_ours || !in_theirs) {
    return "== base to ours ==\n" + readable_diff(base, ours) + "== base to theirs ==\n" +
           readable_diff(base, theirs);
  }
  std::string out;
  PositionCursor positions(base);
  for (const auto& found : bring_together(*in_base, *in_ours, *in_theirs).places) {
    const auto at = positions.at(found.at);
    out += fmt::format("== line {}, column {}: {} ==\n", at.line, at.column, label_of(found));
    const auto texts = texts_of(found);
    constexpr std::string_view kLabels[] = {"base:\n", "ours:\n", "theirs:\n"};
    const std::string_view sources[] = {found.base, found.ours, found.theirs};
    for (std::size_t i = 0; i < texts.size(); ++i) {
      out += kLabels[i];
      if (sources[i].empty()) {
        out += "  (absent)\n";
      } else {
        add_lines(out, "  ", texts[i]);
      }
    }
  }
  return out;
}

}  // namespace storage_format
