#include "daemon/query/search.h"

#include <gmock/gmock.h>

#include <memory>

#include "daemon/query/indexer.h"
#include "daemon/storage_format/extract.h"
#include "store/texts.h"
#include "tests/daemon/export/mirror_builder.h"

namespace querying {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

class SearchTest : public ::testing::Test {
 protected:
  static constexpr store::Id kDocs = 20;

  void SetUp() override {
    auto opened = store::Writer::open(folder_ / "mirror.db", {});
    ASSERT_TRUE(opened.has_value());
    writer_ = std::move(*opened);
    put([](store::Batch& batch) {
      batch.meta["site_url"] = "https://example.atlassian.net";
      batch.spaces = {test::space(kDocs, "DOCS"), test::space(30, "OPS")};
      batch.users = {{"account-1", "Ann", "active"}};
    });
  }
  void put(const std::function<void(store::Batch&)>& fill) {
    store::Batch batch(++observation_, test::time_of("2026-01-01T00:00:00Z"));
    fill(batch);
    std::promise<store::Result<store::CommitInfo>> committed;
    writer_->submit(std::move(batch), [&](store::Result<store::CommitInfo> result) {
      committed.set_value(std::move(result));
    });
    const auto result = committed.get_future().get();
    ASSERT_TRUE(result.has_value()) << result.error().message;
  }
  void given(store::Id id, const std::string& title, const std::string& body,
             store::Id space = kDocs, std::int32_t version = 1) {
    auto page = test::page(id, space, title, version);
    page.body.emplace(body);
    put([&](store::Batch& batch) { batch.pages = {page}; });
  }
  IndexReport index(IndexOptions options = {}) {
    const auto report = index_texts(folder_ / "mirror.db", *writer_, options);
    EXPECT_TRUE(report.has_value()) << report.error().message;
    return report ? *report : IndexReport();
  }
  store::Reader& reader() {
    if (!reader_) reader_ = std::move(store::Reader::open(folder_ / "mirror.db").value());
    return *reader_;
  }
  SearchAnswer ask(SearchRequest request) {
    const auto answer = search(reader(), request);
    EXPECT_TRUE(answer.has_value()) << answer.error().message;
    return answer ? *answer : SearchAnswer();
  }
  std::vector<store::Id> found(const std::string& words) {
    SearchRequest request;
    request.words = words;
    std::vector<store::Id> ids;
    const auto answer = ask(std::move(request));
    for (const auto& hit : answer.hits) ids.push_back(hit.page.id);
    return ids;
  }
  store::Error refused(const std::string& words) {
    SearchRequest request;
    request.words = words;
    const auto answer = search(reader(), request);
    EXPECT_FALSE(answer.has_value());
    return answer ? store::Error(store::ErrorKind::kBug, "", "") : answer.error();
  }

