// Pairs of edits to real bodies: how many merge, and is every merge right? The places that are
// edited are found by a scan of the source that knows nothing of blocks, documents or merges.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <iostream>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/storage_format/merge.h"
#include "daemon/storage_format/normal_form.h"
#include "tests/daemon/storage_format/corpus.h"

namespace storage_format {
namespace {

struct Leaf {
  std::string tag;
  std::size_t begin = 0;
  std::size_t content = 0;
  std::size_t content_end = 0;
  std::size_t end = 0;
};

struct Edit {
  std::size_t at = 0;
  std::size_t erased = 0;
  std::string text;
};

constexpr std::array<std::string_view, 12> kTags = {"p",  "h1", "h2", "h3", "h4",  "h5",
                                                    "h6", "li", "td", "th", "pre", "tr"};

bool is_tag(std::string_view text, std::string_view tag) {
  if (!text.starts_with('<') || text.substr(1, tag.size()) != tag) return false;
  const char after = text.size() > tag.size() + 1 ? text[tag.size() + 1] : '\0';
  return after == ' ' || after == '>' || after == '/' || after == '\n' || after == '\r';
}

// Spans that are no markup.
std::size_t skip(std::string_view body, std::size_t at) {
  const auto rest = body.substr(at);
  for (const auto& [open, close] :
       {std::pair<std::string_view, std::string_view>{"<![CDATA[", "]]>"}, {"<!--", "-->"}}) {
    if (rest.starts_with(open)) return body.find(close, at) + close.size();
  }
  return at;
}

std::optional<Leaf> element_at(std::string_view body, std::size_t at, std::string_view tag) {
  Leaf leaf{std::string(tag), at, body.find('>', at) + 1, 0, 0};
  if (body[leaf.content - 2] == '/') return std::nullopt;
  int depth = 1;
  for (auto i = leaf.content; i < body.size(); ++i) {
    if (const auto next = skip(body, i); next != i) {
      i = next - 1;
      continue;
    }
    if (is_tag(body.substr(i), tag) && body[body.find('>', i) - 1] != '/') ++depth;
    if (body.compare(i, 2, "</") == 0 && body.compare(i + 2, tag.size(), tag) == 0 &&
        (body[i + 2 + tag.size()] == '>' || body[i + 2 + tag.size()] == ' ') && --depth == 0) {
      leaf.content_end = i;
      leaf.end = body.find('>', i) + 1;
      return leaf;
    }
  }
  return std::nullopt;
}

bool holds_blocks(std::string_view content) {
  for (std::size_t i = 0; i < content.size(); ++i) {
    const auto rest = content.substr(i);
    for (const auto* other : {"ul", "ol", "table", "div", "blockquote", "ac:structured-macro",
                              "ac:macro", "ac:task-list"}) {
      if (is_tag(rest, other)) return true;
    }
    for (const auto tag : kTags) {
      if (is_tag(rest, tag)) return true;
    }
  }
  return false;
}

// Elements of `kTags`; without rows: those that hold no other.
std::vector<Leaf> leaves_of(std::string_view body, bool rows = false) {
  std::vector<Leaf> leaves;
  for (std::size_t i = 0; i < body.size(); ++i) {
    if (const auto next = skip(body, i); next != i) {
      i = next - 1;
      continue;
    }
    for (const auto tag : kTags) {
      if (!is_tag(body.substr(i), tag) || (tag == "tr") != rows) continue;
      const auto leaf = element_at(body, i, tag);
      if (leaf &&
          (rows || !holds_blocks(body.substr(leaf->content, leaf->content_end - leaf->content)))) {
        leaves.push_back(*leaf);
      }
    }
  }
  return leaves;
}

std::string applied(std::string text, std::vector<Edit> edits) {
  std::ranges::sort(edits, [](const Edit& a, const Edit& b) { return a.at > b.at; });
  for (const auto& edit : edits) text.replace(edit.at, edit.erased, edit.text);
  return text;
}

class MergeCorpusTest : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const auto& body : real_bodies()) {
      if (!check(body.text) && leaves_of(body.text).size() >= 2) bodies_.push_back(body);
    }
    if (bodies_.empty()) GTEST_SKIP() << "the corpus of real bodies is not there";
  }

  std::size_t pick(std::size_t count) { return random_() % count; }
  const RealBody& any_body() { return bodies_[pick(bodies_.size())]; }

  // A word more, or another word in the place of the first; never the same for two calls.
  Edit edit_text(const std::string& body, const Leaf& leaf) {
    const auto word = "edit" + std::to_string(++edits_);
    const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
    auto end = leaf.content;
    while (end < leaf.content_end && letter(body[end])) ++end;
    switch (pick(3)) {
      case 0:
        return {leaf.content, 0, word + " "};
      case 1:
        return {leaf.content_end, 0, " <em>" + word + "</em>"};
      default:
        return {leaf.content, end - leaf.content, word};
    }
  }

  // Whether it merged; a merge must be both edits and nothing else, byte for byte.
  bool merges(const RealBody& body, const Edit& ours, const Edit& theirs) {
    const auto result = merge(body.text, applied(body.text, {ours}), applied(body.text, {theirs}));
    EXPECT_TRUE(result.has_value()) << body.name;
    if (!result || !result->clean()) return false;
    EXPECT_EQ(check(result->body), std::nullopt) << body.name;
    EXPECT_EQ(result->body, applied(body.text, {ours, theirs})) << body.name;
    return true;
  }

  std::vector<RealBody> bodies_;
  std::mt19937 random_{20260301};  // NOLINT: one sequence, always
  int edits_ = 0;
};

