#include "config/token.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "config/command.h"
#include "tests/config/folder.h"

namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

class TokenTest : public testing::Test {
 protected:
  TokenTest() { environment_.unset("CREDENTIALS_DIRECTORY"); }

  // The token, else the error's name in angle brackets. No message holds the secret.
  std::string read() {
    const auto token = config::read_token(site_);
    if (token) return *token;
    EXPECT_THAT(token.error().message, Not(HasSubstr("s3cr3t")));
    EXPECT_THAT(token.error().hint, Not(HasSubstr("s3cr3t")));
    return "<" + token.error().name + ">";
  }
  std::string read_file(std::string_view content, mode_t mode = 0600) {
    site_.token_file = folder_.write("token", content, mode);
    return read();
  }
  std::string read_command(const std::string& command) {
    site_.token_command = command;
    return read();
  }

  testing_config::Folder folder_;
  testing_config::Environment environment_;
  config::SiteConfig site_;
};

TEST_F(TokenTest, AFileGivesItsTextWithoutTheEndOfTheLine) {
  EXPECT_EQ(read_file("s3cr3t"), "s3cr3t");
  EXPECT_EQ(read_file("s3cr3t\n"), "s3cr3t");
  EXPECT_EQ(read_file(" s3cr3t\r\n\n", 0400), "s3cr3t");
}

TEST_F(TokenTest, AFileThatOthersCanReadIsRefused) {
  for (const mode_t mode : {0640u, 0604u, 0620u, 0602u, 0644u}) {
    EXPECT_EQ(read_file("s3cr3t", mode), "<token_unsafe>") << std::oct << mode;
  }
}

TEST_F(TokenTest, AFileOfSomebodyElseIsRefused) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give a file away";
  site_.token_file = folder_.write("token", "s3cr3t");
  ASSERT_EQ(::chown(site_.token_file.c_str(), 12345, 12345), 0);
  EXPECT_EQ(read(), "<token_unsafe>");
}

TEST_F(TokenTest, AFileThatIsNotThereOrNoFileHasItsOwnName) {
  site_.token_file = folder_.path() / "absent";
  EXPECT_EQ(read(), "<token_missing>");
  site_.token_file = folder_.path();
  EXPECT_EQ(read(), "<token_unsafe>");
  site_.token_file = folder_.path() / "pipe";
  ASSERT_EQ(::mkfifo(site_.token_file.c_str(), 0600), 0);
  EXPECT_EQ(read(), "<token_unsafe>");
}

TEST_F(TokenTest, AFileThatMayNotBeReadSaysSo) {
  if (::geteuid() == 0) GTEST_SKIP() << "root reads everything";
  EXPECT_EQ(read_file("s3cr3t", 0200), "<token_unreadable>");
}

TEST_F(TokenTest, TextThatIsNoTokenIsRefused) {
  EXPECT_EQ(read_file(""), "<token_empty>");
  EXPECT_EQ(read_file(" \n\n"), "<token_empty>");
  EXPECT_EQ(read_file("s3cr3t\nmore"), "<token_invalid>");
  EXPECT_EQ(read_file("s3cr3t s3cr3t"), "<token_invalid>");
  EXPECT_EQ(read_file(std::string_view("s3cr3t\0x", 8)), "<token_invalid>");
  EXPECT_EQ(read_file("s3cr3t\x1b[0m"), "<token_invalid>");
  const std::string longest(16 * 1024, 'x');
  std::string line = longest;
  line += '\n';
  EXPECT_EQ(read_file(line), longest);
  EXPECT_EQ(read_file(std::string(16 * 1024 + 1, 'x')), "<token_invalid>");
  EXPECT_EQ(read_file(std::string(17 * 1024, 'x')), "<token_unsafe>");
}

TEST_F(TokenTest, TheEnvironmentGivesIt) {
  environment_.set("CONFMIRROR_TEST_TOKEN", "s3cr3t\n");
  site_.token_env = "CONFMIRROR_TEST_TOKEN";
  EXPECT_EQ(read(), "s3cr3t");
  environment_.set("CONFMIRROR_TEST_TOKEN", "");
  EXPECT_EQ(read(), "<token_empty>");
  environment_.unset("CONFMIRROR_TEST_TOKEN");
  EXPECT_EQ(read(), "<token_missing>");
}

TEST_F(TokenTest, AVariableNameThatMayBeATokenIsNotShown) {
  site_.token_env = "s3cr3t" + std::string(100, 'x');
  EXPECT_EQ(read(), "<token_missing>");
}

TEST_F(TokenTest, ACommandGivesItsFirstLine) {
  EXPECT_EQ(read_command("printf 's3cr3t\\nuser: bot\\n'"), "s3cr3t");
  EXPECT_EQ(read_command("printf %s \"s3\"'cr3t'"), "s3cr3t");
}

