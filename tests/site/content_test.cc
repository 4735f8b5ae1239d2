// What the content has to hold to be like a real site, and how it changes.

#include "tests/site/content.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <set>

namespace site {
namespace {

ContentOptions options_of(std::uint32_t pages) {
  ContentOptions options;
  options.spaces = 20;
  options.pages = pages;
  options.max_versions = 6;
  options.avg_body_bytes = 2000;
  return options;
}

std::size_t code_points(const std::string& text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

// Whether a code point of [first, last] occurs.
bool has_code_point(const std::string& text, unsigned first, unsigned last) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    const std::size_t more = c >= 0xF0 ? 3 : c >= 0xE0 ? 2 : c >= 0xC0 ? 1 : 0;
    unsigned code = more == 3 ? c & 7U : more == 2 ? c & 15U : more == 1 ? c & 31U : c;
    for (std::size_t k = 1; k <= more && i + k < text.size(); ++k)
      code = (code << 6U) | (static_cast<unsigned char>(text[i + k]) & 63U);
    if (code >= first && code <= last) return true;
  }
  return false;
}

class ContentTest : public testing::Test {
 protected:
  ContentTest() : content_(options_of(1000)) {}

  Index some_page(const std::function<bool(const Page&)>& wanted) const {
    for (Index i = 0; i < content_.pages().size(); ++i) {
      if (wanted(content_.pages()[i]) && content_.spaces()[content_.pages()[i].space].homepage != i)
        return i;
    }
    ADD_FAILURE() << "no such page";
    return 0;
  }

