#include "store/reader.h"

#include <gmock/gmock.h>

#include <fstream>

#include "store/fold.h"
#include "tests/store/mirror_fixture.h"

namespace store::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class ReaderTest : public MirrorTest {
 protected:
  static Space make_space(Id id, const std::string& key, const std::string& status = "current") {
    Space space;
    space.id = id;
    space.key = key;
    space.name = "Space " + key;
    space.type = "global";
    space.status = status;
    space.author_id = "author-a";
    space.created_at = at(0);
    space.icon_path = "/wiki/icon.png";
    space.web_path = "/spaces/" + key;
    return space;
  }
  void given_site() {
    Batch batch(5, at(5));
    batch.spaces = {make_space(7, "K"), make_space(8, "ALIASED", "archived"), make_space(9, "Old")};
    batch.spaces[1].current_alias = "k";
    batch.spaces[1].description = "words";
    batch.space_labels.push_back({7, {"blue", "red"}});
    const char* titles[] = {"Übersicht", "apple", "Banana"};
    for (Id id = 1; id <= 3; ++id) {
      Page page = make_page_with_body(10 * id, static_cast<std::int32_t>(id));
      page.title = titles[id - 1];
      page.status = id == 2 ? "trashed" : "current";
      page.space_id = id == 3 ? 8 : 7;
      batch.pages.push_back(std::move(page));
    }
    batch.pages.push_back(make_page(40, 2));
    batch.pages.back().title = "zebra";
    batch.histories.push_back(make_history(30, 3));
    batch.users.push_back({"author-a", "Ada", "active"});
    batch.users.push_back({"editor-0", "Ed", "active"});
    batch.meta["site_url"] = "https://x.example";
    write(std::move(batch));
  }
  std::vector<Id> ids(const PageFilter& filter) {
    const auto found = reader().pages(filter);
    EXPECT_TRUE(found.has_value()) << found.error().message;
    std::vector<Id> out;
    for (const PageRow& row : *found) out.push_back(row.id);
    return out;
  }
};

TEST_F(ReaderTest, CountsWhatIsThereAndWhatIsDue) {
  given_site();
  const auto counts = reader().counts();
  ASSERT_TRUE(counts.has_value());
  EXPECT_EQ(counts->spaces, 3);
  EXPECT_EQ(counts->pages, 4);
  EXPECT_EQ(counts->bodies_due, 1);
  EXPECT_EQ(counts->history_due, 2);
  EXPECT_EQ(counts->versions, 6);
  EXPECT_EQ(counts->pages_by_status.at("current"), 3);
  EXPECT_EQ(counts->pages_by_status.at("trashed"), 1);
}

TEST_F(ReaderTest, SpacesComeWithLabelsAndCounts) {
  given_site();
  const auto spaces = reader().spaces();
  ASSERT_TRUE(spaces.has_value());
  ASSERT_EQ(spaces->size(), 3U);
  EXPECT_EQ((*spaces)[0].key, "K");
  EXPECT_THAT((*spaces)[0].labels, ElementsAre("blue", "red"));
  EXPECT_EQ((*spaces)[0].pages, 3);
  EXPECT_EQ((*spaces)[0].synced_at, at(5));
  EXPECT_EQ((*spaces)[1].description, "words");
  EXPECT_EQ((*spaces)[1].author_id, "author-a");
  EXPECT_EQ((*spaces)[2].pages, 0);
}

TEST_F(ReaderTest, SpaceIsFoundByKeyThenAliasWithoutRegardToCase) {
  given_site();
  EXPECT_EQ((*reader().space_by_key("k"))->id, 7) << "a key comes before an alias";
  EXPECT_EQ((*reader().space_by_key("aliased"))->id, 8);
  EXPECT_EQ((*reader().space_by_key("OLD"))->id, 9);
  EXPECT_EQ(*reader().space_by_key("none"), std::nullopt);
  tamper("DELETE FROM space WHERE id=7");
  EXPECT_EQ((*reader().space_by_key("K"))->id, 8);
}

