#pragma once

// SQL that somebody typed, over the documented views, which can change nothing:
//
// 1. The file is opened read only, and an authorizer refuses whatever is not a SELECT over the
//    views: writes, ATTACH, transactions, PRAGMAs but two that describe a table. Tables behind the
//    views are refused as well, because they may change. That is a guard-rail and no fence: whoever
//    may read the file may read all of it.
// 2. One statement at a time. It is stopped at a limit of time or memory, and cut at one of rows.
//    Values have at most 64 MiB. One call of a function of SQLite cannot be stopped while it runs
//    (a pattern of GLOB can take for ever): who must be sure sets a deadline of its own.
// 3. Beside SQLite's functions there are version_body(page_id, version), and those that the caller
//    brings.
//
// One thread at a time. The limit of memory is one of the whole process while run() runs: for
// programs that do nothing else. Errors: kUsage "bad_sql", "not_allowed" (the message shows where);
// kStopped "sql_timeout", "sql_memory"; what `going_on` and the sink return; those of store/.

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "store/error.h"

namespace store {

struct SqlBlob {
  std::string bytes;
};
using SqlValue = std::variant<std::monostate, std::int64_t, double, std::string, SqlBlob>;

// Called with as many values as it takes, once for each row that needs it. Must not throw.
struct SqlFunction {
  std::string name;
  int arguments = 1;
  std::function<SqlValue(const std::vector<SqlValue>&)> call;
};

struct SqlLimits {
  std::chrono::milliseconds timeout{30'000};  // 0 = none
  std::int64_t max_rows = 100'000;            // 0 = all
  std::int64_t memory_bytes = std::int64_t{512} << 20;
};

struct SqlOutcome {
  std::int64_t rows = 0;
  bool cut = false;  // there were more
};

// Where the answer goes. An error ends the statement.
class SqlSink {
 public:
  SqlSink() = default;
  SqlSink(const SqlSink&) = delete;
  SqlSink& operator=(const SqlSink&) = delete;
  virtual ~SqlSink() = default;
  virtual Result<void> columns(const std::vector<std::string>& names) = 0;  // first, once
  virtual Result<void> row(const std::vector<SqlValue>& values) = 0;
};

struct SqlView {
  std::string name;
  std::string about;  // a line
  std::vector<std::string> columns;
};

class SqlSession {
 public:
  static Result<std::unique_ptr<SqlSession>> open(const std::filesystem::path& mirror,
                                                  std::vector<SqlFunction> functions);
  ~SqlSession();
  SqlSession(const SqlSession&) = delete;
  SqlSession& operator=(const SqlSession&) = delete;

  // `going_on` is asked now and then; may be empty.
  Result<SqlOutcome> run(const std::string& statement, const SqlLimits& limits, SqlSink& sink,
                         const std::function<Result<void>()>& going_on);
  // The views that there are to ask.
  Result<std::vector<SqlView>> views();

 private:
  class Impl;
  explicit SqlSession(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace store
