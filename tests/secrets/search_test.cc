// The search for secrets must be able to find one.

#include "tests/secrets/search.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

namespace secrets {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::StartsWith;

constexpr const char* kSecret = R"(s3cr+t/"<&'\~end)";

std::vector<std::string> found_in(const std::string& text) {
  return Search(std::vector<Secret>{Secret("it", kSecret)}).find("before " + text + " behind");
}

TEST(SecretSearchTest, ASecretIsFoundInEveryForm) {
  EXPECT_THAT(found_in(kSecret), ElementsAre("it as it is at byte 7"));
  EXPECT_THAT(found_in("czNjcit0LyI8JidcfmVuZA=="), ElementsAre(StartsWith("it in base64 ")));
  // "user:" and "a" before it.
  EXPECT_THAT(found_in("dXNlcjpzM2NyK3QvIjwmJ1x-ZW5k"),
              ElementsAre(StartsWith("it in base64 for addresses")));
  EXPECT_THAT(found_in("YXMzY3IrdC8iPCYnXH5lbmQ="), ElementsAre(StartsWith("it in base64 ")));
  EXPECT_THAT(found_in("733363722b742f223c26275c7e656e64"), ElementsAre(StartsWith("it in hex ")));
  EXPECT_THAT(found_in("733363722B742F223C26275C7E656E64"), ElementsAre(StartsWith("it in HEX ")));
  EXPECT_THAT(found_in("s3cr%2Bt%2F%22%3C%26%27%5C~end"),
              ElementsAre(StartsWith("it percent-encoded ")));
  EXPECT_THAT(found_in("s3cr%2bt%2f%22%3c%26%27%5c~end"),
              ElementsAre(StartsWith("it percent-encoded in lower case ")));
  EXPECT_THAT(found_in(R"(s3cr+t/\"<&'\\~end)"), ElementsAre(StartsWith("it in JSON ")));
  EXPECT_THAT(found_in(R"(s3cr+t\/\u0022\u003c\u0026\u0027\u005c~end)"),
              ElementsAre(StartsWith("it in JSON for HTML ")));
  EXPECT_THAT(found_in(R"(s3cr+t/&quot;&lt;&amp;'\~end)"), ElementsAre(StartsWith("it in HTML ")));
}

TEST(SecretSearchTest, WhatIsAlmostOneIsNot) {
  EXPECT_THAT(found_in(R"(s3cr+t/"<&'\~en)"), IsEmpty());
  EXPECT_THAT(found_in("czNjcit0LyI8JidcfmVu"), IsEmpty());
  EXPECT_THAT(found_in(""), IsEmpty());
}

// A secret that no test uses any more is searched for in vain.
TEST(SecretSearchTest, EveryKnownSecretIsOneOfATest) {
  const std::filesystem::path tests = CONFMIRROR_SOURCE_DIR "/tests";
  std::string sources;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(tests)) {
    if (entry.path().filename() == "search.cc" || !entry.is_regular_file()) continue;
    if (entry.path().extension() != ".cc" && entry.path().extension() != ".h") continue;
    std::ifstream in(entry.path());
    sources.append(std::istreambuf_iterator<char>(in), {});
  }
  for (const auto& [name, text] : known()) {
    EXPECT_NE(sources.find(text), sources.npos) << name;
    EXPECT_GE(text.size(), 7U) << name << " stands in what has nothing to do with it";
  }
}

}  // namespace
}  // namespace secrets
