#include "daemon/audit/rules.h"

#include <set>

#include "tests/daemon/audit/audit_fixture.h"

namespace {

using audit::RuleId;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Long enough to be compared, and about nothing else on the site.
std::string long_text(const std::string& about) {
  std::string text = "<p>";
  for (int i = 0; i < 120; ++i) text += about + std::to_string(i * 7) + " ";
  return text + "</p>";
}

class RulesTest : public test::AuditFixture {};

TEST_F(RulesTest, AHealthySiteHasNoFindings) {
  given_page(101, "Setup",
             "<h2>Install it</h2><p>See <ac:link><ri:page "
             "ri:content-title=\"Engineering home\" /></ac:link>.</p>");
  EXPECT_THAT(findings(), IsEmpty());
}

TEST_F(RulesTest, PagesThatNobodyChangedAreStaleByTheBoundOfTheirSpace) {
  given_page(101, "Old", "<p>old</p>", [](store::Page& page) {
    page.version.created_at = test::time_of("2025-01-09T00:00:00Z");
  });
  given_page(102, "Young", "<p>young</p>", [](store::Page& page) {
    page.version.created_at = test::time_of("2025-01-12T00:00:00Z");
  });
  EXPECT_THAT(findings(RuleId::kStalePage), ElementsAre("stale-page 101"));
  EXPECT_THAT(details(RuleId::kStalePage), ElementsAre("not changed since 2025-01-09, 366 days"));
  options_.stale_after_by_space["eng"] = std::chrono::hours(24 * 10);
  EXPECT_THAT(findings(RuleId::kStalePage),
              ElementsAre("stale-page 100", "stale-page 101", "stale-page 102"));
  options_.stale_after_by_space["eng"] = std::chrono::hours(0);
  EXPECT_THAT(findings(RuleId::kStalePage), IsEmpty()) << "0 means never";
}

TEST_F(RulesTest, ThePageOfAFirstVersionIsToldOnceItIsOld) {
  const auto first = [](store::Page& page) {
    page.version.number = 1;
    page.created_at = page.version.created_at = test::time_of("2024-12-01T00:00:00Z");
  };
  given_page(101, "Forgotten", "<p>once</p>", first);
  given_page(102, "New", "<p>new</p>", [](store::Page& page) { page.version.number = 1; });
  EXPECT_THAT(findings(RuleId::kNeverUpdated), ElementsAre("never-updated 101"));
}

TEST_F(RulesTest, AnOwnerWhoIsNotThereIsNoOwner) {
  given_page(101, "Nobody's", "<p>a</p>", [](store::Page& page) { page.owner_id.reset(); });
  given_page(102, "Bob's", "<p>b</p>", [](store::Page& page) { page.owner_id = "account-2"; });
  given_page(103, "Cem's", "<p>c</p>", [](store::Page& page) { page.owner_id = "account-3"; });
  given_page(104, "A stranger's", "<p>d</p>",
             [](store::Page& page) { page.owner_id = "account-never-asked-for"; });
  EXPECT_THAT(findings(RuleId::kNoOwner),
              ElementsAre("no-owner 101", "no-owner 102", "no-owner 103"));
  EXPECT_THAT(details(RuleId::kNoOwner), ElementsAre("no owner", "the account of Bob is closed",
                                                     "the account of Cem is inactive"));
}

TEST_F(RulesTest, AnOrphanHasNoParentThatIsThere) {
  const auto below = [](store::Id parent) {
    return [parent](store::Page& page) { page.parent_id = parent; };
  };
  given_page(101, "No parent", "<p>a</p>", [](store::Page& page) { page.parent_id.reset(); });
  given_page(102, "Trashed", "<p>b</p>", [](store::Page& page) { page.status = "trashed"; });
  given_page(103, "Below the trashed", "<p>c</p>", below(102));
  given_page(104, "Gone", "<p>d</p>");
  given_page(105, "Below the gone", "<p>e</p>", below(104));
  given_page(106, "Below the unknown", "<p>f</p>", below(kMissing));
  given_page(107, "Below a good one", "<p>g</p>", below(103));
  mirror_.put([](store::Batch& batch) {
    store::Node folder;
    folder.id = 200;
    folder.type = "folder";
    folder.status = "current";
    folder.title = "Folder";
    folder.space_id = kEng;
    batch.nodes = {folder};
  });
  given_page(108, "In a folder", "<p>h</p>", [](store::Page& page) {
    page.parent_id = 200;
    page.parent_type = "folder";
  });
  given_gone(104, "deleted");
  EXPECT_THAT(findings(RuleId::kOrphanPage), ElementsAre("orphan-page 101", "orphan-page 103",
                                                         "orphan-page 105", "orphan-page 106"));
}

TEST_F(RulesTest, LinksByTitleIdAndAddressAreFollowed) {
  const auto by_title = [](const std::string& title, const std::string& space = "") {
    return "<ac:link><ri:page ri:content-title=\"" + title + "\"" +
           (space.empty() ? "" : " ri:space-key=\"" + space + "\"") + " /></ac:link>";
  };
  const auto by_url = [](const std::string& url) { return "<a href=\"" + url + "\">x</a>"; };
  const std::string site = "https://example.atlassian.net/wiki";
  given_page(101, "Good",
             "<p>" + by_title("ENGINEERING home") + by_title("Good", "eng") +
                 by_url(site + "/spaces/ENG/pages/100/Whatever") +
                 by_url("/wiki/pages/viewpage.action?pageId=100") +
                 by_url("/wiki/display/ENG/Engineering+home") + by_url("/wiki/x/ZA") +
                 by_url("/wiki/spaces/ENG/overview") + by_url("mailto:a@example.com") +
                 by_url("/wiki/spaces/ENG/blog/2020/01/01/77/News") + "</p>");
  EXPECT_THAT(findings(RuleId::kBrokenLink), IsEmpty());
  given_page(102, "Bad title", "<p>" + by_title("Nowhere") + by_title("nowhere") + "</p>");
  given_page(103, "Bad space", "<p>" + by_title("Good", "NONE") + "</p>");
  given_page(104, "Bad id", "<p>" + by_url(site + "/spaces/ENG/pages/999999/X") + "</p>");
  given_page(105, "Bad space by address", "<p>" + by_url("/wiki/spaces/NONE") + "</p>");
  EXPECT_THAT(findings(RuleId::kBrokenLink), ElementsAre("broken-link 102", "broken-link 103",
                                                         "broken-link 104", "broken-link 105"));
  const auto report = run();
  EXPECT_EQ(report.findings[0].count, 2) << "one title in two cases is one finding";
  EXPECT_EQ(report.findings[0].detail, "no page 'Nowhere' in space 'ENG'");
  EXPECT_EQ(report.findings[1].detail, "'Good': space 'NONE' is not in the mirror");
  EXPECT_EQ(report.findings[2].detail, "page 999999 is not in the mirror");
  options_.mirrored = [](std::string_view key) { return key != "NONE"; };
  EXPECT_THAT(findings(RuleId::kBrokenLink), ElementsAre("broken-link 102", "broken-link 104"))
      << "what is left out of the mirror on purpose is not judged";
}

TEST_F(RulesTest, LinksToWhatIsArchivedTrashedOrGoneAreToldApart) {
  given_page(101, "Archived", "<p>a</p>", [](store::Page& page) { page.status = "archived"; });
  given_page(102, "Trashed", "<p>b</p>", [](store::Page& page) { page.status = "trashed"; });
  given_page(103, "Gone", "<p>c</p>");
  given_page(104, "Excluded", "<p>c</p>");
  std::string body = "<p>";
  for (const char* title : {"Archived", "Trashed", "Gone", "Excluded"}) {
    body += std::string("<ac:link><ri:page ri:content-title=\"") + title + "\" /></ac:link>";
  }
  given_page(105, "Linking", body + "</p>");
  given_gone(103, "vanished");
  given_gone(104, "excluded");
  EXPECT_THAT(findings(),
              ElementsAre("broken-link 105", "link-to-archived 105", "link-to-trashed 105"));
  EXPECT_THAT(details(RuleId::kBrokenLink),
              ElementsAre("'Gone' (103) is gone from the site since 2026-01-03"));
}

TEST_F(RulesTest, AnchorsAreLookedForOnThePageAndOnOthers) {
  const std::string target =
      "<h1>First steps</h1><p><ac:structured-macro ac:name=\"anchor\"><ac:parameter "
      "ac:name=\"\">mark</ac:parameter></ac:structured-macro>x</p>";
  given_page(101, "Target",
             target +
                 "<p><a href=\"#First-steps\">a</a><a href=\"#Last-steps\">b"
                 "</a><a href=\"#top\">c</a></p>");
  const auto link = [](const std::string& anchor) {
    return "<ac:link ac:anchor=\"" + anchor +
           "\"><ri:page ri:content-title=\"Target\" /></ac:link>";
  };
  given_page(102, "Good",
             "<p>" + link("mark") + link("First steps") + link("First-steps") +
                 link("Target-Firststeps") + "</p>");
  given_page(103, "Bad", "<p>" + link("Second steps") + "</p>");
  given_page(104, "Includes",
             "<ac:structured-macro ac:name=\"include\"><ac:parameter "
             "ac:name=\"\"><ac:link><ri:page ri:content-title=\"Target\" />"
             "</ac:link></ac:parameter></ac:structured-macro>");
  given_page(105, "Knows not",
             "<p><ac:link ac:anchor=\"x\"><ri:page "
             "ri:content-title=\"Includes\" /></ac:link></p>");
  EXPECT_THAT(findings(), ElementsAre("broken-anchor 101", "broken-anchor 103"));
  EXPECT_THAT(details(RuleId::kBrokenAnchor),
              ElementsAre("no '#Last-steps' on this page", "no '#Second steps' on 'Target' (101)"));
}

TEST_F(RulesTest, EqualTextsAreDuplicatesOfTheFirst) {
  given_page(101, "A", long_text("alpha"));
  given_page(102, "B", "<div>" + long_text("alpha") + "</div>");
  given_page(103, "C", long_text("beta"));
  given_page(104, "D", "<p>too short</p>");
  given_page(105, "E", "<p>too short</p>");
  EXPECT_THAT(findings(), ElementsAre("duplicate-page 102"));
  EXPECT_THAT(details(RuleId::kDuplicatePage), ElementsAre("the same text as 'A' (101)"));
}

TEST_F(RulesTest, AnEditedCopyIsANearDuplicate) {
  auto edited = long_text("alpha");
  edited.replace(edited.find("alpha70 "), 8, "changed ");
  given_page(101, "A", long_text("alpha"));
  given_page(102, "B", edited);
  given_page(103, "C", long_text("beta"));
  EXPECT_THAT(findings(), ElementsAre("near-duplicate-page 102"));
  EXPECT_THAT(details(RuleId::kNearDuplicatePage)[0], HasSubstr("% as 'A' (101)"));
}

TEST_F(RulesTest, APageThatShowsNothingIsEmpty) {
  given_page(101, "Nothing", "");
  given_page(102, "Blank", "<p>&nbsp;</p><p> </p>");
  given_page(103, "Picture", "<ac:image><ri:attachment ri:filename=\"a.png\" /></ac:image>");
  given_page(104, "Children", "<ac:structured-macro ac:name=\"children\" />");
  EXPECT_THAT(findings(), ElementsAre("empty-page 101", "empty-page 102"));
}

TEST_F(RulesTest, PlaceholdersOfATemplateAreTold) {
  given_page(101, "Form",
             "<p><ac:placeholder>Describe the goal</ac:placeholder></p>"
             "<p><ac:placeholder>Name the owner</ac:placeholder></p><p>x</p>");
  given_page(102, "Filler", "<p>Lorem ipsum dolor sit amet</p>");
  given_page(103, "Variable", "<p>Dear <at:var at:name=\"who\" />, hello</p>");
  EXPECT_THAT(findings(), ElementsAre("unresolved-placeholder 101", "unresolved-placeholder 102",
                                      "unresolved-placeholder 103"));
  const auto report = run();
  EXPECT_EQ(report.findings[0].count, 2);
  EXPECT_EQ(report.findings[0].detail, "instruction: 'Describe the goal'");
}

TEST_F(RulesTest, TreesThatAreTooDeepAreToldAtTheirUppermostPage) {
  options_.max_depth = 3;
  store::Id above = kHome;
  for (store::Id id = 101; id <= 105; ++id) {  // levels 2 to 6
    given_page(id, "Level " + std::to_string(id - 99), "<p>level " + std::to_string(id) + "</p>",
               [above](store::Page& page) { page.parent_id = above; });
    above = id;
  }
  EXPECT_THAT(findings(), ElementsAre("deep-tree 103"));
  EXPECT_THAT(details(RuleId::kDeepTree), ElementsAre("level 4; 3 pages down to level 6"));
}

TEST_F(RulesTest, ACircleOfParentsEndsTheWayUp) {
  given_page(101, "A", "<p>a</p>", [](store::Page& page) { page.parent_id = 102; });
  given_page(102, "B", "<p>b</p>", [](store::Page& page) { page.parent_id = 101; });
  options_.max_depth = 1;
  EXPECT_THAT(findings(RuleId::kDeepTree), ::testing::SizeIs(1));
}

TEST_F(RulesTest, BodiesThatAreHugeMissingOrMalformedAreNamed) {
  options_.huge_page_bytes = 2000;
  given_page(101, "Huge", long_text("gamma") + long_text("delta"));
  given_page(102, "Missing", "", [](store::Page& page) { page.body.reset(); });
  given_page(103, "Malformed", "<p>one\n<b>two</p>");
  EXPECT_THAT(findings(), ElementsAre("huge-page 101", "malformed-body 103", "missing-body 102"));
  const auto report = run();
  const auto& malformed = report.findings[1];
  EXPECT_EQ(malformed.rule, RuleId::kMalformedBody);
  EXPECT_EQ(malformed.at.line, 2);
}

TEST_F(RulesTest, SpacesNeedAHomepageAndADescription) {
  given_space(test::space(2, "BARE"));
  auto trashed = test::space(3, "TRASHED");
  trashed.homepage_id = 300;
  trashed.description = "Something.";
  given_space(trashed);
  given_page(300, "Home", "<p>x</p>", [](store::Page& page) {
    page.space_id = 3;
    page.status = "trashed";
  });
  auto personal = test::space(4, "~ann");
  personal.type = "personal";
  personal.homepage_id = kHome;
  given_space(personal);
  EXPECT_THAT(findings(),
              ElementsAre("space-without-description space 2", "space-without-homepage space 2",
                          "space-without-homepage space 3"));
}

TEST_F(RulesTest, HostsOutsideAreCounted) {
  given_page(101, "A",
             "<p><a href=\"https://Example.org/a\">a</a><a "
             "href=\"https://example.org:8443/b\">b</a></p>");
  given_page(102, "B",
             "<p><a href=\"//example.org/c\">c</a><a href=\"http://other.example\">d</a>"
             "<a href=\"https://example.atlassian.net/browse/X-1\">e</a></p>");
  EXPECT_THAT(findings(),
              ElementsAre("external-link-host example.org", "external-link-host other.example"));
  EXPECT_EQ(run().findings[0].detail, "3 links on 2 pages, first 'A' (101)");
}

TEST_F(RulesTest, SecretsAreToldMaskedWithTheirPlace) {
  given_page(101, "Keys", "<p>intro</p><p>key " + test::fake_aws_key() + "</p>");
  given_page(102, "Hidden", "<p>x</p><!-- " + test::fake_github_token() + " -->");
  given_page(103, "Link", "<p><a href=\"https://bob:hunter2Zq@db.example.org/\">db</a></p>");
  given_page(104, "Parameter",
             "<ac:structured-macro ac:name=\"connect\"><ac:parameter "
             "ac:name=\"password\">Tr0ub4dor&amp;3</ac:parameter>"
             "</ac:structured-macro>");
  given_page(105, "Harmless",
             "<p>password: see the vault, token: ${TOKEN}, password=changeme123"
             "</p><p>The password is chosen at first login.</p>");
  EXPECT_THAT(findings(RuleId::kSecretInBody),
              ElementsAre("secret-in-body 101", "secret-in-body 102", "secret-in-body 103",
                          "secret-in-body 104"));
  options_.enabled.fill(false);
  options_.enabled[audit::index_of(RuleId::kSecretInBody)] = true;
  const auto report = run();
  EXPECT_EQ(report.findings[0].detail, "AWS access key AKIA\u2026");
  EXPECT_EQ(report.findings[0].at.in, audit::Place::In::kText);
  EXPECT_EQ(report.findings[0].at.line, 2);
  EXPECT_EQ(report.findings[1].at.in, audit::Place::In::kStorage);
}

TEST_F(RulesTest, DraftsOfOursThatNobodyPublishedAreTold) {
  mirror_.close();
  auto queue = store::JobQueue::open(mirror_.path());
  ASSERT_TRUE(queue) << queue.error().message;
  store::JobQueue::Submission submission;
  submission.name = "tonight";
  submission.submitted_by = "ann";
  for (const char* title : {"Left", "Published", "Fresh"}) {
    store::JobSpec spec;
    spec.action = store::JobAction::kCreatePage;
    spec.status = "draft";
    spec.space_id = kEng;
    spec.title = title;
    spec.body = "<p>draft</p>";
    submission.jobs.push_back(spec);
  }
  ASSERT_TRUE((*queue)->submit(submission, test::time_of("2025-12-01T00:00:00Z")));
  queue->reset();
  mirror_.execute(
      "UPDATE job SET state='done', page_id=500+id WHERE title IN ('Left', 'Published', 'Fresh')");
  mirror_.execute("UPDATE job SET updated_at=1768000000000 WHERE title='Fresh'");  // 2026-01-09
  mirror_.execute(
      "INSERT INTO page SELECT 502, space_id, status, 'Published', parent_id, parent_type, "
      "position,"
      " author, owner, last_owner, subtype, created_at, version, modified_at, web_path, "
      "observation,"
      " observed_at, state_since, body_id, body_version, body_hash, body_bytes, body_observation,"
      " body_due, history_version, history_floor, history_due, gone_at, gone_reason"
      " FROM page WHERE id=100");
  EXPECT_THAT(findings(RuleId::kUnpublishedDraft), ElementsAre("unpublished-draft 501"));
}

TEST_F(RulesTest, ArchivedPagesAndSpacesAreLookedAtOnRequest) {
  auto old = test::space(2, "OLD");
  old.status = "archived";
  given_space(old);
  const auto in_old = [](store::Page& page) {
    page.space_id = 2;
    page.parent_id.reset();
  };
  given_page(201, "In the archived space", "<p>a</p>", in_old);
  given_page(101, "Archived", "", [](store::Page& page) { page.status = "archived"; });
  given_page(102, "Trashed", "", [](store::Page& page) { page.status = "trashed"; });
  EXPECT_THAT(findings(), IsEmpty());
  options_.archived = true;
  EXPECT_THAT(findings(),
              ElementsAre("empty-page 101", "orphan-page 201", "space-without-description space 2",
                          "space-without-homepage space 2"));
}

TEST_F(RulesTest, ASpaceCanBeLookedAtAloneAndStillKnowsTheOthers) {
  auto ops = test::space(2, "OPS");
  ops.homepage_id = 200;
  ops.description = "Operations";
  given_space(ops);
  const auto in_ops = [](store::Page& page) {
    page.space_id = 2;
    page.parent_id.reset();
  };
  given_page(200, "Ops home",
             "<p><ac:link><ri:page ri:space-key=\"ENG\" "
             "ri:content-title=\"Engineering home\" /></ac:link></p>",
             in_ops);
  given_page(201, "Orphan", "<p>x</p>", in_ops);
  given_page(101, "Empty", "");
  options_.space_ids = {2};
  const auto report = run();
  EXPECT_THAT(names_of(report), ElementsAre("orphan-page 201"));
  EXPECT_THAT(report.spaces, ElementsAre("OPS"));
  EXPECT_EQ(report.pages, 2);
}

TEST_F(RulesTest, SeveritiesAreThoseOfTheOptions) {
  given_page(101, "Empty", "");
  options_.severities[audit::index_of(RuleId::kEmptyPage)] = audit::Severity::kError;
  const auto report = run();
  EXPECT_EQ(report.findings[0].severity, audit::Severity::kError);
  EXPECT_EQ(report.count(audit::Severity::kError), 1);
  EXPECT_EQ(report.tallies[0].findings[static_cast<std::size_t>(audit::Severity::kError)], 1);
}

TEST_F(RulesTest, TheReportDoesNotDependOnTheNumberOfThreads) {
  for (store::Id id = 101; id < 160; ++id) {
    given_page(id, "Page " + std::to_string(id),
               "<p><a href=\"/wiki/spaces/ENG/pages/9" + std::to_string(id) + "/X\">x</a></p>");
  }
  options_.threads = 1;
  const auto one = run();
  options_.threads = 4;
  const auto four = run();
  ASSERT_EQ(one.findings.size(), four.findings.size());
  for (std::size_t i = 0; i < one.findings.size(); ++i) {
    EXPECT_EQ(one.findings[i].fingerprint, four.findings[i].fingerprint);
  }
}

TEST_F(RulesTest, WhatEndsTheProgressEndsTheAudit) {
  options_.progress = [](const audit::Progress&) -> store::Result<void> {
    return store::fail(store::ErrorKind::kCanceled, "interrupted", "stopped");
  };
  auto reader = store::Reader::open(mirror_.path());
  ASSERT_TRUE(reader);
  const auto report = audit::run(**reader, options_);
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().kind, store::ErrorKind::kCanceled);
}

TEST(RuleTableTest, NamesAreUniqueAndSayWhatToDo) {
  std::set<std::string_view> names;
  for (const auto& rule : audit::rules()) {
    EXPECT_TRUE(names.insert(rule.name).second) << rule.name;
    EXPECT_EQ(audit::find_rule(rule.name), &rule);
    EXPECT_TRUE(rule.what.ends_with(".")) << rule.name;
    EXPECT_TRUE(rule.todo.ends_with(".")) << rule.name;
  }
  EXPECT_EQ(audit::find_rule("no-such-rule"), nullptr);
}

}  // namespace
