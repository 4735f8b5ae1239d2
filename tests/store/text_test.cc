#include <gmock/gmock.h>

#include <fstream>
#include <iterator>

#include "store/lock.h"
#include "store/text_search.h"
#include "store/texts.h"
#include "store/upkeep.h"
#include "tests/store/mirror_fixture.h"

namespace store::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

constexpr int kRules = 3;

class TextTest : public MirrorTest {
 protected:
  // The body itself serves for its text.
  void given_page(Id id, const std::string& title, const std::string& body,
                  std::int32_t version = 1) {
    Page page = make_page(id, version);
    page.title = title;
    page.body = Body(body);
    write_page(++observation_, std::move(page));
  }
  void gone(Id id) {
    ++observation_;
    Batch batch(observation_, at(observation_));
    batch.gone_pages.push_back({id, "vanished"});
    write(std::move(batch));
  }
  TextReader& texts() {
    if (!texts_) {
      auto opened = TextReader::open(path());
      if (!opened) throw std::runtime_error(opened.error().message);
      texts_ = std::move(*opened);
    }
    return *texts_;
  }
  std::vector<Id> due() {
    std::vector<Id> ids;
    const auto pages = texts().due_pages(0, 1 << 20).value();
    for (const auto& page : pages) ids.push_back(page.page.page_id);
    return ids;
  }
  TextState state() { return texts().state().value(); }

  void adopt(int rules = kRules, bool history = false) {
    Batch batch(0, at(0));
    batch.texts.extractor = rules;
    batch.texts.adopt = true;
    batch.texts.index_history = history;
    write(std::move(batch));
  }
  // What is due is read, made and handed back; `meanwhile` happens in between.
  void index(const std::function<void()>& meanwhile = {}, int rules = kRules) {
    Batch batch(0, at(0));
    batch.texts.extractor = rules;
    auto pages = texts().due_pages(0, 1 << 20).value();
    for (auto& page : pages) {
      page.page.text = page.body;
      batch.texts.pages.push_back(std::move(page.page));
    }
    if (meanwhile) meanwhile();
    write(std::move(batch));
  }
  void index_history(int rules = kRules) {
    for (Id after = 0;;) {
      auto next = texts().due_versions(after, 1 << 20).value();
      if (!next) break;
      after = next->page_id;
      Batch batch(0, at(0));
      batch.texts.extractor = rules;
      VersionTexts made{next->page_id, {}};
      for (auto& version : next->versions) {
        version.version.text = version.body;
        made.texts.push_back(std::move(version.version));
      }
      batch.texts.versions.push_back(std::move(made));
      write(std::move(batch));
    }
  }
  static TextQuery query(const std::string& word) {
    TextQuery asked;
    asked.all = {{TextTerm{word, false, false}}};
    return asked;
  }
  TextHits search(const TextQuery& asked) {
    auto hits = reader().search(asked);
    EXPECT_TRUE(hits.has_value()) << hits.error().message;
    return hits ? std::move(*hits) : TextHits();
  }
  std::vector<Id> found(const TextQuery& asked) {
    std::vector<Id> ids;
    const auto hits = search(asked);
    for (const auto& hit : hits.hits) ids.push_back(hit.page_id);
    return ids;
  }
  std::vector<Id> found(const std::string& word) { return found(query(word)); }
  static std::string marked(const MarkedText& text) {
    std::string out;
    for (const auto& [piece, hit] : text) out += hit ? "[" + piece + "]" : piece;
    return out;
  }
  std::vector<std::string> findings() {
    auto report = check(path(), {});
    EXPECT_TRUE(report.has_value()) << report.error().message;
    return report ? report->findings : std::vector<std::string>();
  }

  Observation observation_ = 0;
  std::unique_ptr<TextReader> texts_;
};

TEST_F(TextTest, WhatChangesIsDueAndWhatDoesNotIsNot) {
  given_page(1, "One", "alpha");
  given_page(2, "Two", "beta");
  EXPECT_THAT(due(), ElementsAre(1, 2));
  adopt();
  index();
  EXPECT_THAT(due(), IsEmpty());
  given_page(1, "One", "alpha");
  EXPECT_THAT(due(), IsEmpty()) << "seen again as it was";
  given_page(1, "One", "gamma", 2);
  EXPECT_THAT(due(), ElementsAre(1));
  index();
  given_page(2, "Second", "beta");
  EXPECT_THAT(due(), ElementsAre(2)) << "another title";
  index();
  gone(2);
  EXPECT_THAT(due(), ElementsAre(2));
  index();
  EXPECT_THAT(due(), IsEmpty());
  EXPECT_THAT(found("alpha"), IsEmpty());
  EXPECT_THAT(found("gamma"), ElementsAre(1));
  EXPECT_THAT(found("beta"), IsEmpty());
  given_page(2, "Second", "beta");
  EXPECT_THAT(due(), ElementsAre(2)) << "it is there again";
  index();
  EXPECT_THAT(found("beta"), ElementsAre(2));
  EXPECT_THAT(findings(), IsEmpty());
}

