#include "store/tokenizer.h"

#include <gmock/gmock.h>

#include "store/sqlite.h"

namespace store {
namespace {

using ::testing::ElementsAre;

class TokenizerTest : public ::testing::Test {
 protected:
  // The words of a text in their order, as the index has them.
  std::vector<std::string> words(const std::string& text) {
    auto db = Db::open(":memory:", SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
    EXPECT_TRUE(db.has_value());
    EXPECT_TRUE((*db)
                    ->exec("CREATE VIRTUAL TABLE t USING fts5(x, tokenize='confmirror');"
                           "CREATE VIRTUAL TABLE v USING fts5vocab(t, instance);")
                    .has_value());
    {
      Stmt stmt(**db, "INSERT INTO t(x) VALUES(?)");
      Query query = stmt.begin();
      query.bind(text).run();
    }
    std::vector<std::string> found;
    {
      Stmt stmt(**db, "SELECT term FROM v ORDER BY offset");
      Query query = stmt.begin();
      while (query.row()) found.push_back(query.text(0));
    }
    EXPECT_FALSE((*db)->take_error().has_value());
    return found;
  }
};

TEST_F(TokenizerTest, WordsAreFoldedWithoutDiacritics) {
  EXPECT_THAT(words("Über die Brücke, CAFÉ-2!"), ElementsAre("uber", "die", "brucke", "cafe", "2"));
  EXPECT_THAT(words("Ελλάδα Привет"), ElementsAre("ελλάδα", "привет"));
}

TEST_F(TokenizerTest, CharactersThatNeedNoBlanksStandAlone) {
  EXPECT_THAT(words("東京都"), ElementsAre("東", "京", "都"));
  EXPECT_THAT(words("ひらカナ한글"), ElementsAre("ひ", "ら", "カ", "ナ", "한", "글"));
  EXPECT_THAT(words("𠮷野"), ElementsAre("𠮷", "野"));
}

TEST_F(TokenizerTest, MixedTextIsCutBetweenScripts) {
  EXPECT_THAT(words("iPhone手机 Café店2号"),
              ElementsAre("iphone", "手", "机", "cafe", "店", "2", "号"));
}

TEST_F(TokenizerTest, AnyBytesAreRead) {
  EXPECT_THAT(words("a\xe6\xff b"), ::testing::Contains("b"));
  words("\xf0\x9f");
  words("東\xe4");
  words("");
}

TEST_F(TokenizerTest, WhetherThereIsAWordInIt) {
  EXPECT_TRUE(has_word("- x"));
  EXPECT_TRUE(has_word("京"));
  EXPECT_TRUE(has_word("é"));
  EXPECT_TRUE(has_word("٣"));
  EXPECT_FALSE(has_word(""));
  EXPECT_FALSE(has_word("-+*、。 \u00a0"));
}

}  // namespace
}  // namespace store
