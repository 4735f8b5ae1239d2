#include "store/sql.h"

#include <gmock/gmock.h>

#include <fstream>
#include <iterator>

#include "tests/store/mirror_fixture.h"

namespace store::testing {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Lines : public SqlSink {
 public:
  Result<void> columns(const std::vector<std::string>& names) override {
    heading = names;
    return {};
  }
  Result<void> row(const std::vector<SqlValue>& values) override {
    std::string line;
    for (const SqlValue& value : values) {
      if (!line.empty()) line += '|';
      if (const auto* integer = std::get_if<std::int64_t>(&value)) line += std::to_string(*integer);
      if (const auto* real = std::get_if<double>(&value)) line += std::to_string(*real);
      if (const auto* text = std::get_if<std::string>(&value)) line += *text;
      if (const auto* blob = std::get_if<SqlBlob>(&value)) line += "blob:" + blob->bytes;
      if (std::holds_alternative<std::monostate>(value)) line += "~";
    }
    rows.push_back(line);
    return {};
  }
  std::vector<std::string> heading;
  std::vector<std::string> rows;
};

class SqlTest : public MirrorTest {
 protected:
  void SetUp() override {
    open();
    write_page(5, make_page_with_body(42, 1));
    write_page(6, make_page_with_body(42, 2));
    write_page(7, make_page_with_body(43, 1));
    std::vector<SqlFunction> functions;
    functions.push_back({"shout", 1, [](const std::vector<SqlValue>& values) -> SqlValue {
                           const auto* text = std::get_if<std::string>(&values[0]);
                           return text == nullptr ? SqlValue() : SqlValue(*text + "!");
                         }});
    auto opened = SqlSession::open(path(), std::move(functions));
    ASSERT_TRUE(opened.has_value()) << opened.error().message;
    session_ = std::move(*opened);
  }

  Result<SqlOutcome> run(const std::string& statement) {
    seen_.rows.clear();
    return session_->run(statement, limits_, seen_, going_on_);
  }
  std::vector<std::string> ask(const std::string& statement) {
    const auto outcome = run(statement);
    EXPECT_TRUE(outcome.has_value()) << statement << ": " << outcome.error().message;
    return seen_.rows;
  }
  Error refusal(const std::string& statement) {
    const auto outcome = run(statement);
    EXPECT_FALSE(outcome.has_value()) << statement;
    return outcome ? Error(ErrorKind::kBug, "ran", "it ran") : outcome.error();
  }
  std::string bytes() const {
    std::string all;
    for (const char* suffix : {"", "-wal"}) {
      std::ifstream in(path().string() + suffix, std::ios::binary);
      all.append(std::istreambuf_iterator<char>(in), {});
    }
    return all;
  }

