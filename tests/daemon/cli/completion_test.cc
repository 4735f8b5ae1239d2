#include "daemon/cli/completion.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "tests/config/folder.h"
#include "tests/daemon/cli/command_fixture.h"
#include "tests/shell.h"

namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::IsSupersetOf;
using testing::Not;

// The real commands, completed by a real bash.
class CompletionTest : public testing::Test {
 protected:
  CompletionTest() {
    const auto printed = test::run({"completion", "bash"});
    EXPECT_EQ(printed.code, 0) << printed.err;
    script_ = folder_.write("completion.bash", printed.out);
  }

  std::string bash(const std::string& commands) const {
    const auto file = folder_.write(
        "run.bash", "set -u\nsource '" + script_.string() + "' || exit 9\n" + commands);
    const auto ended = test::shell("bash --norc --noprofile '" + file.string() + "'");
    EXPECT_EQ(ended.code, 0) << ended.output;
    return ended.output;
  }
  // What is offered for the last word. Words as bash splits them: an option's '=' is a word of its
  // own.
  std::vector<std::string> completions(const std::vector<std::string>& words) const {
    std::string array;
    for (const auto& word : words) array += " '" + word + "'";
    const auto output =
        bash("COMP_WORDS=(confmirror" + array + ")\nCOMP_CWORD=" + std::to_string(words.size()) +
             "\n_confmirror confmirror '' '' 2>/dev/null\nprintf '%s\\n' "
             "${COMPREPLY[@]+\"${COMPREPLY[@]}\"}\n");
    auto found = test::lines(output);
    if (found.size() == 1 && found[0].empty()) found.clear();
    return found;
  }

  testing_config::Folder folder_;
  std::filesystem::path script_;
};

TEST_F(CompletionTest, IsRegisteredForTheProgram) {
  EXPECT_EQ(bash("complete -p confmirror\n"), "complete -F _confmirror confmirror\n");
}

TEST_F(CompletionTest, CommandsAreOffered) {
  EXPECT_THAT(completions({""}),
              IsSupersetOf({"init", "check", "sync", "verify", "status", "spaces", "pages", "page",
                            "history", "export", "db", "completion", "help"}));
  EXPECT_THAT(completions({"sy"}), ElementsAre("sync"));
  EXPECT_THAT(completions({"db", ""}),
              IsSupersetOf({"check", "backup", "compact", "restore-check"}));
  EXPECT_THAT(completions({"completion", ""}), ElementsAre("bash"));
  EXPECT_THAT(completions({"sync", "sy"}), ElementsAre());
}

TEST_F(CompletionTest, OptionsOfTheCommandAndOfTheProgramAreOffered) {
  EXPECT_THAT(completions({"sync", "--"}),
              AllOf(IsSupersetOf({"--space", "--full", "--config", "--db", "--json", "--help"}),
                    Not(Contains("--email")), Not(Contains("--version"))));
  EXPECT_THAT(completions({"verify", "--s"}), ElementsAre("--sample", "--space"));
  EXPECT_THAT(completions({"init", "--em"}), ElementsAre("--email"));
  EXPECT_THAT(completions({"--ver"}), ElementsAre("--version"));
}

TEST_F(CompletionTest, ValuesThatAreKnownAreOffered) {
  EXPECT_THAT(completions({"--log-level", "de"}), ElementsAre("debug"));
  EXPECT_THAT(completions({"sync", "--log-level", "=", "w"}), ElementsAre("warn"));
  EXPECT_THAT(completions({"sync", "--log-level", "="}), IsSupersetOf({"trace", "off"}));
}

TEST_F(CompletionTest, AValueIsNotTakenForACommand) {
  EXPECT_THAT(completions({"--config", "sync", "--fu"}), ElementsAre());
  EXPECT_THAT(completions({"--config", "=", "x", "sync", "--fu"}), ElementsAre("--full"));
  EXPECT_THAT(completions({"--json", "sync", "--fu"}), ElementsAre("--full"));
  EXPECT_THAT(completions({"sync", "--space", ""}), ElementsAre());
}

TEST_F(CompletionTest, FilesAreOfferedWhereOneIsTaken) {
  folder_.write("a file.toml", "");
  EXPECT_THAT(completions({"--config", (folder_.path() / "a f").string()}),
              ElementsAre((folder_.path() / "a file.toml").string()));
  EXPECT_THAT(completions({"db", "backup", (folder_.path() / "a f").string()}),
              ElementsAre((folder_.path() / "a file.toml").string()));
}

}  // namespace
