#include "daemon/cli/app.h"

#include <fstream>
#include <streambuf>

#include "tests/daemon/cli/command_fixture.h"

namespace {

using test::run;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

TEST(AppTest, VersionIsPrinted) {
  const auto outcome = run({"--version"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.out, "confmirror " CONFMIRROR_VERSION "\n");
}

TEST(AppTest, HelpListsEveryCommand) {
  const auto outcome = run({"help"});
  EXPECT_EQ(outcome.code, 0);
  for (const char* command : {"init", "check", "sync", "verify", "status", "spaces", "pages",
                              "page", "history", "export", "db", "completion", "help"}) {
    EXPECT_THAT(outcome.out, HasSubstr(std::string("\n  ") + command + " ")) << command;
  }
  EXPECT_THAT(outcome.out, AllOf(StartsWith("confmirror keeps"), HasSubstr("--db FILE")));
  EXPECT_EQ(outcome.out, run({"--help"}).out);
}

TEST(AppTest, HelpOfACommandTellsOfThatCommand) {
  const auto sync = run({"help", "sync"});
  EXPECT_EQ(sync.code, 0);
  EXPECT_THAT(sync.out, AllOf(HasSubstr("Usage: confmirror sync "), HasSubstr("--full"),
                              HasSubstr("--db FILE"), Not(HasSubstr("restore-check"))));
  EXPECT_EQ(sync.out, run({"sync", "--help"}).out);
  EXPECT_THAT(run({"help", "db"}).out, HasSubstr("\n  restore-check "));
  EXPECT_THAT(run({"help", "db", "backup"}).out, HasSubstr("Usage: confmirror db backup "));
}

TEST(AppTest, HelpOfAnUnknownCommandIsAUsageError) {
  const auto outcome = run({"help", "snyc"});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(outcome.out, IsEmpty());
  EXPECT_THAT(outcome.err, HasSubstr("did you mean 'sync'?"));
}

TEST(AppTest, AnUnknownCommandIsAUsageErrorWithTheNearestName) {
  for (const auto& args : std::vector<std::vector<std::string>>{{"exprot", "--format", "jsonl"},
                                                                {"--quiet", "exprot"}}) {
    const auto outcome = run(args);
    EXPECT_EQ(outcome.code, 2);
    EXPECT_EQ(outcome.err,
              "confmirror: cannot run 'confmirror exprot': no such command\n"
              "  did you mean 'export'? 'confmirror help' lists all\n");
  }
  EXPECT_THAT(run({"qqqqqq"}).err, HasSubstr("\n  'confmirror help' lists all\n"));
}

TEST(AppTest, NoCommandIsAUsageError) {
  const auto outcome = run({});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_EQ(
      outcome.err,
      "confmirror: cannot run 'confmirror': it needs a command\n  'confmirror help' lists all\n");
}

TEST(AppTest, AnUnknownOptionIsAUsageErrorWithTheNearestOne) {
  const auto own = run({"pages", "--staus", "current"});
  EXPECT_EQ(own.code, 2);
  EXPECT_THAT(own.err, HasSubstr("'confmirror pages': it does not take '--staus'"));
  EXPECT_THAT(own.err, HasSubstr("did you mean '--status'?"));
  EXPECT_THAT(run({"pages", "--qiet"}).err, HasSubstr("did you mean '--quiet'?"));
  EXPECT_THAT(run({"status", "extra"}).err, HasSubstr("'confmirror help status' says"));
}

TEST(AppTest, WhatIsWrongIsPrintedSafely) {
  const auto outcome = run({"\x1B[31mred\n"});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(outcome.err, Not(HasSubstr("\x1B")));
}

TEST(AppTest, OptionsOfEveryCommandStandBeforeOrAfterIt) {
  test::TemporaryFolder folder;
  const auto path = (folder / "mirror.db").string();
  test::MirrorBuilder(path).close();
  for (const auto& args :
       std::vector<std::vector<std::string>>{{"--db", path, "--json", "spaces"},
                                             {"spaces", "--json", "--db", path},
                                             {"--json", "spaces", "--db", path}}) {
    EXPECT_EQ(run(args).out, "{\"spaces\":[]}\n");
  }
}

// A pipe whose other end is closed: takes so much and no more.
class ClosedPipe : public std::streambuf {
 public:
  explicit ClosedPipe(std::streamsize takes) : left_(takes) {}

 protected:
  std::streamsize xsputn(const char* /*text*/, std::streamsize size) override {
    if (size <= left_) {
      left_ -= size;
      return size;
    }
    errno = EPIPE;
    return 0;
  }
  int_type overflow(int_type /*c*/) override {
    errno = EPIPE;
    return traits_type::eof();
  }

 private:
  std::streamsize left_;
};

class AppOutputTest : public test::CommandFixture {
 protected:
  int run_into(std::streamsize takes, std::vector<std::string> args) {
    ClosedPipe pipe(takes);
    std::ostream out(&pipe);
    std::ostringstream err;
    args.insert(args.end(), {"--db", mirror_.path().string()});
    const int code = test::run_with(args, out, err);
    err_ = err.str();
    return code;
  }
  std::string err_;
};

TEST_F(AppOutputTest, AClosedPipeEndsTheCommandQuietlyButNotAsASuccess) {
  for (const auto& args : std::vector<std::vector<std::string>>{
           {"spaces"}, {"spaces", "--json"}, {"export", "--format", "jsonl", "--out", "-"}}) {
    EXPECT_EQ(run_into(20, args), 9) << args[0];
    EXPECT_EQ(err_, "");
    EXPECT_EQ(run_into(100'000, args), 0) << err_;
  }
}

TEST_F(AppOutputTest, AnErrorIsNotHiddenByAClosedPipe) {
  EXPECT_EQ(run_into(0, {"page", "404"}), 2);
}

}  // namespace
