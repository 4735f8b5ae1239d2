#include "daemon/cli/audit_command.h"

#include <sys/stat.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <sstream>

#include "daemon/audit/formats.h"
#include "daemon/audit/rules.h"
#include "daemon/cli/audit_reports.h"
#include "daemon/cli/audit_table.h"
#include "tests/daemon/cli/command_fixture.h"

namespace {

namespace fs = std::filesystem;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;
using ::testing::UnorderedElementsAre;

class AuditCommandTest : public test::CommandFixture {
 protected:
  void SetUp() override {
    CommandFixture::SetUp();
    auto home = test::page(1, kDocs, "Home", 2);
    home.owner_id = "account-1";
    given_page(home);
    auto empty = test::page(2, kDocs, "Empty \x1B[31m", 2);
    empty.parent_id = 1;
    empty.owner_id = "account-1";
    empty.body.emplace("");
    given_page(empty);
    auto linking = test::page(3, kAnn, "Linking", 2);
    linking.body.emplace("<p><a href=\"/wiki/spaces/DOCS/pages/77\">x</a></p>");
    given_page(linking);
  }
  test::Outcome audit(std::vector<std::string> args) const {
    args.insert(args.begin(), {"audit", "--now", "2021-02-01T00:00:00Z"});
    return run_on_mirror(std::move(args));
  }
  static std::string content(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  std::string file(const std::string& name) const { return (folder_ / name).string(); }
  static std::vector<std::string> names_in(const fs::path& folder) {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder))
      names.push_back(entry.path().filename());
    return names;
  }
};

TEST_F(AuditCommandTest, TheTableIsInTheOrderOfGravity) {
  const auto shown = audit({});
  EXPECT_EQ(shown.code, 1) << shown.err;
  EXPECT_THAT(shown.out, StartsWith("error  broken-link"));
  EXPECT_THAT(shown.out, HasSubstr("page 77 is not in the mirror"));
  EXPECT_LT(shown.out.find("empty-page"), shown.out.find("space-without-description"));
  EXPECT_THAT(shown.out, HasSubstr("3 pages in 2 spaces looked at"));
  EXPECT_THAT(shown.out, Not(HasSubstr("\x1B")));
}

TEST_F(AuditCommandTest, ColoursAreForTerminalsAlone) {
  audit::Report report;
  audit::Finding finding;
  finding.rule = audit::RuleId::kBrokenLink;
  finding.severity = audit::Severity::kError;
  finding.title = "x";
  report.findings = {finding};
  std::ostringstream terminal;
  cli::print_audit(report, {true, 80, true}, false, terminal);
  EXPECT_THAT(terminal.str(), HasSubstr("\033[31merror\033[0m"));
  std::ostringstream plain;
  cli::print_audit(report, {true, 80, false}, false, plain);
  EXPECT_THAT(plain.str(), Not(HasSubstr("\033"))) << "NO_COLOR";
  std::ostringstream pipe;
  cli::print_audit(report, {}, false, pipe);
  EXPECT_THAT(pipe.str(), Not(HasSubstr("\033")));
}

TEST_F(AuditCommandTest, ATerminalGetsTheFirstOfEachRule) {
  audit::Report report;
  for (int i = 0; i < 50; ++i) {
    audit::Finding finding;
    finding.rule = audit::RuleId::kStalePage;
    finding.title = "page " + std::to_string(i);
    report.findings.push_back(finding);
  }
  std::ostringstream terminal;
  cli::print_audit(report, {true, 80}, false, terminal);
  EXPECT_THAT(terminal.str(), HasSubstr("and 30 more: --rule stale-page --format csv"));
}

