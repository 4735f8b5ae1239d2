// The views are the public interface for SQL users: the columns are those that README.md and
// interface.md promise, in that order; more may follow.

#include <gmock/gmock.h>

#include "tests/store/mirror_fixture.h"

namespace store::testing {
namespace {

using ::testing::ElementsAre;

struct View {
  const char* name;
  std::vector<std::string> columns;
};

class ViewsTest : public MirrorTest {};

TEST_F(ViewsTest, EachViewBeginsWithThePromisedColumns) {
  open();
  const std::vector<std::string> page = {
      "page_id",          "space_id",        "space_key",  "parent_id",    "parent_type",
      "position",         "title",           "status",     "version",      "author_id",
      "author_name",      "owner_id",        "created_at", "modified_at",  "modified_by",
      "modified_by_name", "version_message", "minor_edit", "body_storage", "body_sha256",
      "web_url",          "synced_at"};
  std::vector<std::string> gone = page;
  gone.insert(gone.end(), {"gone_at", "gone_reason"});
  const View views[] = {
      {"spaces",
       {"space_id", "space_key", "current_alias", "name", "type", "status", "description",
        "homepage_id", "icon_url", "labels", "author_id", "created_at", "web_url", "synced_at",
        "gone_at", "gone_reason"}},
      {"pages", page},
      {"gone_pages", gone},
      {"page_versions",
       {"page_id", "version", "created_at", "author_id", "message", "minor_edit", "title",
        "body_sha256", "body_bytes"}},
      {"page_states",
       {"page_id", "valid_from", "valid_to", "title", "space_id", "parent_id", "position",
        "status"}},
      {"nodes",
       {"node_id", "type", "space_id", "space_key", "parent_id", "parent_type", "position", "title",
        "status", "author_id", "created_at", "synced_at", "gone_at", "gone_reason"}},
      {"tree",
       {"id", "type", "space_id", "space_key", "parent_id", "parent_type", "position", "title",
        "status"}},
      {"users", {"account_id", "name", "account_status"}},
      {"sync_runs",
       {"run_id", "kind", "started_at", "finished_at", "outcome", "requests", "bytes",
        "pages_changed", "error"}},
      {"quarantine", {"subject", "reason", "attempts", "next_try_at"}}};
  for (const View& view : views) {
    auto columns =
        rows("SELECT name FROM pragma_table_info('" + std::string(view.name) + "') ORDER BY cid");
    ASSERT_GE(columns.size(), view.columns.size()) << view.name;
    columns.resize(view.columns.size());
    EXPECT_EQ(columns, view.columns) << view.name;
  }
}

TEST_F(ViewsTest, PageShowsTimesUrlsNamesAndHashes) {
  Batch batch(5, at(5));
  batch.meta["site_url"] = "https://x.example";
  Space space;
  space.id = 7;
  space.key = "K";
  space.icon_path = "/wiki/i.png";
  space.web_path = "/spaces/K";
  batch.spaces.push_back(space);
  batch.space_labels.push_back({7, {"a", "b"}});
  batch.pages.push_back(make_page_with_body(42, 1));
  batch.users.push_back({"author-a", "Ada", "active"});
  batch.users.push_back({"editor-1", "Ed", "active"});
  write(std::move(batch));
  EXPECT_THAT(rows("SELECT space_key, author_name, modified_by, modified_by_name, version_message, "
                   "created_at, web_url,"
                   " synced_at, body_sha256 FROM pages"),
              ElementsAre("K|Ada|editor-1|Ed|edit 1|2023-11-14T22:13:20.000Z|"
                          "https://x.example/wiki/spaces/K/pages/42|2023-11-14T22:13:25.000Z|" +
                          to_hex(sha256(body_text(42, 1)))));
  EXPECT_THAT(
      rows("SELECT icon_url, web_url, labels FROM spaces"),
      ElementsAre("https://x.example/wiki/i.png|https://x.example/wiki/spaces/K|[\"a\",\"b\"]"));
  write_page(6, make_page_with_body(42, 2));
  EXPECT_THAT(rows("SELECT version, title, body_sha256 FROM page_versions ORDER BY version"),
              ElementsAre("1|Page 42|" + to_hex(sha256(body_text(42, 1))),
                          "2|Page 42|" + to_hex(sha256(body_text(42, 2)))));
}

TEST_F(ViewsTest, TombstonesAreInAViewOfTheirOwn) {
  write_page(5, make_page_with_body(42, 1));
  write_page(6, make_page_with_body(43, 1));
  tamper("UPDATE page SET gone_at=1700000000000, gone_reason='vanished' WHERE id=43");
  EXPECT_THAT(rows("SELECT page_id FROM pages"), ElementsAre("42"));
  EXPECT_THAT(rows("SELECT page_id, gone_at, gone_reason FROM gone_pages"),
              ElementsAre("43|2023-11-14T22:13:20.000Z|vanished"));
}

}  // namespace
}  // namespace store::testing