  test::TemporaryFolder folder_;
  std::unique_ptr<store::Writer> writer_;
  std::unique_ptr<store::Reader> reader_;
  store::Observation observation_ = 0;
};

TEST_F(SearchTest, FindsWhatPeopleReadAndNoMarkup) {
  given(1, "One", "<p class=\"deployment\">Roll <strong>back</strong> now</p>");
  given(2, "Two", "<p>Deploy&nbsp;it</p><ac:structured-macro ac:name=\"rollback\"/>");
  EXPECT_EQ(index().pages, 2);
  EXPECT_THAT(found("\"roll back now\""), ElementsAre(1));
  EXPECT_THAT(found("deploy"), ElementsAre(2));
  EXPECT_THAT(found("deployment"), IsEmpty());
}

TEST_F(SearchTest, TheWholeLanguageFindsWhatItSays) {
  given(1, "Release plan", "<p>alpha beta</p>");
  given(2, "Notes", "<p>alpha gamma release</p>", 30);
  given(3, "Grüße", "<p>beta 東京都 gamma</p>", 30, 2);
  index();
  EXPECT_THAT(found("alpha -gamma"), ElementsAre(1));
  EXPECT_THAT(found("beta OR gamma"), UnorderedElementsAre(1, 2, 3));
  EXPECT_THAT(found("gamma OR plan alpha"), UnorderedElementsAre(1, 2));
  EXPECT_THAT(found("title:release"), ElementsAre(1));
  EXPECT_THAT(found("space:ops gamma"), UnorderedElementsAre(2, 3));
  EXPECT_THAT(found("-space:OPS"), ElementsAre(1));
  EXPECT_THAT(found("space:OPS OR space:DOCS"), UnorderedElementsAre(1, 2, 3));
  EXPECT_THAT(found("gruss*"), IsEmpty());
  EXPECT_THAT(found("GRUß*"), ElementsAre(3));
  EXPECT_THAT(found("東京"), ElementsAre(3));
  EXPECT_THAT(found("author:ann alpha"), UnorderedElementsAre(1, 2));
  EXPECT_THAT(found("updated:2021-01-03"), ElementsAre(3));
  EXPECT_THAT(found("updated:<2021-01-03 created:>=2021"), UnorderedElementsAre(1, 2));
}

TEST_F(SearchTest, OnlyCurrentPagesUnlessOthersAreAskedFor) {
  auto page = test::page(1, kDocs, "Old");
  page.status = "archived";
  page.body.emplace("<p>word</p>");
  put([&](store::Batch& batch) { batch.pages = {page}; });
  given(2, "New", "<p>word</p>");
  index();
  EXPECT_THAT(found("word"), ElementsAre(2));
  EXPECT_THAT(found("word status:archived"), ElementsAre(1));
  EXPECT_THAT(found("word status:any"), UnorderedElementsAre(1, 2));
  EXPECT_THAT(found("word -status:current"), ElementsAre(1));
  SearchRequest request;
  request.words = "word";
  request.statuses = {"archived"};
  EXPECT_EQ(ask(request).hits.at(0).page.id, 1);
  request.statuses = {"any"};
  EXPECT_EQ(ask(request).total, 2);
}

TEST_F(SearchTest, TheAnswerAsJson) {
  given(101, "Plan für Übung", "<p>Grüße, wörter</p>");
  index();
  SearchRequest request;
  request.words = "plan worter";
  const auto json = search_json(ask(request));
  EXPECT_EQ(json["total"], 1);
  const auto& hit = json["hits"][0];
  EXPECT_EQ(hit["page_id"], "101");
  EXPECT_EQ(hit["space_key"], "DOCS");
  EXPECT_EQ(hit["title"], "Plan für Übung");
  EXPECT_EQ(hit["title_highlights"].dump(), "[[0,4]]");
  EXPECT_EQ(hit["snippet"], "Grüße, wörter");
  EXPECT_EQ(hit["highlights"].dump(), "[[7,13]]") << "characters, not bytes";
  EXPECT_EQ(hit["url"], "https://example.atlassian.net/wiki/spaces/S/pages/101");
  EXPECT_TRUE(json["synced_at"].is_null());
}

TEST_F(SearchTest, UnknownSpacesAreToldWithTheirPlace) {
  EXPECT_THAT(refused("x space:DOC").message, HasSubstr("\nx space:DOC\n        ^"));
  EXPECT_THAT(refused("x space:DOC").hint, HasSubstr("did you mean 'DOCS'"));
  EXPECT_EQ(refused("\"x").name, "bad_query");
}

TEST_F(SearchTest, IndexingGoesOnWhereItStopped) {
  for (store::Id id = 1; id <= 20; ++id) given(id, "Page", "<p>word</p>");
  IndexOptions options;
  options.batch_bytes = 1;  // a page at a time
  int asked = 0;
  options.going_on = [&](double done) -> store::Result<void> {
    EXPECT_GE(done, 0);
    EXPECT_LE(done, 1);
    if (++asked <= 5) return {};
    return store::fail(store::ErrorKind::kCanceled, "canceled", "interrupted");
  };
  const auto stopped = index_texts(folder_ / "mirror.db", *writer_, options);
  ASSERT_FALSE(stopped.has_value());
  EXPECT_EQ(stopped.error().kind, store::ErrorKind::kCanceled);
  const auto before = static_cast<std::int64_t>(found("word").size());
  EXPECT_EQ(before, 5);
  EXPECT_EQ(index().pages, 15);
  EXPECT_EQ(found("word").size(), 20U);
  EXPECT_EQ(index().pages, 0);
}

TEST_F(SearchTest, OtherRulesOfExtractionIndexEverythingAnew) {
  given(1, "One", "<p>word</p>");
  index();
  put([](store::Batch& batch) {
    batch.texts.extractor = storage_format::kExtractorVersion + 1;
    batch.texts.adopt = true;
  });
  EXPECT_EQ(index().pages, 1);
}

TEST_F(SearchTest, OlderVersionsAreIndexedInAsManyBatchesAsItTakes) {
  for (std::int32_t version = 1; version <= 6; ++version) {
    given(1, "One", "<p>word " + std::to_string(version) + "</p>", kDocs, version);
  }
  given(2, "Two", "<p>word a</p>");
  given(2, "Two", "<p>word b</p>", kDocs, 2);
  IndexOptions options;
  options.history = true;
  options.batch_bytes = 60;
  EXPECT_EQ(index(options).versions, 6);
  SearchRequest request;
  request.words = "word";
  request.history = true;
  request.sort = "modified";
  const auto answer = ask(request);
  EXPECT_EQ(answer.total, 6);
  EXPECT_EQ(answer.hits.at(0).found.version, 5);
  EXPECT_EQ(search_json(answer)["hits"][0]["newest_version"], 6);
  request.words = "author:ann word";
  EXPECT_EQ(ask(request).total, 3) << "who wrote that version: 1 and 4 of the one, 1 of the other";
}

}  // namespace
}  // namespace querying
