#include "daemon/export/git_history.h"

#include <nlohmann/json.hpp>

#include "daemon/export/git_commits.h"
#include "tests/daemon/export/export_fixture.h"

namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

class GitHistoryTest : public test::ExportFixture {
 protected:
  void SetUp() override {
    ExportFixture::SetUp();
    if (!exporting::run_program({"git", "--version"}, {"PATH=/usr/local/bin:/usr/bin:/bin"})) {
      GTEST_SKIP() << "git is not installed";
    }
    form_ = exporting::make_markdown_form();
    options_.format = "markdown";
    mirror_.put([](store::Batch& batch) {
      batch.users = {{"account-1", "Ann", "active"}, {"account-2", "Bob <b@c>\n", "active"}};
    });
  }

  store::Result<std::int64_t> try_commit(const test::Steps& steps = test::Steps()) {
    auto reader = store::Reader::open(mirror_.path());
    if (!reader) return store::fail(reader.error());
    auto target = exporting::TargetFolder::open(out_, steps);
    if (!target) return store::fail(target.error());
    auto history = exporting::GitHistory::open(**target);
    if (!history) return store::fail(history.error());
    std::int64_t count = 0;
    options_.finished = [&](const exporting::Manifest& after) -> store::Result<void> {
      auto made = (*history)->commit(after, **reader, {});
      if (!made) return store::fail(made.error());
      count = *made;
      return {};
    };
    auto done = exporting::export_folder(**reader, **target, *form_, options_);
    options_.finished = nullptr;
    if (!done) return store::fail(done.error());
    return count;
  }
  std::int64_t commit() {
    auto count = try_commit();
    if (!count) throw std::runtime_error(count.error().message);
    return *count;
  }
  std::string git(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {"git", "-C", out_.string()});
    const auto outcome = exporting::run_program(
        arguments, {"PATH=/usr/local/bin:/usr/bin:/bin", "GIT_CONFIG_NOSYSTEM=1",
                    "GIT_CONFIG_GLOBAL=/dev/null", "HOME=/nonexistent"});
    if (!outcome || outcome->exit_code != 0) return "failed: " + (outcome ? outcome->err : "");
    return outcome->out;
  }
  void expect_clean() const {
    EXPECT_EQ(git({"status", "--porcelain"}), "");
    EXPECT_THAT(git({"fsck", "--strict"}), Not(StartsWith("failed")));
  }
};

TEST_F(GitHistoryTest, EachEditIsACommitOfItsEditorWithItsTime) {
  auto first = test::page(1, kDocs, "Home", 1);
  auto second = test::page(2, kDocs, "Guide", 2);
  second.version.message = "reviewed\nby legal";
  given_page(first);
  given_page(second);
  EXPECT_EQ(commit(), 2);
  EXPECT_EQ(git({"log", "--reverse", "--format=%an|%ae|%aI|%s"}),
            "Ann|account-1@confluence.invalid|2021-01-02T00:00:00+00:00|Home\n"
            "Bob b@c|account-2@confluence.invalid|2021-01-03T00:00:00+00:00|Guide: reviewed by "
            "legal\n");
  EXPECT_THAT(git({"log", "-1", "--format=%B"}), HasSubstr("Confluence-Version: 2/2"));
  expect_clean();
}

TEST_F(GitHistoryTest, WhatDidNotChangeIsNotCommitted) {
  given_page(1, "Home");
  commit();
  const auto head = git({"rev-parse", "HEAD"});
  EXPECT_EQ(commit(), 0);
  EXPECT_EQ(git({"rev-parse", "HEAD"}), head);
}