TEST_F(AuditCommandTest, RulesAndSpacesAreChosen) {
  const auto by_rule = audit({"--rule", "empty-page", "--format", "csv"});
  EXPECT_EQ(by_rule.code, 0) << "a warning is no error";
  EXPECT_THAT(test::lines(by_rule.out), SizeIs(2));
  const auto by_space = audit({"--space", "~ANN", "--rule", "broken-link", "--json"});
  EXPECT_EQ(by_space.code, 1);
  const auto json = nlohmann::json::parse(by_space.out);
  EXPECT_EQ(json["spaces"], nlohmann::json::array({"~ann"}));
  EXPECT_EQ(json["findings"].size(), 1U);
  EXPECT_EQ(audit({"--space", "NONE"}).code, 2);
  const auto unknown = audit({"--rule", "no-such"});
  EXPECT_EQ(unknown.code, 2);
}

TEST_F(AuditCommandTest, WhatFailsIsChosen) {
  EXPECT_EQ(audit({"--fail-on", "error"}).code, 1);
  EXPECT_EQ(audit({"--fail-on", "never"}).code, 0);
  EXPECT_EQ(audit({"--rule", "empty-page", "--fail-on", "warning"}).code, 1);
  EXPECT_EQ(audit({"--rule", "space-without-description", "--fail-on", "info"}).code, 1);
  EXPECT_EQ(audit({"--rule", "space-without-description"}).code, 0);
}

TEST_F(AuditCommandTest, AFileGetsWhatStandardOutputWouldGet) {
  for (const std::string format : {"json", "csv", "html", "markdown", "table"}) {
    const auto piped = audit({"--format", format});
    const auto filed = audit({"--format", format, "--out", file("report")});
    EXPECT_EQ(content(file("report")), piped.out) << format;
    EXPECT_THAT(filed.out, IsEmpty()) << "it may be a pipe";
  }
  EXPECT_EQ(audit({"--json", "--format", "csv"}).code, 2);
  EXPECT_EQ(audit({"--out", file("absent/report")}).code, 9);
}

TEST_F(AuditCommandTest, ABaselineAcceptsWhatWasFound) {
  const auto written = audit({"--write-baseline", file("base.json")});
  EXPECT_EQ(written.code, 0) << written.err;
  EXPECT_THAT(written.err, HasSubstr("accepted "));
  const auto accepted = audit({"--baseline", file("base.json"), "--fail-on", "info"});
  EXPECT_EQ(accepted.code, 0) << accepted.out;
  EXPECT_THAT(accepted.out, HasSubstr("0 errors, 0 warnings, 0 notes; "));
  const auto all = audit({"--baseline", file("base.json"), "--all"});
  EXPECT_EQ(all.code, 0);
  EXPECT_THAT(all.out, HasSubstr("accepted"));
  EXPECT_EQ(audit({"--baseline", file("none.json")}).code, 2);
  std::ofstream(file("bad.json")) << "{";
  EXPECT_EQ(audit({"--baseline", file("bad.json")}).code, 2);
}

TEST_F(AuditCommandTest, AnEarlierReportIsComparedWith) {
  EXPECT_EQ(audit({"--format", "json", "--out", file("old.json")}).code, 1);
  given_page(test::page(2, kDocs, "Not empty", 3));
  const auto compared = audit({"--compare", file("old.json")});
  EXPECT_THAT(compared.out, HasSubstr("since 2021-02-01T00:00:00.000Z: "));
  EXPECT_THAT(compared.out, HasSubstr(" fixed, "));
  EXPECT_EQ(audit({"--compare", file("none.json")}).code, 2);
}