TEST_F(ReaderTest, PagesAreFilteredSortedAndCut) {
  given_site();
  PageFilter filter;
  EXPECT_THAT(ids(filter), ElementsAre(20, 30, 40, 10)) << "by title, without regard to case";
  filter.sort = "-id";
  EXPECT_THAT(ids(filter), ElementsAre(40, 30, 20, 10));
  filter.sort = "-modified";
  EXPECT_THAT(ids(filter), ElementsAre(30, 40, 20, 10));
  filter.sort = "id";
  filter.limit = 2;
  filter.offset = 1;
  EXPECT_THAT(ids(filter), ElementsAre(20, 30));
  filter = {};
  filter.space_id = 7;
  filter.statuses = {"current", "archived"};
  EXPECT_THAT(ids(filter), ElementsAre(40, 10));
  filter = {};
  filter.title =
      "\xc3\xbc"
      "BERSICHT";
  EXPECT_THAT(ids(filter), ElementsAre(10));
  filter = {};
  filter.sort = "title; DROP TABLE page";
  const auto refused = reader().pages(filter);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().kind, ErrorKind::kUsage);
}

TEST_F(ReaderTest, GonePagesAreNotListedButExported) {
  given_site();
  tamper("UPDATE page SET gone_at=1700000001000, gone_reason='vanished' WHERE id=20");
  EXPECT_THAT(ids({}), ElementsAre(30, 40, 10));
  EXPECT_EQ(reader().counts()->pages, 3);
  std::vector<std::pair<Id, std::string>> seen;
  const auto done = reader().for_each_page(
      [&](const PageRow& row) {
        seen.emplace_back(row.id, row.gone_reason);
        EXPECT_EQ(row.gone_at.has_value(), row.id == 20);
        return true;
      },
      true, {});
  ASSERT_TRUE(done.has_value());
  EXPECT_THAT(
      seen,
      ElementsAre(std::pair<Id, std::string>(10, ""), std::pair<Id, std::string>(20, "vanished"),
                  std::pair<Id, std::string>(30, ""), std::pair<Id, std::string>(40, "")));
}

TEST_F(ReaderTest, ExportWalksInOrderWithBodiesAndStopsWhenTold) {
  given_site();
  std::vector<std::string> seen;
  const auto done = reader().for_each_page(
      [&](const PageRow& row) {
        seen.push_back(std::to_string(row.id) + (row.body ? "+" : "-"));
        const auto inner = reader().for_each_version(
            row.id,
            [&](const VersionRow& version) {
              seen.push_back("v" + std::to_string(version.version.number));
              if (version.body) {
                EXPECT_EQ(version.body->text, body_text(row.id, version.version.number));
                EXPECT_EQ(version.body_hash, sha256(version.body->text));
                EXPECT_EQ(version.body_bytes, static_cast<std::int64_t>(version.body->text.size()));
              }
              return true;
            },
            true);
        EXPECT_TRUE(inner.has_value());
        return row.id < 30;
      },
      true, {7, 8});
  ASSERT_TRUE(done.has_value());
  EXPECT_THAT(seen, ElementsAre("10+", "v1", "20+", "v2", "30+", "v1", "v2", "v3"));
}

TEST_F(ReaderTest, WalkSeesOneMomentWhileTheWriterGoesOn) {
  given_site();
  std::vector<std::int32_t> versions;
  const auto done = reader().for_each_page(
      [&](const PageRow& row) {
        if (versions.empty()) write_page(6, make_page_with_body(40, 9));
        versions.push_back(row.version.number);
        EXPECT_EQ(reader().page(40, false).value()->version.number, 2);
        return true;
      },
      false, {});
  ASSERT_TRUE(done.has_value());
  EXPECT_THAT(versions, ElementsAre(1, 2, 3, 2));
  EXPECT_EQ(page(40).version.number, 9) << "the snapshot ended with the walk";
}

TEST_F(ReaderTest, VersionsSayWhoseTheyAreAndWhetherTheBodyIsHere) {
  given_site();
  const auto versions = reader().versions(30);
  ASSERT_TRUE(versions.has_value());
  ASSERT_EQ(versions->size(), 3U);
  EXPECT_EQ((*versions)[2].author_name, "Ed");
  EXPECT_EQ((*versions)[2].title, "Banana");
  EXPECT_EQ((*versions)[0].body, std::nullopt);
  EXPECT_EQ((*versions)[0].body_hash, sha256(body_text(30, 1)));
  EXPECT_EQ(reader().versions(40)->at(0).body_hash, std::nullopt);
  EXPECT_EQ(*reader().version_body(40, 2), std::nullopt);
  EXPECT_EQ(*reader().version_body(30, 9), std::nullopt);
  EXPECT_EQ(*reader().page(99, true), std::nullopt);
}