TEST_F(GitHistoryTest, RenamesMovesAndWhatIsGoneAreFollowed) {
  given_page(1, "Home");
  given_page(2, "A", 1);
  given_page(3, "B", 1);
  given_page(4, "Gone", 1);
  commit();
  given_page(2, "B", 1);
  given_page(3, "A", 1);
  auto gone = test::page(4, kDocs, "Gone", 2);
  gone.status = "trashed";
  given_page(gone);
  commit();
  EXPECT_EQ(git({"ls-files"}),
            ".confmirror-export.json\nDOCS/Home.md\nDOCS/Home/A.md\nDOCS/Home/B.md\n");
  EXPECT_EQ(git({"show", "HEAD:DOCS/Home/B.md"}), files().at("DOCS/Home/B.md"));
  EXPECT_THAT(git({"log", "-1", "--format=%an %s"}), StartsWith("confmirror Follow the site"));
  expect_clean();
}

TEST_F(GitHistoryTest, AFolderMayTakeTheNameOfAFileThatGoes) {
  given_page(1, "x");
  commit();
  auto gone = test::page(1, kDocs, "x", 2);
  gone.status = "trashed";
  given_page(gone);
  given_page(2, "x.md");
  given_page(3, "Below", 2);
  commit();
  commit();
  expect_clean();
}

TEST_F(GitHistoryTest, EqualMirrorsGiveEqualHistories) {
  given_page(1, "Home");
  given_page(2, "Guide", 1);
  commit();
  const auto head = git({"rev-parse", "HEAD"});
  out_ = folder_ / "second";
  commit();
  EXPECT_EQ(git({"rev-parse", "HEAD"}), head);
}

TEST_F(GitHistoryTest, CommitsThatACrashPreventedAreMadeByTheNextExport) {
  given_page(1, "Home");
  commit();
  given_page(1, "Home", {}, "<p>second</p>");
  export_all();  // and then, before the commit, the power went
  EXPECT_EQ(commit(), 1);
  expect_clean();
}

TEST_F(GitHistoryTest, FilesBranchAndIndexOfOthersStay) {
  given_page(1, "Home");
  commit();
  put_file("notes.txt", "mine");
  git({"add", "notes.txt"});
  git({"switch", "-q", "-c", "docs"});
  given_page(1, "Home", {}, "<p>second</p>");
  EXPECT_EQ(commit(), 1);
  EXPECT_EQ(git({"status", "--porcelain"}), "A  notes.txt\n");
  EXPECT_EQ(git({"rev-parse", "--abbrev-ref", "HEAD"}), "docs\n");
  EXPECT_THAT(git({"log", "--format=%s", "main"}), ::testing::Eq("Home\n"));
}

TEST_F(GitHistoryTest, AFileThatSomebodyChangedIsNotCommitted) {
  given_page(1, "Home");
  given_page(2, "Guide");
  commit();
  put_file("DOCS/Home.md", "my own words");
  given_page(1, "Home", {}, "<p>second</p>");
  given_page(2, "Guide", {}, "<p>second</p>");
  commit();
  EXPECT_EQ(git({"status", "--porcelain"}), " M DOCS/Home.md\n");
}

TEST_F(GitHistoryTest, NothingThatTheRepositoryNamesIsRun) {
  given_page(1, "Home");
  commit();
  const auto trap = (folder_ / "trap").string();
  const auto run = "touch " + trap;
  for (const char* hook :
       {"pre-commit", "post-commit", "post-index-change", "reference-transaction", "post-checkout",
        "commit-msg", "fsmonitor-watchman"}) {
    const auto path = out_ / ".git/hooks" / hook;
    fs::create_directories(path.parent_path());
    std::ofstream(path) << "#!/bin/sh\n" << run << "\n";
    fs::permissions(path, fs::perms::owner_all);
  }
  std::ofstream(out_ / ".git/config", std::ios::app)
      << "[core]\n\tfsmonitor = " << run << "\n\tsshCommand = " << run
      << "\n\thooksPath = " << (out_ / ".git/hooks").string() << "\n\teditor = " << run
      << "\n\tpager = " << run << "\n[commit]\n\tgpgSign = true\n[gpg]\n\tprogram = " << run
      << "\n[filter \"x\"]\n\tclean = " << run << "\n\tsmudge = " << run
      << "\n[diff \"x\"]\n\ttextconv = " << run << "\n";
  fs::create_directories(out_ / ".git/info");
  std::ofstream(out_ / ".git/info/attributes") << "* filter=x diff=x\n";
  given_page(1, "Home", {}, "<p>second</p>");
  EXPECT_EQ(commit(), 1);
  EXPECT_FALSE(fs::exists(trap));
}

