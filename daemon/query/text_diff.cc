#include "daemon/query/text_diff.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "daemon/storage_format/align.h"

namespace querying {

namespace {

using storage_format::align;
using storage_format::Hunk;
using storage_format::Keys;
using Kind = DiffLine::Kind;

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const auto end = text.find('\n');
    lines.push_back(text.substr(0, end));
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
  }
  return lines;
}

// How a byte counts when a line is cut: a run of one class is one word, and other characters (CJK,
// punctuation) stand for themselves.
enum class Sort { kBlank, kWord, kOther };

Sort sort_of(unsigned char c) {
  if (c == ' ' || c == '\t') return Sort::kBlank;
  const bool word = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                    c == '_' || c >= 0x80;
  return word ? Sort::kWord : Sort::kOther;
}

// Where the character that begins there ends.
std::size_t character_end(std::string_view text, std::size_t at) {
  ++at;
  while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80U) ++at;
  return at;
}

bool stands_alone(std::string_view text, std::size_t at) {
  // From U+2E80 on (E2 BA 80): scripts that put no blanks between words.
  const auto first = static_cast<unsigned char>(text[at]);
  return first >= 0xE3U;
}

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  std::size_t at = 0;
  while (at < line.size()) {
    const auto begin = at;
    const auto sort = sort_of(static_cast<unsigned char>(line[at]));
    if (sort == Sort::kOther || stands_alone(line, at)) {
      at = character_end(line, at);
    } else {
      while (at < line.size() && sort_of(static_cast<unsigned char>(line[at])) == sort &&
             !stands_alone(line, at)) {
        ++at;
      }
    }
    words.push_back(line.substr(begin, at - begin));
  }
  return words;
}

std::vector<int> keys_of(const std::vector<std::string_view>& parts, Keys& keys) {
  std::vector<int> numbers;
  numbers.reserve(parts.size());
  for (const auto part : parts) numbers.push_back(keys.of(std::string(part)));
  return numbers;
}

double likeness(std::string_view a, std::string_view b) {
  const auto words_a = words_of(a);
  const auto words_b = words_of(b);
  const std::multiset<std::string_view> left(words_a.begin(), words_a.end());
  std::multiset<std::string_view> right(words_b.begin(), words_b.end());
  std::size_t common = 0;
  std::size_t size = 0;
  for (const auto word : left) {
    if (const auto found = right.find(word); found != right.end()) {
      common += word.size();
      right.erase(found);
    }
  }
  size = std::max(a.size(), b.size());
  return size == 0 ? 1.0 : static_cast<double>(common) / static_cast<double>(size);
}

void add_word(std::vector<DiffWord>& words, DiffKind kind, std::string_view text) {
  if (!words.empty() && words.back().kind == kind) {
    words.back().text += text;
  } else {
    words.push_back({kind, std::string(text)});
  }
}

constexpr std::size_t kComparedLine = 1U << 16U;  // longer lines are not compared word by word

class LineDiff {
 public:
  LineDiff(std::vector<std::string_view> before, std::vector<std::string_view> after)
      : before_(std::move(before)), after_(std::move(after)) {}

  std::vector<DiffLine> run() {
    Keys keys;
    const auto old_keys = keys_of(before_, keys);
    const auto new_keys = keys_of(after_, keys);
    const auto like = [this](std::size_t a, std::size_t b) {
      if (before_[a].size() > kComparedLine || after_[b].size() > kComparedLine) return 0.0;
      return likeness(before_[a], after_[b]);
    };
    for (const auto& hunk : storage_format::with_pairs(align(old_keys, new_keys), like)) {
      same_until(hunk.a);
      if (hunk.pair) {
        changed(hunk);
        continue;
      }
      for (; old_ < hunk.b; ++old_) add(Kind::kRemoved, before_[old_], {}, old_ + 1, new_);
      for (; new_ < hunk.d; ++new_) add(Kind::kAdded, {}, after_[new_], old_, new_ + 1);
    }
    same_until(before_.size());
    return std::move(lines_);
  }

