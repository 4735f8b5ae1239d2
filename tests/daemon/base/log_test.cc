#include "daemon/base/log.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "daemon/base/secret.h"
#include "daemon/base/utf8.h"

namespace base {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;

namespace {

class LogTest : public testing::Test {
 protected:
  void TearDown() override { ASSERT_TRUE(configure_logging("info", "text")); }

  template <typename Write>
  static std::string logged(std::string_view level, std::string_view format, Write write) {
    EXPECT_TRUE(configure_logging(level, format));
    testing::internal::CaptureStderr();
    write();
    return testing::internal::GetCapturedStderr();
  }
};

}  // namespace

TEST_F(LogTest, TextHasTimeLevelAndLogger) {
  const auto line = logged("info", "text", [] { crawl_log().info("done pages={}", 3); });
  EXPECT_THAT(line, MatchesRegex("[0-9]+-[0-9]+-[0-9]+T[0-9]+:[0-9]+:[0-9]+\\.[0-9]+Z info +crawl: "
                                 "done pages=3\n"));
}

TEST_F(LogTest, JournaldHasAPriorityAndNoTime) {
  EXPECT_EQ(logged("trace", "journald", [] { http_log().error("x"); }), "<3>http: x\n");
  EXPECT_EQ(logged("trace", "journald", [] { store_log().warn("x"); }), "<4>store: x\n");
  EXPECT_EQ(logged("trace", "journald", [] { cli_log().info("x"); }), "<6>cli: x\n");
  EXPECT_EQ(logged("trace", "journald", [] { cli_log().debug("x"); }), "<7>cli: x\n");
}

TEST_F(LogTest, JsonIsOneObjectALine) {
  const auto line =
      logged("info", "json", [] { http_log().warn("a \"b\" \\ c\n\td\x01 \xff\xc2\x9b é"); });
  EXPECT_THAT(line, HasSubstr(R"("level":"warning","logger":"http","message":)"));
  EXPECT_THAT(line, HasSubstr("\"a \\\"b\\\" \\\\ c\\u000a\\u0009d\\u0001 \uFFFD\\u009b é\"}\n"));
  EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1);
}

TEST_F(LogTest, WhatAServerSentStaysOnOneLineAndCommandsNoTerminal) {
  const auto line = logged("info", "text", [] {
    http_log().info("title={}", "a\r\n2026 error fake\x1b[2J\x07\x7f\xc2\x9b");
  });
  EXPECT_THAT(line, HasSubstr("title=a  2026 error fake [2J"));
  EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1);
  for (const auto* control : {"\r", "\x1b", "\x07", "\x7f", "\xc2\x9b"}) {
    EXPECT_THAT(line, Not(HasSubstr(control)));
  }
}

TEST_F(LogTest, TheLevelHolds) {
  const auto all = [] {
    for (auto* logger : {&http_log(), &crawl_log(), &store_log(), &cli_log()}) {
      logger->trace("trace");
      logger->debug("debug");
      logger->info("info");
      logger->warn("warn");
      logger->error("error");
    }
  };
  const auto lines = [&](std::string_view level) {
    const auto text = logged(level, "text", all);
    return std::count(text.begin(), text.end(), '\n');
  };
  EXPECT_EQ(lines("trace"), 20);
  EXPECT_EQ(lines("debug"), 16);
  EXPECT_EQ(lines("info"), 12);
  EXPECT_EQ(lines("warn"), 8);
  EXPECT_EQ(lines("error"), 4);
  EXPECT_EQ(lines("off"), 0);
}

TEST_F(LogTest, UnknownNamesAreRefusedAndChangeNothing) {
  ASSERT_TRUE(configure_logging("error", "text"));
  const auto level = configure_logging("loud", "text");
  ASSERT_FALSE(level);
  EXPECT_EQ(level.error().kind, store::ErrorKind::kUsage);
  EXPECT_THAT(level.error().message, HasSubstr("loud"));
  EXPECT_FALSE(configure_logging("info", "xml"));
  EXPECT_FALSE(http_log().should_log(spdlog::level::warn));
}