  SqlLimits limits_;
  Lines seen_;
  std::function<Result<void>()> going_on_;
  std::unique_ptr<SqlSession> session_;
};

TEST_F(SqlTest, SelectsFromTheDocumentedViews) {
  EXPECT_THAT(ask("SELECT page_id, title, NULL, 1.5, x'41' FROM pages ORDER BY 1;  -- so"),
              ElementsAre("42|Page 42|~|1.500000|blob:A", "43|Page 43|~|1.500000|blob:A"));
  EXPECT_THAT(seen_.heading, ElementsAre("page_id", "title", "NULL", "1.5", "x'41'"));
  EXPECT_THAT(ask("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<3)"
                  " SELECT i FROM n"),
              ElementsAre("1", "2", "3"));
  EXPECT_THAT(ask("VALUES(7)"), ElementsAre("7"));
  EXPECT_THAT(ask("SELECT value FROM json_each('[4]')"), ElementsAre("4"));
  EXPECT_THAT(ask("SELECT name FROM pragma_table_info('users') LIMIT 1"),
              ElementsAre("account_id"));
}

TEST_F(SqlTest, EveryViewCanBeReadWhole) {
  const auto views = session_->views();
  ASSERT_TRUE(views.has_value()) << views.error().message;
  EXPECT_GE(views->size(), 12U);
  for (const SqlView& view : *views) {
    EXPECT_FALSE(view.columns.empty()) << view.name;
    EXPECT_FALSE(view.about.empty()) << view.name;
    ask("SELECT * FROM " + view.name);
    ask("SELECT count(*) FROM " + view.name);
  }
}

TEST_F(SqlTest, EveryViewOfTheFileIsListed) {
  const auto views = session_->views();
  ASSERT_TRUE(views.has_value()) << views.error().message;
  std::vector<std::string> names;
  for (const SqlView& view : *views) names.push_back(view.name);
  for (const auto& name : rows("SELECT name FROM sqlite_schema WHERE type='view'")) {
    EXPECT_THAT(names, Contains(name));
  }
}

TEST_F(SqlTest, VersionBodyGivesTheTextOfCurrentAndOlderVersions) {
  EXPECT_THAT(ask("SELECT version_body(42, 1)"), ElementsAre(body_text(42, 1)));
  EXPECT_THAT(ask("SELECT version_body(page_id, version) FROM page_versions WHERE page_id=42"
                  " ORDER BY version"),
              ElementsAre(body_text(42, 1), body_text(42, 2)));
  EXPECT_THAT(ask("SELECT version_body(42, 3), version_body(NULL, 1)"), ElementsAre("~|~"));
}

TEST_F(SqlTest, DamageFoundByVersionBodyIsReportedAsSuch) {
  tamper("UPDATE blob SET data=x'00' WHERE refs>0");
  EXPECT_EQ(refusal("SELECT version_body(42, 1)").name, "mirror_damaged");
}

TEST_F(SqlTest, TheCallersFunctionsCanBeUsed) {
  EXPECT_THAT(ask("SELECT shout(title) FROM pages WHERE page_id=42"), ElementsAre("Page 42!"));
}

TEST_F(SqlTest, WhatWouldChangeAnythingIsRefusedAndTheFileStaysAsItWas) {
  const auto before = bytes();
  const auto elsewhere = (dir_.path() / "elsewhere.db").string();
  for (const std::string& statement :
       std::vector<std::string>{"INSERT INTO page_body(body) VALUES('x')",
                                "UPDATE page SET title='x'",
                                "DELETE FROM page",
                                "REPLACE INTO meta VALUES('a', 'b')",
                                "DROP TABLE page",
                                "CREATE TABLE t(x)",
                                "CREATE TEMP TABLE t(x)",
                                "CREATE VIEW v AS SELECT 1",
                                "CREATE VIRTUAL TABLE t USING fts5(x)",
                                "ALTER TABLE page RENAME TO q",
                                "ATTACH '" + elsewhere + "' AS e",
                                "DETACH main",
                                "VACUUM",
                                "VACUUM INTO '" + elsewhere + "'",
                                "REINDEX",
                                "ANALYZE",
                                "BEGIN",
                                "BEGIN IMMEDIATE",
                                "COMMIT",
                                "SAVEPOINT a",
                                "PRAGMA journal_mode=DELETE",
                                "PRAGMA user_version=9",
                                "PRAGMA query_only=OFF",
                                "PRAGMA writable_schema=ON",
                                "PRAGMA wal_checkpoint(TRUNCATE)",
                                "PRAGMA optimize",
                                "PRAGMA integrity_check",
                                "SELECT * FROM pragma_journal_mode",
                                "SELECT load_extension('/tmp/x.so')",
                                "WITH a AS (SELECT 1) DELETE FROM page",
                                "EXPLAIN DELETE FROM page"}) {
    const Error error = refusal(statement);
    EXPECT_EQ(error.kind, ErrorKind::kUsage) << statement;
    EXPECT_THAT(error.message, HasSubstr("cannot run the statement: ")) << statement;
  }
  EXPECT_EQ(refusal("INSERT INTO page_body(body) VALUES('x')").name, "not_allowed");
  EXPECT_FALSE(std::filesystem::exists(elsewhere));
  EXPECT_EQ(bytes(), before);
}

TEST_F(SqlTest, TablesBehindTheViewsAreRefusedByName) {
  const Error error = refusal("SELECT * FROM page_body");
  EXPECT_EQ(error.name, "not_allowed");
  EXPECT_THAT(error.message, HasSubstr("'page_body' is not one of the documented views"));
  EXPECT_THAT(error.hint, HasSubstr("page_versions"));
}

TEST_F(SqlTest, OnlyOneStatementIsRun) {
  const Error error = refusal("SELECT 1; SELECT 2");
  EXPECT_THAT(error.message, EndsWith("\nSELECT 1; SELECT 2\n          ^"));
  EXPECT_THAT(refusal("SELECT 1; oops").message, HasSubstr("more than one"));
  EXPECT_THAT(ask("SELECT 1; ; /* no more */ -- really"), ElementsAre("1"));
  EXPECT_THAT(refusal(" ; ").message, HasSubstr("empty"));
  EXPECT_THAT(refusal("SELECT ?").message, HasSubstr("parameters"));
  EXPECT_THAT(refusal(std::string("SELECT 1\0x", 10)).message, HasSubstr("zero byte"));
}

TEST_F(SqlTest, AFaultIsPointedAt) {
  const Error error = refusal("SELECT title,\n  tittle FROM pages");
  EXPECT_EQ(error.name, "bad_sql");
  EXPECT_THAT(error.message, EndsWith("no such column: tittle\n  tittle FROM pages\n  ^"));
}

TEST_F(SqlTest, RowsAreCutAtTheLimit) {
  limits_.max_rows = 2;
  const auto outcome = run("VALUES(1),(2),(3)");
  ASSERT_TRUE(outcome.has_value());
  EXPECT_TRUE(outcome->cut);
  EXPECT_EQ(outcome->rows, 2);
  EXPECT_FALSE(run("VALUES(1),(2)")->cut);
}

TEST_F(SqlTest, AnEndlessStatementIsStopped) {
  limits_.timeout = std::chrono::milliseconds(30);
  limits_.max_rows = 0;
  for (const char* statement :
       {"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n) SELECT max(i) FROM n",
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n) SELECT i FROM n"}) {
    const Error error = refusal(statement);
    EXPECT_EQ(error.kind, ErrorKind::kStopped);
    EXPECT_EQ(error.name, "sql_timeout");
    EXPECT_THAT(error.message, HasSubstr("stopped after 30 ms"));
  }
  EXPECT_THAT(ask("SELECT 1"), ElementsAre("1"));
}

TEST_F(SqlTest, WhoAsksCanEndIt) {
  going_on_ = []() -> Result<void> { return fail(ErrorKind::kCanceled, "canceled", "enough"); };
  EXPECT_EQ(
      refusal("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n) SELECT max(i) FROM n")
          .name,
      "canceled");
}

TEST_F(SqlTest, WhatWouldTakeTheMemoryIsStopped) {
  limits_.memory_bytes = 32 << 20;
  const std::string endless =
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n LIMIT 100000)";
  EXPECT_EQ(
      refusal(endless + " SELECT count(*) FROM (SELECT DISTINCT zeroblob(100000)||i FROM n)").name,
      "sql_memory");
  limits_.memory_bytes = 512 << 20;
  for (const char* statement : {"SELECT zeroblob(1000000000)", "SELECT randomblob(1000000000)",
                                "SELECT hex(zeroblob(50000000))"}) {
    EXPECT_EQ(refusal(statement).kind, ErrorKind::kUsage) << statement;
  }
  const std::string some =
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n LIMIT 200)";
  EXPECT_EQ(refusal(some + " SELECT length(group_concat(hex(zeroblob(1000000)))) FROM n").name,
            "bad_sql");
  EXPECT_THAT(ask("SELECT 1"), ElementsAre("1"));
}

TEST_F(SqlTest, AnAnswerIsOfOneMomentWhileOthersWrite) {
  // The sink writes while the statement runs: the second row is still of the time of the first.
  class Writing : public Lines {
   public:
    explicit Writing(std::function<void()> write) : write_(std::move(write)) {}
    Result<void> row(const std::vector<SqlValue>& values) override {
      if (rows.empty()) write_();
      return Lines::row(values);
    }

   private:
    const std::function<void()> write_;
  };
  Writing sink([this] { write_page(8, make_page_with_body(43, 2)); });
  const auto outcome = session_->run(
      "SELECT page_id, version, version_body(page_id, 2) IS NULL FROM pages ORDER BY page_id",
      limits_, sink, going_on_);
  ASSERT_TRUE(outcome.has_value()) << outcome.error().message;
  EXPECT_THAT(sink.rows, ElementsAre("42|2|0", "43|1|1"));
}

}  // namespace
}  // namespace store::testing
