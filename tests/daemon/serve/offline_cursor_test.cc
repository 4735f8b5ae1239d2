#include "daemon/serve/offline_cursor.h"

#include <gtest/gtest.h>

#include <limits>

namespace serve {
namespace {

store::ListPlace place(std::int64_t number, std::string text, store::Id id) {
  store::ListPlace place;
  place.number = number;
  place.text = std::move(text);
  place.id = id;
  return place;
}

TEST(OfflineCursorTest, APlaceComesBackAsItWas) {
  for (const auto& known : {place(0, "", 1), place(-5, "a title, with 12 blanks", 77),
                            place(std::numeric_limits<std::int64_t>::max(), "Übung \U0001F600",
                                  std::numeric_limits<std::int64_t>::max()),
                            place(std::numeric_limits<std::int64_t>::min(), "", 0)}) {
    const auto back = decode_cursor(encode_cursor(known, "/pages"), "/pages");
    ASSERT_TRUE(back.has_value());
    EXPECT_EQ(back->number, known.number);
    EXPECT_EQ(back->text, known.text);
    EXPECT_EQ(back->id, known.id);
  }
}

TEST(OfflineCursorTest, ACursorOfAnotherQuestionIsRefused) {
  const auto cursor = encode_cursor(place(7, "seven", 7), "/pages&sort=id");
  EXPECT_FALSE(decode_cursor(cursor, "/pages&sort=title").has_value());
}

TEST(OfflineCursorTest, AnyChangeOfACursorIsNoticed) {
  const auto cursor = encode_cursor(place(7, "seven", 7), "/pages");
  for (std::size_t at = 0; at < cursor.size(); ++at) {
    auto changed = cursor;
    changed[at] = changed[at] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(decode_cursor(changed, "/pages").has_value()) << at;
    EXPECT_FALSE(decode_cursor(cursor.substr(0, at), "/pages").has_value()) << at;
  }
  EXPECT_FALSE(decode_cursor(cursor + "A", "/pages").has_value());
  EXPECT_FALSE(decode_cursor(cursor + "=", "/pages").has_value());
  EXPECT_FALSE(decode_cursor(std::string(100'000, 'A'), "/pages").has_value());
}

}  // namespace
}  // namespace serve
