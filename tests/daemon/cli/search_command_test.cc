#include "daemon/cli/search_command.h"

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "store/lock.h"
#include "tests/daemon/cli/command_fixture.h"
#include "tests/daemon/cli/program_process.h"
#include "tests/daemon/cli/pty.h"

namespace test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class SearchCommandTest : public CommandFixture {
 protected:
  void given(store::Id id, const std::string& title, const std::string& body) {
    auto made = page(id, kDocs, title);
    made.body.emplace(body);
    given_page(made);
  }
  Outcome search(std::vector<std::string> args) {
    args.insert(args.begin(), "search");
    return run_on_mirror(std::move(args));
  }
};

TEST_F(SearchCommandTest, IndexesFirstAndShowsWhatItFinds) {
  given(101, "Release plan", "<p>We <em>deploy</em> on\n Monday</p>");
  given(102, "Other", "<p>nothing</p>");
  mirror_.close();
  const auto outcome = search({"deploy", "monday"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_THAT(lines(outcome.out),
              ElementsAre("Release plan", "  We deploy on Monday",
                          "  DOCS · 2021-01-02 · "
                          "https://example.atlassian.net/wiki/spaces/S/pages/101"));
  EXPECT_EQ(outcome.err, "");
}

TEST_F(SearchCommandTest, SaysWhatIsMissingWhereItCannotIndex) {
  given(101, "Release plan", "<p>deploy</p>");
  const auto lock = store::MirrorLock::acquire(mirror_.path());
  ASSERT_TRUE(lock.has_value());
  const auto outcome = search({"deploy"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.out, "");
  EXPECT_THAT(outcome.err, HasSubstr("1 pages are not in the index yet"));
  EXPECT_THAT(outcome.err, HasSubstr("no page matches"));
}

TEST_F(SearchCommandTest, TitlesOfATimeAreSearchedWithoutTheIndex) {
  given(101, "Release plan", "<p>deploy</p>");
  mirror_.close();
  const auto found = search({"release", "--as-of", "2100-01-01"});
  EXPECT_EQ(found.code, 0);
  EXPECT_THAT(lines(found.out),
              ElementsAre("Release plan",
                          "  DOCS · 2021-01-02 · "
                          "https://example.atlassian.net/wiki/spaces/S/pages/101"));
  EXPECT_EQ(found.err, "");
  EXPECT_EQ(search({"deploy", "--as-of", "2100-01-01"}).err, "no page matches\n");

  const auto before = search({"release", "--as-of", "2021-01-03"});
  EXPECT_EQ(before.code, 0);
  EXPECT_THAT(before.err, HasSubstr("1 page was not observed at 2021-01-03"));
  EXPECT_EQ(search({"release", "--as-of", "yesterday"}).code, 2);
  EXPECT_EQ(search({"release", "--history", "--as-of", "2100-01-01"}).code, 2);
}

TEST_F(SearchCommandTest, NothingFoundIsNoError) {
  given(101, "Release plan", "<p>deploy</p>");
  mirror_.close();
  const auto outcome = search({"absent"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.out, "");
  EXPECT_EQ(outcome.err, "no page matches\n");
  const auto json = nlohmann::json::parse(run_on_mirror({"--json", "search", "absent"}).out);
  EXPECT_EQ(json["total"], 0);
  EXPECT_EQ(json["hits"].size(), 0U);
}

TEST_F(SearchCommandTest, ALimitIsSaid) {
  for (store::Id id = 1; id <= 5; ++id) given(id, "Page", "<p>word</p>");
  mirror_.close();
  EXPECT_THAT(search({"word", "--limit", "2"}).err, HasSubstr("2 of 5 pages; --limit N"));
  const auto all =
      nlohmann::json::parse(run_on_mirror({"--json", "search", "--limit", "0", "word"}).out);
  EXPECT_EQ(all["hits"].size(), 5U);
}

TEST_F(SearchCommandTest, AWrongQueryGetsACaret) {
  const auto outcome = search({"deploy titel:x"});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("cannot search: unknown field 'titel'\n"
                                     "  deploy titel:x\n"
                                     "         ^\n"));
  EXPECT_EQ(search({"x", "--history"}).code, 2);
  EXPECT_THAT(search({"x", "--history"}).err, HasSubstr("older versions"));
}

TEST_F(SearchCommandTest, HighlightsAreBoldOnATerminalAndContentSteersNothing) {
  given(101, "De\x1b]0;owned\x07ploy plan", "<p>we deploy \xe2\x80\xae now</p>");
  mirror_.close();
  for (const bool colour : {true, false}) {
    if (colour) {
      ::unsetenv("NO_COLOR");
    } else {
      ::setenv("NO_COLOR", "1", 1);
    }
    const Pty terminal;
    ProgramProcess process(folder_.path(), "search",
                           {"--db", mirror_.path().string(), "search", "deploy"},
                           ::ttyname(terminal.program_end()));
    EXPECT_EQ(process.wait(), 0) << process.err();
    const auto shown = terminal.screen();
    EXPECT_THAT(shown, HasSubstr(colour ? "we \033[1mdeploy\033[0m" : "we deploy"));
    EXPECT_THAT(shown, Not(HasSubstr("\033]")));
    EXPECT_THAT(shown, Not(HasSubstr("\xe2\x80\xae")));
  }
  ::unsetenv("NO_COLOR");
  EXPECT_THAT(search({"deploy"}).out, Not(HasSubstr("\033")));
}

}  // namespace
}  // namespace test