  Content content_;
};

TEST_F(ContentTest, SameOptionsMakeTheSameAndAnotherSeedAnother) {
  const Content again(options_of(1000));
  ContentOptions other = options_of(1000);
  other.seed = 2;
  const Content different(other);
  ASSERT_EQ(again.pages().size(), content_.pages().size());
  std::size_t equal_ids = 0;
  for (Index i = 0; i < again.pages().size(); ++i) {
    EXPECT_EQ(again.pages()[i].id, content_.pages()[i].id);
    EXPECT_EQ(again.pages()[i].title, content_.pages()[i].title);
    EXPECT_EQ(again.body(i, 1), content_.body(i, 1));
    equal_ids += different.pages()[i].id == content_.pages()[i].id ? 1U : 0U;
  }
  EXPECT_LT(equal_ids, 5U);
}

TEST_F(ContentTest, TextOfManyScriptsOccursInTitlesAndBodies) {
  std::string titles;
  std::string bodies;
  for (Index i = 0; i < content_.pages().size(); ++i) {
    titles += content_.pages()[i].title;
    if (content_.pages()[i].body_bytes < 100'000) bodies += content_.body(i, 1);
  }
  for (const std::string* text : {&titles, &bodies}) {
    EXPECT_TRUE(has_code_point(*text, 0x4E00, 0x9FFF)) << "CJK";
    EXPECT_TRUE(has_code_point(*text, 0x0590, 0x06FF)) << "right to left";
    EXPECT_TRUE(has_code_point(*text, 0x1F000, 0x1FAFF)) << "emoji";
  }
  for (const char* mark : {"<ac:structured-macro", "<table", "&nbsp;", "<![CDATA[",
                           "]]]]><![CDATA[>", "<ac:adf-extension", "<ri:page", "&amp;"}) {
    EXPECT_NE(bodies.find(mark), std::string::npos) << mark;
  }
}

TEST_F(ContentTest, TitlesReach255CharactersAndNeverMore) {
  std::size_t longest = 0;
  std::size_t longest_bytes = 0;
  for (const Page& page : content_.pages()) {
    longest = std::max(longest, code_points(page.title));
    longest_bytes = std::max(longest_bytes, page.title.size());
  }
  EXPECT_EQ(longest, 255U);
  EXPECT_GT(longest_bytes, 400U) << "none of several bytes a character";
}

TEST_F(ContentTest, TitlesDifferOnlyInCaseAcrossSpacesOrInTheTrash) {
  std::map<std::string, std::vector<const Page*>> by_title;
  for (const Page& page : content_.pages()) by_title[fold_case(page.title)].push_back(&page);
  std::size_t pairs = 0;
  for (const auto& [title, pages] : by_title) {
    for (std::size_t i = 1; i < pages.size(); ++i) {
      ++pairs;
      const Page& a = *pages[i - 1];
      const Page& b = *pages[i];
      EXPECT_TRUE(a.space != b.space ||
                  (a.status == Status::kTrashed) != (b.status == Status::kTrashed))
          << title;
    }
  }
  EXPECT_GE(pairs, 2U);
}

TEST_F(ContentTest, BodiesAreEmptyOrdinaryAndOnceHuge) {
  std::size_t empty = 0;
  std::size_t huge = 0;
  for (Index i = 0; i < content_.pages().size(); ++i) {
    const std::size_t size = content_.body(i, content_.pages()[i].version).size();
    empty += size == 0 ? 1U : 0U;
    huge += size > 3'500'000 ? 1U : 0U;
    EXPECT_LT(size, 5'242'880U) << "more than the API takes";
  }
  EXPECT_GT(empty, 0U);
  EXPECT_EQ(huge, 1U);
}

TEST_F(ContentTest, FoldersAndWhiteboardsAreParents) {
  std::set<ContentType> types;
  for (const Page& page : content_.pages()) types.insert(page.parent_type);
  EXPECT_TRUE(types.contains(ContentType::kFolder));
  EXPECT_TRUE(types.contains(ContentType::kWhiteboard));
  EXPECT_TRUE(types.contains(ContentType::kPage));
}

TEST_F(ContentTest, TimesRepeatAndIdsAreInNoOrder) {
  std::map<Millis, int> times;
  std::size_t rising = 0;
  const auto& pages = content_.pages();
  for (std::size_t i = 0; i < pages.size(); ++i) {
    ++times[pages[i].modified_at];
    rising += i > 0 && pages[i].id > pages[i - 1].id ? 1U : 0U;
  }
  EXPECT_TRUE(std::any_of(times.begin(), times.end(), [](const auto& t) { return t.second > 3; }));
  EXPECT_GT(rising, pages.size() / 3);
  EXPECT_LT(rising, pages.size() * 2 / 3);
}

TEST_F(ContentTest, VersionsHaveHolesRiseInTimeAndDifferByABlock) {
  std::size_t holes = 0;
  std::size_t differing = 0;
  for (Index i = 0; i < content_.pages().size(); ++i) {
    const auto versions = content_.versions(i);
    ASSERT_FALSE(versions.empty());
    EXPECT_EQ(versions.back().number, content_.pages()[i].version);
    EXPECT_EQ(versions.back().created_at, content_.pages()[i].modified_at);
    holes += versions.back().number != static_cast<std::int32_t>(versions.size()) ? 1U : 0U;
    for (std::size_t k = 1; k < versions.size(); ++k) {
      EXPECT_LT(versions[k - 1].number, versions[k].number);
      EXPECT_LE(versions[k - 1].created_at, versions[k].created_at);
    }
    const std::int32_t last = versions.back().number;
    if (last > 1 && content_.pages()[i].body_bytes > 0 &&
        content_.body(i, last) != content_.body(i, last - 1))
      ++differing;
  }
  EXPECT_GT(holes, 0U);
  EXPECT_GT(differing, 300U);
}

TEST_F(ContentTest, BigSpaceHoldsItsShare) {
  ContentOptions options = options_of(1000);
  options.big_space_share = 0.6;
  const Content content(options);
  std::map<Index, std::size_t> sizes;
  for (const Page& page : content.pages()) ++sizes[page.space];
  std::size_t largest = 0;
  for (const auto& [space, size] : sizes) largest = std::max(largest, size);
  EXPECT_EQ(content.pages().size(), 1000U);
  EXPECT_EQ(largest, 600U);
}

TEST_F(ContentTest, EditMakesAVersionAndKeepsTheOldOnes) {
  const Index page =
      some_page([](const Page& p) { return p.status == Status::kCurrent && p.body_bytes > 2000; });
  const std::string before = content_.body(page, content_.pages()[page].version);
  const std::int32_t number = content_.pages()[page].version;
  Edit edit;
  edit.title = "Quite another title";
  ASSERT_TRUE(content_.edit(page, edit));
  EXPECT_EQ(content_.pages()[page].version, number + 1);
  EXPECT_EQ(content_.body(page, number), before);
  EXPECT_NE(content_.body(page, number + 1), before);
  edit.body = "<p>whole</p>";
  ASSERT_TRUE(content_.edit(page, edit));
  EXPECT_EQ(content_.body(page, number + 2), "<p>whole</p>");
  EXPECT_EQ(content_.title_at(page, number + 2), "Quite another title");
  EXPECT_NE(content_.title_at(page, number), "Quite another title");
  EXPECT_EQ(content_.versions(page).back().number, number + 2);
}

TEST_F(ContentTest, MovesRefuseCyclesAndFollowAcrossSpaces) {
  const Index child = some_page([&](const Page& p) {
    return p.parent_type == ContentType::kPage && p.status == Status::kCurrent;
  });
  const Index parent = content_.pages()[child].parent;
  EXPECT_FALSE(content_.reparent(parent, child));
  EXPECT_TRUE(content_.reparent(child, kNone));
  EXPECT_EQ(content_.parent_id(content_.pages()[child]), 0);
  const Index leaf = some_page([&](const Page& p) {
    return p.children == 0 && p.status == Status::kCurrent && !p.special_title;
  });
  for (Index space = 0; space < content_.spaces().size(); ++space) {
    if (!content_.move_to_space(leaf, space)) continue;
    EXPECT_EQ(content_.pages()[leaf].space, space);
    return;
  }
  ADD_FAILURE() << "no space took the page";
}

TEST_F(ContentTest, TrashLosesThePlaceAndLiftsTheChildren) {
  const Index parent =
      some_page([](const Page& p) { return p.children > 0 && p.status == Status::kCurrent; });
  std::vector<Index> children;
  for (Index i = 0; i < content_.pages().size(); ++i) {
    if (content_.pages()[i].parent_type == ContentType::kPage &&
        content_.pages()[i].parent == parent)
      children.push_back(i);
  }
  ASSERT_FALSE(children.empty());
  const Id above = content_.parent_id(content_.pages()[parent]);
  ASSERT_TRUE(content_.set_status(parent, Status::kTrashed));
  EXPECT_EQ(content_.parent_id(content_.pages()[parent]), 0);
  for (const Index child : children) EXPECT_EQ(content_.parent_id(content_.pages()[child]), above);
}

TEST_F(ContentTest, AddedPageIsFoundAndATakenTitleIsRefused) {
  NewPage wanted;
  wanted.space = content_.pages()[0].space;
  wanted.title = "A page of our own";
  wanted.body = "<p>x</p>";
  content_.order().prepare(SortBy::kTitle);
  const Index page = content_.add(wanted);
  ASSERT_NE(page, kNone);
  EXPECT_EQ(content_.find_page(content_.pages()[page].id), page);
  EXPECT_EQ(content_.body(page, 1), "<p>x</p>");
  EXPECT_EQ(content_.versions(page).size(), 1U);
  wanted.title = "a PAGE of our own";
  EXPECT_EQ(content_.add(wanted), kNone);
  std::size_t walked = 0;
  content_.order().walk(SortBy::kTitle, false, {}, std::nullopt,
                        [&](Index) { return ++walked > 0; });
  EXPECT_EQ(walked, 1001U);
}

TEST_F(ContentTest, RemovedVersionLeavesAHoleAndTheCurrentOneStays) {
  const Index page =
      some_page([](const Page& p) { return p.version >= 3 && p.status == Status::kCurrent; });
  const std::int32_t oldest = content_.versions(page).front().number;
  EXPECT_TRUE(content_.remove_version(page, oldest));
  EXPECT_FALSE(content_.version(page, oldest).has_value());
  EXPECT_FALSE(content_.remove_version(page, content_.pages()[page].version));
}

}  // namespace
}  // namespace site
