#include "daemon/serve/offline_json.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace serve {
namespace {

nlohmann::json parsed(const std::string& text) { return nlohmann::json::parse(text); }

std::string object_with(std::string_view value) {
  std::string text;
  JsonText json(text);
  json.open();
  json.text("value", value);
  json.close();
  return text;
}

TEST(OfflineJsonTest, EveryCharacterComesBackAsItWas) {
  std::string all;
  for (int c = 0; c < 0x80; ++c) all += static_cast<char>(c);
  all += "äß€\U0001F600";
  EXPECT_EQ(parsed(object_with(all))["value"], all);
}

TEST(OfflineJsonTest, WhatIsNotUtf8BecomesTheReplacementCharacter) {
  EXPECT_EQ(parsed(object_with("a\xff\xc3"))["value"], "a\uFFFD\uFFFD");
  EXPECT_EQ(parsed(object_with("\xed\xa0\x80"))["value"], "\uFFFD\uFFFD\uFFFD");
}

TEST(OfflineJsonTest, MembersElementsAndNestedObjectsAreSeparated) {
  std::string text;
  JsonText json(text);
  json.open();
  json.id("id", 5);
  json.null("nothing");
  json.flag("yes", true);
  json.number_or_null("none", std::nullopt);
  json.text_if_known("unknown", "");
  json.open_array("list");
  json.element("a");
  json.element("b");
  json.open();
  json.close();
  json.open();
  json.number("n", -3);
  json.close();
  json.close_array();
  json.open("inner");
  json.close();
  json.raw("raw", "[1]");
  json.close();
  EXPECT_EQ(text, R"({"id":"5","nothing":null,"yes":true,"none":null,"list":["a","b",{},{"n":-3}],)"
                  R"("inner":{},"raw":[1]})");
}

}  // namespace
}  // namespace serve