TEST_F(TokenTest, ACommandThatFailsIsToldByHowItEnded) {
  site_.token_command = "echo s3cr3t; echo s3cr3t >&2; exit 3";
  const auto token = config::read_token(site_);
  ASSERT_FALSE(token);
  EXPECT_EQ(token.error().name, "token_command_failed");
  EXPECT_THAT(token.error().message, HasSubstr("exit code 3"));
  EXPECT_THAT(token.error().message, Not(HasSubstr("s3cr3t")));
  EXPECT_EQ(read_command("kill -TERM $$"), "<token_command_failed>");
  EXPECT_EQ(read_command("/nonexistent/program"), "<token_command_failed>");
  EXPECT_EQ(read_command("true"), "<token_empty>");
  EXPECT_EQ(read_command("printf '\\ns3cr3t'"), "<token_empty>");
}

TEST_F(TokenTest, TheSystemdCredentialIsTheLastResort) {
  EXPECT_EQ(read(), "<token_missing>");
  environment_.set("CREDENTIALS_DIRECTORY", folder_.path().string());
  EXPECT_EQ(read(), "<token_missing>");
  // Under ACLs its mode shows a group that may read.
  folder_.write("confmirror.token", "s3cr3t", 0440);
  EXPECT_EQ(read(), "s3cr3t");
  folder_.write("other", "s3cr3t-2", 0440);
  site_.token_file = folder_.path() / "other";
  EXPECT_EQ(read(), "s3cr3t-2");
}

TEST_F(TokenTest, OnlyWhatIsBelowTheCredentialsFolderIsTrustedLikeThat) {
  environment_.set("CREDENTIALS_DIRECTORY", (folder_.path() / "cred").string());
  folder_.write("cred/confmirror.token", "s3cr3t");
  site_.token_file = folder_.path() / "cred" / ".." / "outside";
  folder_.write("outside", "s3cr3t", 0644);
  EXPECT_EQ(read(), "<token_unsafe>");
  folder_.write("cred2/token", "s3cr3t", 0644);
  site_.token_file = folder_.path() / "cred2" / "token";
  EXPECT_EQ(read(), "<token_unsafe>");
}

class CommandTest : public testing::Test {
 protected:
  static std::string failure_of(const std::string& command, config::CommandLimits limits) {
    const auto output = config::output_of(command, limits);
    return output ? "succeeded" : output.error().message;
  }
  testing_config::Folder folder_;
};

TEST_F(CommandTest, TimeIsBoundedAndWhatItStartedIsKilled) {
  const auto pid_file = folder_.path() / "pid";
  const auto began = std::chrono::steady_clock::now();
  EXPECT_THAT(failure_of("sleep 60 & echo $! > " + pid_file.string() + "; wait", {.time = 300ms}),
              HasSubstr("did not end in time"));
  EXPECT_LT(std::chrono::steady_clock::now() - began, 20s);
  pid_t pid = 0;
  std::ifstream(pid_file) >> pid;
  ASSERT_GT(pid, 1);
  // Whoever adopts it has to reap it before it is gone; a zombie is dead as well.
  const auto alive = [pid] {
    std::ifstream status("/proc/" + std::to_string(pid) + "/stat");
    std::string id;
    std::string name;
    std::string state;
    return static_cast<bool>(status >> id >> name >> state) && state != "Z" && state != "X";
  };
  const auto deadline = std::chrono::steady_clock::now() + 10s;
  while (alive() && std::chrono::steady_clock::now() < deadline) ::usleep(1000);
  EXPECT_FALSE(alive());
}

TEST_F(CommandTest, OutputIsBounded) {
  EXPECT_THAT(failure_of("yes", {.time = 20s, .bytes = 1000}), HasSubstr("printed too much"));
  const auto output = config::output_of("printf 12345", {.time = 20s, .bytes = 5});
  ASSERT_TRUE(output);
  EXPECT_EQ(*output, "12345");
}

TEST_F(CommandTest, AChildThatKeepsThePipeOpenIsNotWaitedFor) {
  const auto began = std::chrono::steady_clock::now();
  const auto output = config::output_of("sleep 30 2>/dev/null & echo $!");
  ASSERT_TRUE(output) << output.error().message;
  EXPECT_LT(std::chrono::steady_clock::now() - began, 20s);
  ::kill(static_cast<pid_t>(std::stol(*output)), SIGKILL);
}

TEST_F(CommandTest, StandardInputIsEmpty) {
  const auto output = config::output_of("cat; echo end");
  ASSERT_TRUE(output);
  EXPECT_EQ(*output, "end\n");
}

TEST_F(CommandTest, IgnoredSignalsAreNotInherited) {
  const auto before = ::signal(SIGPIPE, SIG_IGN);
  const auto output = config::output_of("grep SigIgn: /proc/self/status");
  ::signal(SIGPIPE, before);
  ASSERT_TRUE(output) << output.error().message;
  const auto mask = std::stoull(output->substr(output->find('\t')), nullptr, 16);
  EXPECT_EQ(mask & (1ull << (SIGPIPE - 1)), 0u) << *output;
}

}  // namespace