TEST_F(AuditCommandTest, ReportsAreKeptAndComparedWithTheLastOne) {
  const auto at = [&](const std::string& day) {
    return run_on_mirror({"audit", "--now", "2021-02-" + day + "T00:00:00Z", "--reports",
                          file("reports"), "--keep", "2"});
  };
  fs::create_directory(file("reports"));
  std::ofstream(file("reports/audit-notes.json")) << "mine";
  const auto first = at("01");
  EXPECT_EQ(first.code, 1) << first.err;
  EXPECT_THAT(first.out, Not(HasSubstr("page 77"))) << "it stands in the report";
  EXPECT_THAT(first.out, Not(HasSubstr("since")));
  given_page(test::page(2, kDocs, "Not empty", 3));
  const auto second = at("08");
  EXPECT_THAT(second.out,
              HasSubstr("since 2021-02-01T00:00:00.000Z: 2 new, 1 fixed, 7 still there"))
      << "the edit took the page's owner and its place in the tree";
  at("15");
  EXPECT_THAT(names_in(file("reports")),
              UnorderedElementsAre("audit-20210208T000000Z.json", "audit-20210208T000000Z.html",
                                   "audit-20210215T000000Z.json", "audit-20210215T000000Z.html",
                                   "latest.json", "latest.html", "audit-notes.json"));
  EXPECT_EQ(fs::read_symlink(file("reports/latest.html")), "audit-20210215T000000Z.html");
  EXPECT_EQ(nlohmann::json::parse(content(file("reports/latest.json")))["comparison"]["with"],
            "2021-02-08T00:00:00.000Z");
}

TEST_F(AuditCommandTest, ADamagedReportDoesNotEndTheLine) {
  fs::create_directory(file("reports"));
  std::ofstream(file("reports/audit-20210101T000000Z.json")) << "{";
  const auto done = audit({"--reports", file("reports")});
  EXPECT_EQ(done.code, 1);
  EXPECT_THAT(done.err, HasSubstr("cannot compare with"));
  EXPECT_THAT(names_in(file("reports")), Contains("latest.html"));
}

TEST_F(AuditCommandTest, ReportsAreOfTheWholeMirror) {
  EXPECT_EQ(audit({"--reports", file("reports"), "--rule", "empty-page"}).code, 2);
  EXPECT_EQ(audit({"--reports"}).code, 2) << "no folder is named";
  EXPECT_EQ(audit({"--reports", file("none/reports")}).code, 9);
  std::ofstream(file("plain")) << "x";
  EXPECT_EQ(audit({"--reports", file("plain")}).code, 9);
}

TEST_F(AuditCommandTest, TheConfigurationSetsBoundsAndGrades) {
  const auto configured = [&](const std::string& lines) {
    std::ofstream(file("c.toml")) << "[site]\nurl = \"https://example.atlassian.net\"\n"
                                     "email = \"a@example.com\"\n[mirror]\npath = \"mirror.db\"\n"
                                     "[audit]\n"
                                  << lines << "\n";
    ::chmod(file("c.toml").c_str(), 0600);
    return test::run(
        {"--config", file("c.toml"), "audit", "--now", "2021-02-01T00:00:00Z", "--format", "csv"});
  };
  EXPECT_THAT(configured("stale_after = \"7d\"").out, HasSubstr("stale-page"));
  EXPECT_THAT(configured("stale_after_by_space = [\"docs=7d\"]").out, HasSubstr("stale-page"));
  EXPECT_THAT(configured("").out, Not(HasSubstr("stale-page")));
  EXPECT_THAT(configured("disabled_rules = [\"broken-link\"]").out, Not(HasSubstr("broken-link")));
  EXPECT_THAT(configured("severities = [\"empty-page=error\"]").out,
              HasSubstr("\"error\",\"empty-page\""));
  for (const char* wrong : {"disabled_rules = [\"brokn-link\"]", "severities = [\"empty-page\"]",
                            "severities = [\"empty-page=bad\"]", "stale_after_by_space = [\"7d\"]",
                            "stale_after = \"1h\""}) {
    const auto refused = configured(wrong);
    EXPECT_EQ(refused.code, 2) << wrong;
    EXPECT_THAT(refused.err, HasSubstr("audit.")) << wrong;
  }
  EXPECT_THAT(configured("disabled_rules = [\"brokn-link\"]").err, HasSubstr("did you mean"));
}

TEST_F(AuditCommandTest, TheRulesAreNamedInHelpAndList) {
  const auto list = audit({"--list"});
  const auto help = test::run({"help", "audit"});
  for (const auto& rule : audit::rules()) {
    EXPECT_THAT(list.out, HasSubstr(std::string(rule.name)));
    EXPECT_THAT(help.out, HasSubstr(std::string(rule.name)));
  }
}

}  // namespace
