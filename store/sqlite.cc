#include "store/sqlite.h"

#include <cassert>
#include <cerrno>
#include <cstring>
#include <system_error>

#include "store/tokenizer.h"

namespace store {
namespace {

bool disk_is_full(int primary, int system_error) {
  return primary == SQLITE_FULL ||
         (primary == SQLITE_IOERR && (system_error == ENOSPC || system_error == EDQUOT));
}

bool is_damage(int code) {
  const int primary = code & 0xff;
  return primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB || code == SQLITE_IOERR_CORRUPTFS ||
         code == SQLITE_IOERR_DATA || code == SQLITE_IOERR_SHORT_READ;
}

Error map_error(int code, int system_error, const std::string& message, const std::string& object) {
  const int primary = code & 0xff;
  const auto make = [&](ErrorKind kind, const char* name, const char* verb, std::string hint) {
    std::string cause = message;
    if (system_error != 0 && (primary == SQLITE_IOERR || primary == SQLITE_CANTOPEN)) {
      cause += std::string(" (") + std::generic_category().message(system_error) + ")";
    }
    return Error(kind, name, std::string("cannot ") + verb + " '" + object + "': " + cause,
                 std::move(hint));
  };
  if (is_damage(code)) {
    const bool foreign = primary == SQLITE_NOTADB;
    return make(ErrorKind::kStoreBad, foreign ? "not_a_mirror" : "mirror_damaged", "read",
                foreign ? "Name a mirror file, or a path where none exists yet."
                        : "Restore a backup, or move the file away and let a sync fetch it anew.");
  }
  if (disk_is_full(primary, system_error)) {
    return make(ErrorKind::kSystem, "disk_full", "write", "Make room on that disk.");
  }
  switch (primary) {
    case SQLITE_IOERR:
      return make(ErrorKind::kSystem, "disk_error", "access", "Look at the disk and its mount.");
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return make(ErrorKind::kBusy, "mirror_busy", "write", "Another process is writing to it.");
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return make(ErrorKind::kSystem, "cannot_open", "open",
                  "Check that the folder exists and who may use it.");
    case SQLITE_READONLY:
      return make(ErrorKind::kSystem, "read_only", "write", "Check who may write there.");
    case SQLITE_NOMEM:
      return make(ErrorKind::kSystem, "out_of_memory", "use", {});
    case SQLITE_TOOBIG:
      return make(ErrorKind::kItemBad, "value_too_large", "store a value in", {});
    case SQLITE_INTERRUPT:
      return make(ErrorKind::kCanceled, "canceled", "go on with", {});
    default:
      return make(ErrorKind::kBug, "store_bug", "use", "This is a defect: please report it.");
  }
}

}  // namespace

Db::Db(sqlite3* handle, std::filesystem::path path)
    : handle_(handle), path_(std::move(path)), owner_(std::this_thread::get_id()) {}

Result<std::unique_ptr<Db>> Db::open(const std::filesystem::path& path, int flags,
                                     const std::string& vfs, const std::string& uri) {
  sqlite3* handle = nullptr;
  const std::string name = uri.empty() ? path.string() : uri;
  if (!uri.empty()) flags |= SQLITE_OPEN_URI;
  const int code =
      sqlite3_open_v2(name.c_str(), &handle, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
                      vfs.empty() ? nullptr : vfs.c_str());
  if (code != SQLITE_OK) {
    Error error = map_error(code, handle != nullptr ? sqlite3_system_errno(handle) : 0,
                            sqlite3_errstr(code), path.string());
    sqlite3_close_v2(handle);
    return fail(std::move(error));
  }
  std::unique_ptr<Db> db(new Db(handle, path));
  if (auto added = add_tokenizer(handle); !added) return fail(added.error());
  return db;
}

Db::~Db() { sqlite3_close_v2(handle_); }

void Db::assert_thread() const { assert(owner_ == std::this_thread::get_id()); }

Error Db::make_error(int code) const {
  return map_error(code, sqlite3_system_errno(handle_), sqlite3_errmsg(handle_), path_.string());
}

void Db::set_error(Error error) {
  if (!error_) error_ = std::move(error);
}

void Db::set_error(int code) {
  if (!error_) error_ = make_error(code);
}

std::optional<Error> Db::take_error() { return std::exchange(error_, std::nullopt); }

Result<void> Db::exec(const char* sql) {
  assert_thread();
  if (auto error = take_error()) return fail(std::move(*error));
  const int code = sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr);
  if (code == SQLITE_OK) return {};
  set_error(code);  // unless a progress handler has said why
  return fail(*take_error());
}

