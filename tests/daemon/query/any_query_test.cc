// Properties: whatever the parser accepts, the index answers without an error, and what it finds
// has what was asked for.

#include <gmock/gmock.h>

#include <random>

#include "daemon/query/indexer.h"
#include "daemon/query/query_parser.h"
#include "daemon/query/search.h"
#include "store/reader.h"
#include "tests/daemon/export/mirror_builder.h"

namespace querying {
namespace {

// Pieces that meet every rule of the language, and every sign of FTS5's own.
constexpr const char* kPieces[] = {
    "alpha",   "beta",     "東京",      "é",      "OR",       "AND",     "NOT",     "-",
    "\"",      "*",        " ",         " ",      " ",        " ",       "title:",  "space:DOCS",
    "status:", "archived", "author:",   "Ann",    "updated:", ">2020",   "2021-01", "created:",
    "..",      "label:",   "(",         ")",      "{",        "}",       "^",       "+",
    ":",       "NEAR",     "NEAR(a b)", "'",      ";",        "--",      "\\",      "\t",
    "\u3000",  "🎉",        "\u0301",    "x:y",    "https://", "a-b_c.d", "\xff",    "any",
    "٣",       "ﬁ",        "current",   "<=2026", ",",        "%",       "_",       "\x01"};

class AnyQueryTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto path = folder_ / "mirror.db";
    auto writer = std::move(store::Writer::open(path, {}).value());
    store::Batch batch(1, test::time_of("2026-01-01T00:00:00Z"));
    batch.spaces = {test::space(20, "DOCS")};
    for (store::Id id = 1; id <= 30; ++id) {
      auto page = test::page(id, 20, id % 3 == 0 ? "Alpha 東京" : "Plan", 1);
      page.status = id % 5 == 0 ? "archived" : "current";
      page.body.emplace(id % 2 == 0 ? "<p>alpha beta é x:y</p>" : "<p>beta 東京 a-b_c.d</p>");
      batch.pages.push_back(std::move(page));
    }
    std::promise<bool> committed;
    writer->submit(std::move(batch), [&](const store::Result<store::CommitInfo>& result) {
      committed.set_value(result.has_value());
    });
    ASSERT_TRUE(committed.get_future().get());
    IndexOptions options;
    options.history = true;
    ASSERT_TRUE(index_texts(path, *writer, options).has_value());
    ASSERT_TRUE(writer->close().has_value());
    reader_ = std::move(store::Reader::open(path).value());
  }
  std::string any_query() {
    std::string text;
    const auto pieces = std::uniform_int_distribution<int>(1, 9)(random_);
    for (int i = 0; i < pieces; ++i) {
      text +=
          kPieces[std::uniform_int_distribution<std::size_t>(0, std::size(kPieces) - 1)(random_)];
    }
    return text;
  }

  test::TemporaryFolder folder_;
  std::unique_ptr<store::Reader> reader_;
  std::mt19937 random_{20260301};
};

TEST_F(AnyQueryTest, WhatIsAcceptedIsAnswered) {
  int accepted = 0;
  for (int i = 0; i < 30'000; ++i) {
    SearchRequest request;
    request.words = any_query();
    request.history = i % 7 == 0;
    request.sort = i % 3 == 0 ? "title" : i % 3 == 1 ? "modified" : "rank";
    const auto fault = query_fault(request.words);
    const auto answer = search(*reader_, request);
    if (fault) {
      ASSERT_FALSE(answer.has_value()) << request.words;
      continue;
    }
    // A space that is not there is told as such.
    if (!answer && answer.error().name == "unknown_space") continue;
    ASSERT_TRUE(answer.has_value()) << request.words << ": " << answer.error().message;
    ++accepted;
  }
  EXPECT_GT(accepted, 5'000) << "too few were worth asking";
}

TEST_F(AnyQueryTest, MoreWordsFindNoMoreAndWhatIsLeftOutIsNotFound) {
  const auto total = [&](const std::string& words) {
    SearchRequest request;
    request.words = words;
    const auto answer = search(*reader_, request);
    EXPECT_TRUE(answer.has_value()) << words;
    return answer ? answer->total : 0;
  };
  constexpr const char* kTerms[] = {"alpha", "beta", "東京", "\"alpha beta\"", "al*", "title:plan"};
  for (const std::string a : kTerms) {
    for (const std::string b : kTerms) {
      EXPECT_LE(total(a + " " + b), total(a)) << a << " " << b;
      EXPECT_GE(total(a + " OR " + b), std::max(total(a), total(b))) << a << " OR " << b;
      EXPECT_EQ(total(a + " -" + b) + total(a + " " + b), total(a)) << a << " -" << b;
    }
  }
}

}  // namespace
}  // namespace querying
