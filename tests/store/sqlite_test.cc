#include "store/sqlite.h"

#include <gmock/gmock.h>

#include "tests/store/mirror_fixture.h"

namespace store::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class SqliteTest : public MirrorTest {
 protected:
  void SetUp() override {
    auto opened = Db::open(path(), SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
    ASSERT_TRUE(opened.has_value());
    db_ = std::move(*opened);
    ASSERT_TRUE(
        db_->exec("CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT, c BLOB) STRICT").has_value());
  }
  std::unique_ptr<Db> db_;
};

TEST_F(SqliteTest, ValuesOfEveryKindComeBack) {
  Stmt insert(*db_, "INSERT INTO t VALUES(?,?,?)");
  insert.begin().bind(std::int64_t{1}).bind(std::string_view()).bind(sha256("x")).run();
  insert.begin()
      .bind(at(0))
      .bind(std::optional<std::string>())
      .bind_blob(std::string_view("\0y", 2))
      .run();
  Stmt select(*db_, "SELECT a, b, c FROM t ORDER BY a");
  Query query = select.begin();
  ASSERT_TRUE(query.row());
  EXPECT_EQ(query.integer(0), 1);
  EXPECT_FALSE(query.is_null(1)) << "an empty text is a text";
  EXPECT_EQ(query.optional_text(1), "");
  EXPECT_EQ(query.hash(2), sha256("x"));
  ASSERT_TRUE(query.row());
  EXPECT_EQ(query.time(0), at(0));
  EXPECT_EQ(query.optional_text(1), std::nullopt);
  EXPECT_EQ(query.text(2), std::string("\0y", 2));
  EXPECT_EQ(query.hash(2), std::nullopt) << "not 32 bytes";
  EXPECT_FALSE(query.row());
}

TEST_F(SqliteTest, FirstErrorSticksAndStopsWhatFollows) {
  Stmt bad(*db_, "INSERT INTO t(a) VALUES(1), (1)");
  Stmt good(*db_, "INSERT INTO t(a) VALUES(2)");
  bad.begin().run();
  EXPECT_TRUE(db_->failed());
  good.begin().run();
  EXPECT_FALSE(db_->exec("INSERT INTO t(a) VALUES(3)").has_value()) << "it reports the first error";
  EXPECT_FALSE(db_->failed()) << "and with that it was fetched";
  EXPECT_EQ(*db_->ask("SELECT count(*) FROM t"), "0");
}

TEST_F(SqliteTest, TransactionThatIsNotCommittedIsRolledBack) {
  {
    Txn txn(*db_, Txn::Mode::kWrite);
    ASSERT_TRUE(db_->exec("INSERT INTO t(a) VALUES(1)").has_value());
  }
  EXPECT_FALSE(db_->in_transaction());
  EXPECT_EQ(*db_->ask("SELECT count(*) FROM t"), "0");
  Txn txn(*db_, Txn::Mode::kWrite);
  ASSERT_TRUE(db_->exec("INSERT INTO t(a) VALUES(1)").has_value());
  ASSERT_TRUE(txn.commit().has_value());
  EXPECT_EQ(*db_->ask("SELECT count(*) FROM t"), "1");
}

TEST_F(SqliteTest, CommitReportsWhatWentWrongBefore) {
  Txn txn(*db_, Txn::Mode::kWrite);
  Stmt bad(*db_, "INSERT INTO nowhere VALUES(1)");
  bad.begin().run();
  const auto done = txn.commit();
  ASSERT_FALSE(done.has_value());
  EXPECT_THAT(done.error().message, HasSubstr("nowhere"));
  EXPECT_THAT(done.error().message, HasSubstr(path().string()));
}

TEST_F(SqliteTest, QueryThatEndsHoldsNoSnapshot) {
  ASSERT_TRUE(db_->exec("PRAGMA journal_mode=WAL; INSERT INTO t(a) VALUES(1), (2)").has_value());
  Stmt select(*db_, "SELECT a FROM t");
  {
    Query query = select.begin();
    ASSERT_TRUE(query.row());
  }
  tamper("INSERT INTO t(a) VALUES(3)");
  EXPECT_EQ(*db_->ask("SELECT count(*) FROM t"), "3");
  EXPECT_TRUE(db_->exec("INSERT INTO t(a) VALUES(4)").has_value())
      << "no stale snapshot is in the way";
}

TEST_F(SqliteTest, FileThatCannotBeOpenedIsNamedWithItsCause) {
  const auto opened = Db::open(dir_.path() / "absent" / "x", SQLITE_OPEN_READWRITE);
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().kind, ErrorKind::kSystem);
  EXPECT_THAT(opened.error().message, HasSubstr("absent"));
}

}  // namespace
}  // namespace store::testing
