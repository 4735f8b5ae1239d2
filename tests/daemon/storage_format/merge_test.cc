#include "daemon/storage_format/merge.h"

#include <gtest/gtest.h>

#include <string>

#include "daemon/storage_format/normal_form.h"
#include "tests/daemon/storage_format/corpus.h"

namespace storage_format {
namespace {

std::string merged(std::string_view base, std::string_view ours, std::string_view theirs) {
  const auto result = merge(base, ours, theirs);
  if (!result) return "fault: " + result.error().text;
  if (!result->clean()) return "conflict";
  EXPECT_FALSE(check(result->body));
  return result->body;
}

// Both ways round.
void expect_conflict(std::string_view base, std::string_view ours, std::string_view theirs) {
  EXPECT_EQ(merged(base, ours, theirs), "conflict") << base << "\n" << ours << "\n" << theirs;
  EXPECT_EQ(merged(base, theirs, ours), "conflict") << base << "\n" << theirs << "\n" << ours;
}

void expect_merge(std::string_view base, std::string_view ours, std::string_view theirs,
                  std::string_view expected) {
  EXPECT_EQ(merged(base, ours, theirs), expected);
  EXPECT_EQ(merged(base, theirs, ours), expected);
}

TEST(MergeTest, EditsOfDifferentBlocksMergeByteForByte) {
  expect_merge("<p>one</p>\n<p>two &mdash; \xE2\x82\xAC</p> <p  a='1'>three</p>\n",
               "<p>ONE</p>\n<p>two &mdash; \xE2\x82\xAC</p> <p  a='1'>three</p>\n",
               "<p>one</p>\n<p>two &mdash; \xE2\x82\xAC</p> <p  a='1'>THREE</p>\n",
               "<p>ONE</p>\n<p>two &mdash; \xE2\x82\xAC</p> <p  a='1'>THREE</p>\n");
  expect_merge("<p>a</p><p>b</p>", "<p>A</p><p>b</p>", "<p>a</p><p>B</p>", "<p>A</p><p>B</p>");
}

TEST(MergeTest, EditsOfOneBlockConflictUnlessTheyAreTheSame) {
  expect_conflict("<p>a</p>", "<p>b</p>", "<p>c</p>");
  expect_conflict("<p>one two three</p>", "<p>ONE two three</p>", "<p>one two THREE</p>");
  EXPECT_EQ(merged("<p>a</p>", "<p>b</p>", "<p local-id='1'>b</p >"), "<p local-id='1'>b</p >");
}

TEST(MergeTest, AConflictHasTheTextsOfTheBlocksAndItsPlace) {
  const auto result = merge("<p>x</p>\n<p>a</p>", "<p>x</p>\n<p>b</p>", "<p>x</p>\n");
  ASSERT_TRUE(result);
  ASSERT_EQ(result->conflicts.size(), 1U);
  EXPECT_EQ(result->conflicts[0].base, "<p>a</p>");
  EXPECT_EQ(result->conflicts[0].ours, "<p>b</p>");
  EXPECT_EQ(result->conflicts[0].theirs, "");
  EXPECT_EQ(result->conflicts[0].in_base, (Position{2, 1}));
}

TEST(MergeTest, WhatTheServerRewritesIsNoEditAndItsCopyIsKept) {
  const std::string base = R"(<p>a</p><ac:structured-macro ac:name="toc" ac:macro-id="1"/>)";
  const std::string theirs =
      R"(<p local-id="9">a</p><ac:structured-macro ac:name="toc" ac:macro-id="2" />)";
  EXPECT_EQ(merged(base, R"(<p>b</p><ac:structured-macro ac:name="toc" ac:macro-id="1"/>)", theirs),
            R"(<p>b</p><ac:structured-macro ac:name="toc" ac:macro-id="2" />)");
  EXPECT_EQ(merged(base, R"(<p>a</p><ac:structured-macro ac:name="toc" ac:macro-id="3"/>)", theirs),
            theirs);
}

TEST(MergeTest, DeletionAgainstEditConflicts) {
  expect_conflict("<p>a</p><p>b</p>", "<p>b</p>", "<p>A</p><p>b</p>");
  expect_merge("<p>a</p><p>b</p>", "<p>b</p>", "<p>a</p><p>B</p>", "<p>B</p>");
  expect_merge("<p>a</p><p>b</p><p>c</p>", "<p>b</p><p>c</p>", "<p>a</p><p>b</p>", "<p>b</p>");
  expect_merge("<p>a</p><p>b</p>", "<p>b</p>", "<p>b</p>", "<p>b</p>");
}

TEST(MergeTest, InsertionsAtOnePlaceConflictUnlessTheyAreTheSame) {
  expect_conflict("<p>a</p>", "<p>a</p><p>x</p>", "<p>a</p><p>y</p>");
  expect_conflict("", "<p>x</p>", "<p>y</p>");
  expect_merge("<p>a</p>", "<p>a</p><p>x</p>", "<p>a</p><p>x</p>", "<p>a</p><p>x</p>");
  expect_merge("<p>a</p>", "<p>a</p><p>x</p>", "<p>y</p><p>a</p>", "<p>y</p><p>a</p><p>x</p>");
  expect_merge("<p>a</p><p>b</p>", "<p>x</p><p>a</p><p>b</p>", "<p>a</p><p>B</p>",
               "<p>x</p><p>a</p><p>B</p>");
}

TEST(MergeTest, InsertionIntoWhatTheOtherDeletedConflicts) {
  expect_conflict("<p>k</p><p>a</p><p>b</p><p>z</p>", "<p>k</p><p>a</p><p>new</p><p>b</p><p>z</p>",
                  "<p>k</p><p>z</p>");
}

TEST(MergeTest, AMovedBlockIsNeitherEditedNorDeletedNorDoubled) {
  const std::string base = "<p>one</p><p>two</p><p>three</p><p>four</p>";
  expect_conflict(base, "<p>two</p><p>three</p><p>four</p><p>one</p>",
                  "<p>one!</p><p>two</p><p>three</p><p>four</p>");
  expect_conflict(base, "<p>two</p><p>one</p><p>three</p><p>four</p>",
                  "<p>two</p><p>three</p><p>one</p><p>four</p>");
  expect_conflict(base, "<p>two</p><p>three</p><p>one</p><p>four</p>",
                  "<p>two</p><p>three</p><p>four</p>");
}

TEST(MergeTest, CopiesOfABlockAreNotTakenForOneAnother) {
  expect_conflict("<p>s</p><p>s</p><p>s</p>", "<p>s</p><p>s</p>", "<p>s</p><p>S</p><p>s</p>");
  expect_conflict("<p>x</p><p>s</p><p>s</p><p>s</p><p>y</p>", "<p>x</p><p>s</p><p>s</p><p>y</p>",
                  "<p>x</p><p>s</p><p>s</p><p>S</p><p>y</p>");
  expect_conflict("<p>s</p><p>s</p><p>s</p>", "<p>s</p><p>s</p><p>s</p><p>s</p>",
                  "<p>s</p><p>S</p><p>s</p>");
  // Edits in place are not in doubt.
  expect_merge("<p>s</p><p>s</p><p>s</p><p>s</p>", "<p>s</p><p>A</p><p>s</p><p>s</p>",
               "<p>s</p><p>s</p><p>B</p><p>s</p>", "<p>s</p><p>A</p><p>B</p><p>s</p>");
  expect_merge(
      "<p>s</p><p>s</p><p>s</p><p>s</p><p>s</p>", "<p>s</p><p>A</p><p>s</p><p>B</p><p>s</p>",
      "<p>s</p><p>s</p><p>C</p><p>s</p><p>s</p>", "<p>s</p><p>A</p><p>C</p><p>B</p><p>s</p>");
  expect_merge("<p>x</p><p>s</p><p>s</p><p>y</p>", "<p>x</p><p>s</p><p>y</p>",
               "<p>X</p><p>s</p><p>s</p><p>y</p>", "<p>X</p><p>s</p><p>y</p>");
}

TEST(MergeTest, TheWalkEntersListsCellsMacrosAndLayouts) {
  expect_merge("<ul><li>a</li><li>b<ol><li>c</li></ol></li></ul>",
               "<ul><li>A</li><li>b<ol><li>c</li></ol></li></ul>",
               "<ul><li>a</li><li>b<ol><li>C</li></ol></li></ul>",
               "<ul><li>A</li><li>b<ol><li>C</li></ol></li></ul>");
  expect_merge("<ul><li>a</li><li>b</li></ul>", "<ul><li>b</li></ul>",
               "<ul><li>a</li><li>b</li><li>c</li></ul>", "<ul><li>b</li><li>c</li></ul>");
  const auto panel = [](const std::string& title, const std::string& body) {
    return "<ac:structured-macro ac:name=\"panel\"><ac:parameter ac:name=\"title\">" + title +
           "</ac:parameter><ac:rich-text-body>" + body +
           "</ac:rich-text-body></ac:structured-macro>";
  };
  expect_merge(panel("t", "<p>a</p><p>b</p>"), panel("T", "<p>A</p><p>b</p>"),
               panel("t", "<p>a</p><p>B</p>"), panel("T", "<p>A</p><p>B</p>"));
  expect_conflict(panel("t", "<p>a</p>"), panel("T", "<p>a</p>"), panel("U", "<p>a</p>"));
  const auto layout = [](const std::string& type, const std::string& a, const std::string& b) {
    return "<ac:layout><ac:layout-section ac:type=\"" + type + "\"><ac:layout-cell>" + a +
           "</ac:layout-cell><ac:layout-cell>" + b +
           "</ac:layout-cell></ac:layout-section></ac:layout>";
  };
  expect_merge(layout("x", "<p>a</p>", "<p>b</p>"), layout("x", "<p>A</p>", "<p>b</p>"),
               layout("x", "<p>a</p>", "<p>B</p>"), layout("x", "<p>A</p>", "<p>B</p>"));
  expect_conflict(layout("x", "<p>a</p>", "<p>b</p>"), layout("y", "<p>A</p>", "<p>b</p>"),
                  layout("x", "<p>a</p>", "<p>B</p>"));
}

TEST(MergeTest, ATaskIsTickedForItsOwnTextOnly) {
  const auto task = [](const std::string& status, const std::string& text) {
    return "<ac:task-list><ac:task><ac:task-id>1</ac:task-id><ac:task-status>" + status +
           "</ac:task-status><ac:task-body>" + text + "</ac:task-body></ac:task></ac:task-list>";
  };
  expect_conflict(task("incomplete", "buy"), task("complete", "buy"), task("incomplete", "sell"));
}

std::string table(const std::vector<std::vector<std::string>>& rows) {
  std::string text = "<table><tbody>";
  for (const auto& row : rows) {
    text += "<tr>";
    for (const auto& cell : row) text += "<td>" + cell + "</td>";
    text += "</tr>";
  }
  return text + "</tbody></table>";
}

TEST(MergeTableTest, CellsAndRowsMerge) {
  const auto base = table({{"h", "i"}, {"a", "b"}, {"c", "d"}});
  expect_merge(base, table({{"h", "i"}, {"A", "b"}, {"c", "d"}}),
               table({{"h", "i"}, {"a", "B"}, {"c", "d"}}),
               table({{"h", "i"}, {"A", "B"}, {"c", "d"}}));
  expect_merge(base, table({{"h", "i"}, {"n", "m"}, {"a", "b"}, {"c", "d"}}),
               table({{"h", "i"}, {"a", "b"}, {"c", "D"}}),
               table({{"h", "i"}, {"n", "m"}, {"a", "b"}, {"c", "D"}}));
  expect_merge(base, table({{"h", "i"}, {"c", "d"}}), table({{"h", "i"}, {"a", "b"}, {"c", "D"}}),
               table({{"h", "i"}, {"c", "D"}}));
}

TEST(MergeTableTest, ColumnsThatComeGoOrMoveConflictWithAnyOtherEdit) {
  const auto base = table({{"h", "i"}, {"a", "b"}});
  const auto wider = table({{"h", "i", "j"}, {"a", "b", "c"}});
  const auto narrower = table({{"i"}, {"b"}});
  const auto swapped = table({{"i", "h"}, {"b", "a"}});
  const auto renewed = table({{"h", "x"}, {"a", "y"}});
  for (const auto& structural : {wider, narrower, swapped}) {
    expect_conflict(base, structural, table({{"h", "i"}, {"a", "B"}}));
    expect_conflict(base, structural, table({{"h", "i"}, {"a", "b"}, {"n", "m"}}));
    expect_merge(base, structural, base, structural);
  }
  expect_conflict(base, renewed, table({{"h", "i"}, {"a", "b"}, {"n", "m"}}));
  expect_merge(base, wider, base + "<p>x</p>", wider + "<p>x</p>");
}

TEST(MergeTableTest, ARowWhoseCellsSwappedIsNotMergedCellByCell) {
  expect_conflict(table({{"a", "b", "c"}, {"d", "e", "f"}}),
                  table({{"b", "a", "c"}, {"e", "d", "f"}}),
                  table({{"a", "b", "C"}, {"d", "e", "f"}}));
}

TEST(MergeTableTest, RowsThatSwappedConflictWithEditsOfTheirCells) {
  const auto base = table({{"x", "1"}, {"y", "1"}, {"z", "2"}});
  expect_conflict(base, table({{"y", "1"}, {"x", "1"}, {"z", "2"}}),
                  table({{"x", "5"}, {"y", "1"}, {"z", "2"}}));
}

TEST(MergeTableTest, SpansOfRowsAreEnteredOnlyWhenTheShapeStays) {
  const std::string base =
      "<table><tr><td rowspan=\"2\">a</td><td>b</td></tr><tr><td>c</td></tr></table>";
  const std::string ours =
      "<table><tr><td rowspan=\"2\">a</td><td>B</td></tr><tr><td>c</td></tr></table>";
  const std::string theirs =
      "<table><tr><td rowspan=\"2\">a</td><td>b</td></tr><tr><td>C</td></tr></table>";
  expect_merge(base, ours, theirs,
               "<table><tr><td rowspan=\"2\">a</td><td>B</td></tr><tr><td>C</td></tr></table>");
  expect_conflict(base, ours, "<table><tr><td rowspan=\"2\">a</td><td>b</td></tr></table>");
  expect_conflict(base, ours,
                  "<table><tr><td rowspan=\"2\">a</td><td>b</td></tr><tr><td>c</td></tr>"
                  "<tr><td>n</td><td>m</td></tr></table>");
}

TEST(MergeTest, RunsOfTextThatWouldBecomeOneConflict) {
  expect_conflict("<p>k</p><p>a</p><p>z</p>", "<p>k</p>x<p>a</p><p>z</p>", "<p>k</p>y<p>z</p>");
  expect_merge("<p>a</p><p>b</p>", "x<p>a</p><p>b</p>", "<p>b</p>y", "x<p>b</p>y");
}

TEST(MergeTest, AMalformedBodyIsAFaultThatNamesIt) {
  EXPECT_EQ(merged("<p>", "<p/>", "<p/>"), "fault: base: <p> is never closed");
  EXPECT_EQ(merged("<p/>", "<p>", "<p/>"), "fault: ours: <p> is never closed");
  EXPECT_EQ(merged("<p/>", "<p/>", "<p>"), "fault: theirs: <p> is never closed");
}

TEST(MergeTest, ManyBlocksTakeBoundedTime) {
  std::string base;
  std::string ours;
  std::string theirs;
  for (int i = 0; i < 100'000; ++i) {
    base += i % 3 == 0 ? "<p>s</p>" : "<p>t</p>";
    ours += i % 5 == 0 ? "<p>s</p>" : "<p>u</p>";
    theirs += i % 7 == 0 ? "<p>t</p>" : "<p>s</p>";
  }
  EXPECT_EQ(merged(base, ours, theirs + "<p>x</p>"), "conflict");
  std::string other;
  for (int i = 0; i < 100'000; ++i) other += "<p>" + std::to_string(i * 7919 % 100'000) + "</p>";
  EXPECT_EQ(merged(base, base, other), other);
  EXPECT_EQ(merged(base, other, theirs), "conflict");
}

TEST(MergeTest, OneSideAloneIsTakenWhole) {
  const auto bodies = real_bodies();
  if (bodies.empty()) GTEST_SKIP() << "the corpus of real bodies is not there";
  for (std::size_t i = 1; i < bodies.size(); ++i) {
    const auto& base = bodies[i - 1].text;
    const auto& other = bodies[i].text;
    if (check(base) || check(other)) continue;
    EXPECT_EQ(merged(base, base, other), other) << bodies[i - 1].name << " " << bodies[i].name;
    EXPECT_TRUE(same_content(merged(base, other, base), other))
        << bodies[i - 1].name << " " << bodies[i].name;
    EXPECT_EQ(merged(base, other, other), other) << bodies[i].name;
  }
}

}  // namespace
}  // namespace storage_format
