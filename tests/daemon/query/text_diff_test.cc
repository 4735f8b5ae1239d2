#include "daemon/query/text_diff.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "daemon/query/blame.h"
#include "daemon/query/readable_body.h"
#include "tests/daemon/export/mirror_builder.h"

namespace {

using querying::diff_texts;
using querying::diff_words;
using querying::DiffKind;
using querying::DiffLine;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

std::string marked(std::string_view before, std::string_view after) {
  std::string text;
  for (const auto& word : diff_words(before, after)) {
    const bool added = word.kind == DiffKind::kAdded;
    text += word.kind == DiffKind::kSame
                ? word.text
                : (added ? "{+" : "[-") + word.text + (added ? "+}" : "-]");
  }
  return text;
}

// The side of the diff that it leads from, or to.
std::string side(const std::vector<DiffLine>& lines, bool after) {
  std::string text;
  for (const auto& line : lines) {
    if (line.kind == (after ? DiffLine::Kind::kRemoved : DiffLine::Kind::kAdded)) continue;
    text += (after ? line.after : line.before) + "\n";
  }
  return text;
}

TEST(TextDiff, WordsThatChangedAreMarkedAndNoOthers) {
  EXPECT_EQ(marked("The quick brown fox", "The slow brown fox"), "The [-quick-]{+slow+} brown fox");
  EXPECT_EQ(marked("one two", "one two three"), "one two{+ three+}");
  EXPECT_EQ(marked("same", "same"), "same");
  EXPECT_EQ(marked("v1.2.3", "v1.2.4"), "v1.2.[-3-]{+4+}");
}

TEST(TextDiff, ScriptsWithoutBlanksAreComparedByCharacter) {
  EXPECT_EQ(marked("東京都の地図", "東京市の地図"), "東京[-都-]{+市+}の地図");
}

TEST(TextDiff, AnEditedLineIsAChangeAndANewOneAnAddition) {
  const auto lines = diff_texts("first line here\nsecond line here\n",
                                "first line here\ninserted\nsecond line changed\n");
  std::vector<DiffLine::Kind> kinds;
  for (const auto& line : lines) kinds.push_back(line.kind);
  EXPECT_THAT(kinds,
              ElementsAre(DiffLine::Kind::kSame, DiffLine::Kind::kAdded, DiffLine::Kind::kChanged));
}

TEST(TextDiff, AUnifiedDiffIsWhatPatchReads) {
  const auto lines = diff_texts("a\nb\nc\nd\ne\nf\ng\nh\n", "a\nb\nc\nd\nX\nf\ng\nh\n");
  EXPECT_EQ(querying::unified_diff(lines, "old", "new"),
            "--- old\n+++ new\n@@ -2,7 +2,7 @@\n b\n c\n d\n-e\n+X\n f\n g\n h\n");
  EXPECT_EQ(querying::unified_diff(diff_texts("a\n", "a\n"), "old", "new"), "");
}

TEST(TextDiff, BothSidesComeBackFromEveryDiff) {
  std::minstd_rand random(7);
  const auto text = [&random] {
    std::string made;
    const auto lines = random() % 12;
    for (std::uint32_t i = 0; i < lines; ++i) {
      made +=
          "word" + std::to_string(random() % 4) + " and word" + std::to_string(random() % 4) + "\n";
    }
    return made;
  };
  for (int round = 0; round < 2'000; ++round) {
    const auto before = text();
    const auto after = text();
    const auto lines = diff_texts(before, after);
    ASSERT_EQ(side(lines, false), before);
    ASSERT_EQ(side(lines, true), after);
    for (const auto& line : lines) {
      if (line.kind != DiffLine::Kind::kChanged) continue;
      std::string old;
      std::string fresh;
      for (const auto& word : line.words) {
        if (word.kind != DiffKind::kAdded) old += word.text;
        if (word.kind != DiffKind::kRemoved) fresh += word.text;
      }
      ASSERT_EQ(old, line.before);
      ASSERT_EQ(fresh, line.after);
    }
  }
}

TEST(ReadableBody, TheSourceIsCutAtBlocksAndNothingElseIsTouched) {
  const std::string body =
      "<p>one <strong>two</strong></p><ul><li>x</li></ul><ac:structured-macro ac:name=\"code\">"
      "<ac:plain-text-body><![CDATA[<p>kept</p>]]></ac:plain-text-body></ac:structured-macro>";
  auto lines = querying::storage_lines(body);
  EXPECT_THAT(lines, HasSubstr("<p>one <strong>two</strong></p>\n<ul>\n<li>x</li>\n</ul>\n"));
  EXPECT_THAT(lines, HasSubstr("<![CDATA[<p>kept</p>]]>"));
  std::erase(lines, '\n');
  EXPECT_EQ(lines, body);
}

TEST(ReadableBody, SourceMadeToTakeTimeTakesNone) {
  for (const std::string_view piece : {">", "<", "</", "<p", "</p>", "<![CDATA["}) {
    std::string body;
    while (body.size() < (std::size_t{2} << 20)) body += piece;
    auto lines = querying::storage_lines(body);
    std::erase(lines, '\n');
    EXPECT_TRUE(lines == body) << piece;
  }
}

class BlameTest : public ::testing::Test {
 protected:
  void given_versions(const std::vector<std::string>& bodies) {
    const auto newest = static_cast<std::int32_t>(bodies.size());
    auto page = test::page(9, 20, "Page", newest);
    page.body.emplace(bodies.back());
    store::PageHistory history;
    history.page_id = 9;
    history.up_to = newest;
    for (auto number = newest; number >= 1; --number) {
      store::PageVersion row;
      row.version = test::version(number);
      if (const auto& body = bodies[static_cast<std::size_t>(number) - 1]; body != "missing") {
        row.body.emplace(body);
      }
      history.versions.push_back(std::move(row));
    }
    mirror_.put([&](store::Batch& batch) {
      batch.spaces = {test::space(20, "DOCS")};
      batch.pages = {page};
      batch.histories = {history};
    });
  }
  querying::Blame blame() {
    auto reader = store::Reader::open(mirror_.path());
    auto found = querying::blame(**reader, 9);
    EXPECT_TRUE(found.has_value()) << found.error().message;
    return *found;
  }
  std::vector<std::string> blamed() {
    std::vector<std::string> lines;
    const auto found = blame();
    for (const auto& line : found.lines) {
      lines.push_back(std::to_string(found.versions[line.version].version.number) + " " +
                      line.text);
    }
    return lines;
  }

  test::TemporaryFolder folder_;
  test::MirrorBuilder mirror_{folder_ / "mirror.db"};
};

TEST_F(BlameTest, EachParagraphIsPutDownToTheVersionThatBroughtIt) {
  given_versions({"<p>alpha one</p><p>beta two</p>", "<p>alpha one</p><p>new</p><p>beta two</p>",
                  "<p>alpha one</p><p>new</p><p>beta changed</p>"});
  EXPECT_THAT(blamed(), ElementsAre("1 alpha one", "2 new", "3 beta changed"));
}

TEST_F(BlameTest, AVersionThatChangedNothingReadableWroteNothing) {
  given_versions({"<p>alpha</p>", "<p><strong>alpha</strong></p>"});
  EXPECT_THAT(blamed(), ElementsAre("1 alpha"));
  EXPECT_EQ(blame().shown_version, 2);
}

TEST_F(BlameTest, VersionsWithoutABodyAreCounted) {
  given_versions({"<p>alpha</p>", "missing", "<p>alpha</p><p>beta</p>"});
  EXPECT_THAT(blamed(), ElementsAre("1 alpha", "3 beta"));
  EXPECT_EQ(blame().gaps, 1);
}

}  // namespace
