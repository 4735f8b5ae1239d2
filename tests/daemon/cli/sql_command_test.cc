#include "daemon/cli/sql_command.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "daemon/cli/sql_output.h"
#include "tests/daemon/cli/command_fixture.h"
#include "tests/daemon/cli/program_process.h"

namespace test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class SqlCommandTest : public CommandFixture {
 protected:
  Outcome sql(std::vector<std::string> args) const {
    args.insert(args.begin(), "sql");
    return run_on_mirror(std::move(args));
  }
  std::string bytes() const {
    std::ifstream in(mirror_.path(), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
};

TEST_F(SqlCommandTest, PrintsATable) {
  given_page(page(101, kDocs, "Alpha"));
  given_page(page(9, kDocs, "Beta\x1b[31m"));
  const auto outcome = sql({"SELECT page_id, title, parent_id FROM pages ORDER BY page_id"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(lines(outcome.out),
              ElementsAre("page_id  title      parent_id", "      9  Beta [31m       NULL",
                          "    101  Alpha           NULL"));
}

TEST_F(SqlCommandTest, PrintsOneJsonObjectWithIdsAsStrings) {
  given_page(page(101, kDocs, "Alpha"));
  const auto outcome = run_on_mirror(
      {"--json", "sql", "SELECT page_id, version, title, NULL AS none, 1.5 AS x FROM pages"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.out,
            "{\"rows\":[{\"page_id\":\"101\",\"version\":1,\"title\":\"Alpha\",\"none\":null,"
            "\"x\":1.5}],\"columns\":[\"page_id\",\"version\",\"title\",\"none\",\"x\"],"
            "\"cut\":false,\"synced_at\":null}\n");
  const auto twice = run_on_mirror({"--json", "sql", "SELECT 1 AS a, 2 AS a WHERE 0"});
  EXPECT_EQ(nlohmann::json::parse(twice.out)["columns"], (std::vector<std::string>{"a", "a_2"}));
}

TEST_F(SqlCommandTest, CsvNeutralisesFormulasUnlessRaw) {
  given_page(page(101, kDocs, "=HYPERLINK(\"https://evil.example\",\"x\")"));
  const std::string statement = "SELECT title, -5 AS n, NULL AS none, x'41ff' AS b FROM pages";
  EXPECT_EQ(sql({"--csv", statement}).out,
            "title,n,none,b\r\n"
            "\"'=HYPERLINK(\"\"https://evil.example\"\",\"\"x\"\")\",-5,,41ff\r\n");
  EXPECT_THAT(sql({"--csv", "--raw", statement}).out, HasSubstr("\r\n\"=HYPERLINK("));
  for (const char* formula : {"=1", "+1", "-1", "@x", "\tx", "\rx"}) {
    EXPECT_THAT(cli::csv_field(formula, false),
                ::testing::AnyOf(StartsWith("'"), StartsWith("\"'")))
        << formula;
  }
  EXPECT_EQ(cli::csv_field("a-b", false), "a-b");
}

TEST_F(SqlCommandTest, TextAndVersionBodyAreThere) {
  given_page(page(101, kDocs, "Alpha", 1));
  given_page(page(101, kDocs, "Alpha", 2));
  const auto outcome =
      sql({"SELECT text(version_body(101, 1)) LIKE '%Alpha, version 1%' AS old,"
           " text(body_storage) LIKE '%version 2%' AS new, text(NULL) AS none"
           " FROM pages"});
  EXPECT_THAT(lines(outcome.out), ElementsAre("old  new  none", "  1    1  NULL")) << outcome.err;
}

TEST_F(SqlCommandTest, ListsViewsAndColumns) {
  for (const auto& args :
       std::vector<std::vector<std::string>>{{"--schema"}, {".schema"}, {".tables"}, {".help"}}) {
    const auto outcome = sql(args);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_THAT(outcome.out, HasSubstr("users: "));
    EXPECT_THAT(outcome.out, HasSubstr("\n    account_id, name, account_status\n"));
    EXPECT_THAT(outcome.out, HasSubstr("version_body(page_id, version)"));
  }
  EXPECT_THAT(sql({"--schema", "users"}).out, Not(HasSubstr("page_states: ")));
  EXPECT_EQ(sql({".schema nothing"}).code, 2);
  const auto json = nlohmann::json::parse(run_on_mirror({"--json", "sql", "--schema"}).out);
  EXPECT_GE(json["views"].size(), 12U);
}

TEST_F(SqlCommandTest, WhatIsRefusedSaysWhyAndChangesNothing) {
  given_page(page(101, kDocs, "Alpha"));
  mirror_.close();
  const auto before = bytes();
  for (const char* statement :
       {"INSERT INTO page_body(body) VALUES('x')", "ATTACH '/tmp/x.db' AS x", "DELETE FROM page",
        "PRAGMA journal_mode=DELETE", "DROP TABLE page", "SELECT 1; DELETE FROM page"}) {
    const auto outcome = sql({statement});
    EXPECT_EQ(outcome.code, 2) << statement;
    EXPECT_EQ(outcome.out, "");
    EXPECT_THAT(outcome.err, StartsWith("confmirror: cannot run the statement: "));
  }
  EXPECT_EQ(bytes(), before);
}

TEST_F(SqlCommandTest, RowsAreCutAndThatIsSaid) {
  const auto outcome = sql({"--max-rows", "1", "VALUES(1),(2)"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(lines(outcome.out).size(), 2U);
  EXPECT_THAT(outcome.err, HasSubstr("cut after 1 rows"));
  const auto json = run_on_mirror({"--json", "sql", "--max-rows", "1", "VALUES(1),(2)"});
  EXPECT_THAT(json.out, HasSubstr("\"cut\":true"));
}

TEST_F(SqlCommandTest, AnEndlessStatementIsStoppedWithTheCodeOfASafetyValve) {
  const auto outcome =
      sql({"--timeout", "50ms",
           "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n) SELECT max(i) FROM n"});
  EXPECT_EQ(outcome.code, 5);
  EXPECT_THAT(outcome.err, HasSubstr("stopped after 50 ms"));
  EXPECT_EQ(sql({"--timeout", "soon", "SELECT 1"}).code, 2);
}

TEST_F(SqlCommandTest, AFunctionThatNeverReturnsIsStoppedAsWell) {
  mirror_.close();
  // Compares fifteen million bytes at each of fifteen million places.
  ProgramProcess process(folder_.path(), "endless",
                         {"--db", mirror_.path().string(), "sql", "--timeout", "50ms",
                          "SELECT instr(zeroblob(30000000), zeroblob(15000000)||x'01')"});
  EXPECT_EQ(process.wait(), 5);
  EXPECT_THAT(process.err(), HasSubstr("one step of it took longer"));
}

TEST_F(SqlCommandTest, WrongUsageIsExplained) {
  EXPECT_EQ(sql({""}).code, 2);
  EXPECT_EQ(run_on_mirror({"--json", "sql", "--csv", "SELECT 1"}).code, 2);
  const auto outcome = sql({"SELECT tittle FROM pages"});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_EQ(outcome.err,
            "confmirror: cannot run the statement: no such column: tittle\n"
            "  SELECT tittle FROM pages\n"
            "         ^\n"
            "  'confmirror sql --schema' lists views and columns.\n");
}

}  // namespace
}  // namespace test
