#include "store/records.h"

#include <gtest/gtest.h>

namespace store::testing {
namespace {

TEST(TimeTest, PrintsAndReadsMilliseconds) {
  const auto time = parse_iso8601("2026-03-01T12:34:56.789Z");
  ASSERT_TRUE(time.has_value());
  EXPECT_EQ(to_iso8601(*time), "2026-03-01T12:34:56.789Z");
  EXPECT_EQ(time->time_since_epoch().count(), 1772368496789);
}

TEST(TimeTest, ReadsFractionsOfAnyLengthAndOffsets) {
  const auto expect = [](const char* text, const char* utc) {
    const auto time = parse_iso8601(text);
    ASSERT_TRUE(time.has_value()) << text;
    EXPECT_EQ(to_iso8601(*time), utc) << text;
  };
  expect("2026-03-01T12:00:00Z", "2026-03-01T12:00:00.000Z");
  expect("2026-03-01T12:00:00.5Z", "2026-03-01T12:00:00.500Z");
  expect("2026-03-01T12:00:00.123456789Z", "2026-03-01T12:00:00.123Z");
  expect("2026-03-01T01:30:00.000+02:00", "2026-02-28T23:30:00.000Z");
  expect("2026-03-01T12:00:00-0530", "2026-03-01T17:30:00.000Z");
  expect("1969-12-31T23:59:59.999Z", "1969-12-31T23:59:59.999Z");
  expect("2024-02-29T00:00:00Z", "2024-02-29T00:00:00.000Z");
}

TEST(TimeTest, RefusesWhatIsNoTimeAndNamesIt) {
  for (const char* text :
       {"", "2026-03-01", "2026-03-01 12:00:00Z", "2026-13-01T12:00:00Z", "2026-02-29T12:00:00Z",
        "2026-03-01T24:00:00Z", "2026-03-01T12:60:00Z", "2026-03-01T12:00:00",
        "2026-03-01T12:00:00.Z", "2026-03-01T12:00:00Zx", "2026-03-01T12:00:00+2",
        "2026-03-01T12:00:00+02:0", "x026-03-01T12:00:00Z"}) {
    const auto time = parse_iso8601(text);
    ASSERT_FALSE(time.has_value()) << text;
    EXPECT_EQ(time.error().kind, ErrorKind::kItemBad);
    EXPECT_NE(time.error().message.find(text), std::string::npos);
  }
}

TEST(Sha256Test, IsTheStandardsDigest) {
  EXPECT_EQ(to_hex(sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(to_hex(sha256("abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(BodyTest, HashBelongsToTheText) {
  const Body body("abc");
  EXPECT_EQ(body.hash, sha256("abc"));
}

}  // namespace
}  // namespace store::testing
