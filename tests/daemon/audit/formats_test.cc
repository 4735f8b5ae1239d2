#include "daemon/audit/formats.h"

#include <algorithm>
#include <cctype>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "daemon/audit/baseline.h"
#include "daemon/audit/past_report.h"
#include "daemon/audit/text.h"
#include "tests/daemon/audit/audit_fixture.h"

namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

class FormatsTest : public test::AuditFixture {
 protected:
  static std::vector<std::string> all_forms(const audit::Report& report) {
    return {audit::to_text(report, audit::Format::kJson),
            audit::to_text(report, audit::Format::kCsv),
            audit::to_text(report, audit::Format::kMarkdown),
            audit::to_text(report, audit::Format::kHtml), audit::to_baseline(report, {})};
  }
};

TEST_F(FormatsTest, NoSecretIsInAnyOfThem) {
  const std::vector<std::string> secrets = {test::fake_aws_key(), test::fake_github_token(),
                                            test::fake_atlassian_token()};
  const std::string password = "Tr0ub4dor&3xy";
  std::string body = "<p>password=Tr0ub4dor&amp;3xy</p><p>ftp://u:Passw0rt77@h/x</p>";
  for (const auto& secret : secrets) {
    body += "<p>" + secret + "</p><p><ac:link><ri:page ri:content-title=\"see " + secret +
            "\" /></ac:link><ac:link><ri:page ri:space-key=\"" + secret +
            "\" ri:content-title=\"x\" /></ac:link><a href=\"#" + secret +
            "\">x</a><a href=\"https://" + secret + ".example\">x</a>" + "<ac:placeholder>" +
            secret + "</ac:placeholder></p>";
  }
  given_page(101, "Key " + secrets[0] + ", password=Tr0ub4dor&3xy", body);
  auto named = test::space(2, "OPS" + secrets[1]);
  named.name = "token " + secrets[2];
  given_space(named);
  given_page(102, secrets[1], "", [](store::Page& page) { page.space_id = 2; });
  given_page(103, "Links",
             "<p><ac:link><ri:page ri:content-title=\"" + secrets[0] + "\" /></ac:link></p>");
  const auto report = run();
  EXPECT_GE(report.count(audit::RuleId::kSecretInBody), 5);
  for (const auto& form : all_forms(report)) {
    for (const auto& secret : secrets) {
      // In no case: a key is folded.
      EXPECT_EQ(form.find(secret.substr(6)), form.npos) << form.substr(0, 60);
    }
    EXPECT_EQ(form.find("Tr0ub4dor"), form.npos);
    EXPECT_EQ(form.find("Passw0rt77"), form.npos);
  }
  for (const auto& finding : report.findings) {
    for (auto secret : secrets) {
      EXPECT_EQ(finding.key.find(secret.substr(6)), std::string::npos) << finding.key;
      std::transform(secret.begin(), secret.end(), secret.begin(),
                     [](char c) { return static_cast<char>(std::tolower(c)); });
      EXPECT_EQ(finding.key.find(secret.substr(6)), std::string::npos) << finding.key;
    }
  }
}

TEST_F(FormatsTest, HostileTitlesAreTextEverywhere) {
  const std::string hostile =
      "</title></style><script>alert(1)</script>\"'><img src=x onerror=alert(2)> "
      "[a](javascript:b) |x| `c` \x1B[31mred\x1B[0m \xE2\x80\xAE"
      "desrever \xFF line\nbreak";
  given_page(101, hostile, "");
  given_page(102, "=cmd|' /C calc'!A0", "");
  given_page(103, "  +1+1", "");
  given_page(104,
             "\xEF\xBC\x9D"
             "1+1",
             "");
  auto report = run();
  report.site_url = "javascript:alert(1)//<script>";
  const auto json = nlohmann::json::parse(audit::to_text(report, audit::Format::kJson));
  EXPECT_EQ(json["findings"].size(), 4U);
  EXPECT_THAT(json["findings"][0]["title"].get<std::string>(), HasSubstr("<script>alert(1)"));

  const auto html = audit::to_text(report, audit::Format::kHtml);
  EXPECT_THAT(html, Not(HasSubstr("<script")));
  EXPECT_THAT(html, Not(HasSubstr("<img")));
  EXPECT_THAT(html, Not(HasSubstr("href=\"javascript")));
  EXPECT_EQ(html.find("</style>"), html.rfind("</style>"));
  EXPECT_THAT(html, HasSubstr("&lt;script&gt;alert(1)"));

  const auto markdown = audit::to_text(report, audit::Format::kMarkdown);
  EXPECT_THAT(markdown, HasSubstr("\\<script\\>"));
  for (auto at = markdown.find("<script"); at != markdown.npos;
       at = markdown.find("<script", at + 1)) {
    EXPECT_EQ(markdown[at - 1], '\\');
  }
  EXPECT_THAT(markdown, Not(HasSubstr("](javascript")));
  EXPECT_THAT(markdown, HasSubstr("\\|x\\|"));

  const auto csv = audit::to_text(report, audit::Format::kCsv);
  EXPECT_THAT(csv, HasSubstr("\"'=cmd"));
  EXPECT_THAT(csv, HasSubstr("\"'+1+1\""));
  EXPECT_THAT(csv, HasSubstr("\"'\xEF\xBC\x9D"
                             "1+1\""));
  for (const auto& form : all_forms(report)) {
    EXPECT_EQ(form.find('\x1B'), form.npos);
    EXPECT_EQ(form.find("\xE2\x80\xAE"), form.npos);
    EXPECT_EQ(form.find('\xFF'), form.npos);
  }
}