TEST_F(ReaderTest, DueListsGoOnAfterAnIdAndLeaveOutWhatIsInQuarantine) {
  given_site();
  const auto history = [&](Id after, std::size_t limit, Time now) {
    std::vector<Id> out;
    const auto found = reader().history_due(after, limit, now);
    for (const DuePage& due : *found) out.push_back(due.page_id);
    return out;
  };
  EXPECT_THAT(history(0, 10, at(0)), ElementsAre(20, 40));
  EXPECT_THAT(history(20, 10, at(0)), ElementsAre(40));
  EXPECT_THAT(history(0, 1, at(0)), ElementsAre(20));
  EXPECT_EQ(reader().bodies_due(0, 10, at(0))->at(0).version, 2);
  Batch batch(6, at(6));
  batch.quarantined.push_back({"versions:20", "poison", at(100)});
  batch.quarantined.push_back({"page:40", "poison", at(100)});
  write(std::move(batch));
  EXPECT_THAT(history(0, 10, at(99)), ElementsAre(40));
  EXPECT_THAT(history(0, 10, at(100)), ElementsAre(20, 40));
  EXPECT_THAT(*reader().bodies_due(0, 10, at(99)), IsEmpty());
  EXPECT_EQ(reader().bodies_due(0, 10, Time::max())->size(), 1U);
}

TEST_F(ReaderTest, BodyThatIsNotWhatItsHashSaysIsDamage) {
  given_site();
  tamper("UPDATE page_body SET body='other'; UPDATE blob SET sha256=randomblob(32)");
  const auto expect_damage = [](const auto& result) {
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error().kind, ErrorKind::kStoreBad);
    EXPECT_THAT(result.error().message, HasSubstr("SHA-256"));
  };
  expect_damage(reader().page(10, true));
  expect_damage(reader().version_body(10, 1));
  expect_damage(reader().version_body(30, 1));
  EXPECT_TRUE(reader().page(10, false).has_value());
  EXPECT_FALSE(reader().for_each_page([](const PageRow&) { return true; }, true, {}).has_value());
}

TEST_F(ReaderTest, TheHashOfABodysTextStandsBesideTheStoredOne) {
  given_site();
  const auto good = reader().body_hashes({10, 40, 12345});  // 40 is listed, not fetched
  ASSERT_TRUE(good.has_value());
  ASSERT_EQ(good->size(), 1U);
  EXPECT_EQ(good->at(10).stored, sha256(body_text(10, 1)));
  EXPECT_EQ(good->at(10).of_text, good->at(10).stored);
  EXPECT_THAT(*reader().body_hashes({}), IsEmpty());
  tamper("UPDATE page_body SET body='other'");
  const auto damaged = reader().body_hashes({10});
  ASSERT_TRUE(damaged.has_value()) << "the caller decides what that means";
  EXPECT_EQ(damaged->at(10).stored, sha256(body_text(10, 1)));
  EXPECT_EQ(damaged->at(10).of_text, sha256("other"));
}

TEST_F(ReaderTest, PagesAreReadByIdTombstonesAmongThem) {
  given_site();
  tamper("UPDATE page SET gone_at=1, gone_reason='vanished' WHERE id=20");
  const auto rows = reader().pages_by_id({30, 20, 12345});
  ASSERT_TRUE(rows.has_value());
  ASSERT_EQ(rows->size(), 2U);
  EXPECT_EQ(rows->front().id, 20);
  EXPECT_EQ(rows->front().gone_reason, "vanished");
  EXPECT_EQ(rows->back().space_key, "ALIASED");
  EXPECT_THAT(*reader().pages_by_id({}), IsEmpty());
}

TEST_F(ReaderTest, AbsentFileIsNamedAndNotCreated) {
  const auto opened = Reader::open(path());
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().kind, ErrorKind::kSystem);
  EXPECT_THAT(opened.error().message, HasSubstr(path().string()));
  EXPECT_FALSE(std::filesystem::exists(path()));
}

TEST(FoldTest, FollowsUnicodeAndLeavesRubbishAlone) {
  EXPECT_EQ(fold_case("ABC xyz 1"), "abc xyz 1");
  EXPECT_EQ(fold_case("\xc3\x84\xd0\x96\xce\xa9"), "\xc3\xa4\xd0\xb6\xcf\x89");
  EXPECT_EQ(fold_case("\xe6\xbc\xa2\xf0\x9f\x98\x80"), "\xe6\xbc\xa2\xf0\x9f\x98\x80");
  EXPECT_EQ(fold_case("A\xff\xc3"), "a\xff\xc3");
}

}  // namespace
}  // namespace store::testing
