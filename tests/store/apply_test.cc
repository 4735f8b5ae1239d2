// The rules of store/apply_pages.h, seen from outside: batches go in, rows come out.

#include <gmock/gmock.h>

#include "tests/store/mirror_fixture.h"

namespace store::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class ApplyTest : public MirrorTest {};

TEST_F(ApplyTest, NewPageIsStoredWholeWithItsBody) {
  const auto info = write_page(5, make_page_with_body(42, 1));
  EXPECT_EQ(info.pages_new, 1);
  EXPECT_EQ(info.bodies_written, 1);
  EXPECT_EQ(info.history_due, 0);
  const PageRow row = page(42);
  EXPECT_EQ(row.title, "Page 42");
  EXPECT_EQ(row.parent_id, 1);
  EXPECT_EQ(row.parent_type, "page");
  EXPECT_EQ(row.position, 10);
  EXPECT_EQ(row.author_id, "author-a");
  EXPECT_EQ(row.owner_id, "owner-o");
  EXPECT_EQ(row.last_owner_id, std::nullopt);
  EXPECT_EQ(row.created_at, at(0));
  EXPECT_EQ(row.version.number, 1);
  EXPECT_EQ(row.version.created_at, at(100));
  EXPECT_EQ(row.version.message, "edit 1");
  EXPECT_EQ(row.version.author_id, "editor-1");
  EXPECT_EQ(row.synced_at, at(5));
  EXPECT_FALSE(row.body_due);
  ASSERT_TRUE(row.body.has_value());
  EXPECT_EQ(row.body->text, body_text(42, 1));
  EXPECT_EQ(row.body_hash, sha256(body_text(42, 1)));
}

}  // namespace
}  // namespace store::testing
