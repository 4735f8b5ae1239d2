// The second yardstick of tests/bench/run: what it costs to put the bytes of listing answers into
// one plain SQLite table, a row for each page, a transaction for each answer. usage:
// insert_yardstick DATABASE FILE... Prints the seconds that it took.

#include <sqlite3.h>

#include <chrono>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>

namespace {

constexpr std::size_t kRowsPerAnswer = 250;

std::string read_file(const char* path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return std::move(text).str();
}

class Table {
 public:
  explicit Table(const char* path) {
    check(sqlite3_open(path, &db_));
    exec("PRAGMA page_size=8192; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;");
    exec("CREATE TABLE answer (id INTEGER PRIMARY KEY, body TEXT NOT NULL)");
    check(sqlite3_prepare_v2(db_, "INSERT INTO answer (body) VALUES (?)", -1, &insert_, nullptr));
  }
  ~Table() {
    sqlite3_finalize(insert_);
    sqlite3_close(db_);
  }
  Table(const Table&) = delete;
  Table& operator=(const Table&) = delete;

  void insert(std::string_view answer) {
    exec("BEGIN IMMEDIATE");
    const std::size_t row = answer.size() / kRowsPerAnswer + 1;
    for (; !answer.empty(); answer.remove_prefix(std::min(row, answer.size()))) {
      const auto part = answer.substr(0, row);
      sqlite3_bind_text64(insert_, 1, part.data(), part.size(), SQLITE_STATIC, SQLITE_UTF8);
      sqlite3_step(insert_);
      check(sqlite3_reset(insert_));
    }
    exec("COMMIT");
  }

 private:
  void check(int code) {
    if (code == SQLITE_OK) return;
    std::fprintf(stderr, "insert_yardstick: %s\n", sqlite3_errmsg(db_));
    std::exit(1);
  }
  void exec(const char* sql) { check(sqlite3_exec(db_, sql, nullptr, nullptr, nullptr)); }

  sqlite3* db_ = nullptr;
  sqlite3_stmt* insert_ = nullptr;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: insert_yardstick DATABASE FILE...\n");
    return 2;
  }
  const auto start = std::chrono::steady_clock::now();
  {
    Table table(argv[1]);
    for (int i = 2; i < argc; ++i) table.insert(read_file(argv[i]));
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  std::printf("%.3f\n", took.count());
  return 0;
}