TEST_F(TextTest, ATextOfAPageThatChangedMeanwhileIsLeftOut) {
  given_page(1, "One", "alpha");
  index([&] { given_page(1, "One", "beta", 2); });
  EXPECT_THAT(due(), ElementsAre(1));
  EXPECT_THAT(found("alpha"), IsEmpty());
  index();
  EXPECT_THAT(found("beta"), ElementsAre(1));
}

TEST_F(TextTest, PagesOfAnOlderFileAreDue) {
  given_page(1, "One", "alpha");
  EXPECT_EQ(state().pages_due, 1);
  EXPECT_EQ(state().extractor, 0);
  adopt();
  EXPECT_EQ(state().extractor, kRules);
}

TEST_F(TextTest, OtherRulesOfExtractionMakeEverythingDueAgain) {
  given_page(1, "One", "alpha");
  adopt();
  index();
  adopt();
  EXPECT_THAT(due(), IsEmpty());
  adopt(kRules + 1);
  EXPECT_THAT(due(), ElementsAre(1));
  index({}, kRules + 1);
  EXPECT_THAT(rows("SELECT extractor FROM page_text"), ElementsAre("4"));
  EXPECT_THAT(found("alpha"), ElementsAre(1));
  EXPECT_THAT(findings(), IsEmpty());
}

TEST_F(TextTest, WordsPhrasesPrefixesAndTitles) {
  given_page(1, "Release plan", "We deploy on Monday and roll back on Tuesday");
  given_page(2, "Rollback", "The release: back to the plan, roll by roll");
  index();
  EXPECT_THAT(found("RELEASE"), UnorderedElementsAre(1, 2));
  EXPECT_THAT(found("roll back"), ElementsAre(1)) << "a phrase";
  TextQuery prefix = query("rollb");
  EXPECT_THAT(found(prefix), IsEmpty());
  prefix.all[0][0].prefix = true;
  EXPECT_THAT(found(prefix), ElementsAre(2));
  TextQuery title = query("release");
  title.all[0][0].title_only = true;
  EXPECT_THAT(found(title), ElementsAre(1));
  TextQuery without = query("release");
  without.none = {TextTerm{"monday", false, false}};
  EXPECT_THAT(found(without), ElementsAre(2));
  TextQuery either;
  either.all = {{TextTerm{"monday", false, false}, TextTerm{"rollback", false, false}}};
  EXPECT_THAT(found(either), UnorderedElementsAre(1, 2));
  TextQuery only_without;
  only_without.none = {TextTerm{"monday", false, false}};
  EXPECT_THAT(found(only_without), ElementsAre(2));
}

TEST_F(TextTest, WordsOfScriptsWithoutBlanksAreFoundWhereverTheyStand) {
  given_page(1, "旅行", "来週、東京都庁へ行きます");
  given_page(2, "서울", "다음 주 서울에서 만나요 iPhone手机");
  index();
  EXPECT_THAT(found("東京"), ElementsAre(1));
  EXPECT_THAT(found("京都"), ElementsAre(1));
  EXPECT_THAT(found("都京"), IsEmpty());
  EXPECT_THAT(found("서울"), ElementsAre(2));
  EXPECT_THAT(found("手机"), ElementsAre(2));
  EXPECT_EQ(marked(search(query("東京")).hits.at(0).snippet), "来週、[東京]都庁へ行きます");
}

TEST_F(TextTest, TheTitleCountsMoreAndWhatWasFoundIsMarked) {
  given_page(1, "Notes", "about deploying: deploy, deploy again, and deploy");
  given_page(2, "How to deploy", "Press the button.");
  index();
  const auto hits = search(query("deploy"));
  ASSERT_EQ(hits.hits.size(), 2U);
  EXPECT_EQ(hits.hits[0].page_id, 2);
  EXPECT_GT(hits.hits[0].rank, hits.hits[1].rank);
  EXPECT_EQ(marked(hits.hits[0].title), "How to [deploy]");
  EXPECT_EQ(marked(hits.hits[0].snippet), "Press the button.");
  EXPECT_EQ(marked(hits.hits[1].snippet),
            "about deploying: [deploy], [deploy] again, and [deploy]");
}

