#include "store/caret.h"

#include <gtest/gtest.h>

namespace store {
namespace {

TEST(CaretTest, StandsUnderTheByteThatIsNamed) {
  EXPECT_EQ(caret_under("abc", 0), "\nabc\n^");
  EXPECT_EQ(caret_under("abc", 2), "\nabc\n  ^");
  EXPECT_EQ(caret_under("abc", 3), "\nabc\n   ^");
  EXPECT_EQ(caret_under("abc", 99), "\nabc\n   ^");
  EXPECT_EQ(caret_under("", 0), "\n\n^");
}

TEST(CaretTest, ShowsTheLineOfTheFaultAlone) {
  EXPECT_EQ(caret_under("one\ntwo\nthree", 5), "\ntwo\n ^");
  EXPECT_EQ(caret_under("one\ntwo", 3), "\none\n   ^");
}

TEST(CaretTest, CountsColumnsNotBytes) {
  EXPECT_EQ(caret_under("né x", 4), "\nné x\n   ^");
  EXPECT_EQ(caret_under("東京 x", 7), "\n東京 x\n     ^");
  EXPECT_EQ(caret_under("東京 x", 4), "\n東京 x\n  ^") << "inside a character";
}

TEST(CaretTest, NothingSteersATerminal) {
  EXPECT_EQ(caret_under("a\x1b[1m\xff\xe2\x80\xae!", 9), "\na [1m  !\n       ^");
}

TEST(CaretTest, ALongLineIsShownAroundTheFault) {
  const std::string text = std::string(500, 'a') + "!" + std::string(500, 'b');
  EXPECT_EQ(caret_under(text, 500), "\n" + std::string(60, 'a') + "!" + std::string(59, 'b') +
                                        "\n" + std::string(60, ' ') + "^");
}

}  // namespace
}  // namespace store
