#include "store/sql.h"

#include <algorithm>
#include <array>
#include <new>
#include <optional>
#include <string_view>
#include <utility>

#include "store/blobs.h"
#include "store/caret.h"
#include "store/open.h"
#include "store/sqlite.h"

namespace store {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kStepsBetweenLooks = 1000;  // of SQLite's machine: some ten microseconds
constexpr int kLongestValue = 64 << 20;
constexpr int kLongestStatement = 1 << 20;

struct Documented {
  const char* name;
  const char* about;
};
constexpr Documented kViews[] = {
    {"spaces", "every space, with its labels as a JSON array; gone ones have gone_at"},
    {"pages", "every page that the site holds now, trashed ones included, with its body"},
    {"gone_pages", "pages that the site no longer shows, as they were last"},
    {"nodes", "folders, whiteboards, databases and embeds that pages lie in"},
    {"tree", "every page and node that is there now, with its parent"},
    {"page_versions",
     "every known version of every page; version_body(page_id, version) is its "
     "text"},
    {"page_states", "titles, places and statuses of pages, and from when to when they were so"},
    {"users", "the accounts that are named anywhere, and their names"},
    {"jobs", "the edit queue: what was to be written to the site, and what became of it"},
    {"job_events", "each step of each job"},
    {"sync_runs", "the last 10,000 synchronisations"},
    {"quarantine", "what the site could not deliver, and when it is tried again"},
};
// Beside the views: what describes them, and what reads JSON.
constexpr std::string_view kAlsoReadable[] = {"sqlite_schema",     "sqlite_master",
                                              "json_each",         "json_tree",
                                              "pragma_table_info", "pragma_table_xinfo"};
constexpr std::string_view kForbiddenFunctions[] = {"load_extension", "fts3_tokenizer", "fts5"};

bool is_documented(std::string_view name) {
  return std::any_of(std::begin(kViews), std::end(kViews),
                     [&](const Documented& view) { return name == view.name; });
}

bool may_be_read(std::string_view name) {
  return is_documented(name) || std::find(std::begin(kAlsoReadable), std::end(kAlsoReadable),
                                          name) != std::end(kAlsoReadable);
}

std::string names_of_views() {
  std::string names;
  for (const Documented& view : kViews)
    names += (names.empty() ? "" : ", ") + std::string(view.name);
  return names;
}

// Restores the process's limit at its end.
class MemoryLimit {
 public:
  explicit MemoryLimit(std::int64_t bytes) : before_(sqlite3_hard_heap_limit64(-1)) {
    sqlite3_hard_heap_limit64(sqlite3_memory_used() + bytes);
  }
  ~MemoryLimit() { sqlite3_hard_heap_limit64(before_); }
  MemoryLimit(const MemoryLimit&) = delete;
  MemoryLimit& operator=(const MemoryLimit&) = delete;

 private:
  sqlite3_int64 before_;
};

SqlValue value_of(sqlite3_value* value) {
  const auto bytes = [&] {
    // The order matters: the pointer first, then how long what it points to is.
    const auto* data = static_cast<const char*>(sqlite3_value_blob(value));
    const auto size = static_cast<std::size_t>(sqlite3_value_bytes(value));
    return data == nullptr ? std::string() : std::string(data, size);
  };
  switch (sqlite3_value_type(value)) {
    case SQLITE_INTEGER:
      return std::int64_t{sqlite3_value_int64(value)};
    case SQLITE_FLOAT:
      return sqlite3_value_double(value);
    case SQLITE_TEXT:
      return bytes();
    case SQLITE_BLOB:
      return SqlBlob{bytes()};
    default:
      return std::monostate();
  }
}

void give_text(sqlite3_context* context, std::string_view text) {
  sqlite3_result_text64(context, text.data() == nullptr ? "" : text.data(), text.size(),
                        SQLITE_TRANSIENT, SQLITE_UTF8);
}

void give(sqlite3_context* context, const SqlValue& value) {
  if (const auto* integer = std::get_if<std::int64_t>(&value)) {
    sqlite3_result_int64(context, *integer);
  } else if (const auto* real = std::get_if<double>(&value)) {
    sqlite3_result_double(context, *real);
  } else if (const auto* text = std::get_if<std::string>(&value)) {
    give_text(context, *text);
  } else if (const auto* blob = std::get_if<SqlBlob>(&value)) {
    sqlite3_result_blob64(context, blob->bytes.data(), blob->bytes.size(), SQLITE_TRANSIENT);
  } else {
    sqlite3_result_null(context);
  }
}

struct Finalize {
  void operator()(sqlite3_stmt* stmt) const { sqlite3_finalize(stmt); }
};
using Statement = std::unique_ptr<sqlite3_stmt, Finalize>;

void call_function(sqlite3_context* context, int count, sqlite3_value** values) {
  const auto& function = *static_cast<const SqlFunction*>(sqlite3_user_data(context));
  try {
    std::vector<SqlValue> arguments;
    for (int i = 0; i < count; ++i) arguments.push_back(value_of(values[i]));
    give(context, function.call(arguments));
  } catch (const std::bad_alloc&) {
    sqlite3_result_error_nomem(context);
  }
}

}  // namespace

