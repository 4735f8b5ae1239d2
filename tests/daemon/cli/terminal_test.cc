#include "daemon/cli/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>
#include <iostream>

#include "daemon/cli/text.h"
#include "tests/daemon/cli/command_fixture.h"
#include "tests/daemon/cli/pty.h"

namespace {

using test::page;
using ::testing::EndsWith;

// Standard output of this process leads to a terminal of so many columns while it lives.
class OutputOnTerminal {
 public:
  explicit OutputOnTerminal(unsigned short columns) : before_(::dup(STDOUT_FILENO)) {
    const winsize size{24, columns, 0, 0};
    std::fflush(stdout);
    if (before_ < 0 || ::ioctl(pty_.program_end(), TIOCSWINSZ, &size) != 0 ||
        ::dup2(pty_.program_end(), STDOUT_FILENO) < 0) {
      throw std::runtime_error("no terminal");
    }
  }
  ~OutputOnTerminal() { restore(); }
  OutputOnTerminal(const OutputOnTerminal&) = delete;
  OutputOnTerminal& operator=(const OutputOnTerminal&) = delete;

  std::vector<std::string> screen() {
    restore();
    auto shown = test::lines(pty_.screen());
    for (auto& line : shown) {
      if (line.ends_with("\r")) line.pop_back();
    }
    return shown;
  }

 private:
  void restore() {
    if (before_ < 0) return;
    std::cout.flush();
    std::fflush(stdout);
    ::dup2(before_, STDOUT_FILENO);
    ::close(before_);
    before_ = -1;
  }

  test::Pty pty_;
  int before_;
};

class TerminalTest : public test::CommandFixture {
 protected:
  std::vector<std::string> shown_by(std::vector<std::string> args) const {
    args.insert(args.begin(), {"--db", mirror_.path().string()});
    OutputOnTerminal terminal(70);
    std::ostringstream err;
    test::run_with(args, std::cout, err);
    return terminal.screen();
  }
};

TEST_F(TerminalTest, StandardOutputAloneCanBeATerminal) {
  std::ostringstream other;
  EXPECT_FALSE(cli::terminal_of(other).is_terminal);
  EXPECT_EQ(cli::terminal_of(other).columns, 0U);
  cli::Terminal terminal;
  {
    OutputOnTerminal swapped(70);
    terminal = cli::terminal_of(std::cout);
  }
  EXPECT_TRUE(terminal.is_terminal);
  EXPECT_EQ(terminal.columns, 70U);
}

TEST_F(TerminalTest, TablesFitTheScreen) {
  std::string wide;
  for (int i = 0; i < 100; ++i) wide += "漢";
  auto plain = page(9, kDocs, std::string(255, 'w'));
  plain.version.message = std::string(255, 'm');
  given_page(plain);
  given_page(page(10, kDocs, wide));
  for (const char* command : {"pages", "spaces"}) {
    for (const auto& line : shown_by({command})) EXPECT_LE(cli::columns_of(line), 70U) << line;
  }
  const auto pages = shown_by({"pages", "--sort", "id"});
  ASSERT_EQ(pages.size(), 3U);
  EXPECT_THAT(pages[1], EndsWith("www…"));
  EXPECT_EQ(cli::columns_of(pages[1]), 70U);
  EXPECT_THAT(pages[2], EndsWith("漢漢…"));
  EXPECT_GE(cli::columns_of(pages[2]), 69U);
  const auto history = shown_by({"history", "9"});
  ASSERT_EQ(history.size(), 2U);
  EXPECT_LE(cli::columns_of(history[1]), 70U);
}

TEST_F(TerminalTest, NoBodySteersTheScreenEvenWhereItIsPrintedAsItIs) {
  auto hostile = page(9, kDocs, "Gamma");
  hostile.body.emplace(
      "<p>\x1B[2J</p>\n<p>\xC2\x9B"
      "1m</p>");
  given_page(hostile);
  const auto source = shown_by({"page", "9", "--format", "storage"});
  ASSERT_GE(source.size(), 2U);
  EXPECT_EQ(source[source.size() - 2], "<p> [2J</p>");
  EXPECT_EQ(source.back(), "<p> 1m</p>");
  for (const auto& args :
       std::vector<std::vector<std::string>>{{"page", "9"},
                                             {"page", "9", "--format", "text"},
                                             {"page", "9", "--format", "markdown"}}) {
    for (const auto& line : shown_by(args)) {
      EXPECT_EQ(line.find('\x1B'), std::string::npos) << line;
      EXPECT_EQ(line.find("\xC2\x9B"), std::string::npos) << line;
    }
  }
}

}  // namespace