TEST_F(FormatsTest, EqualMirrorsGiveEqualBytes) {
  given_page(101, "Empty", "");
  given_page(102, "Broken", "<p><a href=\"/wiki/spaces/ENG/pages/999999\">x</a></p>");
  const auto first = all_forms(run());
  EXPECT_EQ(first, all_forms(run()));
  EXPECT_THAT(first, Each(::testing::EndsWith("\n")));
}

TEST_F(FormatsTest, TheJsonHasIdsAsTextAndTheTimeOfTheMirror) {
  mirror_.put([](store::Batch& batch) {
    store::RunUpdate run;
    run.run_id = 1;
    run.kind = "full";
    run.started_at = test::time_of("2026-01-09T00:00:00Z");
    run.finished_at = test::time_of("2026-01-09T01:00:00Z");
    run.outcome = "done";
    batch.runs = {run};
  });
  given_page(101, "Empty", "");
  const auto json = nlohmann::json::parse(audit::to_text(run(), audit::Format::kJson));
  EXPECT_EQ(json["format"], "confmirror-audit-1");
  EXPECT_EQ(json["generated_at"], "2026-01-10T12:00:00.000Z");
  EXPECT_EQ(json["synced_at"], "2026-01-09T01:00:00.000Z");
  EXPECT_EQ(json["counts"]["warning"], 1);
  const auto& finding = json["findings"][0];
  EXPECT_EQ(finding["page_id"], "101");
  EXPECT_EQ(finding["space_id"], "1");
  EXPECT_EQ(finding["rule"], "empty-page");
  EXPECT_EQ(finding["url"], "https://example.atlassian.net/wiki/spaces/ENG/pages/101");
  EXPECT_TRUE(finding["state"].is_null());
}

TEST_F(FormatsTest, ThePageForBrowsersLoadsNothingAndRunsNothing) {
  given_page(101, "Empty", "");
  const auto html = audit::to_text(run(), audit::Format::kHtml);
  EXPECT_THAT(html, StartsWith("<!DOCTYPE html>"));
  EXPECT_THAT(html, HasSubstr("default-src 'none'; style-src 'sha256-"));
  EXPECT_THAT(html, Not(HasSubstr("unsafe")));
  for (const char* loads : {" src=", "url(", "@import", "<link", "<script", " style=", " onload"}) {
    EXPECT_THAT(html, Not(HasSubstr(loads))) << loads;
  }
  // The page itself is what an escaped quote would break.
  EXPECT_THAT(html, HasSubstr("href=\"https://example.atlassian.net/wiki/spaces/ENG/pages/101\""));
}

TEST_F(FormatsTest, AnEmptyMirrorHasAReport) {
  test::TemporaryFolder folder;
  test::MirrorBuilder empty(folder / "mirror.db");
  auto reader = store::Reader::open(empty.path());
  ASSERT_TRUE(reader);
  const auto report = audit::run(**reader, options_);
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_THAT(report->findings, IsEmpty());
  EXPECT_EQ(report->pages, 0);
  EXPECT_THAT(all_forms(*report), Each(::testing::EndsWith("\n")));
}

class BaselineTest : public FormatsTest {
 protected:
  void SetUp() override {
    FormatsTest::SetUp();
    given_page(101, "Empty", "");
    given_page(102, "Also empty", "");
  }
  static audit::Baseline parsed(const std::string& text) {
    auto baseline = audit::parse_baseline(text, "b.json");
    if (!baseline) throw std::runtime_error(baseline.error().message);
    return std::move(*baseline);
  }
  static std::string refusal(const std::string& text) {
    const auto baseline = audit::parse_baseline(text, "b.json");
    return baseline ? "accepted" : baseline.error().message;
  }
};