TEST_F(MergeCorpusTest, EditsOfDifferentBlocksMerge) {
  constexpr int kPairs = 500;
  int merged = 0;
  for (int i = 0; i < kPairs; ++i) {
    const auto& body = any_body();
    const auto leaves = leaves_of(body.text);
    const auto first = pick(leaves.size());
    const auto second = (first + 1 + pick(leaves.size() - 1)) % leaves.size();
    merged +=
        merges(body, edit_text(body.text, leaves[first]), edit_text(body.text, leaves[second])) ? 1
                                                                                                : 0;
  }
  std::cout << "edits of different blocks that merge: " << merged << " of " << kPairs << "\n";
  RecordProperty("merged", merged);
  EXPECT_GE(merged, kPairs * 95 / 100);
}

TEST_F(MergeCorpusTest, EditsOfOneBlockAlwaysConflict) {
  for (int i = 0; i < 500; ++i) {
    const auto& body = any_body();
    const auto leaves = leaves_of(body.text);
    const auto& leaf = leaves[pick(leaves.size())];
    const auto ours = applied(body.text, {edit_text(body.text, leaf)});
    const auto theirs = applied(body.text, {edit_text(body.text, leaf)});
    const auto result = merge(body.text, ours, theirs);
    ASSERT_TRUE(result);
    EXPECT_FALSE(result->clean()) << body.name << "\n" << ours << "\n" << theirs;
  }
}

TEST_F(MergeCorpusTest, TheSameEditByBothMerges) {
  for (int i = 0; i < 200; ++i) {
    const auto& body = any_body();
    const auto leaves = leaves_of(body.text);
    const auto edited = applied(body.text, {edit_text(body.text, leaves[pick(leaves.size())])});
    const auto result = merge(body.text, edited, edited);
    ASSERT_TRUE(result);
    ASSERT_TRUE(result->clean());
    EXPECT_EQ(result->body, edited);
  }
}

TEST_F(MergeCorpusTest, BlocksThatComeOrGoMergeWithEditsOfOthers) {
  int tried = 0;
  int merged = 0;
  for (int i = 0; i < 600; ++i) {
    const auto& body = any_body();
    const auto leaves = leaves_of(body.text);
    const bool rows = i % 3 == 2;
    const auto& candidates = rows ? leaves_of(body.text, true) : leaves;
    if (candidates.empty()) continue;
    const auto& chosen = candidates[pick(candidates.size())];
    const auto& other = leaves[pick(leaves.size())];
    const bool apart = other.end <= chosen.begin || other.begin >= chosen.end;
    if (!apart) continue;
    const auto whole = body.text.substr(chosen.begin, chosen.end - chosen.begin);
    Edit structural;
    if (rows) {  // a copy of the row, its cells marked
      auto copy = whole;
      for (std::size_t at = 0; (at = copy.find("<td", at)) != std::string::npos;) {
        at = copy.find('>', at) + 1;
        if (copy[at - 2] != '/') copy.insert(at, "new ");
      }
      structural = {chosen.end, 0, copy};
    } else if (i % 3 == 1) {
      if (chosen.tag != "li") continue;
      structural = {chosen.begin, chosen.end - chosen.begin, ""};
    } else {
      if (chosen.tag == "td" || chosen.tag == "th" || chosen.tag == "tr") continue;
      const auto text = "<" + chosen.tag + ">new " + std::to_string(i) + "</" + chosen.tag + ">";
      structural = {chosen.end, 0, text};
    }
    ++tried;
    const auto text_edit = edit_text(body.text, other);
    merged +=
        (i % 2 == 0 ? merges(body, structural, text_edit) : merges(body, text_edit, structural))
            ? 1
            : 0;
  }
  std::cout << "insertions and deletions that merge with edits: " << merged << " of " << tried
            << "\n";
  RecordProperty("merged", merged);
  RecordProperty("tried", tried);
  EXPECT_GT(tried, 100);
  EXPECT_GE(merged, tried * 80 / 100);
}

// Bodies that have little to do with one another: whatever comes, it is well-formed.
TEST_F(MergeCorpusTest, NothingMalformedComesOfUnrelatedBodies) {
  for (int i = 0; i < 300; ++i) {
    const auto result = merge(any_body().text, any_body().text, any_body().text);
    ASSERT_TRUE(result);
    if (!result->clean()) continue;
    EXPECT_EQ(check(result->body), std::nullopt);
  }
}

}  // namespace
}  // namespace storage_format
