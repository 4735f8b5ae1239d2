#include "store/forget.h"

#include <gmock/gmock.h>

#include <fstream>
#include <iterator>

#include "store/jobs.h"
#include "store/lock.h"
#include "store/texts.h"
#include "tests/store/mirror_fixture.h"

namespace store::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr Id kPage = 42;
constexpr Id kOther = 43;

class ForgetTest : public MirrorTest {
 protected:
  void given(Id id, std::int32_t version, const std::string& title, const std::string& body) {
    ++observation_;
    Page page = make_page(id, version);
    page.title = title;
    page.body = Body(body);
    write_page(observation_, std::move(page));
  }
  // The body itself serves for its text, of older versions as well.
  void index() {
    auto texts = TextReader::open(path()).value();
    Batch adopt(0, at(0));
    adopt.texts.extractor = 1;
    adopt.texts.adopt = true;
    adopt.texts.index_history = true;
    write(std::move(adopt));
    Batch batch(0, at(0));
    batch.texts.extractor = 1;
    auto pages = texts->due_pages(0, 1 << 24).value();
    for (auto& page : pages) {
      page.page.text = page.body;
      batch.texts.pages.push_back(std::move(page.page));
    }
    for (Id after = 0;;) {
      auto due = texts->due_versions(after, 1 << 24).value();
      if (!due) break;
      after = due->page_id;
      VersionTexts made{due->page_id, {}};
      for (auto& version : due->versions) {
        version.version.text = version.body;
        made.texts.push_back(std::move(version.version));
      }
      batch.texts.versions.push_back(std::move(made));
    }
    write(std::move(batch));
  }
  JobId given_job(JobState end, const std::string& body) {
    auto queue = JobQueue::open(path()).value();
    JobQueue::Submission submission;
    submission.name = "batch";
    submission.again = true;
    JobSpec spec;
    spec.page_id = kPage;
    spec.title = "Markertitle of the job";
    spec.body = body;
    spec.message = "markermessage";
    submission.jobs = {spec};
    const auto accepted = queue->submit(submission, at(0)).value();
    JobUpdate update(accepted.job_ids[0], {JobState::kQueued}, end, "markerreason");
    update.error = "markererror";
    update.result = "{\"title\":\"markerresult\"}";
    JobImage image;
    image.kind = "before";
    image.title = "markerimage";
    image.body = "markerimagebody";
    update.images = {image};
    if (end != JobState::kQueued) {
      ++observation_;
      Batch batch(observation_, at(observation_));
      batch.jobs = {update};
      write(std::move(batch));
    }
    return accepted.job_ids[0];
  }
  Result<ForgetReport> forget_it() {
    writer_.reset();
    reader_.reset();
    return forget(path(), kPage, at(0), {});
  }
  // Of all files of the mirror, in lower case.
  std::string bytes() const {
    std::string all;
    for (const char* suffix : {"", "-wal", "-shm"}) {
      std::ifstream in(path().string() + suffix, std::ios::binary);
      all.append(std::istreambuf_iterator<char>(in), {});
    }
    for (char& c : all) {
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return all;
  }
  std::vector<std::string> findings() { return check(path(), {}).value().findings; }

  Observation observation_ = 100;
};

TEST_F(ForgetTest, NothingOfThePageIsLeftInTheFiles) {
  std::string filler;
  for (int i = 0; i < 200; ++i) filler += "<p>what every page says " + std::to_string(i) + "</p>";
  for (std::int32_t version = 1; version <= 5; ++version) {
    const auto number = std::to_string(version);
    given(kPage, version, "Markertitle " + number, "<p>markerbody" + number + "</p>" + filler);
    given(kOther, version, "Other " + number, "<p>other " + number + "</p>" + filler);
    if (version == 3) index();
  }
  // The site was restored once: what was seen before is kept beside.
  ++observation_;
  Page restored = make_page(kPage, 4);
  restored.title = "Markertitle restored";
  restored.version.created_at = at(9000);
  restored.body = Body("<p>markerrestored</p>" + filler);
  write_page(observation_, restored);
  index();
  given_job(JobState::kDone, "<p>markerjob</p>");
  given_job(JobState::kFailed, "<p>markerfailed</p>");
  Batch batch(++observation_, at(1));
  batch.quarantined.push_back({"versions:42", "markerquarantine", at(5)});
  batch.vanished = VanishedCandidates{7, {kPage, kOther}};
  write(std::move(batch));
  ASSERT_THAT(bytes(), HasSubstr("markerbody"));
  ASSERT_THAT(findings(), IsEmpty());

  const auto report = forget_it();
  ASSERT_TRUE(report.has_value()) << report.error().message;
  EXPECT_EQ(report->title, "Markertitle restored");
  EXPECT_EQ(report->jobs, 2);
  EXPECT_GE(report->versions, 6);
  EXPECT_GE(report->bodies_dropped, 5);
  EXPECT_LE(report->bytes_after, report->bytes_before);
  EXPECT_THAT(bytes(), Not(HasSubstr("marker"))) << "in plain, in an index, in a free page";
  // What is compressed hides words: each text that is left is read.
  for (std::int32_t version = 1; version <= 5; ++version) {
    EXPECT_THAT(version_body(kOther, version), HasSubstr("other " + std::to_string(version)));
    EXPECT_THAT(version_body(kOther, version), Not(HasSubstr("marker")));
  }
  EXPECT_THAT(rows("SELECT count(*) FROM blob"), ElementsAre("4"));
  for (const char* table : {"page", "page_version", "replaced_version", "page_state", "page_text",
                            "version_text", "text_dirty", "version_text_dirty"}) {
    const std::string column = table == std::string("page") ? "id" : "page_id";
    EXPECT_THAT(rows("SELECT count(*) FROM " + std::string(table) + " WHERE " + column + "=42"),
                ElementsAre("0"))
        << table;
  }
  EXPECT_THAT(findings(), IsEmpty());
}

TEST_F(ForgetTest, BodiesThatAreCompressedAgainstOnesOfThePageAreCompressedAnew) {
  // The other page's first version is this one's second: one blob, whose prefix is this one's
  // first.
  given(kPage, 1, "One", body_text(1, 1) + "markerone");
  given(kPage, 2, "One", body_text(1, 1) + "shared");
  given(kPage, 3, "One", body_text(1, 1) + "markerthree");
  given(kOther, 1, "Other", body_text(1, 1) + "shared");
  given(kOther, 2, "Other", body_text(1, 1) + "more");
  given(kOther, 3, "Other", body_text(1, 1) + "most");
  ASSERT_THAT(rows("SELECT count(*) FROM blob WHERE prefix_blob_id IS NOT NULL"),
              Not(ElementsAre("0")));
  const auto report = forget_it();
  ASSERT_TRUE(report.has_value()) << report.error().message;
  EXPECT_EQ(report->bodies_encoded_anew, 1);
  EXPECT_EQ(version_body(kOther, 1), body_text(1, 1) + "shared");
  EXPECT_EQ(version_body(kOther, 2), body_text(1, 1) + "more");
  EXPECT_EQ(version_body(kOther, 3), body_text(1, 1) + "most");
  EXPECT_THAT(findings(), IsEmpty());
}

TEST_F(ForgetTest, AJobOfThePageCannotBeTriedAgain) {
  given(kPage, 1, "One", "<p>x</p>");
  const auto failed = given_job(JobState::kFailed, "<p>markerfailed</p>");
  ASSERT_TRUE(forget_it().has_value());
  auto queue = JobQueue::open(path()).value();
  const auto retried = queue->retry({failed}, std::nullopt, "again", at(5)).value();
  EXPECT_THAT(retried.changed, IsEmpty());
  EXPECT_THAT(retried.refused.at(0).second, HasSubstr("forgotten"));
}

TEST_F(ForgetTest, APageThatAnUnfinishedJobIsAboutIsRefused) {
  given(kPage, 1, "One", "<p>x</p>");
  const auto job = given_job(JobState::kQueued, "<p>y</p>");
  const auto report = forget_it();
  ASSERT_FALSE(report.has_value());
  EXPECT_EQ(report.error().name, "page_in_use");
  EXPECT_THAT(report.error().message, HasSubstr("job " + std::to_string(job)));
  EXPECT_TRUE(reader().page(kPage, true).value().has_value());
}

TEST_F(ForgetTest, WhileSomebodyCrawlsItIsRefused) {
  given(kPage, 1, "One", "<p>x</p>");
  close();
  const auto lock = MirrorLock::acquire(path());
  ASSERT_TRUE(lock.has_value());
  const auto report = forget_it();
  ASSERT_FALSE(report.has_value());
  EXPECT_EQ(exit_code(report.error().kind), 7);
}

TEST_F(ForgetTest, AReaderThatKeepsTheWalIsNamed) {
  given(kPage, 1, "One", "<p>markerbody</p>");
  close();
  auto other = Reader::open(path()).value();
  Result<ForgetReport> report = fail(ErrorKind::kBug, "", "");
  const auto visited = other->for_each_page(
      [&](const PageRow&) {
        report = forget_it();
        return false;
      },
      false, {});
  ASSERT_TRUE(visited.has_value());
  ASSERT_FALSE(report.has_value());
  EXPECT_EQ(report.error().kind, ErrorKind::kBusy);
  EXPECT_THAT(report.error().message, HasSubstr("traces of it are left"));
  EXPECT_THAT(report.error().hint, HasSubstr("db compact"));
  other.reset();
  ASSERT_TRUE(compact(path(), {}).has_value());
  EXPECT_THAT(bytes(), Not(HasSubstr("markerbody")));
}

TEST_F(ForgetTest, AnUnknownPageIsAnErrorAndATombstoneIsNone) {
  given(kPage, 1, "One", "<p>markerbody</p>");
  Batch batch(++observation_, at(1));
  batch.gone_pages.push_back({kPage, "vanished"});
  write(std::move(batch));
  close();
  EXPECT_EQ(forget(path(), 999, at(0), {}).error().name, "unknown_page");
  EXPECT_TRUE(forget_it().has_value());
  EXPECT_EQ(forget_it().error().name, "unknown_page");
  EXPECT_THAT(bytes(), Not(HasSubstr("markerbody")));
}

TEST_F(ForgetTest, CopiesBesideTheMirrorAreFound) {
  given(kPage, 1, "One", "<p>x</p>");
  close();
  std::filesystem::create_directory(dir_.path() / "backups");
  std::filesystem::create_directory(dir_.path() / "elsewhere");
  ASSERT_TRUE(backup(path(), dir_.path() / "backups" / "old.db", {}).has_value());
  ASSERT_TRUE(backup(path(), dir_.path() / "elsewhere" / "copy", {}).has_value());
  std::ofstream(dir_.path() / "letter.db") << "no mirror";
  ASSERT_TRUE(forget_it().has_value());
  ASSERT_TRUE(backup(path(), dir_.path() / "backups" / "young.db", {}).has_value());
  const auto shown = [&](const std::vector<std::filesystem::path>& folders) {
    std::vector<std::string> lines;
    const auto copies = copies_with(path(), folders, kPage);
    for (const auto& copy : copies) {
      lines.push_back(copy.file.filename().string() +
                      (copy.page == KnownCopy::Holds::kYes ? " holds it" : ""));
    }
    return lines;
  };
  EXPECT_THAT(shown({}), ElementsAre("old.db holds it", "young.db"));
  EXPECT_THAT(shown({dir_.path() / "elsewhere", dir_.path() / "backups"}),
              ElementsAre("old.db holds it", "young.db", "copy holds it"));
}

}  // namespace
}  // namespace store::testing
