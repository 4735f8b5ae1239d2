#include "config/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <sstream>

#include "config/load.h"
#include "config/units.h"

namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> problems_of(std::string_view text, config::Config& config) {
  std::vector<std::string> texts;
  for (const auto& problem : config::parse(text, "/srv/confmirror.toml", config)) {
    texts.push_back(config::to_string(problem));
  }
  return texts;
}

// The sample with one commented setting made a real one.
std::string with_setting(const config::Option& option) {
  std::istringstream lines(config::sample());
  std::string text;
  std::string table;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with('[')) table = line;
    const bool wanted = table == "[" + std::string(option.table) + "]" &&
                        line.starts_with("#" + std::string(option.key) + " = ");
    text += (wanted ? line.substr(1) : line) + "\n";
  }
  return text;
}

TEST(SampleTest, LoadsAsItIs) {
  config::Config config;
  EXPECT_THAT(problems_of(config::sample(), config), ElementsAre());
  EXPECT_EQ(config.site.url, "https://your-domain.atlassian.net");
}

TEST(SampleTest, HasEveryOptionOnceWithItsHelp) {
  const auto sample = config::sample();
  for (const auto& option : config::options()) {
    const std::string line = "\n" + std::string(option.key) + " = ";
    const std::string comment = "\n#" + std::string(option.key) + " = ";
    const auto from = sample.find("\n[" + std::string(option.table) + "]\n");
    ASSERT_NE(from, sample.npos) << option.table;
    const auto end = std::min(sample.find("\n[", from + 1), sample.size());
    const auto table = sample.substr(from, end - from);
    EXPECT_NE(table.find(line) == table.npos, table.find(comment) == table.npos)
        << config::full_key(option);
    EXPECT_THAT(table, HasSubstr(option.help.substr(0, option.help.find('\n'))));
    EXPECT_THAT(table, HasSubstr("# " + config::expected(option) + "\n"));
  }
}

TEST(SampleTest, WhatItShowsIsTheDefault) {
  config::Config silent;
  problems_of(config::sample(), silent);
  for (const auto& option : config::options()) {
    if (!option.example.empty()) continue;
    config::Config config;
    const auto text = with_setting(option);
    if (text == config::sample())
      ADD_FAILURE() << config::full_key(option) << " is not in the sample";
    EXPECT_THAT(problems_of(text, config), ElementsAre()) << config::full_key(option);
    std::visit(
        [&](auto field) { EXPECT_EQ(field(config), field(silent)) << config::full_key(option); },
        option.field);
  }
}

TEST(SampleTest, EveryExampleIsGood) {
  for (const auto& option : config::options()) {
    if (option.example.empty()) continue;
    config::Config config;
    EXPECT_THAT(problems_of(with_setting(option), config), ElementsAre())
        << config::full_key(option);
  }
}

TEST(OptionsTest, NamesAreUniqueAndTablesStandTogether) {
  std::set<std::string> names;
  std::set<std::string_view> tables;
  std::string_view table;
  for (const auto& option : config::options()) {
    EXPECT_TRUE(names.insert(config::full_key(option)).second) << config::full_key(option);
    EXPECT_TRUE(option.table == table || tables.insert(option.table).second) << option.table;
    table = option.table;
    EXPECT_FALSE(option.help.empty()) << config::full_key(option);
  }
}

TEST(OptionsTest, DefaultsAreAllowed) {
  for (const auto& option : config::options()) {
    if (const auto* text = std::get_if<config::TextField>(&option.field);
        text && !option.required) {
      config::Config silent;
      EXPECT_EQ(config::refusal(option, (*text)(silent)), std::nullopt) << config::full_key(option);
    }
  }
}

TEST(RenderTest, SettingsAreSetAndComeBack) {
  config::Config config;
  const auto text = config::render({{"site.url", "\"http://localhost:99\""},
                                    {"site.email", config::toml_string("o'neill@example.com")},
                                    {"mirror.path", config::toml_string("/srv/a \"b\"\\c.db")},
                                    {"http.max_concurrency", "3"}});
  EXPECT_THAT(problems_of(text, config), ElementsAre());
  EXPECT_EQ(config.site.email, "o'neill@example.com");
  EXPECT_EQ(config.mirror.path, "/srv/a \"b\"\\c.db");
  EXPECT_EQ(config.http.max_concurrency, 3);
}

TEST(TomlStringTest, ControlCharactersAreEscaped) {
  EXPECT_EQ(config::toml_string("a\n\x1f\x7f\"\\é"), "\"a\\u000A\\u001F\\u007F\\\"\\\\é\"");
}

TEST(DurationTest, IsReadAsPeopleWriteIt) {
  EXPECT_EQ(config::parse_duration("250ms"), 250ms);
  EXPECT_EQ(config::parse_duration("5m"), 5min);
  EXPECT_EQ(config::parse_duration("24h"), 24h);
  EXPECT_EQ(config::parse_duration("7d"), 168h);
  EXPECT_EQ(config::parse_duration("1h30m"), 90min);
  EXPECT_EQ(config::parse_duration("1s500ms"), 1500ms);
  EXPECT_EQ(config::parse_duration("0"), 0ms);
  EXPECT_EQ(config::parse_duration("0s"), 0ms);
}

TEST(DurationTest, AnythingElseIsRefused) {
  for (const auto* text :
       {"", "5", "m", "5 m", " 5m", "5m ", "-5m", "+5m", "5M", "5min", "1.5h", "5m5m", "30m1h",
        "5mm", "9999999999999d", "99999999999999999999s", "36526d"}) {
    EXPECT_EQ(config::parse_duration(text), std::nullopt) << text;
  }
}

TEST(DurationTest, IsWrittenSoThatItReadsTheSame) {
  EXPECT_EQ(config::format_duration(5min), "5m");
  EXPECT_EQ(config::format_duration(24h), "24h");
  EXPECT_EQ(config::format_duration(90s), "90s");
  EXPECT_EQ(config::format_duration(1234ms), "1234ms");
  EXPECT_EQ(config::format_duration(0ms), "0");
}

}  // namespace