TEST_F(LogTest, ManyThreadsWriteWholeLines) {
  const auto text = logged("info", "text", [] {
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([] {
        for (int i = 0; i < 250; ++i) crawl_log().info("begin {} end", std::string(100, 'x'));
      });
    }
    for (auto& thread : threads) thread.join();
  });
  std::istringstream lines(text);
  int whole = 0;
  for (std::string line; std::getline(lines, line);) {
    whole += line.ends_with("begin " + std::string(100, 'x') + " end");
  }
  EXPECT_EQ(whole, 1000);
}

TEST(SecretTest, ASecretNeverPrints) {
  const Secret secret("hunter2");
  std::ostringstream out;
  out << secret;
  EXPECT_EQ(out.str(), "***");
  EXPECT_EQ(fmt::format("{} {:>5}", secret, secret), "***   ***");
  EXPECT_EQ(secret.expose(), "hunter2");
  EXPECT_STREQ(secret.expose_c_str(), "hunter2");
}

TEST(SecretTest, MovingLeavesNothingBehindAndCopyingIsExplicit) {
  static_assert(!std::is_copy_constructible_v<Secret> && !std::is_copy_assignable_v<Secret>);
  Secret first("hunter2");
  const auto copy = first.copy();
  Secret second(std::move(first));
  EXPECT_TRUE(first.empty());  // NOLINT(bugprone-use-after-move)
  EXPECT_EQ(second.expose(), "hunter2");
  Secret third("other");
  third = std::move(second);
  EXPECT_TRUE(second.empty());  // NOLINT(bugprone-use-after-move)
  EXPECT_EQ(third.expose(), copy.expose());
}

TEST(RepeatLimiterTest, OneLineAKindAndWindowAndTheRestIsCounted) {
  RepeatLimiter limiter(10s);
  const RepeatLimiter::Steady start(1000s);
  EXPECT_EQ(limiter.admit("a", start), 0);
  EXPECT_FALSE(limiter.admit("a", start + 1s));
  EXPECT_EQ(limiter.admit("b", start + 1s), 0);
  EXPECT_FALSE(limiter.admit("a", start + 9s));
  EXPECT_EQ(limiter.admit("a", start + 10s), 2);
  EXPECT_FALSE(limiter.admit("a", start + 11s));
  EXPECT_EQ(limiter.admit("a", start + 30s), 1);
}

TEST(RepeatLimiterTest, EndlessKindsDoNotTakeEndlessMemoryAndTheOldestGoesFirst) {
  RepeatLimiter limiter(1h);
  const RepeatLimiter::Steady start(1000s);
  for (int i = 0; i < 256; ++i) {
    EXPECT_EQ(limiter.admit(std::to_string(i), start + std::chrono::seconds(i)), 0);
  }
  EXPECT_EQ(limiter.admit("one more", start + 300s), 0);
  EXPECT_FALSE(limiter.admit("255", start + 301s));
  EXPECT_EQ(limiter.admit("0", start + 301s), 0) << "it was forgotten";
}

TEST(Utf8Test, OnlyWellFormedCharactersHaveALength) {
  EXPECT_EQ(character_length(""), 0U);
  EXPECT_EQ(character_length("a"), 1U);
  EXPECT_EQ(character_length("é!"), 2U);
  EXPECT_EQ(character_length("漢"), 3U);
  EXPECT_EQ(character_length("\xF0\x9F\x98\x80"), 4U);
  for (const auto* bad :
       {"\x80", "\xC0\x80", "\xC1\xBF", "\xC3", "\xE0\x80\x80", "\xE2\x82", "\xED\xA0\x80",
        "\xF0\x80\x80\x80", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF", "\xE2\x28\xA1"}) {
    EXPECT_EQ(character_length(bad), 0U) << testing::PrintToString(bad);
  }
}

}  // namespace base