TEST_F(BaselineTest, WhatIsAcceptedIsCountedAndNotShown) {
  auto report = run();
  const auto baseline = parsed(audit::to_baseline(report, {}));
  EXPECT_EQ(baseline.size(), 2U);
  given_page(103, "New", "");
  report = run();
  auto with_all = report;
  audit::accept(report, baseline, /*keep=*/false);
  EXPECT_THAT(names_of(report), ElementsAre("empty-page 103"));
  EXPECT_EQ(report.accepted, 2);
  audit::accept(with_all, baseline, /*keep=*/true);
  EXPECT_EQ(with_all.findings.size(), 3U);
  EXPECT_EQ(with_all.count(audit::Severity::kWarning), 1);
  EXPECT_EQ(audit::state_of(with_all, with_all.findings[0]), "accepted");
}

TEST_F(BaselineTest, ARenamedPageStaysAccepted) {
  const auto baseline = parsed(audit::to_baseline(run(), {}));
  given_page(101, "Another name", "<p> </p>");
  auto report = run();
  audit::accept(report, baseline, false);
  EXPECT_THAT(report.findings, IsEmpty());
}

TEST_F(BaselineTest, NotesStayAndLastDaysEnd) {
  auto report = run();
  audit::Baseline known;
  known[report.findings[0].fingerprint] = {"see OPS-1", "2026-01-10"};
  known[report.findings[1].fingerprint] = {"", "2026-01-09"};
  const auto baseline = parsed(audit::to_baseline(report, known));
  EXPECT_EQ(baseline.at(report.findings[0].fingerprint).note, "see OPS-1");
  audit::accept(report, baseline, false);
  EXPECT_EQ(report.accepted, 1) << "the last day still counts";
  EXPECT_EQ(report.expired, 1);
}