class SqlSession::Impl {
 public:
  Impl(std::unique_ptr<Db> db, std::vector<SqlFunction> functions)
      : db_(std::move(db)),
        functions_(std::move(functions)),
        blobs_(*db_),
        find_body_(*db_,
                   "SELECT v.blob_id, b.body FROM page_version v LEFT JOIN page p ON p.id=v.page_id"
                   " LEFT JOIN page_body b ON b.id=p.body_id AND p.body_version=v.number"
                   " WHERE v.page_id=? AND v.number=?") {}
  ~Impl() {
    sqlite3_set_authorizer(db_->handle(), nullptr, nullptr);
    sqlite3_progress_handler(db_->handle(), 0, nullptr, nullptr);
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  Result<void> arm();
  Result<SqlOutcome> run(const std::string& statement, const SqlLimits& limits, SqlSink& sink,
                         const std::function<Result<void>()>& going_on);
  Result<std::vector<SqlView>> views();

 private:
  static int authorize(void* self, int action, const char* first, const char* second,
                       const char* database, const char* context);
  static int look(void* self);
  static void version_body(sqlite3_context* context, int count, sqlite3_value** values);

  int decide(int action, std::string_view first, std::string_view second, bool in_view);
  int refuse(std::string why);
  Result<void> add_functions();
  Result<Statement> prepare(const std::string& text);
  Result<void> expect_one_statement(const std::string& text, const char* tail);
  Result<SqlOutcome> fetch(sqlite3_stmt* stmt, const SqlLimits& limits, SqlSink& sink);
  Error error_of(int code, const std::string& text, const SqlLimits& limits);
  Error timeout_error(const SqlLimits& limits) const;

  std::unique_ptr<Db> db_;
  const std::vector<SqlFunction> functions_;
  Blobs blobs_;
  Stmt find_body_;
  bool ours_ = false;  // a statement of ours is being prepared
  std::optional<std::string> refusal_;
  std::optional<Error> ended_;  // by going_on, or damage found by version_body
  std::optional<Clock::time_point> deadline_;
  bool late_ = false;
  const std::function<Result<void>()>* going_on_ = nullptr;
};

int SqlSession::Impl::authorize(void* self, int action, const char* first, const char* second,
                                const char* /*database*/, const char* context) {
  const auto text = [](const char* value) { return value == nullptr ? "" : value; };
  return static_cast<Impl*>(self)->decide(action, text(first), text(second), context != nullptr);
}

int SqlSession::Impl::refuse(std::string why) {
  if (!refusal_) refusal_ = std::move(why);
  return SQLITE_DENY;
}

int SqlSession::Impl::decide(int action, std::string_view first, std::string_view second,
                             bool in_view) {
  if (ours_) return SQLITE_OK;
  switch (action) {
    case SQLITE_SELECT:
    case SQLITE_RECURSIVE:
      return SQLITE_OK;
    case SQLITE_READ:
      // Without a column: that there is the table, whatever it is, and how many rows it has.
      if (in_view || second.empty() || may_be_read(first)) return SQLITE_OK;
      return refuse("'" + std::string(first) + "' is not one of the documented views");
    case SQLITE_FUNCTION:
      if (std::find(std::begin(kForbiddenFunctions), std::end(kForbiddenFunctions), second) ==
          std::end(kForbiddenFunctions)) {
        return SQLITE_OK;
      }
      return refuse("the function " + std::string(second) + "() is not available here");
    case SQLITE_PRAGMA:
      if (first == "table_info" || first == "table_xinfo") return SQLITE_OK;
      return refuse("PRAGMA " + std::string(first) + " is not available here");
    case SQLITE_ATTACH:
    case SQLITE_DETACH:
      return refuse("other databases cannot be attached");
    case SQLITE_TRANSACTION:
    case SQLITE_SAVEPOINT:
      return refuse("there are no transactions: each statement reads one moment");
    default:
      return refuse("only SELECT is allowed: the mirror is read only here");
  }
}

int SqlSession::Impl::look(void* self) {
  auto& me = *static_cast<Impl*>(self);
  if (me.deadline_ && Clock::now() >= *me.deadline_) {
    me.late_ = true;
    return 1;
  }
  if (me.going_on_ == nullptr || !*me.going_on_) return 0;
  if (auto going_on = (*me.going_on_)(); !going_on) {
    if (!me.ended_) me.ended_ = going_on.error();
    return 1;
  }
  return 0;
}

void SqlSession::Impl::version_body(sqlite3_context* context, int, sqlite3_value** values) {
  auto& me = *static_cast<Impl*>(sqlite3_user_data(context));
  for (int i = 0; i < 2; ++i) {
    if (sqlite3_value_type(values[i]) == SQLITE_NULL) return;
  }
  try {
    me.ours_ = true;
    {
      Query query = me.find_body_.begin();
      query.bind(Id{sqlite3_value_int64(values[0])});
      query.bind(std::int64_t{sqlite3_value_int64(values[1])});
      if (query.row()) {
        if (!query.is_null(1)) {
          give_text(context, query.view(1));
        } else if (const auto blob = query.optional_integer(0)) {
          give_text(context, me.blobs_.read(*blob));
        }
      }
    }
    me.ours_ = false;
    if (auto error = me.db_->take_error()) {
      sqlite3_result_error(context, error->message.c_str(), -1);
      if (!me.ended_) me.ended_ = std::move(*error);
    }
  } catch (const std::bad_alloc&) {
    me.ours_ = false;
    sqlite3_result_error_nomem(context);
  }
}

Result<void> SqlSession::Impl::add_functions() {
  constexpr int kFlags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY;
  int code = sqlite3_create_function_v2(db_->handle(), "version_body", 2, kFlags, this,
                                        &Impl::version_body, nullptr, nullptr, nullptr);
  for (const SqlFunction& function : functions_) {
    if (code != SQLITE_OK) break;
    code = sqlite3_create_function_v2(db_->handle(), function.name.c_str(), function.arguments,
                                      kFlags, const_cast<SqlFunction*>(&function), &call_function,
                                      nullptr, nullptr, nullptr);
  }
  if (code != SQLITE_OK) return fail(db_->make_error(code));
  return {};
}

Result<void> SqlSession::Impl::arm() {
  if (auto added = add_functions(); !added) return added;
  constexpr std::array<std::pair<int, int>, 7> kLimits{
      {{SQLITE_LIMIT_LENGTH, kLongestValue},
       {SQLITE_LIMIT_SQL_LENGTH, kLongestStatement},
       {SQLITE_LIMIT_VDBE_OP, 1'000'000},
       {SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 1000},
       {SQLITE_LIMIT_ATTACHED, 0},
       {SQLITE_LIMIT_TRIGGER_DEPTH, 1},
       {SQLITE_LIMIT_WORKER_THREADS, 0}}};
  for (const auto& [limit, value] : kLimits) sqlite3_limit(db_->handle(), limit, value);
  sqlite3_db_config(db_->handle(), SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, nullptr);
  sqlite3_db_config(db_->handle(), SQLITE_DBCONFIG_ENABLE_FTS3_TOKENIZER, 0, nullptr);
  // The view `spaces` uses json_group_array(), which SQLite does not call harmless. What has side
  // effects is not there, whoever calls it.
  sqlite3_db_config(db_->handle(), SQLITE_DBCONFIG_TRUSTED_SCHEMA, 1, nullptr);
  // "title" that is no column is a mistake, not a text.
  sqlite3_db_config(db_->handle(), SQLITE_DBCONFIG_DQS_DML, 0, nullptr);
  // Tables of functions declare themselves when they are used first, which looks like a write.
  for (const char* sql :
       {"SELECT count(*) FROM json_each('[]'), json_tree('[]')",
        "SELECT count(*) FROM pragma_table_info('page'), pragma_table_xinfo('page')"}) {
    if (auto asked = db_->ask(sql); !asked) return fail(asked.error());
  }
  const int code = sqlite3_set_authorizer(db_->handle(), &Impl::authorize, this);
  if (code != SQLITE_OK) return fail(db_->make_error(code));
  return {};
}

Error SqlSession::Impl::timeout_error(const SqlLimits& limits) const {
  const auto count = limits.timeout.count();
  const std::string time =
      count % 1000 == 0 ? std::to_string(count / 1000) + " s" : std::to_string(count) + " ms";
  return Error(ErrorKind::kStopped, "sql_timeout",
               "cannot finish the statement: it was stopped after " + time,
               "Ask for less, or give it more time.");
}

Error SqlSession::Impl::error_of(int code, const std::string& text, const SqlLimits& limits) {
  if (ended_) return *ended_;
  if (late_) return timeout_error(limits);
  const int primary = code & 0xff;
  if (refusal_) {
    return Error(ErrorKind::kUsage, "not_allowed", "cannot run the statement: " + *refusal_,
                 "There is SELECT over " + names_of_views() + ".");
  }
  if (primary == SQLITE_NOMEM) {
    return Error(ErrorKind::kStopped, "sql_memory",
                 "cannot finish the statement: it needs more than " +
                     std::to_string(limits.memory_bytes >> 20) + " MiB of memory",
                 "Ask for fewer rows, or for shorter columns where rows are sorted or grouped.");
  }
  if (primary == SQLITE_ERROR || primary == SQLITE_MISMATCH || primary == SQLITE_RANGE ||
      primary == SQLITE_TOOBIG || primary == SQLITE_CONSTRAINT || primary == SQLITE_AUTH) {
    const int offset = sqlite3_error_offset(db_->handle());
    std::string message = std::string("cannot run the statement: ") + sqlite3_errmsg(db_->handle());
    if (offset >= 0) message += caret_under(text, static_cast<std::size_t>(offset));
    return Error(ErrorKind::kUsage, "bad_sql", std::move(message),
                 "'confmirror sql --schema' lists views and columns.");
  }
  return db_->make_error(code);
}

// `tail`: what SQLite has left of the text.
Result<void> SqlSession::Impl::expect_one_statement(const std::string& text, const char* tail) {
  while (*tail != '\0') {
    sqlite3_stmt* raw = nullptr;
    const char* const begin = tail;
    const int code = sqlite3_prepare_v2(db_->handle(), begin, -1, &raw, &tail);
    const Statement more(raw);
    if (code != SQLITE_OK || more) {
      std::size_t at = static_cast<std::size_t>(begin - text.c_str());
      at = std::min(text.find_first_not_of(" \t\r\n;", at), text.size());
      return fail(ErrorKind::kUsage, "bad_sql",
                  "cannot run the statement: there is more than one" + caret_under(text, at),
                  "Run them one by one.");
    }
  }
  return {};
}

Result<Statement> SqlSession::Impl::prepare(const std::string& text) {
  if (text.find('\0') != text.npos || text.size() > static_cast<std::size_t>(kLongestStatement)) {
    return fail(ErrorKind::kUsage, "bad_sql",
                "cannot run the statement: it is longer than 1 MiB, or has a zero byte in it");
  }
  sqlite3_stmt* raw = nullptr;
  const char* tail = nullptr;
  const int code = sqlite3_prepare_v2(db_->handle(), text.c_str(), -1, &raw, &tail);
  Statement stmt(raw);
  if (code != SQLITE_OK) return fail(error_of(code, text, SqlLimits()));
  if (auto one = expect_one_statement(text, tail); !one) return fail(one.error());
  if (!stmt) {
    return fail(ErrorKind::kUsage, "bad_sql", "cannot run the statement: it is empty",
                "'confmirror sql --schema' lists views and columns.");
  }
  if (sqlite3_stmt_readonly(stmt.get()) == 0) {
    refusal_ = "only SELECT is allowed: the mirror is read only here";
    return fail(error_of(SQLITE_AUTH, text, SqlLimits()));
  }
  if (sqlite3_bind_parameter_count(stmt.get()) > 0) {
    return fail(ErrorKind::kUsage, "bad_sql",
                "cannot run the statement: there is nothing to put in the place of its parameters",
                "Write the values into it.");
  }
  return stmt;
}

Result<SqlOutcome> SqlSession::Impl::fetch(sqlite3_stmt* stmt, const SqlLimits& limits,
                                           SqlSink& sink) {
  const int columns = sqlite3_column_count(stmt);
  std::vector<std::string> names;
  for (int i = 0; i < columns; ++i) {
    const char* name = sqlite3_column_name(stmt, i);
    names.emplace_back(name == nullptr ? "" : name);
  }
  if (auto taken = sink.columns(names); !taken) return fail(taken.error());
  SqlOutcome outcome;
  std::vector<SqlValue> values(static_cast<std::size_t>(columns));
  while (true) {
    const int code = sqlite3_step(stmt);
    if (code == SQLITE_DONE) return outcome;
    if (code != SQLITE_ROW) return fail(error_of(code, {}, limits));
    if (limits.max_rows > 0 && outcome.rows == limits.max_rows) {
      outcome.cut = true;
      return outcome;
    }
    for (int i = 0; i < columns; ++i) {
      values[static_cast<std::size_t>(i)] = value_of(sqlite3_column_value(stmt, i));
    }
    if (auto taken = sink.row(values); !taken) return fail(taken.error());
    ++outcome.rows;
    if (look(this) != 0) return fail(error_of(SQLITE_INTERRUPT, {}, limits));
  }
}

Result<SqlOutcome> SqlSession::Impl::run(const std::string& statement, const SqlLimits& limits,
                                         SqlSink& sink,
                                         const std::function<Result<void>()>& going_on) {
  db_->adopt_thread();
  refusal_.reset();
  ended_.reset();
  late_ = false;
  deadline_.reset();
  if (limits.timeout.count() > 0) deadline_ = Clock::now() + limits.timeout;
  going_on_ = &going_on;
  const MemoryLimit memory(limits.memory_bytes);
  sqlite3_progress_handler(db_->handle(), kStepsBetweenLooks, &Impl::look, this);
  auto outcome = [&]() -> Result<SqlOutcome> {
    const auto stmt = prepare(statement);
    if (!stmt) return fail(stmt.error());
    return fetch(stmt->get(), limits, sink);
  }();
  sqlite3_progress_handler(db_->handle(), 0, nullptr, nullptr);
  going_on_ = nullptr;
  return outcome;
}

Result<std::vector<SqlView>> SqlSession::Impl::views() {
  db_->adopt_thread();
  std::vector<SqlView> views;
  ours_ = true;
  Stmt columns(*db_, "SELECT name FROM pragma_table_info(?) ORDER BY cid");
  for (const Documented& documented : kViews) {
    SqlView view{documented.name, documented.about, {}};
    Query query = columns.begin();
    query.bind(std::string_view(documented.name));
    while (query.row()) view.columns.push_back(query.text(0));
    views.push_back(std::move(view));
  }
  ours_ = false;
  if (auto error = db_->take_error()) return fail(std::move(*error));
  return views;
}

SqlSession::SqlSession(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SqlSession::~SqlSession() = default;

Result<std::unique_ptr<SqlSession>> SqlSession::open(const std::filesystem::path& mirror,
                                                     std::vector<SqlFunction> functions) {
  auto db = open_for_reading(mirror);
  if (!db) return fail(db.error());
  auto impl = std::make_unique<Impl>(std::move(*db), std::move(functions));
  if (auto armed = impl->arm(); !armed) return fail(armed.error());
  return std::unique_ptr<SqlSession>(new SqlSession(std::move(impl)));
}

Result<SqlOutcome> SqlSession::run(const std::string& statement, const SqlLimits& limits,
                                   SqlSink& sink, const std::function<Result<void>()>& going_on) {
  return impl_->run(statement, limits, sink, going_on);
}

Result<std::vector<SqlView>> SqlSession::views() { return impl_->views(); }

}  // namespace store
