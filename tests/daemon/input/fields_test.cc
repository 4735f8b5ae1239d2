#include "daemon/input/fields.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daemon/input/did_you_mean.h"

namespace {

using input::Fields;
using input::Problem;
using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string fault_of(std::string_view text) {
  std::vector<Problem> problems;
  const auto value = input::parse_value(text, 7, problems);
  EXPECT_FALSE(value) << text;
  EXPECT_EQ(problems.size(), 1U);
  return problems.empty() ? "" : std::to_string(problems[0].line) + ": " + problems[0].text;
}

TEST(ParseValue, WhatIsNoJsonIsAProblemOnItsLine) {
  EXPECT_THAT(fault_of("{\n\"a\": }"), HasSubstr("8: is not JSON"));
  EXPECT_THAT(fault_of(""), HasSubstr("7: is not JSON"));
  EXPECT_THAT(fault_of("{} {}"), HasSubstr("is not JSON"));
  EXPECT_THAT(fault_of("\"\xff\""), HasSubstr("is not JSON"));
}

TEST(ParseValue, ARepeatedNameAndDepthWithoutEndAreRefused) {
  EXPECT_THAT(fault_of(R"({"a": 1, "a": 2})"), HasSubstr("'a' stands twice"));
  EXPECT_THAT(fault_of(R"({"x": {"a": 1, "a": 2}})"), HasSubstr("'a' stands twice"));
  EXPECT_THAT(fault_of(std::string(20'000, '[') + std::string(20'000, ']')),
              HasSubstr("nested too deeply"));
  EXPECT_THAT(fault_of(std::string(20'000, '[')), HasSubstr("nested too deeply"))
      << "not read to its end: every level costs memory";
  std::vector<Problem> problems;
  EXPECT_TRUE(input::parse_value(R"({"a": {"a": 1}, "b": {"a": 2}})", 1, problems));
}

class FieldsTest : public ::testing::Test {
 protected:
  Fields& fields(const std::string& text) {
    json_ = json::parse(text);
    fields_.emplace(json_, 3);
    return *fields_;
  }
  std::string problem() {
    const auto problems = fields_->take_problems();
    return problems.empty() ? "" : problems[0].field + ": " + problems[0].text;
  }

  json json_;
  std::optional<Fields> fields_;
};

TEST_F(FieldsTest, NumbersMayBeStringsOfDigits) {
  EXPECT_EQ(fields(R"({"n": "25"})").number("n", 0, 100), 25);
  EXPECT_EQ(fields(R"({"n": 25})").number("n", 0, 100), 25);
  EXPECT_EQ(fields(R"({"n": "0"})").number("n", 0, 100), 0);
  EXPECT_EQ(fields(R"({})").number("n", 0, 100), std::nullopt);
  EXPECT_TRUE(fields_->good());
}

TEST_F(FieldsTest, WhatIsNoSuchNumberIsAProblem) {
  for (const auto* value : {"-1", "\"-1\"", "2.5", "\"2.5\"", "\"\"", "\" 1\"", "true", "null",
                            "[1]", "101", "18446744073709551615", "\"9223372036854775808\""}) {
    EXPECT_EQ(fields(std::string(R"({"n": )") + value + "}").number("n", 0, 100), std::nullopt);
    EXPECT_THAT(problem(), HasSubstr("n: expected a number from 0 to 100")) << value;
  }
}

TEST_F(FieldsTest, AnIdIsNeverZero) {
  EXPECT_EQ(fields(R"({"id": "123456789"})").id("id", true), 123456789);
  EXPECT_EQ(fields(R"({"id": "0"})").id("id", true), std::nullopt);
  EXPECT_THAT(problem(), HasSubstr("expected an id"));
  EXPECT_EQ(fields("{}").id("id", true), std::nullopt);
  EXPECT_THAT(problem(), HasSubstr("is missing"));
}

TEST_F(FieldsTest, TextsAndFlagsHaveTheirTypes) {
  EXPECT_EQ(fields(R"({"t": "x"})").text("t", true), "x");
  EXPECT_EQ(fields(R"({"t": 1})").text("t", true), std::nullopt);
  EXPECT_EQ(problem(), "t: expected a string, found a number");
  EXPECT_TRUE(fields(R"({"f": true})").flag("f"));
  EXPECT_FALSE(fields(R"({"f": "true"})").flag("f"));
  EXPECT_EQ(problem(), "f: expected true or false, found a string");
}

TEST_F(FieldsTest, AnUnknownFieldIsNamedWithItsLookAlike) {
  fields(R"({"pageID": 1})").refuse_others({"pageId", "status"}, "get_page");
  EXPECT_EQ(problem(), "pageID: unknown field: did you mean 'pageId'?");
  fields(R"({"statsu": 1})").refuse_others({"pageId", "status"}, "get_page");
  EXPECT_EQ(problem(), "statsu: unknown field: did you mean 'status'?");
  fields(R"({"colour": 1})").refuse_others({"pageId", "status"}, "get_page");
  EXPECT_EQ(problem(), "colour: unknown field: get_page knows pageId, status");
}

TEST_F(FieldsTest, OfOneFieldTheFirstProblemCounts) {
  auto& read = fields(R"({"n": "x"})");
  read.number("n", 0, 1);
  read.wrong("n", "something else");
  const auto problems = read.take_problems();
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_EQ(problems[0].line, 3);
  EXPECT_THAT(problems[0].text, HasSubstr("expected a number"));
}

TEST(DidYouMean, TheNearestWordIsOfferedAsItIsWritten) {
  const std::vector<std::string> known{"DOCS", "PLANS", "--live-only"};
  EXPECT_EQ(input::did_you_mean("dosc", known), "did you mean 'DOCS'?");
  EXPECT_EQ(input::did_you_mean("--liveonly", known), "did you mean '--live-only'?");
  EXPECT_EQ(input::did_you_mean("something else", known), "");
  EXPECT_EQ(input::did_you_mean("x", {}), "");
}

}  // namespace