 private:
  void add(Kind kind, std::string_view before, std::string_view after, std::size_t before_line,
           std::size_t after_line) {
    DiffLine line;
    line.kind = kind;
    line.before = before;
    line.after = after;
    line.before_line = before_line;
    line.after_line = after_line;
    lines_.push_back(std::move(line));
  }
  void same_until(std::size_t end) {
    for (; old_ < end; ++old_, ++new_) {
      add(Kind::kSame, before_[old_], after_[new_], old_ + 1, new_ + 1);
    }
  }
  void changed(const Hunk& hunk) {
    for (; old_ < hunk.b; ++old_, ++new_) {
      add(Kind::kChanged, before_[old_], after_[new_], old_ + 1, new_ + 1);
      lines_.back().words = diff_words(before_[old_], after_[new_]);
    }
  }

  std::vector<std::string_view> before_;
  std::vector<std::string_view> after_;
  std::size_t old_ = 0;
  std::size_t new_ = 0;
  std::vector<DiffLine> lines_;
};

// A range of lines that is printed together, with its counts.
struct Range {
  std::size_t begin = 0;
  std::size_t end = 0;
};

std::vector<Range> ranges_of(const std::vector<DiffLine>& lines, std::size_t context) {
  std::vector<Range> ranges;
  for (std::size_t at = 0; at < lines.size(); ++at) {
    if (lines[at].kind == Kind::kSame) continue;
    const auto begin = at - std::min(at, context);
    const auto end = std::min(lines.size(), at + context + 1);
    if (!ranges.empty() && begin <= ranges.back().end) {
      ranges.back().end = end;
    } else {
      ranges.push_back({begin, end});
    }
  }
  return ranges;
}

std::string range_header(const std::vector<DiffLine>& lines, const Range& range) {
  std::size_t old_count = 0;
  std::size_t new_count = 0;
  for (std::size_t at = range.begin; at < range.end; ++at) {
    if (lines[at].kind != Kind::kAdded) ++old_count;
    if (lines[at].kind != Kind::kRemoved) ++new_count;
  }
  const auto& first = lines[range.begin];
  return fmt::format("@@ -{},{} +{},{} @@\n", first.before_line, old_count, first.after_line,
                     new_count);
}

}  // namespace

std::vector<DiffWord> diff_words(std::string_view before, std::string_view after) {
  const auto old_words = words_of(before);
  const auto new_words = words_of(after);
  Keys keys;
  const auto old_keys = keys_of(old_words, keys);
  const auto new_keys = keys_of(new_words, keys);
  std::vector<DiffWord> words;
  std::size_t old = 0;
  std::size_t fresh = 0;
  const auto same_until = [&](std::size_t end) {
    for (; old < end; ++old, ++fresh) add_word(words, DiffKind::kSame, old_words[old]);
  };
  for (const auto& hunk : align(old_keys, new_keys)) {
    same_until(hunk.a);
    for (; old < hunk.b; ++old) add_word(words, DiffKind::kRemoved, old_words[old]);
    for (; fresh < hunk.d; ++fresh) add_word(words, DiffKind::kAdded, new_words[fresh]);
  }
  same_until(old_words.size());
  return words;
}

std::vector<DiffLine> diff_texts(std::string_view before, std::string_view after) {
  return LineDiff(lines_of(before), lines_of(after)).run();
}

std::string unified_diff(const std::vector<DiffLine>& lines, const std::string& before_name,
                         const std::string& after_name, std::size_t context) {
  const auto ranges = ranges_of(lines, context);
  if (ranges.empty()) return {};
  std::string out = "--- " + before_name + "\n+++ " + after_name + "\n";
  for (const auto& range : ranges) {
    out += range_header(lines, range);
    std::size_t at = range.begin;
    while (at < range.end) {
      if (lines[at].kind == Kind::kSame) {
        out += " " + lines[at].after + "\n";
        ++at;
        continue;
      }
      auto end = at;
      while (end < range.end && lines[end].kind != Kind::kSame) ++end;
      for (auto i = at; i < end; ++i) {
        if (lines[i].kind != Kind::kAdded) out += "-" + lines[i].before + "\n";
      }
      for (auto i = at; i < end; ++i) {
        if (lines[i].kind != Kind::kRemoved) out += "+" + lines[i].after + "\n";
      }
      at = end;
    }
  }
  return out;
}

}  // namespace querying
