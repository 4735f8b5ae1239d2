#pragma once

// SQLite for the rest of store/: connections, statements, transactions as values that clean up
// after themselves.
//
// Errors stick: the first failure is kept in the Db, and until take_error() has fetched it every
// further step does nothing and says "no row". A function therefore runs its statements straight on
// and asks once at its end. Nothing is lost: an error that nobody fetched makes everything after it
// fail. A Db and all that belongs to it are used by one thread at a time (asserted; adopt_thread()
// hands it over). A Stmt must not outlive its Db. Texts and blobs are bound without copying: they
// must live until the step is done.

#include <sqlite3.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "store/error.h"
#include "store/records.h"

namespace store {

class Db {
 public:
  // `flags` are SQLITE_OPEN_*; `uri` replaces the path where options must be given; empty `vfs` =
  // the default one.
  static Result<std::unique_ptr<Db>> open(const std::filesystem::path& path, int flags,
                                          const std::string& vfs = {}, const std::string& uri = {});
  ~Db();
  Db(const Db&) = delete;
  Db& operator=(const Db&) = delete;

  sqlite3* handle() const { return handle_; }
  const std::filesystem::path& path() const { return path_; }
  void adopt_thread() { owner_ = std::this_thread::get_id(); }

  // Runs one or more statements that give no rows.
  Result<void> exec(const char* sql);
  // The same inside a transaction: the error stays on the Db, and nothing is run where one is.
  void run(const char* sql);
  // The first column of the first row, as text; empty where there is none.
  Result<std::string> ask(const char* sql);

  bool failed() const { return error_.has_value(); }
  std::optional<Error> take_error();
  void set_error(Error error);
  void set_error(int code);  // from the connection's last message
  Error make_error(int code) const;

  bool in_transaction() const { return sqlite3_get_autocommit(handle_) == 0; }
  std::int64_t changes() const { return sqlite3_changes64(handle_); }
  void assert_thread() const;

 private:
  Db(sqlite3* handle, std::filesystem::path path);

  sqlite3* handle_;
  std::filesystem::path path_;
  std::thread::id owner_;
  std::optional<Error> error_;
};

// One use of a statement: bind in order, step, read. Resets and clears at the end of its scope, so
// that no snapshot stays open.
class Query {
 public:
  ~Query();
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;

  Query& bind(std::int64_t value);
  Query& bind(bool value) { return bind(std::int64_t{value}); }
  Query& bind(std::int32_t value) { return bind(std::int64_t{value}); }
  Query& bind(Time value) { return bind(std::int64_t{value.time_since_epoch().count()}); }
  Query& bind(std::string_view text);
  Query& bind(const std::string& text) { return bind(std::string_view(text)); }
  Query& bind(const char*) = delete;  // would be taken for a bool
  Query& bind(const Sha256& hash);
  Query& bind_blob(std::string_view bytes);
  Query& bind_null();
  template <typename T>
  Query& bind(const std::optional<T>& value) {
    return value ? bind(*value) : bind_null();
  }

  bool row();  // steps; true: a row can be read
  void run();  // steps a statement that gives no rows

  int columns() const { return sqlite3_column_count(stmt_); }
  bool is_null(int column) const { return sqlite3_column_type(stmt_, column) == SQLITE_NULL; }
  std::int64_t integer(int column) const { return sqlite3_column_int64(stmt_, column); }
  std::int32_t int32(int column) const { return static_cast<std::int32_t>(integer(column)); }
  double real(int column) const { return sqlite3_column_double(stmt_, column); }
  bool flag(int column) const { return integer(column) != 0; }
  Time time(int column) const { return Time(std::chrono::milliseconds(integer(column))); }
  std::string_view view(int column) const;  // text or blob; valid until the next step
  std::string text(int column) const { return std::string(view(column)); }
  std::string as_text(int column);  // of any type, as SQLite prints it
  std::optional<std::int64_t> optional_integer(int column) const;
  std::optional<std::string> optional_text(int column) const;
  std::optional<Time> optional_time(int column) const;
  // nullopt for NULL, and for a blob that is not 32 bytes long (which the caller's next check will
  // refuse).
  std::optional<Sha256> hash(int column) const;

 private:
  friend class Stmt;
  Query(Db& db, sqlite3_stmt* stmt) : db_(db), stmt_(stmt) {}
  void check(int code);

  Db& db_;
  sqlite3_stmt* stmt_;
  int next_ = 1;
};

// A statement, prepared at its first use and kept. `sql` must outlive it.
class Stmt {
 public:
  Stmt(Db& db, const char* sql) : db_(db), sql_(sql) {}
  ~Stmt();
  Stmt(const Stmt&) = delete;
  Stmt& operator=(const Stmt&) = delete;

  Query begin();

 private:
  Db& db_;
  const char* sql_;
  sqlite3_stmt* stmt_ = nullptr;
};

// A transaction that is rolled back unless commit() succeeded.
class Txn {
 public:
  enum class Mode { kRead, kWrite };
  Txn(Db& db, Mode mode);
  ~Txn();
  Txn(const Txn&) = delete;
  Txn& operator=(const Txn&) = delete;

  // Also reports what went wrong since the begin.
  Result<void> commit();

 private:
  Db& db_;
  bool open_ = false;
};

}  // namespace store