// Or the mirror would say that its texts were made by rules by which they were not.
TEST_F(TextTest, RulesThatCannotBeTakenOverAreNotNotedAsTaken) {
  given_page(1, "One", "words");
  adopt();
  index();
  close();
  {
    auto db = Db::open(path(), SQLITE_OPEN_READWRITE);
    ASSERT_TRUE(
        (*db)->exec("CREATE TRIGGER refuse BEFORE INSERT ON text_dirty BEGIN"
                    " SELECT RAISE(ABORT, 'no room'); END"));
  }
  open();
  Batch batch(0, at(0));
  batch.texts.extractor = kRules + 1;
  batch.texts.adopt = true;
  const auto committed = submit(std::move(batch)).get();
  EXPECT_FALSE(committed.has_value());
  EXPECT_EQ(state().extractor, kRules);
}

TEST_F(TextTest, MarksCannotBeForged) {
  given_page(1, "x\x02y", "one \x02two\x03 three");
  index();
  EXPECT_EQ(marked(search(query("three")).hits.at(0).snippet), "one two [three]");
}

TEST_F(TextTest, ConditionsOfThePage) {
  given_page(1, "One", "word");
  given_page(2, "Two", "word", 3);
  Page other = make_page(3, 1);
  other.space_id = 8;
  other.status = "archived";
  other.author_id = "author-b";
  other.body = Body("word");
  write_page(++observation_, other);
  Batch batch(++observation_, at(0));
  batch.users = {{"author-b", "Zoë Ng", "active"}};
  write(std::move(batch));
  index();
  const auto with = [&](TextCondition condition, bool negated) {
    TextQuery asked = query("word");
    condition.negated = negated;
    asked.conditions = {std::move(condition)};
    auto ids = found(asked);
    std::sort(ids.begin(), ids.end());
    return ids;
  };
  TextCondition space;
  space.space_ids = {8};
  EXPECT_THAT(with(space, false), ElementsAre(3));
  EXPECT_THAT(with(space, true), ElementsAre(1, 2));
  TextCondition status;
  status.field = TextCondition::Field::kStatus;
  status.values = {"archived", "it's"};
  EXPECT_THAT(with(status, false), ElementsAre(3));
  TextCondition author;
  author.field = TextCondition::Field::kAuthor;
  author.values = {"zoË"};
  EXPECT_THAT(with(author, false), ElementsAre(3));
  author.values = {"author-b"};
  EXPECT_THAT(with(author, false), ElementsAre(3));
  author.values = {"nobody"};
  EXPECT_THAT(with(author, false), IsEmpty());
  EXPECT_THAT(with(author, true), ElementsAre(1, 2, 3));
  TextCondition updated;
  updated.field = TextCondition::Field::kUpdated;
  updated.from = at(300);
  EXPECT_THAT(with(updated, false), ElementsAre(2));
  updated.from.reset();
  updated.to = at(300);
  EXPECT_THAT(with(updated, false), ElementsAre(1, 3));
}

TEST_F(TextTest, SortedCountedAndLimited) {
  given_page(1, "beta", "word word word");
  given_page(2, "Alpha", "word and much else that makes it longer", 5);
  given_page(3, "gamma", "word and more", 2);
  index();
  TextQuery asked = query("word");
  EXPECT_THAT(found(asked).front(), 1);
  asked.sort = "modified";
  EXPECT_THAT(found(asked), ElementsAre(2, 3, 1));
  asked.sort = "title";
  EXPECT_THAT(found(asked), ElementsAre(2, 1, 3));
  asked.limit = 2;
  EXPECT_THAT(found(asked), ElementsAre(2, 1));
  EXPECT_EQ(search(asked).total, 3);
  asked.limit = 0;
  EXPECT_THAT(found(asked), IsEmpty());
  EXPECT_EQ(search(asked).total, 3);
  asked.limit = -1;
  EXPECT_THAT(found(asked), ElementsAre(2, 1, 3));
  asked.sort = "colour";
  EXPECT_EQ(reader().search(asked).error().name, "bad_sort");
}

TEST_F(TextTest, WithoutWordsEveryPageThatFitsIsShown) {
  given_page(1, "One", std::string(50, 'a') + " " + std::string(300, 'b'));
  given_page(2, "Two", "short", 2);
  index();
  const auto hits = search(TextQuery());
  ASSERT_EQ(hits.total, 2);
  EXPECT_EQ(hits.hits[0].page_id, 2) << "the newest first";
  EXPECT_EQ(marked(hits.hits[0].snippet), "short");
  EXPECT_LT(marked(hits.hits[1].snippet).size(), 260U);
}