TEST_F(GitHistoryTest, AnotherRepositoryIsLeftAlone) {
  given_page(1, "Home");
  commit();
  const auto inner = out_ / "inner";
  out_ = inner;
  const auto refused = try_commit();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().name, "repository_around");
  fs::remove_all(inner);
  out_ = folder_ / "linked";
  put_file(".git", "gitdir: ../elsewhere\n");
  EXPECT_EQ(try_commit().error().name, "bad_repository");
}

TEST(GitCommitsTest, OneSessionOfOneAuthorIsOneCommit) {
  auto edit = [](store::Id id, const char* author, int minutes) {
    exporting::GitEdit made;
    made.page_id = id;
    made.version = 1;
    made.title = "Page " + std::to_string(id);
    made.author_id = author;
    made.time = test::time_of("2026-01-01T00:00:00Z") + std::chrono::minutes(minutes);
    return made;
  };
  const auto commits = exporting::commits_of(
      {edit(3, "a", 9), edit(1, "a", 0), edit(2, "b", 30), edit(4, "a", 11), edit(5, "b", 29)});
  ASSERT_EQ(commits.size(), 3U);
  EXPECT_THAT(commits[0].pages, ElementsAre(1, 3));
  EXPECT_THAT(commits[1].pages, ElementsAre(4));
  EXPECT_THAT(commits[2].pages, ElementsAre(5, 2));
  EXPECT_THAT(commits[0].message, StartsWith("Edit 2 pages\n\n- Page 1\n- Page 3\n"));
}

TEST(GitCommitsTest, AGreatManyEditsBecomeABoundedNumberOfCommits) {
  std::vector<exporting::GitEdit> edits;
  for (store::Id id = 0; id < 20000; ++id) {
    exporting::GitEdit made;
    made.page_id = id;
    made.author_id = "account-" + std::to_string(id % 7);
    made.time = test::time_of("2020-01-01T00:00:00Z") + std::chrono::hours(id);
    edits.push_back(made);
  }
  const auto commits = exporting::commits_of(edits);
  EXPECT_LE(commits.size(), exporting::kMostCommits);
  std::size_t pages = 0;
  for (const auto& commit : commits) pages += commit.pages.size();
  EXPECT_EQ(pages, edits.size());
}

TEST(GitCommitsTest, NamesOfPeopleCannotBreakOut) {
  exporting::GitEdit edit;
  edit.author_name = "Eve <e@x> 0 +0000\ndata 3\nabc";
  edit.author_id = "a:b/c\n<d>";
  edit.message = "x\ncommit refs/heads/evil";
  edit.time = store::Time(std::chrono::seconds(-5));
  const auto commits = exporting::commits_of({edit});
  const auto head = exporting::commit_head("refs/heads/main", commits[0], commits[0].time);
  EXPECT_THAT(head, StartsWith("commit refs/heads/main\nauthor Eve e@x 0 +0000 data 3 abc "
                               "<a-b-c--d-@confluence.invalid> 0 +0000\ncommitter confmirror "));
  EXPECT_THAT(head, Not(HasSubstr("\ncommit refs/heads/evil")));
}

TEST(ProgramTest, AProgramThatIsMissingIsNamed) {
  const auto missing = exporting::run_program({"no-such-program-here"}, {});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().name, "program_missing");
}

TEST(ProgramTest, OneThatStopsReadingDoesNotEndUs) {
  const auto outcome = exporting::run_program({"false"}, {"PATH=/usr/bin:/bin"},
                                              [](const exporting::WriteInput& write) {
                                                store::Result<void> done;
                                                const std::string part(100000, 'x');
                                                for (int i = 0; i < 100 && done; ++i)
                                                  done = write(part);
                                                return done;
                                              });
  ASSERT_TRUE(outcome) << outcome.error().message;
  EXPECT_EQ(outcome->exit_code, 1);
}

}  // namespace
