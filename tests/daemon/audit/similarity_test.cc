#include "daemon/audit/similarity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <set>
#include <sstream>
#include <string>

#include "daemon/storage_format/extract.h"

namespace {

namespace fs = std::filesystem;
using audit::similarity;
using audit::Sketch;
using audit::sketch_of;

std::vector<std::string> words_of(const std::string& text) {
  std::istringstream in(text);
  return {std::istream_iterator<std::string>(in), {}};
}

std::string joined_words(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += word + " ";
  return text;
}

// One word in `every` is another, from the middle of the first ones on.
std::string edited(const std::string& text, std::size_t every) {
  auto words = words_of(text);
  for (std::size_t i = every / 2; i < words.size(); i += every)
    words[i] = "edit" + std::to_string(i);
  return joined_words(words);
}

// Texts of real pages, from 50 words on, none of them the same.
std::vector<std::string> corpus_texts() {
  std::vector<std::string> texts;
  const fs::path folder = fs::path(CONFMIRROR_SHARED_DIR) / "corpus/storage";
  if (!fs::exists(folder)) return texts;
  std::vector<fs::path> files(fs::directory_iterator(folder), {});
  std::sort(files.begin(), files.end());
  std::set<std::string> known;
  for (const auto& file : files) {
    std::ifstream in(file, std::ios::binary);
    const std::string body{std::istreambuf_iterator<char>(in), {}};
    auto text = storage_format::plain_text(body);
    if (words_of(text).size() >= 50 && known.insert(text).second) texts.push_back(std::move(text));
  }
  return texts;
}

// Of all runs of four words.
double jaccard(const std::string& a, const std::string& b) {
  const auto runs = [](const std::string& text) {
    const auto words = words_of(text);
    std::set<std::string> found;
    for (std::size_t i = 0; i + 4 <= words.size(); ++i) {
      found.insert(words[i] + " " + words[i + 1] + " " + words[i + 2] + " " + words[i + 3]);
    }
    return found;
  };
  const auto in_a = runs(a);
  const auto in_b = runs(b);
  std::size_t both = 0;
  for (const auto& run : in_a) both += in_b.count(run);
  return static_cast<double>(both) / static_cast<double>(in_a.size() + in_b.size() - both);
}

std::string random_text(std::mt19937& random, std::size_t words) {
  std::string text;
  for (std::size_t i = 0; i < words; ++i) text += "w" + std::to_string(random() % 5000) + " ";
  return text;
}

TEST(SimilarityTest, WhiteSpaceAndCaseDoNotCount) {
  const auto a = audit::shape_of("One  two\nTHREE");
  const auto b = audit::shape_of(" one two three ");
  EXPECT_EQ(a.words, 3);
  EXPECT_EQ(a.hash, b.hash);
  EXPECT_EQ(a.more_hash, b.more_hash);
  EXPECT_NE(a.hash, audit::shape_of("one three two").hash);
  EXPECT_EQ(audit::shape_of("日本語です").words, 5) << "where no blanks part words, characters do";
}

TEST(SimilarityTest, TheEstimateIsNearTheTruth) {
  std::mt19937 random(7);
  for (const std::size_t every : {10U, 20U, 40U, 80U}) {
    const auto text = random_text(random, 600);
    const auto changed = edited(text, every);
    EXPECT_NEAR(similarity(sketch_of(text), sketch_of(changed)), jaccard(text, changed), 0.12)
        << every;
  }
}

TEST(SimilarityTest, EditedCopiesOfRealPagesAreFoundAndNothingElseIs) {
  const auto originals = corpus_texts();
  if (originals.empty()) GTEST_SKIP() << "no corpus beside the checkout";
  ASSERT_GT(originals.size(), 10U);
  std::vector<std::string> texts = originals;
  for (const auto& text : originals) texts.push_back(edited(text, 150) + "and a note");
  std::vector<Sketch> sketches;
  for (const auto& text : texts) sketches.push_back(sketch_of(text));
  std::vector<const Sketch*> pointers;
  for (const auto& sketch : sketches) pointers.push_back(&sketch);
  constexpr double kThreshold = 0.85;
  const auto found = audit::likenesses(pointers, kThreshold);
  std::size_t copies = 0;
  for (std::size_t i = 0; i < originals.size(); ++i) {
    const auto copy = originals.size() + i;
    copies += found[copy] ? 1 : 0;
    // What is told is so, to within the error of the estimate.
    for (const auto each : {i, copy}) {
      if (!found[each]) continue;
      EXPECT_GE(jaccard(texts[each], texts[found[each]->earlier]), kThreshold - 0.12)
          << each << " and " << found[each]->earlier;
    }
  }
  RecordProperty("copies", static_cast<int>(copies));
  RecordProperty("originals", static_cast<int>(originals.size()));
  EXPECT_GE(copies, originals.size() * 9 / 10);
}

TEST(SimilarityTest, UnrelatedTextsAreNotAlike) {
  std::mt19937 random(11);
  std::vector<Sketch> sketches;
  for (int i = 0; i < 2000; ++i) sketches.push_back(sketch_of(random_text(random, 80)));
  std::vector<const Sketch*> pointers;
  for (const auto& sketch : sketches) pointers.push_back(&sketch);
  for (const auto& likeness : audit::likenesses(pointers, 0.5)) EXPECT_FALSE(likeness);
}

TEST(SimilarityTest, ThousandsOfOneTextAreAllLikeTheFirst) {
  const auto sketch = sketch_of("the one text of all of them, again and again");
  const std::vector<const Sketch*> pointers(5000, &sketch);
  const auto found = audit::likenesses(pointers, 0.85);
  EXPECT_FALSE(found[0]);
  for (std::size_t i = 1; i < found.size(); ++i) {
    ASSERT_TRUE(found[i]);
    EXPECT_EQ(found[i]->earlier, 0U);
  }
}

TEST(SimilarityTest, ShortTextsHaveASketch) {
  EXPECT_EQ(similarity(sketch_of("a"), sketch_of("a")), 1);
  EXPECT_LT(similarity(sketch_of("a"), sketch_of("b")), 0.1);
  EXPECT_EQ(similarity(sketch_of(""), sketch_of("")), 1);
}

}  // namespace