TEST_F(TextTest, WordsOfAnyKindReachTheIndexAsText) {
  given_page(1, "One", "alpha beta");
  index();
  for (const char* text :
       {"alpha\" OR \"beta", "alpha) OR (beta", "{title}: alpha", "alpha NEAR beta", "*", "^alpha",
        "", "-", "🎉", "alpha*", "a:b", "\"", "'; DROP TABLE page; --", "\xff\xfe", "NOT"}) {
    for (const bool prefix : {false, true}) {
      for (const bool title : {false, true}) {
        TextQuery asked;
        asked.all = {{TextTerm{text, prefix, title}}, {TextTerm{"alpha", false, false}}};
        asked.none = {TextTerm{text, prefix, title}};
        search(asked);
        asked.all.clear();
        search(asked);
      }
    }
  }
  EXPECT_THAT(found("alpha"), ElementsAre(1));
}

TEST_F(TextTest, OlderVersionsHaveAnIndexOfTheirOwnWhereThatIsWanted) {
  given_page(1, "One", "alpha first");
  given_page(1, "One", "alpha second", 2);
  given_page(1, "One", "alpha third", 3);
  adopt();
  index();
  EXPECT_EQ(state().histories_due, 0);
  adopt(kRules, true);
  EXPECT_EQ(state().histories_due, 1);
  index_history();
  EXPECT_EQ(state().histories_due, 0);
  EXPECT_EQ(state().versions, 2);
  TextQuery asked = query("alpha");
  asked.history = true;
  asked.sort = "modified";
  auto hits = search(asked);
  ASSERT_EQ(hits.hits.size(), 2U);
  EXPECT_EQ(hits.hits[0].version, 2);
  EXPECT_EQ(hits.hits[1].version, 1);
  EXPECT_EQ(marked(hits.hits[1].snippet), "[alpha] first");
  given_page(1, "One", "alpha fourth", 4);
  EXPECT_EQ(state().histories_due, 1);
  index_history();
  EXPECT_EQ(search(asked).total, 3);
  EXPECT_THAT(findings(), IsEmpty());
  // Other rules: all of them anew.
  adopt(kRules + 1, true);
  index_history(kRules + 1);
  EXPECT_EQ(search(asked).total, 3);
  EXPECT_THAT(rows("SELECT DISTINCT extractor FROM version_text"), ElementsAre("4"));
  EXPECT_THAT(findings(), IsEmpty());
  adopt(kRules + 1, false);
  EXPECT_EQ(search(asked).total, 0);
  EXPECT_EQ(state().versions, 0);
  given_page(1, "One", "alpha fifth", 5);
  EXPECT_EQ(state().histories_due, 0);
  EXPECT_THAT(findings(), IsEmpty());
}

TEST_F(TextTest, TheCheckFindsAnIndexThatDoesNotSayWhatTheTextsSay) {
  given_page(1, "One", "alpha");
  given_page(2, "Two", "beta");
  adopt();
  index();
  EXPECT_THAT(findings(), IsEmpty());
  close();
  const auto all = [&](const char* suffix) {
    std::ifstream in(path().string() + suffix, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(in), {});
  };
  const auto before = all("");
  const auto report = check(path(), {});
  EXPECT_TRUE(report->index_checked);
  EXPECT_EQ(all(""), before);
  tamper("UPDATE page_text SET text='gamma' WHERE page_id=1");
  EXPECT_THAT(findings(),
              ElementsAre("the index of texts of pages does not say what the texts say"));
  tamper(
      "UPDATE page_text SET text='alpha' WHERE page_id=1; DELETE FROM page_text WHERE page_id=2");
  EXPECT_THAT(findings(), ::testing::Contains("page 2: it is neither in the index of texts nor due "
                                              "for it"));
}

TEST_F(TextTest, TheIndexIsNotCheckedWholeWhileSomebodyCrawls) {
  given_page(1, "One", "alpha");
  const auto lock = MirrorLock::acquire(path());
  ASSERT_TRUE(lock.has_value());
  const auto report = check(path(), {});
  ASSERT_TRUE(report.has_value());
  EXPECT_FALSE(report->index_checked);
  EXPECT_THAT(report->findings, IsEmpty());
}

TEST_F(TextTest, VersionsThatAreReplacedLeaveTheIndex) {
  given_page(1, "One", "alpha first");
  given_page(1, "One", "alpha second", 2);
  adopt(kRules, true);
  index_history();
  // The site was restored: version 1 is the current one again, and another.
  Page page = make_page(1, 1);
  page.version.created_at = at(5000);
  page.body = Body("alpha anew");
  write_page(++observation_, page);
  index_history();
  TextQuery asked = query("alpha");
  asked.history = true;
  EXPECT_EQ(search(asked).total, 0);
  EXPECT_THAT(findings(), IsEmpty());
}

}  // namespace
}  // namespace store::testing
