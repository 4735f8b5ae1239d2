#include "store/migrate.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <fstream>

#include "store/migrations_sql.h"
#include "store/open.h"
#include "tests/store/mirror_fixture.h"

namespace store::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class MigrateTest : public MirrorTest {
 protected:
  std::unique_ptr<Db> raw() {
    auto db = Db::open(path(), SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
    if (!db) throw std::runtime_error(db.error().message);
    return std::move(*db);
  }
  std::vector<std::string> schema() {
    return rows("SELECT type, name, sql FROM sqlite_schema ORDER BY name");
  }
};

TEST_F(MigrateTest, EveryStepFromEveryOlderVersionGivesTheSchemaOfANewFile) {
  ASSERT_TRUE(migrate(*raw()).has_value());
  const auto fresh = schema();
  ASSERT_FALSE(fresh.empty());
  const std::span<const std::string_view> all(kMigrations);
  for (std::size_t old = 1; old <= all.size(); ++old) {
    std::filesystem::remove(path());
    auto db = raw();
    ASSERT_TRUE(migrate(*db, all.first(old)).has_value());
    EXPECT_EQ(*db->ask("PRAGMA user_version"), std::to_string(old));
    ASSERT_TRUE(migrate(*db).has_value());
    EXPECT_EQ(*db->ask("PRAGMA user_version"), std::to_string(newest_schema()));
    EXPECT_EQ(schema(), fresh);
    EXPECT_THAT(rows("PRAGMA foreign_key_check"), IsEmpty());
  }
}

TEST_F(MigrateTest, StepThatFailsLeavesTheFileAsItWas) {
  auto db = raw();
  const std::string_view steps[] = {"CREATE TABLE a(x);", "CREATE TABLE b(x); CREATE TABLE a(x);"};
  const auto done = migrate(*db, steps);
  EXPECT_FALSE(done.has_value());
  EXPECT_EQ(*db->ask("PRAGMA user_version"), "1");
  EXPECT_THAT(rows("SELECT name FROM sqlite_schema"), ElementsAre("a"));
}

TEST_F(MigrateTest, NewerFileIsRefusedUntouched) {
  open();
  close();
  tamper("PRAGMA user_version=99");
  const auto writer = Writer::open(path(), {});
  const auto opened = Reader::open(path());
  ASSERT_FALSE(writer.has_value());
  ASSERT_FALSE(opened.has_value());
  for (const Error& error : {writer.error(), opened.error()}) {
    EXPECT_EQ(error.kind, ErrorKind::kStoreBad);
    EXPECT_EQ(error.name, "mirror_newer");
    EXPECT_EQ(exit_code(error.kind), 6);
    EXPECT_THAT(error.message, HasSubstr("99"));
  }
  EXPECT_THAT(rows("PRAGMA user_version"), ElementsAre("99"));
}

TEST_F(MigrateTest, AnotherProgramsDatabaseIsRefusedUntouched) {
  ASSERT_TRUE(raw()->exec("CREATE TABLE theirs(x)").has_value());
  const auto writer = Writer::open(path(), {});
  const auto opened = Reader::open(path());
  ASSERT_FALSE(writer.has_value());
  ASSERT_FALSE(opened.has_value());
  for (const Error& error : {writer.error(), opened.error()}) {
    EXPECT_EQ(error.kind, ErrorKind::kStoreBad);
    EXPECT_EQ(error.name, "not_a_mirror");
  }
  EXPECT_THAT(rows("SELECT name FROM sqlite_schema"), ElementsAre("theirs"));
  EXPECT_THAT(rows("PRAGMA journal_mode"), ElementsAre("delete"));
}

TEST_F(MigrateTest, FileThatIsNoDatabaseIsRefusedUntouched) {
  std::ofstream(path())
      << "a letter, not a mirror; long enough to have a header of a hundred bytes, which is "
         "what SQLite looks at first of all";
  const auto size = std::filesystem::file_size(path());
  const auto writer = Writer::open(path(), {});
  ASSERT_FALSE(writer.has_value());
  EXPECT_EQ(writer.error().kind, ErrorKind::kStoreBad);
  EXPECT_EQ(std::filesystem::file_size(path()), size);
}

TEST_F(MigrateTest, NewMirrorIsSetUpAsPromised) {
  open();
  struct stat info {};
  ASSERT_EQ(::stat(path().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0640U);
  EXPECT_THAT(rows("PRAGMA page_size"), ElementsAre("8192"));
  EXPECT_THAT(rows("PRAGMA journal_mode"), ElementsAre("wal"));
  EXPECT_THAT(rows("PRAGMA application_id"), ElementsAre(std::to_string(kApplicationId)));
  EXPECT_THAT(rows("SELECT name FROM pragma_table_list WHERE schema='main' AND type='table' AND "
                   "NOT strict AND"
                   " name NOT LIKE 'sqlite%'"),
              IsEmpty());
}

TEST_F(MigrateTest, EmptyFileIsNoMirrorToRead) {
  { const std::ofstream empty(path()); }
  const auto opened = Reader::open(path());
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().kind, ErrorKind::kStoreBad);
}

}  // namespace
}  // namespace store::testing
