#include "daemon/cli/export_command.h"

#include <signal.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "daemon/cli/interrupt.h"
#include "tests/daemon/cli/command_fixture.h"

namespace {

namespace fs = std::filesystem;
using test::lines;
using test::page;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;

class ExportCommandTest : public test::CommandFixture {
 protected:
  void SetUp() override {
    CommandFixture::SetUp();
    given_page(page(9, kDocs, "Gamma", 3));
    given_history(9, "Gamma", 3);
    given_page(page(5, kAnn, "Diary"));
  }
  test::Outcome run_export(const std::string& out, std::vector<std::string> more = {}) const {
    more.insert(more.begin(), {"export", "--format", "jsonl", "--out", out});
    return run_on_mirror(std::move(more));
  }
  static std::string content(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  std::string target() const { return (folder_ / "out.jsonl").string(); }
};

TEST_F(ExportCommandTest, AFileAndStandardOutputGetTheSameLines) {
  const auto piped = run_export("-", {"--history"});
  EXPECT_EQ(piped.code, 0);
  EXPECT_THAT(lines(piped.out), SizeIs(2 + 2 + 4));
  EXPECT_EQ(piped.err, "exported 2 spaces, 2 pages, 4 versions\n");
  const auto filed = run_export(target(), {"--history"});
  EXPECT_EQ(filed.code, 0);
  EXPECT_EQ(filed.out, "exported 2 spaces, 2 pages, 4 versions to " + target() + "\n");
  EXPECT_EQ(content(target()), piped.out);
}

TEST_F(ExportCommandTest, MachinesAreToldTheCounts) {
  const auto json = nlohmann::json::parse(run_export(target(), {"--json", "--history"}).out);
  EXPECT_EQ(json, nlohmann::json::parse(R"({"file":")" + target() +
                                        R"(","spaces":2,"nodes":0,"pages":2,"versions":4})"));
  for (const auto& line : lines(run_export("-", {"--json"}).out)) {
    EXPECT_THAT(line, StartsWith("{\"kind\":")) << "nothing but the export goes there";
  }
}

TEST_F(ExportCommandTest, SpacesAreChosenByKeyOrAlias) {
  EXPECT_THAT(lines(run_export("-", {"--space", "Manual"}).out),
              ElementsAre(HasSubstr("\"space_id\":\"20\""), HasSubstr("\"page_id\":\"9\"")));
  EXPECT_THAT(lines(run_export("-", {"--space", "docs", "--space", "~ANN"}).out), SizeIs(4));
}

TEST_F(ExportCommandTest, WhatIsGoneIsLeftOutOnRequest) {
  mirror_.execute("UPDATE page SET gone_at = 1, gone_reason = 'vanished' WHERE id = 9");
  EXPECT_THAT(run_export("-").out, HasSubstr("Gamma"));
  EXPECT_THAT(run_export("-", {"--live-only"}).out, Not(HasSubstr("Gamma")));
}

TEST_F(ExportCommandTest, AnErrorLeavesTheOldFileAsItWas) {
  std::ofstream(target()) << "old";
  const auto files = folder_.names().size();
  EXPECT_EQ(run_export(target(), {"--space", "ABSENT"}).code, 2);
  mirror_.execute(
      "UPDATE page_body SET body = 'wrong' WHERE id = (SELECT body_id FROM page WHERE id = 9)");
  const auto damaged = run_export(target());
  EXPECT_EQ(damaged.code, 6);
  EXPECT_THAT(damaged.out, IsEmpty());
  EXPECT_EQ(content(target()), "old");
  EXPECT_EQ(folder_.names().size(), files) << "no temporary remains";
}

TEST_F(ExportCommandTest, TheMirrorIsNeverTheTarget) {
  fs::create_hard_link(mirror_.path(), folder_ / "link.db");
  for (const auto& path : {mirror_.path().string(), mirror_.path().string() + "-wal",
                           (folder_ / "link.db").string()}) {
    const auto outcome = run_export(path);
    EXPECT_EQ(outcome.code, 2) << path;
    EXPECT_THAT(outcome.err, HasSubstr("it belongs to the mirror"));
  }
  EXPECT_EQ(run_on_mirror({"page", "9"}).code, 0);
}

TEST_F(ExportCommandTest, AFullDiskIsAnErrorOfTheSystem) {
  const auto outcome = run_export("/dev/full");
  EXPECT_EQ(outcome.code, 9);
  EXPECT_THAT(outcome.err, HasSubstr("cannot write '/dev/full': No space left on device"));
}

TEST_F(ExportCommandTest, ASignalEndsItAndLeavesNothing) {
  // The stream raises the signal at the first line, as if the user had pressed a key then.
  class Key : public std::stringbuf {
   protected:
    std::streamsize xsputn(const char* text, std::streamsize size) override {
      if (!std::exchange(pressed_, true)) ::raise(SIGINT);
      return std::stringbuf::xsputn(text, size);
    }

   private:
    bool pressed_ = false;
  } key;
  std::ostream out(&key);
  std::ostringstream err;
  EXPECT_EQ(
      test::run_with({"export", "--format", "jsonl", "--out", "-", "--db", mirror_.path().string()},
                     out, err),
      130);
  EXPECT_EQ(err.str(), "confmirror: interrupted\n");
  EXPECT_THAT(lines(key.str()), SizeIs(1));
}

class FolderExportCommandTest : public ExportCommandTest {
 protected:
  test::Outcome export_to(const std::string& folder, std::vector<std::string> more = {},
                          const std::string& format = "markdown") const {
    more.insert(more.begin(), {"export", "--format", format, "--out", (folder_ / folder).string()});
    return run_on_mirror(std::move(more));
  }
};

TEST_F(FolderExportCommandTest, AFolderHasAFileForEachPageAndTheSummaryCountsThem) {
  const auto first = export_to("out");
  EXPECT_EQ(first.code, 0) << first.err;
  EXPECT_EQ(first.out, "exported 2 spaces, 2 pages to " + (folder_ / "out").string() +
                           ": 2 files written, 0 unchanged, 0 removed\n");
  EXPECT_THAT(content(folder_ / "out/DOCS/Gamma.md"), HasSubstr("# Gamma\n"));
  EXPECT_THAT(export_to("out").out, HasSubstr("0 files written, 2 unchanged, 0 removed"));
  EXPECT_THAT(export_to("out", {"--quiet"}).out, IsEmpty());
}

TEST_F(FolderExportCommandTest, AllFormatsAreThere) {
  EXPECT_EQ(export_to("html", {}, "html").code, 0);
  EXPECT_THAT(content(folder_ / "html/DOCS/Gamma.html"), HasSubstr("<h1>Gamma</h1>"));
  EXPECT_EQ(export_to("storage", {"--space", "docs"}, "storage").code, 0);
  EXPECT_EQ(content(folder_ / "storage/DOCS/Gamma.xml"), "<p>Gamma, version 3</p>");
  EXPECT_FALSE(fs::exists(folder_ / "storage/~ann"));
}

TEST_F(FolderExportCommandTest, MachinesAreToldWhatWasDone) {
  given_page(page(11, kDocs, "Odd"));
  mirror_.put([](store::Batch& batch) {
    auto odd = page(12, kDocs, "Odd one");
    odd.body.emplace("<ac:structured-macro ac:name=\"roadmap\"/>");
    batch.pages = {odd};
  });
  const auto json = nlohmann::json::parse(export_to("out", {"--json"}).out);
  EXPECT_EQ(json.at("pages"), 4);
  EXPECT_EQ(json.at("written"), 4);
  EXPECT_EQ(json.at("problems"), nlohmann::json::array());
  EXPECT_EQ(json.at("approximated").at(0).at("page_id"), "12");
}

TEST_F(FolderExportCommandTest, AFileThatIsNotOursIsNamedAndTheExitCodeSaysSo) {
  export_to("out");
  std::ofstream(folder_ / "out/DOCS/Gamma.md") << "mine";
  given_page(page(9, kDocs, "Gamma", 4));
  const auto outcome = export_to("out");
  EXPECT_EQ(outcome.code, 4);
  EXPECT_THAT(outcome.err, HasSubstr("out/DOCS/Gamma.md: changed since it was exported"));
  EXPECT_EQ(content(folder_ / "out/DOCS/Gamma.md"), "mine");
}

TEST_F(FolderExportCommandTest, WhatWouldDamageIsRefused) {
  export_to("out");
  EXPECT_EQ(export_to("out", {}, "html").code, 2);
  EXPECT_EQ(export_to("out", {"--flat"}).code, 2);
  EXPECT_EQ(export_to("out", {"--flat", "--reshape"}).code, 0);
  EXPECT_EQ(export_to(".").code, 2) << "the mirror lies there";
  EXPECT_EQ(export_to("out", {"--history"}).code, 2);
  EXPECT_EQ(run_export("-", {"--flat"}).code, 2);
  EXPECT_EQ(run_on_mirror({"export", "--format", "markdown", "--out", "-"}).code, 2);
  EXPECT_EQ(export_to("out", {"--as-of", "yesterday"}).code, 2);
  EXPECT_EQ(export_to("absent/out").code, 9);
}

TEST_F(FolderExportCommandTest, TheSiteAsItWasIsExportedInEachForm) {
  given_page(page(9, kDocs, "Delta", 4));
  EXPECT_EQ(export_to("out", {"--as-of", "2021-01-03"}).code, 0);
  EXPECT_THAT(content(folder_ / "out/DOCS/Gamma.md"), HasSubstr("version: 2\n"));
  const auto lines_then = run_export("-", {"--as-of", "2021-01-03", "--history"});
  EXPECT_THAT(lines_then.out, HasSubstr("\"version\":2"));
  EXPECT_THAT(lines_then.out, Not(HasSubstr("\"version\":3")));
}

TEST(InterruptTest, SignalsAreNotedWhileItLivesAndHandledAsBeforeAfterwards) {
  struct sigaction ignored {};
  ignored.sa_handler = SIG_IGN;
  struct sigaction before {};
  ASSERT_EQ(::sigaction(SIGHUP, &ignored, &before), 0);
  {
    const cli::Interrupt interrupt;
    EXPECT_TRUE(cli::Interrupt::check());
    ::raise(SIGHUP);
    EXPECT_TRUE(cli::Interrupt::check()) << "nohup holds";
    ::raise(SIGTERM);
    const auto stopped = cli::Interrupt::check();
    ASSERT_FALSE(stopped);
    EXPECT_EQ(stopped.error().kind, store::ErrorKind::kCanceled);
  }
  {
    const cli::Interrupt again;
    EXPECT_TRUE(cli::Interrupt::check());
  }
  struct sigaction now {};
  ASSERT_EQ(::sigaction(SIGHUP, &before, &now), 0);
  EXPECT_EQ(now.sa_handler, SIG_IGN);
}

}  // namespace