TEST_F(BaselineTest, WhatIsNoBaselineIsRefusedByName) {
  EXPECT_THAT(refusal(""), HasSubstr("cannot read 'b.json': it is no JSON object"));
  EXPECT_THAT(refusal("[]"), HasSubstr("no JSON object"));
  EXPECT_THAT(refusal(std::string(100'000, '[')), HasSubstr("no JSON object"));
  EXPECT_THAT(refusal(R"({"format":"x","accepted":[]})"), HasSubstr("format"));
  EXPECT_THAT(refusal(R"({"format":"confmirror-baseline-1","accepted":{}})"), HasSubstr("no list"));
  EXPECT_THAT(refusal(R"({"format":"confmirror-baseline-1","accepted":[1]})"),
              HasSubstr("accepted[0] is no object"));
  EXPECT_THAT(refusal(R"({"format":"confmirror-baseline-1","accepted":[{"fingerprint":"g"}]})"),
              HasSubstr("32 hexadecimal digits"));
  const std::string entry = R"({"fingerprint":"0123456789abcdef0123456789abcdef",)";
  const std::string head = R"({"format":"confmirror-baseline-1","accepted":[)" + entry;
  EXPECT_THAT(refusal(head + R"("expires":"soon"}]})"), HasSubstr("expires is no day"));
  EXPECT_THAT(refusal(head + R"("note":[]}]})"), HasSubstr("note is no text"));
  EXPECT_EQ(refusal(head + R"("note":null}]})"), "accepted");
}

class ComparisonTest : public BaselineTest {
 protected:
  static audit::PastReport past(const std::string& json) {
    auto parsed_report = audit::parse_report(json, "old.json");
    if (!parsed_report) throw std::runtime_error(parsed_report.error().message);
    return std::move(*parsed_report);
  }
};

TEST_F(ComparisonTest, NewFixedAndStillThereAreToldApart) {
  const auto before = past(audit::to_text(run(), audit::Format::kJson));
  given_page(101, "Empty no more", "<p>text</p>");
  given_page(103, "New", "");
  auto report = run();
  ASSERT_TRUE(audit::compare(report, before, "old.json"));
  EXPECT_EQ(report.comparison->fresh, 1);
  EXPECT_EQ(report.comparison->still, 1);
  ASSERT_EQ(report.comparison->fixed.size(), 1U);
  EXPECT_EQ(report.comparison->fixed[0].page_id, "101");
  EXPECT_EQ(audit::state_of(report, report.findings[0]), "still there");
  EXPECT_EQ(audit::state_of(report, report.findings[1]), "new");
  const auto json = nlohmann::json::parse(audit::to_text(report, audit::Format::kJson));
  EXPECT_EQ(json["comparison"]["new"], 1);
  EXPECT_EQ(json["fixed"][0]["page_id"], "101");
  EXPECT_THAT(audit::to_text(report, audit::Format::kHtml), HasSubstr("<h2>Fixed"));
  EXPECT_THAT(audit::to_text(report, audit::Format::kMarkdown), HasSubstr("## Fixed"));
}

TEST_F(ComparisonTest, WhatIsAcceptedIsNeitherNewNorFixed) {
  const auto before = past(audit::to_text(run(), audit::Format::kJson));
  given_page(103, "New", "");
  auto report = run();
  const auto baseline = parsed(audit::to_baseline(report, {}));
  ASSERT_TRUE(audit::compare(report, before, "old.json"));
  audit::accept(report, baseline, false);
  EXPECT_EQ(report.comparison->fresh, 0);
  EXPECT_EQ(report.comparison->still, 0);
  EXPECT_THAT(report.comparison->fixed, IsEmpty());
}

TEST_F(ComparisonTest, RulesThatOneDidNotLookForAreLeftOut) {
  auto options = options_;
  options_.enabled[audit::index_of(audit::RuleId::kEmptyPage)] = false;
  const auto before = past(audit::to_text(run(), audit::Format::kJson));
  options_ = options;
  auto report = run();
  ASSERT_TRUE(audit::compare(report, before, "old.json"));
  EXPECT_EQ(report.comparison->fresh, 0);
  EXPECT_EQ(audit::state_of(report, report.findings[0]), "");
}

TEST_F(ComparisonTest, AReportOfOtherSpacesIsRefused) {
  const auto before = past(audit::to_text(run(), audit::Format::kJson));
  options_.space_ids = {kEng};
  auto report = run();
  const auto compared = audit::compare(report, before, "old.json");
  ASSERT_FALSE(compared);
  EXPECT_THAT(compared.error().message, HasSubstr("other spaces"));
}

TEST_F(ComparisonTest, AnEarlierReportIsReadAsHostile) {
  for (const char* text : {"", "{}", "[]", R"({"format":"confmirror-audit-1"})",
                           R"({"format":"confmirror-audit-1","generated_at":"x"})",
                           R"({"format":"confmirror-audit-1","generated_at":"2026-01-01T00:00:00Z",
                               "spaces":[],"rules":[],"findings":[{}]})"}) {
    EXPECT_FALSE(audit::parse_report(text, "old.json")) << text;
  }
  const auto report = audit::parse_report(
      R"({"format":"confmirror-audit-1","generated_at":"2026-01-01T00:00:00Z","spaces":[],
          "rules":[{"name":"empty-page"}],"findings":[{"rule":"empty-page",
          "fingerprint":"0123456789abcdef0123456789abcdef","page_id":"<script>",
          "title":")" +
          test::fake_aws_key() + R"(\u001b[31m","detail":7}]})",
      "old.json");
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->findings[0].page_id, "");
  EXPECT_EQ(report->findings[0].title, "AKIA\u2026\uFFFD[31m");
}

TEST(ReadmeTest, NamesEveryRuleWithItsSeverity) {
  std::ifstream in(std::string(CONFMIRROR_SOURCE_DIR) + "/README.md");
  const std::string readme{std::istreambuf_iterator<char>(in), {}};
  for (const auto& rule : audit::rules()) {
    EXPECT_THAT(readme, HasSubstr("| `" + std::string(rule.name) + "` | " +
                                  std::string(audit::to_string(rule.severity)) + " | "));
  }
}

TEST(TextTest, IsOneLineThatSteersNothing) {
  EXPECT_EQ(audit::one_line(" a\t\n b\u2028c "), "a b c");
  EXPECT_EQ(audit::one_line("a\x1B[1mb"), "a\uFFFD[1mb");
  EXPECT_EQ(audit::one_line("\u202Eabc\u200B"), "\uFFFDabc\uFFFD");
  EXPECT_EQ(audit::one_line("\xC3(\xF5"), "\uFFFD(\uFFFD");
  EXPECT_EQ(audit::shown(std::string(300, 'x')).size(), 200U);
  EXPECT_EQ(audit::shown("\u00E9\u00E9\u00E9\u00E9", 6), "\u00E9\u2026");
  EXPECT_EQ(audit::with_commas(-1234567), "-1,234,567");
  EXPECT_EQ(audit::with_commas(-123), "-123");
  EXPECT_EQ(audit::with_commas(999), "999");
}

}  // namespace