void Db::run(const char* sql) {
  if (failed()) return;
  if (auto done = exec(sql); !done) set_error(std::move(done.error()));
}

Result<std::string> Db::ask(const char* sql) {
  std::string answer;
  {
    Stmt stmt(*this, sql);
    Query query = stmt.begin();
    if (query.row()) answer = query.text(0);
  }
  if (auto error = take_error()) return fail(std::move(*error));
  return answer;
}

Stmt::~Stmt() { sqlite3_finalize(stmt_); }

Query Stmt::begin() {
  db_.assert_thread();
  if (stmt_ == nullptr && !db_.failed()) {
    const int code =
        sqlite3_prepare_v3(db_.handle(), sql_, -1, SQLITE_PREPARE_PERSISTENT, &stmt_, nullptr);
    if (code != SQLITE_OK) db_.set_error(code);
  }
  return Query(db_, stmt_);
}

Query::~Query() {
  if (stmt_ == nullptr) return;
  sqlite3_reset(stmt_);
  sqlite3_clear_bindings(stmt_);
}

void Query::check(int code) {
  if (code != SQLITE_OK && stmt_ != nullptr) db_.set_error(code);
}

Query& Query::bind(std::int64_t value) {
  check(sqlite3_bind_int64(stmt_, next_++, value));
  return *this;
}

Query& Query::bind(std::string_view text) {
  // A null pointer would bind NULL; an empty text is a text.
  check(sqlite3_bind_text64(stmt_, next_++, text.data() != nullptr ? text.data() : "", text.size(),
                            SQLITE_STATIC, SQLITE_UTF8));
  return *this;
}

Query& Query::bind(const Sha256& hash) {
  check(sqlite3_bind_blob64(stmt_, next_++, hash.data(), hash.size(), SQLITE_STATIC));
  return *this;
}

Query& Query::bind_blob(std::string_view bytes) {
  check(sqlite3_bind_blob64(stmt_, next_++, bytes.data() != nullptr ? bytes.data() : "",
                            bytes.size(), SQLITE_STATIC));
  return *this;
}

Query& Query::bind_null() {
  ++next_;  // unbound is NULL
  return *this;
}

bool Query::row() {
  if (db_.failed()) return false;
  const int code = sqlite3_step(stmt_);
  if (code == SQLITE_ROW) return true;
  if (code != SQLITE_DONE) db_.set_error(code);
  return false;
}

void Query::run() {
  while (row()) {
  }
}

std::string_view Query::view(int column) const {
  const void* data = sqlite3_column_blob(stmt_, column);  // texts are UTF-8 already: no conversion
  const int size = sqlite3_column_bytes(stmt_, column);
  if (data == nullptr || size <= 0) return {};
  return {static_cast<const char*>(data), static_cast<std::size_t>(size)};
}

std::string Query::as_text(int column) {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(stmt_, column));
  const int size = sqlite3_column_bytes(stmt_, column);
  return text == nullptr ? std::string() : std::string(text, static_cast<std::size_t>(size));
}

std::optional<std::int64_t> Query::optional_integer(int column) const {
  if (is_null(column)) return std::nullopt;
  return integer(column);
}

std::optional<std::string> Query::optional_text(int column) const {
  if (is_null(column)) return std::nullopt;
  return text(column);
}

std::optional<Time> Query::optional_time(int column) const {
  if (is_null(column)) return std::nullopt;
  return time(column);
}

std::optional<Sha256> Query::hash(int column) const {
  const std::string_view bytes = view(column);
  Sha256 hash;
  if (bytes.size() != hash.size()) return std::nullopt;
  std::memcpy(hash.data(), bytes.data(), hash.size());
  return hash;
}

Txn::Txn(Db& db, Mode mode) : db_(db) {
  if (db_.failed()) return;
  const auto begun = db_.exec(mode == Mode::kWrite ? "BEGIN IMMEDIATE" : "BEGIN");
  if (!begun) {
    db_.set_error(begun.error());
    return;
  }
  open_ = true;
}

Txn::~Txn() {
  // Some errors have rolled back already; a rollback that fails leaves what the next one finds.
  if (open_ && db_.in_transaction())
    sqlite3_exec(db_.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
}

Result<void> Txn::commit() {
  if (auto error = db_.take_error()) return fail(std::move(*error));
  if (auto done = db_.exec("COMMIT"); !done) return done;
  open_ = false;
  return {};
}

}  // namespace store
